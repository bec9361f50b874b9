import type { Certificate, Computing, PathResult } from "../pki/index.ts";
import { certificateAddresses, fullComputing } from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import type { Finding, Severity } from "./finding.ts";
import { holderFindings } from "./holder.ts";
import type { CertificateReport, CertificateRole, CertificateSummary } from "./inspection.ts";
import { isRefusedKey, strengthFindings } from "./strength.ts";
import { pathObjections, pathOf, revocationFindings, type TrustStore } from "./trust.ts";
import { usageFindings, usageOf } from "./usage.ts";

/** Everything that one certificate is judged by, beside its own bytes. */
export interface Circumstances {
  readonly role: CertificateRole;
  /** The address that it must name, or null when no address is judged (a certificate file). */
  readonly address: string | null;
  /** Certificates that came along: candidates for the path. */
  readonly beside: readonly Certificate[];
  /** The same person's encryption certificate came along (dual key pair). */
  readonly encryptionBeside: boolean;
  readonly trust: TrustStore;
  readonly policy: Policy["certificates"];
  /** The time to judge at. */
  readonly at: Date;
  /** Findings from elsewhere that bear on it: on the signature, on From. */
  readonly findings: readonly Finding[];
  readonly capabilities: Uint8Array | null;
  /** What the mail may still compute; left out: a budget of this certificate's own. */
  readonly computing?: Computing;
}

/** Judges one certificate: address, path, time, usage, strength, revocation. All findings, the worst first. */
export function reportOn(certificate: Certificate, circumstances: Circumstances): CertificateReport {
  const { address, policy, trust, beside, at } = circumstances;
  const computing = circumstances.computing ?? fullComputing(isRefusedKey(policy));
  const result = pathOf(certificate, beside, trust, policy, at, address, computing);
  const findings = [
    ...circumstances.findings,
    ...(address === null ? [] : holderFindings(certificate, address, policy.exactLocalPart)),
    ...pathObjections(result, beside, trust, policy, at, address, computing),
    ...usageFindings(certificate, circumstances.encryptionBeside),
    ...strengthFindings(certificate, policy),
    ...revocationFindings(certificate, trust, policy),
  ];
  return {
    ...summaryOf(certificate),
    role: circumstances.role,
    path: {
      valid: result.valid,
      anchor: result.anchor?.certificate.sha256 ?? null,
      length: result.path.length,
      intermediates: issuersOf(result).map((issuer) => issuer.der),
      authorities: issuersOf(result).map((issuer) => issuer.sha256),
    },
    capabilities: circumstances.capabilities,
    findings: ranked(findings),
  };
}

/** What is known of a certificate from its own bytes. */
export function summaryOf(certificate: Certificate): CertificateSummary {
  return {
    sha256: certificate.sha256,
    spkiSha256: certificate.spkiSha256,
    keyIdentity: certificate.keyIdentity,
    der: certificate.der,
    addresses: certificateAddresses(certificate).addresses,
    subject: certificate.subject.text,
    issuer: certificate.issuer.text,
    serial: certificate.serial,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    keyAlgorithm: certificate.publicKey.name,
    usage: usageOf(certificate),
  };
}

/** The CA certificates between the end entity and the anchor. */
function issuersOf(result: PathResult): readonly Certificate[] {
  return result.path.slice(1).filter((issuer) => issuer.sha256 !== result.anchor?.certificate.sha256);
}

const ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** The worst first, each code and sentence once; the order of the checks is kept among equals. */
export function ranked(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings
    .filter((entry) => {
      const key = `${entry.code} ${entry.detail}`;
      return !seen.has(key) && seen.add(key) !== undefined;
    })
    .sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}
