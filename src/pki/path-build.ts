/**
 * Path building (RFC 4158): from the target up, depth first, over every certificate that may have issued the last one.
 * Only an issuer whose key verifies the signature is followed, so that a path costs signature checks by its edges and
 * wrong candidates end at once. Nothing else is judged here.
 */
import type { Certificate } from "./certificate.ts";
import type { SignatureVerdict } from "./computing.ts";
import { equalBytes } from "./der.ts";
import { inheritsParameters } from "./dsa-inheritance.ts";
import { MAX_PATH_LENGTH } from "./limits.ts";
import { type PathBudget, signatureVerdict, spend } from "./path-budget.ts";
import { isCa, isSelfIssued } from "./path-profile.ts";
import type { PathInput, PathRule, TrustAnchor } from "./path-result.ts";
import { isKnownSignature } from "./signature.ts";

/** A path that reached an anchor, or went as far as it could. */
export interface BuiltPath {
  /** Target first; the anchor last, when there is one. */
  readonly path: readonly Certificate[];
  readonly anchor: TrustAnchor | null;
  /** Why it ends without an anchor, else null. */
  readonly deadEnd: DeadEnd | null;
}

/** Why the search could not go on from the last certificate of a path. */
export interface DeadEnd {
  readonly rule: PathRule;
  readonly section: string;
  readonly detail: string;
}

interface Candidate {
  readonly certificate: Certificate;
  readonly anchor: TrustAnchor | null;
}

interface Search {
  readonly candidates: readonly Candidate[];
  readonly bySubject: ReadonlyMap<string, readonly Candidate[]>;
  readonly at: Date;
  readonly budget: PathBudget;
}

/** What came of the candidates that were not followed. */
interface Refused {
  readonly candidate: Candidate;
  readonly verdict: SignatureVerdict | "circle";
}

/**
 * Every path from the target, the most promising first; stop asking when one is good enough. Ends when all are told or
 * the budget is spent. Never throws.
 */
export function* buildPaths(
  input: Pick<PathInput, "target" | "intermediates" | "anchors" | "at">,
  budget: PathBudget,
): Generator<BuiltPath> {
  const { target } = input;
  const itself = input.anchors.find(({ certificate }) => certificate.sha256 === target.sha256);
  if (itself !== undefined) yield { path: [target], anchor: itself, deadEnd: null };
  const candidates = allCandidates(input);
  const bySubject = groupedBySubject(candidates);
  yield* extended([target], { candidates, bySubject, at: input.at, budget });
}

function* extended(path: readonly Certificate[], search: Search): Generator<BuiltPath> {
  const last = path[path.length - 1];
  if (last === undefined) return;
  const refused: Refused[] = [];
  let followed = false;
  for (const candidate of candidatesFor(last, search)) {
    const { certificate, anchor } = candidate;
    if (isOnPath(path, certificate)) {
      refused.push({ candidate, verdict: "circle" });
      continue;
    }
    const verdict = spend(search.budget, "pathSteps")
      ? edgeVerdict(last, certificate, search.budget)
      : "budget";
    if (verdict === "valid" && path.length < MAX_PATH_LENGTH) {
      followed = true;
      const longer = [...path, certificate];
      if (anchor === null) yield* extended(longer, search);
      else yield { path: longer, anchor, deadEnd: null };
      continue;
    }
    refused.push({ candidate, verdict: verdict === "valid" ? "budget" : verdict });
    if (verdict === "budget") break;
  }
  if (!followed) yield { path, anchor: null, deadEnd: deadEndOf(path, refused, search) };
}

/** The certificates that may have issued this one, the likeliest first (RFC 4158 §3.5). */
function candidatesFor(
  child: Certificate,
  { candidates, bySubject, at, budget }: Search,
): readonly Candidate[] {
  // Where nobody has the name, the key identifier finds the issuer all the same: then its name is what is wrong.
  const found =
    bySubject.get(child.issuer.canonical) ??
    candidates.filter(({ certificate }) => compareKeyIdentifiers(child, certificate) === "match");
  return found
    .map((candidate) => ({ candidate, order: likelihood(child, candidate, at, budget) }))
    .sort((left, right) => left.order - right.order)
    .map(({ candidate }) => candidate);
}

/**
 * Lower is likelier. A wrong key identifier never excludes a candidate (RFC 4158 §3.5.15), it only comes late; last come
 * those by whose keys nothing is accepted.
 */
function likelihood(
  child: Certificate,
  { certificate, anchor }: Candidate,
  at: Date,
  { computing }: PathBudget,
): number {
  const keyIdentifier = { match: 0, unknown: 1, mismatch: 2 }[compareKeyIdentifiers(child, certificate)];
  const now = certificate.notBefore <= at && at <= certificate.notAfter;
  const refused = computing.isRefused(certificate.publicKey) ? 24 : 0;
  return (
    refused + keyIdentifier * 8 + (anchor === null ? 4 : 0) + (isCa(certificate) ? 0 : 2) + (now ? 0 : 1)
  );
}

