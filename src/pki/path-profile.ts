import { sameAlgorithm } from "./algorithm-identifier.ts";
import type { Certificate } from "./certificate.ts";
import { attempt, DerReader, isProblem } from "./der.ts";
import { namedBits } from "./der-value.ts";
import type { Extension } from "./extensions.ts";
import { OID } from "./oid.ts";
import { verifySignature } from "./signature.ts";

/**
 * The certificate profile of RFC 5280 §4, as far as a breach makes a certificate unfit to be believed whoever signed it.
 * A breach that real CAs commit and that misleads nobody is let pass; each such departure is named in the tests.
 */

/** A breach: the section, and a sentence. */
export interface Breach {
  readonly section: string;
  readonly detail: string;
}

/** The extensions that `Extensions` decodes, so that this room can be said to process them (RFC 5280 §6.1.4 (o)). */
const PROCESSED: ReadonlySet<string> = new Set([
  OID.authorityKeyIdentifier,
  OID.subjectKeyIdentifier,
  OID.keyUsage,
  OID.certificatePolicies,
  OID.policyMappings,
  OID.subjectAltName,
  OID.issuerAltName,
  OID.basicConstraints,
  OID.nameConstraints,
  OID.policyConstraints,
  OID.extendedKeyUsage,
  OID.crlDistributionPoints,
  OID.inhibitAnyPolicy,
  OID.freshestCrl,
  OID.authorityInfoAccess,
  OID.qcStatements,
]);

/** Extensions that a CA must not mark as critical, with the section that says so. */
const NEVER_CRITICAL: ReadonlyMap<string, string> = new Map([
  [OID.authorityKeyIdentifier, "RFC 5280 §4.2.1.1"],
  [OID.subjectKeyIdentifier, "RFC 5280 §4.2.1.2"],
  [OID.freshestCrl, "RFC 5280 §4.2.1.15"],
  [OID.authorityInfoAccess, "RFC 5280 §4.2.2.1"],
]);

/** The OIDs of critical extensions that this room cannot process. */
export function unknownCriticalExtensions(certificate: Certificate): readonly string[] {
  return certificate.extensions.all
    .filter(({ oid, critical }) => critical && !PROCESSED.has(oid))
    .filter((extension) => !allowsMail(extension, isCa(certificate)))
    .map(({ oid }) => oid);
}

/**
 * Netscape's certificate type, the ancestor of extKeyUsage, which old CAs mark as critical: understood where it allows
 * S/MIME (bit 2), or S/MIME CAs (bit 6).
 */
function allowsMail({ oid, value }: Extension, ca: boolean): boolean {
  if (oid !== OID.netscapeCertType) return false;
  const bits = attempt(() => namedBits(new DerReader(value), "netscapeCertType"));
  return !isProblem(bits) && bits.includes(ca ? 6 : 2);
}

/** Every breach of the profile in one certificate. */
export function profileBreaches(certificate: Certificate): readonly Breach[] {
  return [
    ...certificate.extensions.defects.map((detail) => ({ section: "RFC 5280 §4.2", detail })),
    ...fieldBreaches(certificate),
    ...extensionBreaches(certificate),
  ];
}

/** Whether this is a CA certificate: version 3, basicConstraints with cA (RFC 5280 §4.2.1.9). */
export function isCa({ version, extensions }: Certificate): boolean {
  return version === 3 && extensions.basicConstraints?.ca === true;
}

/** RFC 5280 §6.1: issuer and subject are the same name. (Not self-signed: the keys may differ.) */
export function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return issuer.canonical === subject.canonical;
}

/** RFC 5280 §3.2: issued to itself, and signed with its own key. */
export function isSelfSigned(certificate: Certificate): boolean {
  const { tbs, signature, signatureAlgorithm, publicKey } = certificate;
  return (
    isSelfIssued(certificate) && verifySignature(signatureAlgorithm, publicKey, tbs, signature) === "valid"
  );
}

function fieldBreaches(certificate: Certificate): Breach[] {
  const { signatureAlgorithm, tbsSignatureAlgorithm, issuer, subject, extensions } = certificate;
  const breaches: Breach[] = [];
  if (!sameAlgorithm(signatureAlgorithm, tbsSignatureAlgorithm)) {
    const detail = "the signature algorithm outside differs from the signed one inside";
    breaches.push({ section: "RFC 5280 §4.1.1.2", detail });
  }
  if (issuer.rdns.length === 0)
    breaches.push({ section: "RFC 5280 §4.1.2.4", detail: "the issuer is empty" });
  if (subject.rdns.length > 0) return breaches;
  if (isCa(certificate)) {
    breaches.push({ section: "RFC 5280 §4.1.2.6", detail: "a CA certificate with an empty subject" });
  }
  if (!extensions.all.some(({ oid, critical }) => oid === OID.subjectAltName && critical)) {
    const detail = "the subject is empty and there is no critical subjectAltName";
    breaches.push({ section: "RFC 5280 §4.1.2.6", detail });
  }
  return breaches;
}

function extensionBreaches(certificate: Certificate): Breach[] {
  const { extensions } = certificate;
  const breaches: Breach[] = [];
  for (const { oid, critical } of extensions.all) {
    const section = critical ? NEVER_CRITICAL.get(oid) : undefined;
    if (section !== undefined) breaches.push({ section, detail: `extension ${oid} must not be critical` });
  }
  if (certificate.version !== 3 && extensions.all.length > 0) {
    const detail = `extensions in a certificate of version ${certificate.version}`;
    breaches.push({ section: "RFC 5280 §4.1.2.9", detail });
  }
  if (isCa(certificate)) return breaches;
  if (extensions.nameConstraints !== null) {
    const detail = "nameConstraints in a certificate that is not a CA's";
    breaches.push({ section: "RFC 5280 §4.2.1.10", detail });
  }
  if (extensions.keyUsage?.has("keyCertSign")) {
    const detail = "keyUsage says keyCertSign, but basicConstraints does not say cA";
    breaches.push({ section: "RFC 5280 §4.2.1.9", detail });
  }
  return breaches;
}
