import { isOfMail, isPinnedToAnother, isQuotable, type Verdict, verdictOf } from "../decide/index.ts";
import { type Finding, finding, knownFindings, ranked, reportOn, type TrustStore } from "../inspect/index.ts";
import { isProblem, parseCertificate, readableCertificates } from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import type { DirectoryCertificate, FoundCertificate, Holding } from "../store/index.ts";

/** What a stored certificate is judged by, long after the mail that brought it. */
export interface Bench {
  readonly trust: TrustStore;
  readonly policy: Policy["certificates"];
  readonly at: Date;
}

export interface JudgedAgain {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** Its own text may be mailed to the address (PRODUCT §3). */
  readonly quotable: boolean;
}

/**
 * Judges a stored certificate with today's trust store, policy and time. What was found out about the mail stays: the
 * mail is no longer at hand, so nothing can make it better.
 * @param beside what else is stored under the same address, for the pin
 */
export function judgeAgain(
  found: FoundCertificate,
  holding: Holding,
  beside: readonly DirectoryCertificate[],
  bench: Bench,
): JudgedAgain {
  // Nobody is asked here; what CAs have said before stands.
  const known = knownFindings(found.certificate.sha256, found.words);
  const kept = [...known, ...holding.findings.filter(stays)];
  const certificate = parseCertificate(found.certificate.der);
  if (isProblem(certificate)) {
    const findings = ranked([...kept, finding("cert.unreadable", certificate.detail)]);
    return { verdict: verdictOf(findings), findings, quotable: false };
  }
  const pinned = isPinnedToAnother(certificate.keyIdentity, beside, bench.policy.pin)
    ? [finding("cert.pinned")]
    : [];
  const report = reportOn(certificate, {
    role: holding.role,
    address: holding.address,
    beside: readableCertificates(found.chain),
    encryptionBeside: false,
    trust: bench.trust,
    policy: bench.policy,
    at: bench.at,
    findings: [...kept, ...pinned],
    capabilities: found.capabilities,
  });
  const { findings, path } = report;
  return { verdict: verdictOf(findings), findings, quotable: isQuotable(path.valid, findings) };
}

/** Findings on the mail and what came with it; all others are found anew, or belonged to that day (cert.pending-cap). */
function stays(finding: Pick<Finding, "code">): boolean {
  return isOfMail(finding) || finding.code === "cert.private-key";
}
