/** Certification paths: what goes in, what comes out, and `findPath`, which builds, validates and ranks them. */
import type { Certificate } from "./certificate.ts";
import type { Crl } from "./crl.ts";
import { revocationProblems } from "./crl-check.ts";
import { fullBudget, type PathBudget } from "./path-budget.ts";
import { type BuiltPath, buildPaths } from "./path-build.ts";
import { byGravity, isBetterPath } from "./path-rank.ts";
import { validatePath } from "./path-validate.ts";

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
}

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

/**
 * Looks for a valid certification path from the target to one of the anchors (RFC 5280 §6.1, and §6.3 when CRLs are
 * given), trying one path after the other until one is valid.
 * @returns that path; else the least broken one, with everything that is wrong with it. The effort is bounded by
 *   `limits.ts`, whatever the certificates are; an unfinished search has a problem of the rule `budget`. Never throws.
 */
export function findPath(input: PathInput): PathResult {
  return searchPath(input, fullBudget());
}

/** As `findPath`, on a budget that the caller can look at afterwards. */
export function searchPath(input: PathInput, budget: PathBudget): PathResult {
  return search(input, budget, new Map());
}

/** Certificates outside the path that signed CRLs, by SHA-256 and anchor: believed or not, or being judged just now. */
type CrlSigners = Map<string, boolean | "in progress">;

function search(input: PathInput, budget: PathBudget, signers: CrlSigners): PathResult {
  let best: PathResult | null = null;
  for (const built of buildPaths(input, budget)) {
    const result = judge(built, input, budget, signers);
    if (result.valid) return result;
    if (best === null || isBetterPath(result, best)) best = result;
    if (budget.exhausted !== null) break;
  }
  return admitted(best ?? { valid: false, path: [input.target], anchor: null, problems: [] }, input, budget);
}

/** Validation, revocation and the reason why a path ends too early, all together. */
function judge(built: BuiltPath, input: PathInput, budget: PathBudget, signers: CrlSigners): PathResult {
  const { path, anchor, deadEnd } = built;
  const { problems, keys } = validatePath(path, input, budget);
  const depth = path.length - 1;
  const last = path[depth] ?? input.target;
  const all = [...problems];
  if (deadEnd !== null) all.push({ ...deadEnd, certificate: last.sha256, depth });
  if (anchor !== null && input.crls !== null) {
    const { crls, at, intermediates: others } = input;
    const isBelieved = (signer: Certificate) => isSignerBelieved(signer, anchor, input, budget, signers);
    all.push(...revocationProblems({ path, keys, crls, at, others, isBelieved, budget }));
  }
  return { valid: all.length === 0, path, anchor, problems: byGravity(all) };
}

/** RFC 5280 §6.3.3 (f): a CRL's signer needs a valid path to the same anchor, and CRLs that speak for him. */
function isSignerBelieved(
  signer: Certificate,
  anchor: TrustAnchor,
  input: PathInput,
  budget: PathBudget,
  signers: CrlSigners,
): boolean {
  const pair = `${signer.sha256} ${anchor.certificate.sha256}`;
  const known = signers.get(pair);
  // Two signers who vouch for each other prove nothing, so a circle counts as not believed.
  if (known !== undefined) return known === true;
  signers.set(pair, "in progress");
  const { valid } = search({ ...input, target: signer, anchors: [anchor] }, budget, signers);
  signers.set(pair, valid);
  return valid;
}

/** A search that was given up says so, whichever path it shows. */
function admitted(result: PathResult, { target }: PathInput, { exhausted }: PathBudget): PathResult {
  if (exhausted === null || result.problems.some(({ rule }) => rule === "budget")) return result;
  const detail = `not every path was looked at: too many possibilities (${exhausted})`;
  const problem: PathProblem = {
    rule: "budget",
    section: "RFC 4158 §2.4",
    certificate: target.sha256,
    depth: 0,
    detail,
  };
  return { ...result, problems: [problem, ...result.problems] };
}
