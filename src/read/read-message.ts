import { createHash } from "node:crypto";
import {
  fieldsNamed,
  firstField,
  type HeaderField,
  type MimePart,
  type MimeProblem,
  messageIds,
  parseDateTime,
  parseMime,
} from "../mail/index.ts";
import type { Policy } from "../policy.ts";
import { addressedMailboxes } from "./addressed.ts";
import { isAuthenticated } from "./authenticated.ts";
import { automaticMark } from "./automatic.ts";
import type { AddressedMailbox, AutomaticMark, MessageFacts } from "./facts.ts";
import { REFERENCES } from "./limits.ts";
import { type Offer, type Structure, structureOf, UNREADABLE } from "./offer.ts";
import { isFromInside } from "./origin.ts";
import type { ReadProblem } from "./problem.ts";
import { requestOf, subjectOf } from "./request.ts";
import { returnedMail } from "./returned.ts";
import { messageIdOf, returnPathOf, senderOf } from "./sender.ts";
import { type TrustedBlock, trustedBlock } from "./trusted-block.ts";

/** One message, read. A message with a problem still tells what its header says, but offers nothing. */
export interface ReadMessage {
  readonly facts: MessageFacts;
  readonly offer: Offer;
  readonly problem: ReadProblem | null;
}

/**
 * Reads one message.
 * @param raw the whole RFC 5322 message as it was fetched; line ends may be CRLF or LF
 * @param policy the reading rules: own hosts and networks, own domains, the tag
 * @returns never throws for any bytes
 */
export function readMessage(raw: Uint8Array, policy: Policy): ReadMessage {
  const { root, problem } = parseMime(raw);
  const header = root.fields;
  const block = trustedBlock(header, policy.border);
  const readProblem = problem === null ? (header.length === 0 ? "mime.empty" : null) : PROBLEMS[problem];
  const structure = readProblem === null ? structureOf(raw, root) : UNREADABLE;
  const facts = factsOf(raw, root, block, structure, policy);
  // PRODUCT §3: the body of a request does not matter, so its defect is none of the mail.
  const matters = facts.request !== "exact" || root.defect === null || problem !== root.defect;
  return { facts, offer: structure.offer, problem: matters ? readProblem : null };
}

/**
 * The ledger key (PRODUCT §2): SHA-256 over the bytes below the trusted block and the addressed mailboxes, sorted.
 * Two copies of one mail for two mailboxes differ, a copy delivered twice does not.
 */
export function ledgerKey(digest: string, addressed: readonly AddressedMailbox[]): string {
  const mailboxes = addressed.map((mailbox) => mailbox.address).sort();
  return createHash("sha256")
    .update(JSON.stringify([digest, mailboxes]))
    .digest("hex");
}

const PROBLEMS: Readonly<Record<MimeProblem, ReadProblem>> = {
  "too-deep": "mime.too-deep",
  "too-many-parts": "mime.too-many-parts",
  "header-too-large": "mime.header-too-large",
  "too-many-fields": "mime.too-many-fields",
  "no-boundary": "mime.no-boundary",
  "ambiguous-content-type": "mime.ambiguous",
};

function factsOf(
  raw: Uint8Array,
  root: MimePart,
  block: TrustedBlock,
  { carries, report }: Structure,
  policy: Policy,
): MessageFacts {
  const header = root.fields;
  const { from, addresses } = senderOf(header);
  const returnPath = returnPathOf(header);
  const subject = subjectOf(header);
  const addressed = addressedMailboxes(header, block, policy);
  const references = referencesOf(header);
  const automatic =
    automaticMark({ header, from, returnPath, policy }) ?? (report === null ? null : SHOWN_REPORT);
  const domain = from.kind === "one" ? from.address.slice(from.address.lastIndexOf("@") + 1) : null;
  return {
    digest: createHash("sha256").update(raw.subarray(block.end)).digest("hex"),
    size: raw.length,
    messageId: messageIdOf(header),
    references,
    subject,
    request: requestOf(subject, policy),
    fromAddresses: addresses,
    from,
    returnPath,
    automatic,
    authenticated: isAuthenticated(block, domain, policy.border.authservIds),
    fromInside: isFromInside(header, block, policy.border),
    addressed: addressed.mailboxes,
    addressedToUs: addressed.toUs,
    borderTime: block.border?.date ?? null,
    date: parseDateTime(firstField(header, "Date")?.body ?? ""),
    carries,
    // A bounce has a mark of automatic mail, so the parts of a person's mail are not searched.
    returned:
      automatic === null
        ? null
        : returnedMail(report?.raw ?? raw, report?.root ?? root, { from, returnPath, references }),
  };
}

/** RFC 6522, RFC 8098: what the mail shows, whatever signature or disclaimer is around it, was written by a program. */
const SHOWN_REPORT: AutomaticMark = { rule: "multipart-report", evidence: "the mail shows a report" };

/** Message-IDs of In-Reply-To and References (RFC 5322 §3.6.4), the newest ones when there are too many. */
function referencesOf(header: readonly HeaderField[]): string[] {
  const ids = ["References", "In-Reply-To"].flatMap((name) =>
    fieldsNamed(header, name).flatMap((field) => messageIds(field.body)),
  );
  return [...new Set(ids)].slice(-REFERENCES);
}
