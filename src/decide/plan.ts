import type { CertificateRole, CertificateSummary, Finding } from "../inspect/index.ts";
import type { Reason } from "./reason.ts";
import type { Verdict } from "./verdict.ts";

/** Why a mail to the robot offers nothing that can be used: each has words of its own in `not-usable.txt`. */
export type NotUsable =
  | "unsigned"
  | "encrypted"
  | "openpgp"
  | "openpgp-key"
  | "rich-text"
  | "rights-protected";

/** What a message is, for the ledger (CONTRACT.md §2). */
export type MessageKind =
  | "submission"
  | "request"
  | "near-miss"
  | "automatic"
  | "encrypted"
  | "openpgp"
  | "certificate"
  | "other"
  | "unreadable";

/** The four folders in which a message can end (PRODUCT §2); their IMAP names are configuration. */
export type Folder = "Processed" | "Pending" | "Rejected" | "Unhandled";

export type Template =
  | "certificate"
  | "no-certificate"
  | "accepted"
  | "pending"
  | "rejected"
  | "not-usable"
  | "hint";

/** One judged certificate, as the submitter is told of it. */
export interface JudgedCertificate {
  readonly certificate: CertificateSummary;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** Its path is valid, so its own text (subject, issuer) may be quoted to others. */
  readonly quotable: boolean;
}

/** The verdict on one certificate and all that stands behind it. */
export interface VerdictOnCertificate {
  /** SHA-256 of the certificate. */
  readonly certificate: string;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/** A mailbox of ours with the certificates that we publish for it. */
export interface PublishedMailbox {
  /** The address that was asked for, an alias as it was written. */
  readonly address: string;
  readonly certificates: readonly PublishedCertificate[];
}

export interface PublishedCertificate extends CertificateSummary {
  /** DER of its issuers, nearest first. */
  readonly chain: readonly Uint8Array[];
}

/** What a reply says; `reply/` turns it into words. */
export type ReplyContent =
  | { readonly template: "certificate" | "no-certificate"; readonly mailboxes: readonly PublishedMailbox[] }
  | {
      readonly template: "accepted" | "pending" | "rejected";
      readonly judged: readonly JudgedCertificate[];
      /** What is wrong with the signature itself, where no certificate could be judged for it. */
      readonly problems: readonly Finding[];
      /** A private key came along: the first thing that its sender must know, whatever became of the rest. */
      readonly privateKey?: boolean;
    }
  | { readonly template: "not-usable"; readonly why: NotUsable }
  | { readonly template: "hint" };

/** Stores what was judged under the From address; a known one is only seen again. */
export interface StoreAction {
  readonly action: "store";
  readonly certificate: string;
  readonly status: "active" | "pending" | "rejected";
  readonly address: string;
  readonly role: CertificateRole;
  readonly findings: readonly Finding[];
  /**
   * The holder of a certificate in use has said this himself: what is kept of it beside its status (when it was last
   * seen, what its mail program can do) may change by it.
   */
  readonly believed: boolean;
  /** Its path is valid and nothing is in doubt: the CA certificates on it are kept, for all who hold the certificate. */
  readonly keepsPath: boolean;
  /** When the mail says that it was signed, not after now; null: it does not say. */
  readonly signedAt: Date | null;
}

/** Removes the oldest of what the robot has rejected under an address: anybody can have such a thing stored. */
export interface DropAction {
  readonly action: "drop";
  readonly certificate: string;
  readonly address: string;
}

/** Bars a public key for every address. */
export interface BarAction {
  readonly action: "bar";
  readonly certificate: string;
  readonly spkiSha256: string;
  /** Which key it is, whatever its spelling. */
  readonly keyIdentity: string;
  readonly reason: string;
}

export interface ReplyAction {
  readonly action: "reply";
  readonly template: Template;
  readonly to: string;
  readonly content: ReplyContent;
  /** Not to be sent before this time: the budget is used up until then; null: at once. */
  readonly sendAfter: Date | null;
  /** Whether the sender was authenticated: what the others were told does not keep him from being told. */
  readonly authenticated: boolean;
}

/** Notes that a mail of ours came back. */
export interface BounceAction {
  readonly action: "bounce";
  /** Our mail's. */
  readonly messageId: string;
  /** Whom it was to reach. */
  readonly to: string;
  /** What the server said: status and sentence, or null. Text of a stranger. */
  readonly error: string | null;
}

export interface FileAction {
  readonly action: "file";
  readonly folder: Folder;
}

/** The message stays in the mailbox and is decided anew later; it stores nothing until then. */
export interface WaitAction {
  readonly action: "wait";
  /** When it is decided again. */
  readonly until: Date;
}

export type Action =
  | StoreAction
  | DropAction
  | BarAction
  | BounceAction
  | ReplyAction
  | FileAction
  | WaitAction;

/** Everything that becomes of one message: a pure value, printed as it is by `keybot inspect`. */
export interface Plan {
  readonly kind: MessageKind;
  /** Every certificate of the message with its verdict, in the order of the inspection. */
  readonly judged: readonly VerdictOnCertificate[];
  /** In the order in which they are done; exactly one `file` or `wait`, the last. */
  readonly actions: readonly Action[];
  /** Why, for the ledger: what was decided and, where nothing is answered, what forbids it. */
  readonly reasons: readonly Reason[];
  /** The state of the reply budget after this message; written back with it. */
  readonly buckets: readonly BucketState[];
}

/** A reply budget's memory: the time until which it is used up (the theoretical arrival time of GCRA). */
export interface BucketState {
  readonly name: string;
  readonly usedUntil: Date;
}
