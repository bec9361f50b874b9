import type { Revocation } from "../inspect/index.ts";
import type { BucketState, PublishedMailbox, Template } from "./plan.ts";
import type { CertificateStatus } from "./verdict.ts";

/** What `decide` needs to know of the directory; a pure value, asked for before the transaction decides. */
export interface ViewQuery {
  /** The single From address, or null. */
  readonly from: string | null;
  /** Whether the sender is authenticated: forged and real mails have memories of their own (PRODUCT §3). */
  readonly authenticated: boolean;
  /** In whose cap his pending certificates count, or null: `capOf`. */
  readonly pendingOf: string | null;
  /** Own addresses that a request asks for. */
  readonly mailboxes: readonly string[];
  /** Public keys of the judged certificates, each by its identity and by its spelling (`keysOf`). */
  readonly spkis: readonly string[];
  /** SHA-256 of the judged certificates and of the CA certificates on their paths. */
  readonly certificates: readonly string[];
  /** Message-IDs that the mail refers to. */
  readonly references: readonly string[];
  /** Message-IDs of mails that came back, when the mail is a bounce. */
  readonly returned: readonly string[];
  /** Names of the reply budgets that may be drawn on. */
  readonly buckets: readonly string[];
}

/** A certificate that the directory holds under the From address. */
export interface HeldCertificate {
  readonly sha256: string;
  readonly keyIdentity: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly status: CertificateStatus;
  /** When the status was decided: of a revoked one, when it was revoked here. */
  readonly since: Date;
  /** An admin approved it by hand. */
  readonly approved: boolean;
  /** The status is an admin's decision, not the robot's. */
  readonly decidedByPerson: boolean;
}

/** A mail that we sent, or are about to send. */
export interface PastReply {
  readonly template: Template;
  readonly at: Date;
  /** As `saidIn` writes it; without it, it may have been anything. */
  readonly said?: string | null;
}

/** How a message has waited until now. */
export interface Waited {
  /** When it was first seen. */
  readonly since: Date;
  /** What its sender was told meanwhile. */
  readonly told: readonly Template[];
  /** For room among the pending certificates, so that it is one of those that wait for that. */
  readonly forRoom: boolean;
}

/** What the directory knows, read inside the transaction in which the plan is carried out. */
export interface View {
  /** Certificates under the From address. */
  readonly held: readonly HeldCertificate[];
  /** Which of the asked public keys are barred; ask `isBarred`. */
  readonly barred: ReadonlySet<string>;
  /** Which of the asked certificates their CA has revoked, by whatever mail or question that came out. */
  readonly revoked: ReadonlyMap<string, Revocation>;
  /** The asked mailboxes, in the order asked, aliases resolved. */
  readonly mailboxes: readonly PublishedMailbox[];
  /** One of the references is a Message-ID of ours. */
  readonly refersToUs: boolean;
  /** Every reference to us is to a hint that the From address got, in whatever plus form. */
  readonly refersToHint: boolean;
  /** What those references told to another plus form of the From address. */
  readonly refersToOtherForm: readonly Template[];
  /** Which of the mails that came back are ours, and to whom they went. */
  readonly returned: readonly { readonly messageId: string; readonly to: string }[];
  /**
   * What was told to the From address, in any of its plus forms, in the last 30 days, newest first: to authenticated
   * senders of that address, or to others, as this one is.
   */
  readonly told: readonly PastReply[];
  /** The part of it that went to another plus form than this mail's. */
  readonly toldOtherForms: readonly PastReply[];
  /** Certificates that became pending in the last 24 hours in this sender's cap. */
  readonly pendingOfDomain: number;
  /** The same of all senders who are authenticated, or are not, as this one is. */
  readonly pendingOfAll: number;
  /** Mails that wait for room among the pending certificates, in this sender's cap, and of all. */
  readonly waitingOfDomain: number;
  readonly waitingOfAll: number;
  /** Null: the message did not wait. */
  readonly waited: Waited | null;
  readonly buckets: readonly BucketState[];
}

/** The view of an empty directory with a full budget (`keybot inspect` without `--config`). */
export function emptyView(query: ViewQuery): View {
  return {
    held: [],
    barred: new Set(),
    revoked: new Map(),
    mailboxes: query.mailboxes.map((address) => ({ address, certificates: [] })),
    refersToUs: false,
    refersToHint: false,
    refersToOtherForm: [],
    returned: [],
    told: [],
    toldOtherForms: [],
    pendingOfDomain: 0,
    pendingOfAll: 0,
    waitingOfDomain: 0,
    waitingOfAll: 0,
    waited: null,
    buckets: [],
  };
}
