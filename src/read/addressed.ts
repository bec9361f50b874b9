import {
  fieldsNamed,
  type HeaderField,
  looseAddrSpec,
  type Mailbox,
  parseAddressList,
  parseReceived,
  sameAddress,
  soleAddresses,
  withoutPlus,
} from "../mail/index.ts";
import type { MailboxSource, Policy } from "../policy.ts";
import type { AddressedMailbox, AddressedSource } from "./facts.ts";
import { ADDRESSED_MAILBOXES, LOCAL_PART_OCTETS } from "./limits.ts";
import type { TrustedBlock } from "./trusted-block.ts";

/** To whom the outside world addressed the mail (PRODUCT §4), and whether anything named us at all. */
export interface Addressed {
  readonly mailboxes: readonly AddressedMailbox[];
  /** False: neither the envelope nor To or Cc names an address of ours. */
  readonly toUs: boolean;
}

interface Candidate {
  readonly address: string;
  readonly source: AddressedSource;
}

/**
 * The addressed mailboxes. In the trusted block the lowest X-Original-To (or Envelope-To), else the lowest
 * Delivered-To, else X-Sieve-Redirected-From, else the `for` of the border `Received`; own domains only, the robot's
 * own address and its plus forms skipped; else own-domain addresses in To and Cc; else the robot itself.
 */
export function addressedMailboxes(
  header: readonly HeaderField[],
  block: TrustedBlock,
  policy: Policy,
): Addressed {
  const own = new Set(policy.domains);
  const isRobot = ({ address }: Candidate) =>
    policy.robot.some((robot) => isSame(withoutPlus(robot), address));
  const isOurs = (candidate: Candidate) =>
    isPlain(candidate.address) && (own.has(domainOf(candidate.address)) || isRobot(candidate));

  const envelope = envelopeSources(policy.border.mailboxSource).map((read) =>
    read(block).map((candidates) => candidates.filter(isOurs)),
  );
  const visible =
    policy.border.mailboxSource === "auto" || policy.border.mailboxSource === "to"
      ? inHeader(header).filter(isOurs)
      : [];
  // `keybot inspect` without --domain and --robot: nothing says who we are, so nothing says that we are not meant.
  const anonymous = own.size === 0 && policy.robot.length === 0;
  const toUs = anonymous || visible.length > 0 || envelope.flat().some(({ length }) => length > 0);

  for (const fields of envelope) {
    const mailboxes = fields.map((candidates) => candidates.filter((candidate) => !isRobot(candidate)));
    const lowest = mailboxes.findLast(({ length }) => length > 0);
    if (lowest !== undefined) return { mailboxes: unique(lowest).slice(0, ADDRESSED_MAILBOXES), toUs };
  }
  // Who writes `To: claims, Cc: robot` asks for claims' certificate; the robot is asked when nobody else is named.
  const others = visible.filter((candidate) => !isRobot(candidate));
  const named = unique(others.length > 0 ? others : visible).slice(0, ADDRESSED_MAILBOXES);
  if (named.length > 0) return { mailboxes: named, toUs };
  const robot = policy.robot[0];
  return { mailboxes: robot === undefined ? [] : [{ address: withoutPlus(robot), source: "robot" }], toUs };
}

/** What each field of a kind names, the highest first. */
type EnvelopeSource = (block: TrustedBlock) => readonly (readonly Candidate[])[];

const ORIGINAL_TO: EnvelopeSource = (block) => delivered(block, ["X-Original-To", "Envelope-To"]);
const DELIVERED_TO: EnvelopeSource = (block) => delivered(block, ["Delivered-To"]);
const REDIRECTED_FROM: EnvelopeSource = (block) => delivered(block, ["X-Sieve-Redirected-From"]);

/** The `for` of the border; where no border was found, of every `Received` in the block. */
const RECEIVED_FOR: EnvelopeSource = (block) => {
  const lines =
    block.border === null || block.border.for === null
      ? fieldsNamed(block.fields, "Received").map((field) => parseReceived(field.body))
      : [block.border];
  return lines.map((line) => (line.for === null ? [] : candidates(line.for, "Received-for")));
};

/** Which sources are asked, the first that names a mailbox wins (`requests.mailbox_source`). */
function envelopeSources(source: MailboxSource): readonly EnvelopeSource[] {
  switch (source) {
    case "auto":
      return [ORIGINAL_TO, DELIVERED_TO, REDIRECTED_FROM, RECEIVED_FOR];
    case "x-original-to":
      return [ORIGINAL_TO];
    case "delivered-to":
      return [DELIVERED_TO];
    case "to":
      return [];
  }
}

const SOURCES: Readonly<Record<string, AddressedSource>> = {
  "x-original-to": "X-Original-To",
  "envelope-to": "Envelope-To",
  "delivered-to": "Delivered-To",
  "x-sieve-redirected-from": "X-Sieve-Redirected-From",
};

function delivered(block: TrustedBlock, names: readonly string[]): Candidate[][] {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  return block.fields.map((field) => {
    const name = field.name.toLowerCase();
    const source = SOURCES[name];
    return source === undefined || !wanted.has(name) ? [] : candidates(field.body, source);
  });
}

/** A delivery header holds one bare address, some servers write it in angle brackets; Exim's Envelope-To holds several. */
function candidates(body: string, source: AddressedSource): Candidate[] {
  const bare = body.trim().replace(/^<([^<>]*)>$/, "$1");
  const sole = looseAddrSpec(bare);
  const mailboxes = sole === null ? mailboxesOf(body) : [sole];
  return mailboxes.map(({ address }) => ({ address: withoutPlus(address), source }));
}

/** Own-domain addresses that the sender wrote in To and Cc. */
function inHeader(header: readonly HeaderField[]): Candidate[] {
  return (["To", "Cc"] as const).flatMap((source) =>
    fieldsNamed(header, source).flatMap((field) =>
      mailboxesOf(field.body).map(({ address }) => ({ address: withoutPlus(address), source })),
    ),
  );
}

/** The mailboxes of a list, and those behind a name that breaks the grammar and hides no second one. */
function mailboxesOf(body: string): readonly Mailbox[] {
  const { mailboxes, problem } = parseAddressList(body);
  return problem === "syntax" ? [...mailboxes, ...soleAddresses(body, ADDRESSED_MAILBOXES)] : mailboxes;
}

/** Our own mailboxes are the same in any ASCII case, as every mail server of today has it. */
function isSame(one: string, other: string): boolean {
  return sameAddress(one, other, { exactLocalPart: false });
}

function unique(list: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return list.filter(({ address }) => {
    const key = address.toLowerCase();
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

/**
 * Departs from RFC 5321 §4.1.2 in that a quoted local part is no mailbox of ours, nor one over its 64 octets: nobody
 * has such an address, and the answer to a request repeats it to whoever stands in From.
 */
function isPlain(address: string): boolean {
  const local = address.slice(0, address.lastIndexOf("@"));
  return !local.startsWith('"') && Buffer.byteLength(local) <= LOCAL_PART_OCTETS;
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}
