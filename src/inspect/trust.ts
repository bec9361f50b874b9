import {
  type Certificate,
  CLOCK_SKEW_MS,
  type Computing,
  type Crl,
  findPath,
  fullComputing,
  type GeneralName,
  isBetterPath,
  OID,
  type PathProblem,
  type PathResult,
  type PathRule,
  revocationStatuses,
  type WeighedPath,
} from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import { type Finding, type FindingCode, finding, gravity } from "./finding.ts";
import { answerWeakness, isRefusedKey, pathStrengthFindings } from "./strength.ts";
import { pathUsageFindings } from "./usage.ts";

/** What an installation trusts, decoded: the input of every path search. */
export interface TrustStore {
  readonly anchors: readonly TrustedAnchor[];
  readonly intermediates: readonly Certificate[];
  /** CRLs to check against; null: revocation is not part of the path. */
  readonly crls: readonly Crl[] | null;
  /** SHA-256 of CA certificates that no path may use (`path-help.ts`). */
  readonly withdrawn?: ReadonlySet<string>;
}

export interface TrustedAnchor {
  readonly certificate: Certificate;
  /** Mail domains that it may speak for; null: all of them. */
  readonly domains: readonly string[] | null;
  /** What was issued below it later does not count; null: no such limit. */
  readonly distrustAfter: Date | null;
}

/**
 * The certification path of a certificate (RFC 5280 §6), as the policy starts it. One to an anchor that may vouch for
 * it goes before one to an anchor that may not, which a cross-certificate can bring closer; and one against which nothing
 * speaks before any other (`pathObjections`).
 * @param beside certificates that came along in the mail; candidates, not trusted
 * @param address the From address, or null when no address is judged
 * @param computing what the mail may still compute; what one search found out, the next one knows
 */
export function pathOf(
  certificate: Certificate,
  beside: readonly Certificate[],
  trust: TrustStore,
  policy: Policy["certificates"],
  at: Date,
  address: string | null,
  computing: Computing = fullComputing(isRefusedKey(policy)),
): PathResult {
  const initial = policy.initialPolicies;
  const candidates = [...trust.intermediates, ...beside].filter(
    ({ sha256 }) => trust.withdrawn?.has(sha256) !== true,
  );
  const when = timeToJudge(at, [
    certificate,
    ...candidates,
    ...trust.anchors.map((anchor) => anchor.certificate),
  ]);
  const gravityOf = (result: PathResult): number =>
    gravity(pathObjections(result, beside, trust, policy, at, address, computing));
  const pathTo = (anchors: readonly TrustedAnchor[]): PathResult =>
    findPath({
      target: certificate,
      intermediates: candidates,
      anchors,
      at: when,
      acceptablePolicies: initial.acceptable,
      explicitPolicy: initial.explicitPolicy,
      inhibitAnyPolicy: initial.inhibitAnyPolicy,
      inhibitPolicyMapping: initial.inhibitPolicyMapping,
      crls: trust.crls,
      gravityOf,
      computing,
    });
  const fit = trust.anchors.filter((anchor) => objections(anchor, certificate, address).length === 0);
  const weighed = (result: PathResult): WeighedPath => ({ result, gravity: gravityOf(result) });
  const result = pathTo(fit);
  if (fit.length === trust.anchors.length) return result;
  const best = weighed(result);
  if (best.gravity === 0) return best.result;
  // Without one, a path to an anchor that may not vouch for it says more than "unknown CA".
  const other = weighed(pathTo(trust.anchors));
  return isBetterPath(best, other) ? best.result : other.result;
}

/**
 * All that speaks against a path, and so against every certificate that has no better one: rules of RFC 5280 §6, an
 * anchor that may not vouch, what the CAs may be used for, keys and digests that are too weak. What the certificate
 * itself is like is not part of it, for no other path mends that. The path that is taken is judged by nothing else.
 * @param beside, address, computing as for `pathOf`
 */
