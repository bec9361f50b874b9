import { type CertificateReport, type Finding, type FindingCode, finding } from "../inspect/index.ts";
import type { HeldCertificate } from "./view.ts";

const DAY_MS = 86_400_000;

/** How long before its end a certificate is renewed: CAs remind their customers from 90 days on. */
const RENEWAL_MS = 90 * DAY_MS;

/**
 * What a certificate is to the others that the directory holds under the same address (PRODUCT §3, History). All of
 * them are used side by side, so these are notes that explain a directory; only an older key that comes back after
 * a newer one was revoked needs a person.
 * @param signedAt when the mail says that it was signed, or null
 */
export function historyFindings(
  report: CertificateReport,
  held: readonly HeldCertificate[],
  signedAt: Date | null,
): Finding[] {
  const others = held.filter(({ sha256 }) => sha256 !== report.sha256);
  const revoked = others.find((other) => isRevokedSuccessor(other, report, signedAt));
  const relation = relationTo(report, others);
  return [
    ...(revoked === undefined
      ? []
      : [
          finding(
            "history.before-revocation",
            `the newer certificate ${short(revoked)} was revoked on ${day(revoked.since)}`,
          ),
        ]),
    ...(relation === null ? [] : [relation]),
  ];
}

/**
 * Whoever revoked the newer certificate did not know of this one: an old mail, held back or recorded, would put its
 * key in the place of the revoked one. A mail without a signing time cannot say that it is not such a mail.
 */
function isRevokedSuccessor(
  other: HeldCertificate,
  report: CertificateReport,
  signedAt: Date | null,
): boolean {
  if (other.status !== "revoked" || other.notBefore <= report.notBefore) return false;
  return signedAt === null || signedAt <= other.since;
}

/** The nearest relation to what is, or was, used under the address; null when nothing is. */
function relationTo(report: CertificateReport, others: readonly HeldCertificate[]): Finding | null {
  const settled = others.filter(({ status }) => status === "active" || status === "expired");
  if (settled.length === 0) return null;
  const related = (code: FindingCode, to: HeldCertificate | undefined): Finding | null =>
    to === undefined ? null : finding(code, `${RELATIONS[code] ?? ""} ${short(to)}, ${until(to)}`);
  const sameCa = settled.filter(({ issuer }) => issuer === report.issuer);
  return (
    related(
      "history.same-key",
      settled.find(({ keyIdentity }) => keyIdentity === report.keyIdentity),
    ) ??
    related(
      "history.renewal",
      sameCa.find((other) => isRenewalOf(report, other)),
    ) ??
    related("history.second-key", sameCa[0]) ??
    related("history.new-ca", settled[0])
  );
}

const RELATIONS: Readonly<Partial<Record<FindingCode, string>>> = {
  "history.same-key": "the same key as in the certificate",
  "history.renewal": "the same CA's successor of the certificate",
  "history.second-key": "of the same CA, another key than in the certificate",
  "history.new-ca": "another CA than that of the certificate",
};

/** Issued when the other one was about to run out, or had: not beside it. */
function isRenewalOf(report: CertificateReport, other: HeldCertificate): boolean {
  return (
    report.notAfter > other.notAfter && report.notBefore.getTime() >= other.notAfter.getTime() - RENEWAL_MS
  );
}

function short({ sha256 }: HeldCertificate): string {
  return sha256.slice(0, 16);
}

function until({ notAfter }: HeldCertificate): string {
  return `valid until ${day(notAfter)}`;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
