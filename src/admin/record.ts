import type { CertificateSummary } from "../inspect/index.ts";
import type { CertificateRecord, Holding } from "../store/index.ts";

/**
 * The record of a certificate (CONTRACT.md §3), as `keybot list` prints it.
 * @param holdings the addresses that hold it in one status, at least one; what differs is taken from the first
 */
export function recordOf(
  certificate: CertificateSummary,
  holdings: readonly [Holding, ...Holding[]],
): CertificateRecord {
  const [first] = holdings;
  return {
    sha256: certificate.sha256,
    spkiSha256: certificate.spkiSha256,
    addresses: holdings.map(({ address }) => address),
    status: first.status,
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial: certificate.serial,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    keyAlgorithm: certificate.keyAlgorithm,
    usage: certificate.usage,
    firstSeen: first.firstSeen,
    lastSeen: first.lastSeen,
    source: first.source,
    reason: first.reason,
    unauthenticated: holdings.filter((one) => one.authenticated !== true).map(({ address }) => address),
  };
}

/** The holding and those of other addresses in the same status, itself first. */
export function withSameStatus(holding: Holding, all: readonly Holding[]): readonly [Holding, ...Holding[]] {
  const others = all.filter(
    ({ address, status }) => status === holding.status && address !== holding.address,
  );
  return [holding, ...others];
}
