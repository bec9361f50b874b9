/** Which CRL speaks for which certificate, and for which reasons: RFC 5280 §6.3.3 (b) and (d). */
import type { Certificate } from "./certificate.ts";
import type { Crl } from "./crl.ts";
import { attempt, DerReader, isProblem, TAG, toHex } from "./der.ts";
import { encode } from "./der-write.ts";
import type { DistributionPoint } from "./distribution-point.ts";
import type { GeneralName } from "./general-name.ts";
import { type Name, nameOf } from "./name.ts";
import { isCa } from "./path-profile.ts";

/** ReasonFlags 1 to 8 (RFC 5280 §4.2.1.13); bit 0 is unused. */
export const ALL_REASONS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8]);

/**
 * The distribution points at which the status of a certificate may stand: its own, then, as the end of RFC 5280 §6.3.3
 * has it, the issuer itself, for CRLs that no point names.
 */
export function distributionPointsOf(certificate: Certificate): readonly DistributionPoint[] {
  const issuer: GeneralName = { form: "directoryName", name: certificate.issuer };
  const implied = { fullName: [issuer], relativeName: null, reasons: null, crlIssuer: [] };
  return [...(certificate.extensions.crlDistributionPoints ?? []), implied];
}

/** The canonical names of those who may issue the CRLs of a distribution point (RFC 5280 §6.3.3 (b)(1)). */
export function crlIssuersOf(point: DistributionPoint, certificate: Certificate): readonly string[] {
  if (point.crlIssuer.length === 0) return [certificate.issuer.canonical];
  const names = point.crlIssuer.flatMap((name) =>
    name.form === "directoryName" ? [name.name.canonical] : [],
  );
  return [...new Set(names)];
}

/**
 * RFC 5280 §6.3.3 (b)(d): the reasons for which this CRL tells the status of the certificate by way of this point
 * (interim_reasons_mask), or null when it does not speak for it at all.
 */
export function reasonsCovered(
  crl: ScopedCrl,
  point: DistributionPoint,
  certificate: Certificate,
): ReadonlySet<number> | null {
  if (!crlIssuersOf(point, certificate).includes(crl.issuer.canonical)) return null; // (b)(1)
  const scope = crl.issuingDistributionPoint;
  if (point.crlIssuer.length > 0 && scope?.indirect !== true) return null; // (b)(1): somebody else's list must say so
  if (scope === null) return reasons(point.reasons);
  if (scope.distributionPoint !== null && !sharesName(crl, scope.distributionPoint, point, certificate))
    return null;
  if (scope.onlyUserCerts && isCa(certificate)) return null; // (b)(2)(ii)
  if (scope.onlyCaCerts && !isCa(certificate)) return null; // (b)(2)(iii)
  if (scope.onlyAttributeCerts) return null; // (b)(2)(iv)
  const own = reasons(scope.onlySomeReasons);
  return new Set([...reasons(point.reasons)].filter((reason) => own.has(reason))); // (d)
}

/** What of a CRL says whom it speaks for. */
export type ScopedCrl = Pick<Crl, "issuer" | "issuingDistributionPoint">;

/** Whether two CRLs have the same issuingDistributionPoint, so that one can be the delta of the other (§6.3.3 (c)(2)). */
export function sameScope(one: ScopedCrl, other: ScopedCrl): boolean {
  return scopeText(one) === scopeText(other);
}

/** RFC 5280 §6.3.3 (b)(2)(i): one of the CRL's names is one of the point's; without names its cRLIssuer counts. */
function sharesName(
  crl: ScopedCrl,
  scope: DistributionPoint,
  point: DistributionPoint,
  certificate: Certificate,
): boolean {
  const delegate = point.crlIssuer.find((name) => name.form === "directoryName");
  const base = delegate?.form === "directoryName" ? delegate.name : certificate.issuer;
  const unnamed = point.fullName.length === 0 && point.relativeName === null;
  const wanted = new Set(unnamed ? point.crlIssuer.map(nameText) : pointNames(point, base));
  return pointNames(scope, crl.issuer).some((name) => wanted.has(name));
}

/** The names of a point; a relative one completed with the name of the CRL's issuer (RFC 5280 §4.2.1.13). */
function pointNames({ fullName, relativeName }: DistributionPoint, issuer: Name): readonly string[] {
  if (relativeName === null) return fullName.map(nameText);
  const full = attempt(() => {
    const rdns = new DerReader(issuer.der).content(TAG.sequence, "Name");
    return nameOf(encode.sequence(rdns, relativeName));
  });
  return isProblem(full) ? [] : [nameText({ form: "directoryName", name: full })];
}

/** A text that is equal for equal names; URIs are compared octet by octet, since nothing is fetched here. */
function nameText(name: GeneralName): string {
  switch (name.form) {
    case "directoryName":
      return `${name.form} ${name.name.canonical}`;
    case "iPAddress":
      return `${name.form} ${toHex(name.bytes)}`;
    case "registeredID":
      return `${name.form} ${name.oid}`;
    case "otherName":
      return `${name.form} ${name.oid} ${toHex(name.value)}`;
    case "x400Address":
    case "ediPartyName":
      return `${name.form} ${toHex(name.value)}`;
    default:
      return `${name.form} ${name.text}`;
  }
}

/** A text that is equal for CRLs of one issuer with the same issuingDistributionPoint (RFC 5280 §5.2.5); empty without one. */
export function scopeText({ issuer, issuingDistributionPoint: scope }: ScopedCrl): string {
  if (scope === null) return "";
  const { distributionPoint, ...flags } = scope;
  const names = distributionPoint === null ? null : [...pointNames(distributionPoint, issuer)].sort();
  return JSON.stringify([names, flags]);
}

function reasons(flags: readonly number[] | null): ReadonlySet<number> {
  return flags === null ? ALL_REASONS : new Set(flags.filter((flag) => ALL_REASONS.has(flag)));
}
