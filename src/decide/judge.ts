import { type CertificateReport, type Finding, finding } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import type { MessageFacts } from "../read/index.ts";
import { type Verdict, verdictOf } from "./verdict.ts";
import type { HeldCertificate, View } from "./view.ts";

/** A certificate with its final verdict: what it is worth by itself, and what the directory adds. */
export interface Judged {
  readonly report: CertificateReport;
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
  /** What the directory holds of exactly this certificate under the From address. */
  readonly held: HeldCertificate | null;
}

/** Judges every certificate of a message against the directory (PRODUCT §3). */
export function judgeCertificates(
  reports: readonly CertificateReport[],
  facts: MessageFacts,
  view: View,
  policy: Policy["certificates"],
): Judged[] {
  let newPending = view.pendingOfDomain;
  return reports.map((report) => {
    const held = view.held.find((candidate) => candidate.sha256 === report.sha256) ?? null;
    const findings = [...report.findings, ...directoryFindings(report, held, view, policy)];
    let verdict = settled(verdictOf(findings), held);
    if (verdict !== "accepted" && facts.authenticated === false) {
      // PRODUCT §3: a failed authentication that is not accepted is not put before a person.
      findings.push(finding("mail.authentication"));
      verdict = "rejected";
    }
    if (verdict === "pending" && held?.status !== "pending") {
      if (newPending >= policy.pendingPerDomain) {
        findings.push(finding("cert.pending-cap"));
        verdict = "rejected";
      } else newPending += 1;
    }
    return { report, findings, verdict, held };
  });
}

/** What the directory knows against a certificate: a barred key, another key pinned to the address. */
function directoryFindings(
  report: CertificateReport,
  held: HeldCertificate | null,
  view: View,
  policy: Policy["certificates"],
): Finding[] {
  const findings: Finding[] = [];
  // A revoked public key stays barred, in a fresh certificate and under any address.
  if (view.barred.has(report.spkiSha256)) findings.push(finding("cert.barred"));
  // What is only pending, or expired, is not settled: else the same mail twice would get round the pin.
  if (held?.status !== "active" && isPinned(report, view, policy)) findings.push(finding("cert.pinned"));
  return findings;
}

/** PRODUCT §3: an admin approved a key for this address by hand (or `pin = "first"`), and this is another one. */
function isPinned(report: CertificateReport, view: View, policy: Policy["certificates"]): boolean {
  if (policy.pin === "off") return false;
  const pins = view.held.filter(
    (held) => held.status === "active" && (policy.pin === "first" || held.approved),
  );
  return pins.length > 0 && !pins.some((held) => held.spkiSha256 === report.spkiSha256);
}

/**
 * What was settled before stays settled: a doubt about the mail that brings a known certificate again does not make
 * the certificate doubtful, and what a person turned away is not put before him again. An error always counts.
 */
function settled(verdict: Verdict, held: HeldCertificate | null): Verdict {
  if (verdict !== "pending" || held === null) return verdict;
  if (held.status === "active") return "accepted";
  return held.status === "rejected" && held.decidedByPerson ? "rejected" : verdict;
}