/** RFC 4158 §5.2: a path that comes to the same name with the same key again has gone in a circle. */
function isOnPath(path: readonly Certificate[], { subject, spkiSha256 }: Certificate): boolean {
  return path.some((one) => one.spkiSha256 === spkiSha256 && one.subject.canonical === subject.canonical);
}

function edgeVerdict(child: Certificate, issuer: Certificate, budget: PathBudget): SignatureVerdict {
  // The parameters come from further up; validation checks this signature once they are known.
  if (inheritsParameters(issuer.publicKey)) return "valid";
  return signatureVerdict(child, issuer.publicKey, budget);
}

function deadEndOf(path: readonly Certificate[], refused: readonly Refused[], search: Search): DeadEnd {
  const last = path[path.length - 1];
  const section = "RFC 5280 §6.1.3 (a)(1)";
  if (refused.some(({ verdict }) => verdict === "budget")) {
    const detail =
      search.budget.exhausted === null
        ? `the path is longer than ${MAX_PATH_LENGTH} certificates`
        : "the search for a path was given up: too many possibilities";
    return { rule: "budget", section: "RFC 4158 §2.4", detail };
  }
  if (last === undefined)
    return { rule: "issuer-missing", section: "RFC 5280 §6.1", detail: "no certificate" };
  const name = last.issuer.text;
  const byItself = isSelfIssued(last) ? signatureVerdict(last, last.publicKey, search.budget) : null;
  const failed = refused.filter(({ verdict }) => verdict !== "circle");
  // Its own signature would prove nothing (RFC 5280 §6.1), so one that cannot be computed ends the path as well.
  const endsHere = byItself === "unsupported" && failed.length === 0 && !isOfAnotherKey(last, last);
  if (byItself === "valid" || endsHere) return selfSigned(path, refused, name);
  const keyFits = failed.filter(
    ({ candidate }) => compareKeyIdentifiers(last, candidate.certificate) === "match",
  );
  if (keyFits.some(({ verdict }) => verdict === "invalid")) {
    return {
      rule: "signature",
      section,
      detail: `the signature was not made by the key of ${name} that it names`,
    };
  }
  // A known algorithm under a key of another kind, which the key identifier does not mean, is another key's signature.
  const isKnown = isKnownSignature(last.signatureAlgorithm.oid);
  const isUnsupported = ({ candidate, verdict }: Refused): boolean =>
    verdict === "unsupported" && !(isKnown && isOfAnotherKey(last, candidate.certificate));
  if (failed.some(isUnsupported)) {
    const detail = `signature algorithm ${last.signatureAlgorithm.oid} cannot be checked`;
    return { rule: "algorithm", section, detail };
  }
  if (byItself === "refused" || failed.some(({ verdict }) => verdict === "refused")) {
    return { rule: "algorithm", section, detail: `the key of ${name} is of no accepted kind` };
  }
  if (failed.length > 0) {
    return { rule: "issuer-key", section, detail: `a CA named ${name} is known, but another key signed` };
  }
  if (refused.length > 0) {
    const detail = `the issuers certify each other in a circle; ${name} is not trusted`;
    return { rule: "unknown-ca", section: "RFC 5280 §6.1", detail };
  }
  return { rule: "issuer-missing", section: "RFC 5280 §6.1", detail: `no certificate of ${name} is at hand` };
}

function selfSigned(path: readonly Certificate[], refused: readonly Refused[], name: string): DeadEnd {
  const section = "RFC 5280 §6.1";
  if (path.length === 1)
    return { rule: "self-signed", section, detail: "self-signed, and not a trust anchor" };
  if (refused.some(({ candidate, verdict }) => candidate.anchor !== null && verdict === "invalid")) {
    return { rule: "issuer-key", section, detail: `${name} has the name of a trust anchor, but another key` };
  }
  return { rule: "unknown-ca", section, detail: `the path ends in ${name}, which is not a trust anchor` };
}

function isOfAnotherKey(child: Certificate, issuer: Certificate): boolean {
  return compareKeyIdentifiers(child, issuer) === "mismatch";
}

function compareKeyIdentifiers(child: Certificate, issuer: Certificate): "match" | "unknown" | "mismatch" {
  const wanted = child.extensions.authorityKeyIdentifier?.keyIdentifier ?? null;
  const found = issuer.extensions.subjectKeyIdentifier;
  if (wanted === null || found === null) return "unknown";
  return equalBytes(wanted, found) ? "match" : "mismatch";
}

/** Anchors first; what is an anchor needs no second look as an intermediate. */
function allCandidates({
  anchors,
  intermediates,
}: Pick<PathInput, "anchors" | "intermediates">): Candidate[] {
  const candidates = new Map<string, Candidate>();
  for (const anchor of anchors)
    candidates.set(anchor.certificate.sha256, { certificate: anchor.certificate, anchor });
  for (const certificate of intermediates) {
    if (!candidates.has(certificate.sha256))
      candidates.set(certificate.sha256, { certificate, anchor: null });
  }
  return [...candidates.values()];
}

function groupedBySubject(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const name = candidate.certificate.subject.canonical;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [candidate]);
    else group.push(candidate);
  }
  return groups;
}
