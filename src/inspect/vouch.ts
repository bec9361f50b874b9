/** A certificate that came beside the signer's, and what it takes over from him. */
import { ranked } from "./certificate-report.ts";
import { type Finding, type FindingCode, finding } from "./finding.ts";
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
