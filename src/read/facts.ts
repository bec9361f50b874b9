/**
 * What one message says, as plain data: the output of `read`, half of the input of `decide`.
 *
 * Facts are what the bytes say and who wrote them (our servers, or the sender). Nothing here is believed yet.
 * All texts are as the stranger wrote them: escape them at the sink.
 */

/** How the From field names its author (RFC 5322 §3.6.2): only `one` can be harvested or answered. */
export type From =
  /** `loose`: only the display name breaks the grammar, the one address has no second reading (PRODUCT §3). */
  | { readonly kind: "one"; readonly address: string; readonly loose?: true }
  | { readonly kind: "missing" | "empty" | "group" | "several" | "two-fields" | "unreadable" };

/** The envelope sender as the final delivery noted it (RFC 5321 §4.4). */
export type ReturnPath =
  | { readonly kind: "absent" }
  | { readonly kind: "null" }
  | { readonly kind: "address"; readonly address: string };

/** Where an addressed mailbox was read (PRODUCT §4). */
export type AddressedSource =
  | "X-Original-To"
  | "Envelope-To"
  | "Delivered-To"
  | "X-Sieve-Redirected-From"
  | "Received-for"
  | "To"
  | "Cc"
  | "robot";

export interface AddressedMailbox {
  /** Own-domain address, plus form folded. */
  readonly address: string;
  readonly source: AddressedSource;
}

/** The mark that makes a mail automatic, or otherwise never to be answered (RFC 3834 §2, PRODUCT §5). */
export type AutomaticRule =
  | "null-return-path"
  | "auto-submitted"
  | "precedence"
  | "list-header"
  | "x-auto-response-suppress"
  | "auto-responder"
  | "multipart-report"
  | "system-sender"
  | "own-address"
  | "loop-mark";

export interface AutomaticMark {
  readonly rule: AutomaticRule;
  /** The header or rule in words, e.g. `Auto-Submitted: auto-replied`. */
  readonly evidence: string;
}

/** What the mail carries, seen from its MIME structure alone. */
export type Carries =
  | "signed" // a CMS SignedData with a signature over content
  | "certs-only"
  | "certificate-file"
  | "encrypted"
  | "openpgp"
  | "rich-text" // Outlook's TNEF, `winmail.dat`
  | "rights-protected" // Microsoft's `message.rpmsg`
  | "nothing";

/** What a bounce says of the mail that came back. Anybody can write one: whether it was ours is `decide`'s question. */
export interface ReturnedMail {
  /** Message-IDs that may be its own. */
  readonly messageIds: readonly string[];
  /** Whom it did not reach, as addresses of a delivery status, of `X-Failed-Recipients` or of its own To. */
  readonly recipients: readonly ReturnedRecipient[];
}

export interface ReturnedRecipient {
  readonly address: string;
  /** `5.1.1` (RFC 3463), or null. */
  readonly status: string | null;
  /** What the server said, on one line, or null. */
  readonly diagnostic: string | null;
}

export interface MessageFacts {
  /** SHA-256 over the bytes below the trusted block, lower-case hex. */
  readonly digest: string;
  /** Size of the raw message in bytes. */
  readonly size: number;
  readonly messageId: string | null;
  /** Message-IDs of In-Reply-To and References. */
  readonly references: readonly string[];
  /** Decoded (RFC 2047), unfolded, trimmed. */
  readonly subject: string | null;
  readonly request: "exact" | "near-miss" | null;
  /** Every address of the From fields, in order. */
  readonly fromAddresses: readonly string[];
  readonly from: From;
  readonly returnPath: ReturnPath;
  readonly automatic: AutomaticMark | null;
  /** DMARC, or aligned DKIM or SPF, said by our own servers: passed, failed, or nothing said (null). */
  readonly authenticated: boolean | null;
  /** Own servers alone handled it, and none of them took it in from outside. False also where nobody knows. */
  readonly fromInside: boolean;
  /** Addressed mailboxes, own domains only, each once, in order. */
  readonly addressed: readonly AddressedMailbox[];
  /** False when nothing in envelope or header names an address of ours. */
  readonly addressedToUs: boolean;
  /** When the border server took the mail in; null when its `Received` tells no time. */
  readonly borderTime: Date | null;
  /** The Date field; written by the sender. */
  readonly date: Date | null;
  readonly carries: Carries;
  /** Not null for a bounce: it says that a mail did not arrive. */
  readonly returned: ReturnedMail | null;
}
