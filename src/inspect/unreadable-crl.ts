import { type Certificate, sameName, type UnreadableCrl } from "../pki/index.ts";

/** Of the CRLs that cannot be read, so many are named in a finding. */
const NAMED = 3;

/**
 * What a finding that nothing is known of a certificate's revocation says of CRLs that are there and cannot be read: an
 * admin who has the file must not look for it.
 * @returns a phrase for each that may be the one that is missing, so the first three of them: its issuer's (RFC 5280
 *   §6.3.3 (b)(1)), and those of which not even the issuer can be read
 */
export function unreadableTexts(
  certificate: Certificate,
  unreadable: readonly UnreadableCrl[],
): readonly string[] {
  const points = certificate.extensions.crlDistributionPoints ?? [];
  // A point that names somebody else's CRL (§4.2.1.13 cRLIssuer) may mean any of them.
  const isIndirect = points.some(({ crlIssuer }) => crlIssuer.length > 0);
  const isOurs = ({ issuer }: UnreadableCrl): boolean =>
    issuer !== null && sameName(issuer, certificate.issuer);
  const others = unreadable.filter((one) => !isOurs(one) && (one.issuer === null || isIndirect));
  const missing = [...unreadable.filter(isOurs), ...others];
  const named = missing.slice(0, NAMED).map((crl) => unreadableText(crl, placesOf(certificate)));
  const more = missing.length - named.length;
  return more > 0 ? [...named, `and ${more} more that cannot be read`] : named;
}

/**
 * A CRL that cannot be read, as an admin is to be told of it.
 * @param places where it may have been fetched, for one that has no source of its own
 */
export function unreadableText(
  { source, issuer, detail }: UnreadableCrl,
  places: readonly string[] = [],
): string {
  const where = source ?? (places.length === 0 ? "where the certificate says" : places.join(" or "));
  if (issuer === null) return `${where} cannot be read as a CRL: ${detail}`;
  return `the CRL of ${issuer.text} (${where}) cannot be read: ${detail}`;
}

/** The URLs of its CRLs that the certificate names, shortened like other strangers' text in findings. */
function placesOf({ extensions }: Certificate): readonly string[] {
  const names = (extensions.crlDistributionPoints ?? []).flatMap(({ fullName }) => fullName);
  return names
    .flatMap((name) => (name.form === "uniformResourceIdentifier" ? [name.text.slice(0, 100)] : []))
    .slice(0, 2);
}
