/** Who may have signed a CRL although he does not stand above the certificate (RFC 5280 §6.3.3 (f)). Pure. */
import {
  ANY_POLICY,
  type Certificate,
  type Computing,
  type CrlHeader,
  crlIssuersOf,
  distributionPointsOf,
  findPath,
  OID,
  readCertificates,
  sameName,
} from "../pki/index.ts";
import { MAX_ISSUER_URLS, MAX_SIGNER_CANDIDATES } from "./limits.ts";
import { type RevocationQuestion, urlsOf } from "./questions.ts";

/** A certificate that may sign CRLs, with its valid path to the anchor of the question. */
export interface Signer {
  readonly certificate: Certificate;
  /** The certificate first, the anchor last. */
  readonly path: readonly Certificate[];
}

/**
 * Of the candidates, those who have a name that a CRL for this certificate may have as its issuer, and a path to the same
 * anchor. Whether they are revoked is not looked at here.
 * @param computing what their paths may cost: they are strangers' until one leads to the anchor
 */
export function signersAmong(
  candidates: readonly Certificate[],
  { certificate, path }: RevocationQuestion,
  at: Date,
  computing: Computing,
): readonly Signer[] {
  const anchor = path.at(-1);
  if (anchor === undefined) return [];
  const names = new Set(
    distributionPointsOf(certificate).flatMap((point) => crlIssuersOf(point, certificate)),
  );
  const above = new Set(path.map(({ sha256 }) => sha256));
  const named = candidates.filter(
    ({ sha256, subject }) => names.has(subject.canonical) && !above.has(sha256),
  );
  return named.slice(0, MAX_SIGNER_CANDIDATES).flatMap((target): Signer[] => {
    const found = findPath({
      target,
      intermediates: [...path.slice(1, -1), ...candidates],
      anchors: [{ certificate: anchor }],
      at,
      ...ANY_POLICY,
      crls: null,
      computing,
    });
    return found.valid ? [{ certificate: target, path: found.path }] : [];
  });
}

/** Where a CRL says that its signer's certificate is (RFC 5280 §5.2.7): http(s) URLs. */
export function signerUrls({ authorityInfoAccess }: CrlHeader): readonly string[] {
  const named = (authorityInfoAccess ?? []).filter(({ method }) => method === OID.caIssuersAccess);
  return urlsOf(named.map(({ location }) => location)).slice(0, MAX_ISSUER_URLS);
}

/**
 * The certificates among these bytes (DER, PEM or certs-only, RFC 5280 §5.2.7) that have the name of the CRL's issuer. Whether
 * their key signed it is only looked at when a path leads to them.
 */
export function signersIn(bytes: Uint8Array, { issuer }: CrlHeader): readonly Certificate[] {
  return readCertificates(bytes)
    .certificates.filter(({ subject }) => sameName(subject, issuer))
    .slice(0, MAX_SIGNER_CANDIDATES);
}
