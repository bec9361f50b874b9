/** The form of a vector, after x509-limbo: what it is, which rule it shows, and everything that must come of it. */
import type { Folder, Template, Verdict, View } from "../../src/decide/index.ts";
import type { FindingCode, TrustedAnchor } from "../../src/inspect/index.ts";
import type { Policy } from "../../src/policy.ts";
import type { Identity } from "../lab/openssl.ts";

/** The verdict on one certificate and all findings that are more than a note. */
export interface ExpectedCertificate {
  readonly of: Identity;
  readonly verdict: Verdict;
  readonly codes: readonly FindingCode[];
  /** Notes (severity info) that must be there; others may. */
  readonly notes?: readonly FindingCode[];
}

/** One thing that OpenSSL says otherwise, with the reason; OpenSSL agreeing makes the case fail. */
export interface Divergence {
  readonly signature?: string;
  readonly path?: string;
}

export interface Case {
  /** `area.what`; its twin, one property changed, stands beside it. */
  readonly id: string;
  readonly what: string;
  /** The section that is shown: PRODUCT's, or the standard's. */
  readonly section: string;
  readonly mail: Buffer;
  /** Changes of the default policy. */
  readonly policy?: (policy: Policy) => Policy;
  readonly trust?: {
    readonly anchors?: readonly TrustedAnchor[];
    readonly intermediates?: readonly Identity[];
    readonly crls?: readonly Buffer[];
  };
  /** What the directory knows; default: nothing, and the budget is full. */
  readonly view?: Partial<View>;
  readonly expect: {
    readonly certificates: readonly ExpectedCertificate[];
    /** Null: it stays in the mailbox. */
    readonly folder: Folder | null;
    readonly replies: readonly Template[];
    /** Certificates stored as active, in order. */
    readonly active?: readonly Identity[];
    /** Certificates whose public key is barred for every address. */
    readonly barred?: readonly Identity[];
    readonly signature?: boolean | null;
    /** A reason that the ledger must hold. */
    readonly reason?: string;
    /** What stands in a reason's detail. */
    readonly detail?: string;
  };
  /** `signature: false` or `path: false`: OpenSSL is not asked, it has no answer to this. */
  readonly openssl?: { readonly signature?: false; readonly path?: false };
  readonly divergence?: Divergence;
}
