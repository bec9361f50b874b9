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
  const { revoked, relation } = placeAmong(report, held, signedAt);
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

/** What a certificate is to those that are held under its address, found in one pass: nobody limits how many those are. */
function placeAmong(
  report: CertificateReport,
  held: readonly HeldCertificate[],
  signedAt: Date | null,
): { readonly revoked: HeldCertificate | undefined; readonly relation: Finding | null } {
  let revoked: HeldCertificate | undefined;
  // The first one of each relation, the nearest relation first.
  let sameKey: HeldCertificate | undefined;
  let renewed: HeldCertificate | undefined;
  let sameCa: HeldCertificate | undefined;
  let any: HeldCertificate | undefined;
  for (const other of held) {
    if (other.sha256 === report.sha256) continue;
    if (revoked === undefined && isRevokedSuccessor(other, report, signedAt)) revoked = other;
    if (other.status !== "active" && other.status !== "expired") continue;
    any ??= other;
    if (other.keyIdentity === report.keyIdentity) sameKey ??= other;
    if (other.issuer !== report.issuer) continue;
    sameCa ??= other;
    if (renewed === undefined && isRenewalOf(report, other)) renewed = other;
  }
  const relation =
    related("history.same-key", sameKey) ??
    related("history.renewal", renewed) ??
    related("history.second-key", sameCa) ??
    related("history.new-ca", any);
  return { revoked, relation };
}

function related(code: FindingCode, to: HeldCertificate | undefined): Finding | null {
  return to === undefined ? null : finding(code, `${RELATIONS[code] ?? ""} ${short(to)}, ${until(to)}`);
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