export function pathObjections(
  result: PathResult,
  beside: readonly Certificate[],
  trust: TrustStore,
  policy: Policy["certificates"],
  at: Date,
  address: string | null,
  computing: Computing,
): Finding[] {
  return [
    ...pathFindings(result),
    ...anchorFindings(result, trust, address),
    ...pathUsageFindings(result.path),
    ...pathStrengthFindings(result, policy),
    ...weakCrlFindings(result, beside, trust, policy, at, computing),
  ];
}

/**
 * The time to judge a path at. Departs from RFC 5280 §6.1.3 (a)(2) in that a certificate that begins within the five
 * minutes by which clocks may differ is valid already: a CA hands it out at once, and its holder would be refused for good.
 */
function timeToJudge(at: Date, certificates: readonly Certificate[]): Date {
  const latest = at.getTime() + CLOCK_SKEW_MS;
  const beginnings = certificates
    .map(({ notBefore }) => notBefore.getTime())
    .filter((begin) => begin <= latest);
  return new Date(beginnings.reduce((later, begin) => Math.max(later, begin), at.getTime()));
}

/** What each broken rule of the path means for a verdict; a rule may read otherwise on the certificate itself. */
const CODES: Readonly<
  Record<PathRule, FindingCode | { readonly target: FindingCode; readonly above: FindingCode }>
> = {
  "self-signed": "path.self-signed",
  "issuer-missing": "path.issuer-missing",
  "unknown-ca": "path.unknown-ca",
  "issuer-key": "path.issuer-key",
  signature: "path.signature",
  expired: { target: "cert.expired", above: "path.expired" },
  "not-yet-valid": { target: "cert.not-yet-valid", above: "path.expired" },
  revoked: "revocation.revoked",
  "revocation-unknown": "revocation.unknown",
  names: "path.names",
  "name-constraints": "path.name-constraints",
  policy: "path.policy",
  "not-a-ca": "path.not-a-ca",
  length: "path.length",
  "key-usage": "path.key-usage",
  "critical-extension": "path.critical-extension",
  malformed: "path.malformed",
  algorithm: "path.unsupported",
  budget: "path.budget",
};

/** The findings of a path result, each with the section that the path validation names. */
export function pathFindings(result: PathResult): Finding[] {
  return result.problems.map(toFinding);
}

function toFinding(problem: PathProblem): Finding {
  const entry = CODES[problem.rule];
  const code = typeof entry === "string" ? entry : problem.depth === 0 ? entry.target : entry.above;
  return { ...finding(code, problem.detail), section: problem.section };
}

/**
 * What speaks against the anchor that the path ends in, though the path is valid.
 * @param address the From address, or null when no address is judged
 */
export function anchorFindings(result: PathResult, trust: TrustStore, address: string | null): Finding[] {
  if (!result.valid || result.anchor === null) return [];
  const sha256 = result.anchor.certificate.sha256;
  const anchor = trust.anchors.find((candidate) => candidate.certificate.sha256 === sha256);
  return anchor === undefined ? [] : objections(anchor, result.path[0] ?? null, address);
}

/** Why an anchor may not vouch for a certificate under an address. */
function objections(
  anchor: TrustedAnchor,
  certificate: Certificate | null,
  address: string | null,
): Finding[] {
  return [...distrust(anchor, certificate), ...otherDomain(anchor, address)];
}

/**
 * Mozilla winds a CA down by a date: what it issued before still counts, what it issues later does not (PRODUCT §3). As
 * there, the certificate's own beginning is held against the date: who can backdate it is not stopped by this.
 */
function distrust({ distrustAfter }: TrustedAnchor, certificate: Certificate | null): Finding[] {
  if (distrustAfter === null || certificate === null || certificate.notBefore <= distrustAfter) return [];
  const [issued, limit] = [certificate.notBefore, distrustAfter].map((time) =>
    time.toISOString().slice(0, 10),
  );
  return [
    finding(
      "path.anchor-distrusted",
      `issued on ${issued}; the CA is trusted for what it issued until ${limit} only`,
    ),
  ];
}

