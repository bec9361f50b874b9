/** A certificate that came beside the signer's, and what it takes over from him. */
import { ranked } from "./certificate-report.ts";
import { type Finding, type FindingCode, finding, gravity } from "./finding.ts";
import type { CertificateReport } from "./inspection.ts";

/** What is wrong with a signer's key for encrypting, which says nothing of the certificate beside it. */
const OF_ITS_KEY_ALONE: ReadonlySet<FindingCode> = new Set(["cert.sign-only", "cert.key-unsupported"]);

/** How a finding begins that was taken over. */
const BY_SIGNER = "the certificate that signed: ";

/**
 * Who sent his private key along can vouch for nothing; but the key beside his is not the one that was sent, and must not
 * be barred for it: anybody can sign with a key that he gives away, beside the certificate of whom he likes.
 */
const KEY_GIVEN_AWAY = finding("mail.private-key", undefined, "error");

/**
 * A certificate beside the signer's is worth no more than the signer's own: anybody can put a stranger's certificate
 * into a SignedData that he signs himself, and nobody signs the set of certificates (RFC 5652 §5.4).
 * @param signer the report on the signer that counts; undefined for certs-only and where his certificate is missing
 */
export function vouchedFor(
  report: CertificateReport,
  signer: CertificateReport | undefined,
): CertificateReport {
  const against = (signer?.findings ?? [])
    .filter(({ code, severity }) => severity !== "info" && !OF_ITS_KEY_ALONE.has(code))
    .filter(({ code }) => report.findings.every((own) => own.code !== code))
    .map((of) => ({ ...takenOver(of, report, signer), detail: `${BY_SIGNER}${of.detail}` }));
  return { ...report, findings: ranked([...report.findings, ...against]) };
}

/** A renewal of the signer's own key is doubtful, not wrong, where he signed for the certificate that has run out (RFC 5035 §3). */
function takenOver(
  of: Finding,
  { keyIdentity }: CertificateReport,
  signer: CertificateReport | undefined,
): Finding {
  if (of.code === "cert.private-key") return KEY_GIVEN_AWAY;
  return of.code === "cert.expired" && keyIdentity === signer?.keyIdentity
    ? { ...of, severity: "warning" }
    : of;
}

/** What stays when CAs have answered: what is said of revocation before anybody was asked goes then (`judge-revocation.ts`). */
export function lasting(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ code }) => !code.startsWith("revocation."));
}

/**
 * A certificate beside one that can encrypt itself, of another subject, and that no signed preference names: RFC 8551
 * §2.5.3.1 takes it for nobody's wish. A relay could so bring back an old certificate whose key is lost.
 * @returns the report, no better than waiting for a person
 */
export function unnamed(report: CertificateReport): CertificateReport {
  if (gravity(lasting(report.findings)) > 0) return report;
  return { ...report, findings: ranked([...report.findings, finding("signature.unnamed")]) };
}

/**
 * A further signer beside one that is beyond doubt. Who lets a mail pass can have anybody sign it, too, by a certificate
 * made for that: what would wait for a person under the sender's name waits for nobody.
 */
export function besideProven(
  report: CertificateReport,
  answering: CertificateReport | undefined,
): CertificateReport {
  const isProven = answering !== undefined && gravity(answering.findings) === 0;
  if (!isProven || gravity(report.findings) !== 1) return report;
  return {
    ...report,
    findings: ranked([...report.findings, finding("signature.unnamed", undefined, "error")]),
  };
}

/** Whether a finding was taken over from the signer. */
export function isOfSigner({ detail }: Finding): boolean {
  return detail.startsWith(BY_SIGNER);
}

/** Whether a signer could vouch for a certificate beside his own: nothing but his key's kind speaks against him. */
export function mayVouch({ role, findings }: CertificateReport): boolean {
  return (
    role === "signer" &&
    findings.every(({ code, severity }) => severity !== "error" || OF_ITS_KEY_ALONE.has(code))
  );
}
