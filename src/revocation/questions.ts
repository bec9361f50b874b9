/** What there is to ask about the certificates of a path, and where: their own URLs. Pure. */
import { type Certificate, type DistributionPoint, type GeneralName, OID } from "../pki/index.ts";
import { fetchableUrl } from "./fetchable-url.ts";
import { MAX_PLACES } from "./limits.ts";

/** One certificate whose revocation is to be asked. */
export interface RevocationQuestion {
  readonly certificate: Certificate;
  /** The certificate above it on its path. */
  readonly issuer: Certificate;
  /** The certificate first, then all that stand above it, the anchor last. */
  readonly path: readonly Certificate[];
  /** It names an OCSP responder or a CRL, be it one that cannot be asked (LDAP). False: there is nothing to be asked. */
  readonly named: boolean;
  /** OCSP responders (RFC 5280 §4.2.2.1), in the certificate's order. */
  readonly ocsp: readonly string[];
  /** The CRLs that are needed, each with the places where it can be had (RFC 5280 §4.2.1.13), in the certificate's order. */
  readonly crls: readonly (readonly string[])[];
  /** The delta CRLs to these that the certificate names (RFC 5280 §4.2.1.15), in the same form. */
  readonly deltas: readonly (readonly string[])[];
}

/**
 * The questions for each certificate below the anchor, target first. Only ask them when the mail's signature is right
 * and the path ends in an anchor (PRODUCT §5): the URLs are then those of a CA that is trusted.
 * @param path target first, anchor last
 */
export function revocationQuestions(path: readonly Certificate[]): readonly RevocationQuestion[] {
  return path.slice(0, -1).flatMap((certificate, depth) => {
    const issuer = path[depth + 1];
    return issuer === undefined ? [] : [questionAbout(certificate, issuer, path.slice(depth))];
  });
}

function questionAbout(
  certificate: Certificate,
  issuer: Certificate,
  path: readonly Certificate[],
): RevocationQuestion {
  const { authorityInfoAccess, crlDistributionPoints, freshestCrl } = certificate.extensions;
  const responders = (authorityInfoAccess ?? []).filter(({ method }) => method === OID.ocspAccess);
  return {
    certificate,
    issuer,
    path,
    named: responders.length > 0 || (crlDistributionPoints ?? []).length > 0,
    ocsp: urlsOf(responders.map(({ location }) => location)).slice(0, MAX_PLACES),
    crls: placesOf(crlDistributionPoints ?? []),
    deltas: placesOf(freshestCrl ?? []),
  };
}

/**
 * The CRLs behind distribution points, each with the places where it can be had.
 *
 * A point without reasons stands for all of them, so several such points are several places for the same information,
 * as many CAs write their mirrors; a point with reasons has a CRL of its own, and so has one that names another issuer.
 */
export function placesOf(points: readonly DistributionPoint[]): readonly (readonly string[])[] {
  const isMirror = ({ reasons, crlIssuer }: DistributionPoint) => reasons === null && crlIssuer.length === 0;
  const whole = points.filter(isMirror).flatMap(({ fullName }) => fullName);
  const parts = points.filter((point) => !isMirror(point)).map(({ fullName }) => fullName);
  return [whole, ...parts]
    .map((names) => urlsOf(names).slice(0, MAX_PLACES))
    .filter((urls) => urls.length > 0)
    .slice(0, MAX_PLACES);
}

/**
 * The places of several CRLs in the order in which to ask: the first place of each, then the second of each. So all that is
 * needed is asked for before the mirrors of what was had.
 */
export function inRounds(crls: readonly (readonly string[])[]): readonly string[] {
  const rounds = Math.max(0, ...crls.map((places) => places.length));
  const all = Array.from({ length: rounds }, (_, round) =>
    crls.flatMap((places) => places[round] ?? []),
  ).flat();
  return [...new Set(all)].slice(0, MAX_PLACES);
}

/** The http(s) URLs among the names, normalised, each once. */
export function urlsOf(names: readonly GeneralName[]): readonly string[] {
  const urls = names.flatMap((name) => {
    if (name.form !== "uniformResourceIdentifier") return [];
    const url = fetchableUrl(name.text);
    return url instanceof URL ? [url.href] : [];
  });
  return [...new Set(urls)];
}
