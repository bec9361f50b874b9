import type { CertificateStatus } from "../decide/index.ts";
import type { Finding, Severity } from "../inspect/index.ts";

/** What decides whether mail is encrypted to a certificate under one address. */
export interface Usable {
  readonly status: CertificateStatus;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly usage: { readonly sign: boolean; readonly encrypt: boolean };
  readonly barred: boolean;
  readonly reason: string | null;
  readonly findings: readonly Finding[];
}

/**
 * Why mail is not encrypted to a certificate now, in one sentence; null when it is. Says the same as the look-up of the
 * store does, so a certificate is used exactly when this is null.
 */
export function whyNotUsed(certificate: Usable, now: Date): string | null {
  switch (certificate.status) {
    case "revoked":
      return certificate.barred
        ? `revoked: its public key is barred${because(certificate.reason)}`
        : `revoked${because(certificate.reason)}`;
    case "rejected":
      return `rejected${because(decisive(certificate, "error"))}`;
    case "pending":
      return `pending: a person must decide${because(decisive(certificate, "warning"))}`;
    case "expired":
      return `expired on ${day(certificate.notAfter)}`;
    case "active":
      return whyUnfit(certificate, now);
    default:
      return certificate.status satisfies never;
  }
}

function whyUnfit(certificate: Usable, now: Date): string | null {
  if (certificate.barred) return `its public key is barred${because(certificate.reason)}`;
  if (certificate.notBefore > now) return `not valid before ${day(certificate.notBefore)}`;
  if (certificate.notAfter < now) return `expired on ${day(certificate.notAfter)}`;
  return certificate.usage.encrypt ? null : "its key cannot encrypt";
}

/** What a person gave as reason, else the finding that decided. */
function decisive({ reason, findings }: Usable, severity: Severity): string | null {
  if (reason !== null) return reason;
  const finding = findings.find((one) => one.severity === severity) ?? findings[0];
  return finding === undefined ? null : `${finding.code}: ${finding.detail}`;
}

function because(reason: string | null): string {
  return reason === null ? "" : ` (${reason})`;
}

/** The date alone, in UTC. */
function day(time: Date): string {
  return time.toISOString().slice(0, 10);
}
