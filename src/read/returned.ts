import {
  type DeliveryStatus,
  decodeBody,
  fieldsNamed,
  firstField,
  type HeaderField,
  type MimePart,
  messageIds,
  parseAddressList,
  parseDeliveryStatus,
  parseHeader,
} from "../mail/index.ts";
import type { From, MessageFacts, ReturnedMail, ReturnedRecipient, ReturnPath } from "./facts.ts";
import { RETURNED, RETURNED_DEPTH, RETURNED_TEXT_BYTES } from "./limits.ts";
import { reportIn } from "./report.ts";

/**
 * RFC 5321 §4.5.1 and what has become of it: the local parts from which servers write bounces. None is a name of people,
 * and each is among the robots of the default policy, too.
 */
export const DAEMONS: ReadonlySet<string> = new Set([
  "mailer-daemon",
  "postmaster",
  // The same misspelt: Apache James behind some gateways, and filters.
  "post_master",
  "mailer_daemon",
  "mailerdaemon",
  "mail-daemon",
  "maildaemon",
  // The own names of MDaemon, of Domino's router and of a filter.
  "mdaemon",
  "mail_router",
  "mail.delivery.system",
  // What Postfix writes from where the null sender cannot be used.
  "double-bounce",
  // Exchange, on premises and online: one name in every organisation.
  "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e",
]);

/** RFC 3464 §2.1, RFC 6533 §6.2. */
const STATUS = new Set(["message/delivery-status", "message/global-delivery-status"]);

/** What came back, whole or its header (RFC 6522 §3, RFC 6533 §6.3), and how some servers misspell it. */
const RETURNED_PARTS = new Set([
  "message/rfc822",
  "message/global",
  "message/global-headers",
  "message/partial",
  "text/rfc822-headers",
  "text/rfc822-header",
]);

/**
 * Reads a bounce: a delivery report that says that a mail failed (RFC 3464), or what servers without such reports
 * write: a mail of the mailer daemon, or of the null sender and not as an answer, with the returned mail in it.
 * A vacation notice is none, though it has the null sender and names our mail too (RFC 3834 §3.1.7).
 * @param root the mail, or the entity in a signature around the report
 * @returns null when it is no bounce, or does not tell of which mail
 */
export function returnedMail(
  raw: Uint8Array,
  root: MimePart,
  { from, returnPath, references }: Pick<MessageFacts, "from" | "returnPath" | "references">,
): ReturnedMail | null {
  const parts = partsBelow(root, RETURNED_DEPTH).slice(0, RETURNED);
  const report = reportIn(root);
  const isReport = report?.mediaType.type === "multipart/report";
  const daemon = isDaemon(from);
  if (!isReport && !daemon && !isUnasked(root.fields, returnPath)) return null;
  const statuses = parts
    .filter(({ mediaType }) => STATUS.has(mediaType.type))
    .flatMap((part) => parseDeliveryStatus(decodeBody(raw, part).bytes));
  const failed = statuses.filter(isFailure);
  // A delay, a success, and a report on something else (a disposition notification, RFC 8098) are no bounces.
  if (statuses.length > 0 ? failed.length === 0 : isOtherReport(report)) return null;
  const headers = parts.flatMap((part) => returnedHeader(raw, part));
  const ids = [...headers.flatMap(({ id }) => id), ...(isReport || daemon ? references : [])];
  if (ids.length === 0) return null;
  const [first] = failed;
  const unnamed = { status: first?.status ?? null, diagnostic: first?.diagnostic ?? null };
  const recipients: ReturnedRecipient[] = [
    ...failed.flatMap(({ recipients: addresses, status, diagnostic }) =>
      addresses.map((address) => ({ address, status, diagnostic })),
    ),
    ...addressesIn(root.fields, "X-Failed-Recipients").map((address) => ({ address, ...unnamed })),
    // Behind an alias the server names a recipient whom we never wrote to.
    ...headers.flatMap(({ to }) => to).map((address) => ({ address, ...unnamed })),
  ];
  return { messageIds: [...new Set(ids)].slice(0, RETURNED), recipients: recipients.slice(0, RETURNED) };
}

/** RFC 3464 §2.3.3; where the action is missing, the class of the status tells (RFC 3463 §3.1). */
function isFailure({ action, status }: DeliveryStatus): boolean {
  return action === "failed" || (action === null && status?.startsWith("5") === true);
}

function isOtherReport(report: MimePart | null): boolean {
  if (report?.mediaType.type !== "multipart/report") return false;
  const type = report.mediaType.parameters.get("report-type")?.toLowerCase() ?? null;
  return type !== null && type !== "delivery-status";
}

function isDaemon(from: From): boolean {
  if (from.kind !== "one") return false;
  return DAEMONS.has(from.address.slice(0, from.address.lastIndexOf("@")).toLowerCase());
}

function isUnasked(header: readonly HeaderField[], returnPath: ReturnPath): boolean {
  const answers = fieldsNamed(header, "Auto-Submitted").some(({ body }) => /^\s*auto-replied/i.test(body));
  return returnPath.kind === "null" && !answers;
}

const CR = 0x0d;
const LF = 0x0a;

interface ReturnedHeader {
  readonly id: readonly string[];
  readonly to: readonly string[];
}

/** The Message-ID and To of a mail that stands in a part, as a message, as its header or after a server's words. */
function returnedHeader(raw: Uint8Array, part: MimePart): ReturnedHeader[] {
  const { type } = part.mediaType;
  // Some servers put the returned header where the header of the part belongs.
  if (part.start > 0 && firstField(part.fields, "Message-ID") !== null) return headerOf(part.fields);
  if (RETURNED_PARTS.has(type)) {
    const content = decodeBody(raw, part).bytes;
    // Others begin with an empty line.
    const start = content.findIndex((byte) => byte !== CR && byte !== LF);
    return start < 0 ? [] : headerOf(parseHeader(content, start, content.length).fields);
  }
  if (!type.startsWith("text/")) return [];
  const text = decodeBody(raw, part).bytes.subarray(0, RETURNED_TEXT_BYTES).toString("latin1");
  const lines = text.match(/^[> \t]{0,20}(?:Message-ID|To):[^\r\n]{0,998}/gim) ?? [];
  const bodies = (name: RegExp) =>
    lines.flatMap((line) => (name.test(line) ? [line.slice(line.indexOf(":") + 1)] : []));
  const id = bodies(/^[> \t]*Message-ID:/i)
    .flatMap(messageIds)
    .slice(0, RETURNED);
  if (id.length === 0) return [];
  return [
    {
      id,
      to: bodies(/^[> \t]*To:/i)
        .flatMap(mailboxesOf)
        .slice(0, RETURNED),
    },
  ];
}

function headerOf(fields: readonly HeaderField[]): ReturnedHeader[] {
  const id = messageIds(firstField(fields, "Message-ID")?.body ?? "").slice(0, 1);
  return id.length === 0 ? [] : [{ id, to: addressesIn(fields, "To") }];
}

function addressesIn(fields: readonly HeaderField[], name: string): string[] {
  return fieldsNamed(fields, name)
    .flatMap(({ body }) => mailboxesOf(body))
    .slice(0, RETURNED);
}

function mailboxesOf(body: string): string[] {
  return parseAddressList(body).mailboxes.map(({ address }) => address);
}

/** The part itself and the parts below it, outer first. */
function partsBelow(part: MimePart, depth: number): MimePart[] {
  if (depth === 0) return [part];
  return [part, ...part.parts.flatMap((child) => partsBelow(child, depth - 1))];
}
