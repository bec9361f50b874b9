import { type FieldValue, formatDateTime, messageIds, parseAddrSpec } from "../mail/index.ts";
import type { Identity } from "./identity.ts";
import { MESSAGE_ID_LENGTH, REFERENCES } from "./limits.ts";

/** What the header of a reply is made of. */
export interface ReplyHeader {
  readonly to: string;
  /** The Message-ID of the mail that is answered, null when it has none; and its own References. Strangers' text. */
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  readonly messageId: string;
  readonly subject: string;
  readonly now: Date;
  readonly identity: Identity;
  /** Language tags in the order of the text. */
  readonly languages: readonly string[];
  /** RFC 3834 §5: `auto-replied` for an answer, `auto-generated` for what no mail asked for. */
  readonly autoSubmitted: "auto-replied" | "auto-generated";
}

/**
 * The header of a reply in order, as texts that `mail` encodes and folds, without the fields that describe its body.
 * Text of strangers is in `To`, `In-Reply-To` and `References` only, and there only what their grammar allows.
 */
export function replyFields(header: ReplyHeader): readonly FieldValue[] {
  const { identity } = header;
  const to = parseAddrSpec(header.to);
  const parent = header.inReplyTo === null ? [] : safeIds([header.inReplyTo]).slice(0, 1);
  const references = threadOf(safeIds(header.references), parent);
  return [
    ["From", identity.from],
    // One mailbox; what is no addr-spec can be no recipient, and RFC 5322 §3.6 lets the field be absent.
    ...(to === null ? [] : [["To", to.address] as const]),
    ["Subject", header.subject],
    ["Date", formatDateTime(header.now)],
    ["Message-ID", header.messageId],
    ...parent.map((id) => ["In-Reply-To", id] as const),
    ...(references.length === 0 ? [] : [["References", references.join(" ")] as const]),
    // RFC 3834 §5: whoever answers automatically must not answer this.
    ["Auto-Submitted", header.autoSubmitted],
    // The same for Exchange, which does not look at Auto-Submitted.
    ["X-Auto-Response-Suppress", "All"],
    ["X-Keybot-Loop", identity.loopMark],
    // RFC 3282 §2: all languages of the text.
    ["Content-Language", header.languages.join(", ")],
  ];
}

/** RFC 5322 §3.6.4: the References of the parent and then the parent itself; a long thread keeps its first and last. */
function threadOf(ids: readonly string[], parent: readonly string[]): readonly string[] {
  const thread = [...ids.filter((id) => !parent.includes(id)), ...parent];
  return thread.length <= REFERENCES ? thread : [...thread.slice(0, 1), ...thread.slice(1 - REFERENCES)];
}

/** Only what is a msg-id in ASCII is repeated; anything else of a stranger's is left out. */
function safeIds(values: readonly string[]): readonly string[] {
  return values
    .flatMap((value) => messageIds(value))
    .filter((id) => id.length <= MESSAGE_ID_LENGTH && /^<[\x21-\x7e]+>$/.test(id));
}
