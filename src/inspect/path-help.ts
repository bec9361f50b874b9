/** What may change a path after a first judgement: issuers that did not come along, CAs that count no longer. Pure. */
import { type Certificate, type PathResult, readableCertificates } from "../pki/index.ts";
import type { FindingCode } from "./finding.ts";
import type { CertificateReport, Inspection } from "./inspection.ts";
import { CERTIFICATES_BESIDE } from "./limits.ts";
import { pathFindings, type TrustStore } from "./trust.ts";

/** What was learned after a message was judged, to judge it again by. Plain data. */
export interface PathHelp {
  /** DER of CA certificates from elsewhere: candidates for a path, not trusted. */
  readonly issuers: readonly Uint8Array[];
  /** SHA-256 of CA certificates that no path may use: revoked, or nobody says that they are not. */
  readonly withdrawn: readonly string[];
}

export const NO_HELP: PathHelp = { issuers: [], withdrawn: [] };

/** The trust store of one more judgement of one message. */
export function withHelp(trust: TrustStore, { issuers, withdrawn }: PathHelp): TrustStore {
  if (issuers.length === 0 && withdrawn.length === 0) return trust;
  const found = readableCertificates(issuers.slice(0, CERTIFICATES_BESIDE));
  return {
    ...trust,
    intermediates: [...trust.intermediates, ...found],
    withdrawn: new Set(withdrawn),
  };
}

/** What another issuer certificate can mend: none at hand, another key's, one that leads nowhere, one that has run out. */
const MENDED: ReadonlySet<FindingCode> = new Set([
  "path.issuer-missing",
  "path.issuer-key",
  "path.unknown-ca",
  "path.expired",
]);

/**
 * The certificates of a message whose issuers are worth looking for elsewhere, DER, those nearest to an anchor first:
 * each stands on a path that a better issuer could mend, of a certificate against which nothing else speaks, a signature
 * that is not right least of all (PRODUCT §5): else anybody could have us fetch what he likes.
 */
export function issuersToFind({ certificates }: Inspection): readonly Uint8Array[] {
  const climbing = certificates.filter(isMendable).flatMap(({ der, path }) => [der, ...path.intermediates]);
  const wanted = readableCertificates(climbing.reverse())
    // A self-issued certificate has no issuer but itself.
    .filter(({ issuer, subject }) => issuer.canonical !== subject.canonical)
    .map(({ sha256, der }) => [sha256, der] as const);
  return [...new Map(wanted).values()];
}

/** The same for the path of a certificate that is stored, as far as it leads: those nearest to an anchor first; none where an issuer mends nothing. */
export function issuersToSeek(result: PathResult): readonly Certificate[] {
  if (result.valid || !pathFindings(result).some(({ code }) => MENDED.has(code))) return [];
  return result.path.filter(({ issuer, subject }) => issuer.canonical !== subject.canonical).reverse();
}

function isMendable({ findings }: CertificateReport): boolean {
  return (
    findings.some(({ code }) => MENDED.has(code)) &&
    findings.every(({ code, severity }) => severity !== "error" || MENDED.has(code)) &&
    findings.every(({ code }) => code !== "signature.none")
  );
}
