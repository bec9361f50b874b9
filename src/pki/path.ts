/** Certification paths: `findPath`, which builds, validates and ranks them. */
import type { Certificate } from "./certificate.ts";
import { revocationProblems } from "./crl-check.ts";
import { fullBudget, type PathBudget } from "./path-budget.ts";
import { type BuiltPath, buildPaths } from "./path-build.ts";
import { byGravity, isBetterPath, type WeighedPath } from "./path-rank.ts";
import type { PathInput, PathProblem, PathResult, TrustAnchor } from "./path-result.ts";
import { validatePath } from "./path-validate.ts";

/**
 * Looks for a valid certification path from the target to one of the anchors (RFC 5280 §6.1, and §6.3 when CRLs are
 * given), trying one path after the other until one is valid and the caller has nothing against it.
 * @returns that path; else the one with the mildest verdict, with everything that is wrong with it. The effort is bounded by
 *   `limits.ts`, whatever the certificates are; an unfinished search has a problem of the rule `budget`. Never throws.
 */
export function findPath(input: PathInput): PathResult {
  return searchPath(input, fullBudget(input.computing));
}

/** As `findPath`, on a budget that the caller can look at afterwards. */
export function searchPath(input: PathInput, budget: PathBudget): PathResult {
  return search(input, budget, new Map());
}

/** Certificates outside the path that signed CRLs, by SHA-256 and anchor: believed or not, or being judged just now. */
type CrlSigners = Map<string, boolean | "in progress">;

function search(input: PathInput, budget: PathBudget, signers: CrlSigners): PathResult {
  let best: WeighedPath | null = null;
  for (const built of buildPaths(input, budget)) {
    const result = judge(built, input, budget, signers);
    const weighed = { result, gravity: gravityOf(result, input) };
    if (result.valid && weighed.gravity === 0) return result;
    if (best === null || isBetterPath(weighed, best)) best = weighed;
    if (budget.exhausted !== null) break;
  }
  return admitted(
    best?.result ?? { valid: false, path: [input.target], anchor: null, problems: [] },
    input,
    budget,
  );
}

function gravityOf(result: PathResult, input: PathInput): number {
  return input.gravityOf?.(result) ?? (result.valid ? 0 : 1);
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
  const { gravityOf: _, ...rules } = input; // which speaks of the target
  const { valid } = search({ ...rules, target: signer, anchors: [anchor] }, budget, signers);
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
  return { ...result, valid: false, problems: [problem, ...result.problems] };
}
