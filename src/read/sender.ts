import {
  fieldsNamed,
  firstField,
  type HeaderField,
  parseAddressList,
  parseReturnPath,
  soleAddress,
} from "../mail/index.ts";
import type { From, ReturnPath } from "./facts.ts";

/** The From field as one of its closed cases, and every address it shows. */
export interface Sender {
  readonly from: From;
  readonly addresses: readonly string[];
}

/**
 * Who the mail says it is from. Exactly one From field with exactly one mailbox counts (PRODUCT §3); Sender and
 * Reply-To do not. RFC 5322 §3.6.2 allows several mailboxes; keybot cannot tell which of them signed.
 */
export function senderOf(header: readonly HeaderField[]): Sender {
  const fields = fieldsNamed(header, "From");
  const lists = fields.map((field) => parseAddressList(field.body));
  const [only, second] = fields;
  const isDoubtful = lists[0]?.problem === "syntax" || MAILTO.test(only?.body ?? "");
  if (only !== undefined && second === undefined && isDoubtful) {
    const sole = soleAddress(only.body);
    if (sole !== null) {
      return { from: { kind: "one", address: sole.address, loose: true }, addresses: [sole.address] };
    }
  }
  const addresses = lists.flatMap((list) => list.mailboxes.map((mailbox) => mailbox.address));
  return { from: fromOf(lists), addresses };
}

/**
 * `mailto:max@x.example;`, a URL (RFC 6068) with a separator behind it. By RFC 5322 §3.4 it is a group of one that is called
 * "mailto"; nobody names a group so, and whoever reads it finds this one address or none. Any other group is refused.
 */
const MAILTO = /^mailto:[^\s:;,<>()"\\]+\s*;$/i;

function fromOf(lists: readonly ReturnType<typeof parseAddressList>[]): From {
  const [list, second] = lists;
  if (list === undefined) return { kind: "missing" };
  // RFC 5322 §3.6: From occurs once; programs differ in which of two they show.
  if (second !== undefined) return { kind: "two-fields" };
  if (list.problem !== null) return { kind: "unreadable" };
  if (list.groups > 0) return { kind: "group" };
  const [mailbox, another] = list.mailboxes;
  if (mailbox === undefined) return { kind: "empty" };
  if (another !== undefined) return { kind: "several" };
  return { kind: "one", address: mailbox.address };
}

/**
 * The envelope sender (RFC 5321 §4.4: the final delivery writes one Return-Path on top). Of several the null one
 * wins: it can only make us silent. `<MAILER-DAEMON>` is what pipe(8) writes for the null sender.
 */
export function returnPathOf(header: readonly HeaderField[]): ReturnPath {
  const paths = fieldsNamed(header, "Return-Path").map(({ body }) =>
    /^\s*<mailer-daemon>\s*$/i.test(body) ? "null-sender" : parseReturnPath(body),
  );
  if (paths.includes("null-sender")) return { kind: "null" };
  const first = paths[0] ?? null;
  return first === null || first === "null-sender"
    ? { kind: "absent" }
    : { kind: "address", address: first.address };
}

/** The Message-ID with its angle brackets, or null. */
export function messageIdOf(header: readonly HeaderField[]): string | null {
  const body = firstField(header, "Message-ID")?.body.trim() ?? "";
  return body === "" ? null : body.slice(0, 998);
}
