/** What a path search starts from and what it answers. */
import type { Certificate } from "./certificate.ts";
import type { Computing } from "./computing.ts";
import type { Crl } from "./crl.ts";

/** A trust anchor (RFC 5280 §6.1.1 (d)), given as a certificate. */
export interface TrustAnchor {
  readonly certificate: Certificate;
}

/** RFC 5280 §6.1.1: everything that the validation starts from; nothing else is looked at. */
export interface PathInput {
  readonly target: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly TrustAnchor[];
  /** The time to judge at, §6.1.1 (b). */
  readonly at: Date;
  /** §6.1.1 (c), null for any-policy. */
  readonly acceptablePolicies: readonly string[] | null;
  /** §6.1.1 (f). */
  readonly explicitPolicy: boolean;
  /** §6.1.1 (g). */
  readonly inhibitAnyPolicy: boolean;
  /** §6.1.1 (e). */
  readonly inhibitPolicyMapping: boolean;
  /** CRLs to check against (§6.3); null: revocation is not part of the path result. */
  readonly crls: readonly Crl[] | null;
  /**
   * What the caller has against a path beside the rules of §6.1, as a weight: 0 for nothing. The search goes on until a
   * valid path has none (RFC 4158 §2.4). Left out: a valid path is as good as any other.
   */
  readonly gravityOf?: (result: PathResult) => number;
  /** What the mail may still compute, shared by all searches for it; left out: a budget of this search's own. */
  readonly computing?: Computing;
}

/** RFC 5280 §6.1.1 (c) to (g) for whoever asks for no policy. */
export const ANY_POLICY = {
  acceptablePolicies: null,
  explicitPolicy: false,
  inhibitAnyPolicy: false,
  inhibitPolicyMapping: false,
} as const satisfies Partial<PathInput>;

/** What broke a path; one value a rule of RFC 5280 §6. */
export type PathRule =
  | "self-signed" // the target itself is self-signed and no anchor
  | "issuer-missing" // nobody by the issuer's name is at hand
  | "unknown-ca" // a path ends in a self-signed CA that is no anchor
  | "issuer-key" // an anchor or CA has the issuer's name, but its key did not sign
  | "signature" // §6.1.3 (a)(1)
  | "expired" // §6.1.3 (a)(2), after notAfter
  | "not-yet-valid" // §6.1.3 (a)(2), before notBefore
  | "revoked" // §6.1.3 (a)(3)
  | "revocation-unknown" // §6.3.3: no CRL covers it
  | "names" // §6.1.3 (a)(4)
  | "name-constraints" // §6.1.3 (b)(c)
  | "policy" // §6.1.3 (f), §6.1.5 (g)
  | "not-a-ca" // §6.1.4 (k)
  | "length" // §6.1.4 (l)(m)
  | "key-usage" // §6.1.4 (n)
  | "critical-extension" // §6.1.4 (o), §6.1.5 (f)
  | "malformed" // §4: duplicate extensions, bad encodings, mismatching algorithm identifiers …
  | "algorithm" // a signature or key algorithm that cannot be computed
  | "budget"; // the search was given up

export interface PathProblem {
  readonly rule: PathRule;
  /** `RFC 5280 §6.1.4 (n)`. */
  readonly section: string;
  /** SHA-256 of the certificate that the problem is about. */
  readonly certificate: string;
  /** 0: the target itself, 1: its issuer, … */
  readonly depth: number;
  /** One English sentence with the values. */
  readonly detail: string;
}

/** The best path that was found, and what is wrong with it; valid exactly when `problems` is empty. */
export interface PathResult {
  readonly valid: boolean;
  /** Target first, anchor last; only as far as it could be built. */
  readonly path: readonly Certificate[];
  readonly anchor: TrustAnchor | null;
  readonly problems: readonly PathProblem[];
}