/** An own CA vouches only for the domains that the admin named (PRODUCT §3): a broker's CA must not speak for a hospital. */
function otherDomain({ domains }: TrustedAnchor, address: string | null): Finding[] {
  if (domains === null || address === null) return [];
  const domain = address.slice(address.lastIndexOf("@") + 1);
  if (domains.some((own) => domain === own || domain.endsWith(`.${own}`))) return [];
  return [
    finding("path.anchor-domain", `the CA is trusted for ${domains.join(", ")} only, not for ${domain}`),
  ];
}

/**
 * What is to be said of revocation as long as nobody was asked: `judgeRevocation` puts the answers in its place. Where
 * nobody asks (`keybot restore`, `keybot import`), it stays: a certificate that names a CRL or an OCSP responder then
 * waits for a person under `hard-fail`; one that names none has nothing to be asked (PRODUCT §3 6.).
 */
export function revocationFindings(
  certificate: Certificate,
  trust: TrustStore,
  policy: Policy["certificates"],
): Finding[] {
  if (trust.crls !== null || policy.revocation === "off") return [];
  if (!namesAnswerer(certificate)) return [finding("revocation.unnamed")];
  if (policy.revocation !== "hard-fail") return [finding("revocation.unchecked")];
  const places = placesNamed(certificate);
  if (places.some((place) => /^https?:/i.test(place))) return [finding("revocation.unknown")];
  return [finding("revocation.unaskable", `it names only ${shownPlaces(places)}`)];
}

/**
 * CRLs that were given with the trust store are part of the path, which knows no policy (RFC 5280 §6.3); here is what the
 * policy's strength has against them. Of a path that is broken anyway, nothing more is said.
 * @param beside as for `pathOf`
 */
function weakCrlFindings(
  { valid, path }: PathResult,
  beside: readonly Certificate[],
  { crls, intermediates }: TrustStore,
  policy: Policy["certificates"],
  at: Date,
  computing: Computing,
): Finding[] {
  if (!valid || crls === null) return [];
  const others = [...intermediates, ...beside];
  const statuses = revocationStatuses({
    path,
    ocsp: [],
    crls,
    others,
    at,
    weaknessOf: answerWeakness(policy),
    computing,
  });
  return statuses.flatMap((status) =>
    status.status === "unknown" ? [finding("revocation.unknown", status.why)] : [],
  );
}

/** Places that are named in a finding, and characters of each. */
const SHOWN_PLACES = 3;
const SHOWN_OF_A_PLACE = 100;

/**
 * Where a certificate says that its revocation can be asked (RFC 5280 §4.2.1.13, §4.2.2.1); what is no URL is described.
 * @param by one way alone; both when it is left out
 */
export function placesNamed({ extensions }: Certificate, by?: "OCSP" | "CRL"): readonly string[] {
  const { crlDistributionPoints, authorityInfoAccess } = extensions;
  const responders = (authorityInfoAccess ?? []).filter(({ method }) => method === OID.ocspAccess);
  const places = [
    ...(by === "CRL" ? [] : responders.map(({ location }) => textOf(location))),
    // A point may give a name relative to its CA's, or none at all (RFC 5280 §4.2.1.13).
    ...(by === "OCSP" ? [] : (crlDistributionPoints ?? [])).flatMap(({ fullName }) =>
      fullName.length === 0 ? [NO_URL] : fullName.map(textOf),
    ),
  ];
  return [...new Set(places)];
}

const NO_URL = "an entry of a directory";

function textOf(name: GeneralName): string {
  return name.form === "uniformResourceIdentifier" ? name.text : NO_URL;
}

/** Places as a person is to read them. */
export function shownPlaces(places: readonly string[]): string {
  const shown = places.slice(0, SHOWN_PLACES).map((place) => place.slice(0, SHOWN_OF_A_PLACE));
  return places.length > SHOWN_PLACES ? `${shown.join(", ")} and others` : shown.join(", ");
}

/** Whether a certificate names somebody who could be asked about it: a CRL (RFC 5280 §4.2.1.13), OCSP (§4.2.2.1). */
export function namesAnswerer({ extensions }: Certificate): boolean {
  const { crlDistributionPoints, authorityInfoAccess } = extensions;
  return (
    (crlDistributionPoints ?? []).length > 0 ||
    (authorityInfoAccess ?? []).some(({ method }) => method === OID.ocspAccess)
  );
}
