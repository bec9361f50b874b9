import {
  type Certificate,
  type Crl,
  findPath,
  OID,
  type PathProblem,
  type PathResult,
  type PathRule,
} from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import { type Finding, type FindingCode, finding } from "./finding.ts";

/** What an installation trusts, decoded: the input of every path search. */
export interface TrustStore {
  readonly anchors: readonly TrustedAnchor[];
  readonly intermediates: readonly Certificate[];
  /** CRLs to check against; null: revocation is not part of the path. */
  readonly crls: readonly Crl[] | null;
}

export interface TrustedAnchor {
  readonly certificate: Certificate;
  /** Mail domains that it may speak for; null: all of them. */
  readonly domains: readonly string[] | null;
}

/**
 * The certification path of a certificate (RFC 5280 §6), as the policy starts it.
 * @param beside certificates that came along in the mail; candidates, not trusted
 */
export function pathOf(
  certificate: Certificate,
  beside: readonly Certificate[],
  trust: TrustStore,
  policy: Policy["certificates"],
  at: Date,
): PathResult {
  const initial = policy.initialPolicies;
  return findPath({
    target: certificate,
    intermediates: [...trust.intermediates, ...beside],
    anchors: trust.anchors,
    at,
    acceptablePolicies: initial.acceptable,
    explicitPolicy: initial.explicitPolicy,
    inhibitAnyPolicy: initial.inhibitAnyPolicy,
    inhibitPolicyMapping: initial.inhibitPolicyMapping,
    crls: trust.crls,
  });
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
  algorithm: "path.weak",
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
 * An own CA vouches only for the domains that the admin named (PRODUCT §3): a broker's CA must not speak for a hospital.
 * @param address the From address, or null when no address is judged
 */
export function anchorFindings(result: PathResult, trust: TrustStore, address: string | null): Finding[] {
  if (!result.valid || result.anchor === null || address === null) return [];
  const sha256 = result.anchor.certificate.sha256;
  const anchor = trust.anchors.find((candidate) => candidate.certificate.sha256 === sha256);
  if (anchor === undefined || anchor.domains === null) return [];
  const domain = address.slice(address.lastIndexOf("@") + 1);
  const covered = anchor.domains.some((own) => domain === own || domain.endsWith(`.${own}`));
  return covered
    ? []
    : [
        finding(
          "path.anchor-domain",
          `the CA is trusted for ${anchor.domains.join(", ")} only, not for ${domain}`,
        ),
      ];
}

/**
 * What is known of revocation when no CRL was given. A certificate that names neither CRL nor OCSP has nothing to be
 * asked. One that does waits for a person under `hard-fail`: this version asks no CRL or OCSP server yet.
 */
export function revocationFindings(
  certificate: Certificate,
  trust: TrustStore,
  policy: Policy["certificates"],
): Finding[] {
  if (trust.crls !== null || policy.revocation === "off") return [];
  const { crlDistributionPoints, authorityInfoAccess } = certificate.extensions;
  const ocsp = authorityInfoAccess?.some((access) => access.method === OID.ocspAccess) ?? false;
  if (crlDistributionPoints === null && !ocsp) return [finding("revocation.unnamed")];
  return [finding(policy.revocation === "hard-fail" ? "revocation.unknown" : "revocation.unchecked")];
}
