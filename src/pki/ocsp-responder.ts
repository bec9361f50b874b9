/** Who signed an OCSP response, and may he: RFC 6960 §3.2 (2) to (4), §4.2.2.2. */
import { hash } from "node:crypto";
import type { Certificate } from "./certificate.ts";
import { equalBytes } from "./der.ts";
import { sameName } from "./name.ts";
import type { BasicOcspResponse } from "./ocsp-response.ts";
import { OID } from "./oid.ts";
import { type PathBudget, signatureVerdict } from "./path-budget.ts";
import { profileBreaches, unknownCriticalExtensions } from "./path-profile.ts";
import { keyBits, type PublicKey } from "./public-key.ts";

/** The CA that issued the certificate in question. */
export interface OcspIssuer {
  readonly certificate: Certificate;
  /** Its key, DSA parameters filled in. */
  readonly key: PublicKey;
}

/** `signature`: nobody at hand made it. `responder`: somebody did who may not. */
export type ResponderVerdict =
  /** `delegate`: the certificate of the responder who signed; null when the issuer itself did. */
  | { readonly verdict: "authorised"; readonly delegate: Certificate | null }
  | {
      readonly verdict: "signature" | "responder" | "algorithm" | "budget";
      readonly detail: string;
    };

const NOBODY: ResponderVerdict = {
  verdict: "signature",
  detail: "the OCSP response is not signed by the issuer or a responder of the issuer's",
};

/**
 * Whether the response is signed by the issuer itself, or by a responder whose certificate the issuer signed for it
 * (RFC 6960 §4.2.2.2, cases 2 and 3; case 1, a responder that the local configuration names, does not exist here).
 * Whether the delegate's own certificate is revoked (§4.2.2.2.1) is not looked at: `delegateStanding`.
 */
export function responderVerdict(
  response: BasicOcspResponse,
  issuer: OcspIssuer,
  at: Date,
  budget: PathBudget,
): ResponderVerdict {
  let found = NOBODY;
  for (const { certificate, key } of candidates(response, issuer)) {
    const signed = signatureVerdict(response, key, budget);
    if (signed === "budget") return { verdict: "budget", detail: "too many signatures to check" };
    if (signed === "unsupported") {
      const detail = `signature algorithm ${response.signatureAlgorithm.oid} cannot be checked`;
      found = { verdict: "algorithm", detail };
    }
    if (signed !== "valid") continue;
    if (certificate === issuer.certificate) return { verdict: "authorised", delegate: null }; // RFC 6960 §4.2.2.2, case 2
    const objection = objectionTo(certificate, issuer, at, budget);
    if (objection === null) return { verdict: "authorised", delegate: certificate }; // case 3
    found = { verdict: "responder", detail: `the responder's certificate ${objection}` };
  }
  return found;
}

/** What is known of the revocation of a delegate's own certificate. */
export type DelegateStatus = "good" | "revoked" | "unknown";

/**
 * What a delegate's word is worth as far as his own revocation goes (RFC 6960 §4.2.2.2.1). With id-pkix-ocsp-nocheck he is
 * trusted as long as his certificate is valid. Without it he can be revoked like any other: where his certificate names a
 * CRL or a responder, he clears nobody before it is known that he is not; where it names none, what to do is left to
 * the client, and he is believed, as there is nobody to ask.
 * @param statusOf what the evidence at hand says of him; not asked about one with nocheck
 * @returns `fit`; `revoked`: he does not speak for the CA; `to-be-asked`: his "good" does not count yet
 */
export function delegateStanding(
  delegate: Certificate | null,
  statusOf: (delegate: Certificate) => DelegateStatus,
): "fit" | "revoked" | "to-be-asked" {
  if (delegate === null || hasNoCheck(delegate)) return "fit";
  const status = statusOf(delegate);
  if (status === "revoked") return "revoked";
  return status === "good" || !namesPlace(delegate) ? "fit" : "to-be-asked";
}

/** RFC 6960 §4.2.2.2.1: the CA asks nobody to check the revocation of this certificate. */
function hasNoCheck({ extensions }: Certificate): boolean {
  return extensions.all.some(({ oid }) => oid === OID.ocspNoCheck);
}

/** Whether a certificate says where its revocation can be asked: a CRL (RFC 5280 §4.2.1.13), OCSP (§4.2.2.1). */
export function namesPlace({ extensions }: Certificate): boolean {
  const { crlDistributionPoints, authorityInfoAccess } = extensions;
  return (
    (crlDistributionPoints ?? []).length > 0 ||
    (authorityInfoAccess ?? []).some(({ method }) => method === OID.ocspAccess)
  );
}

/** Those whom the ResponderID names: the issuer, then the certificates that came along. */
function candidates(response: BasicOcspResponse, issuer: OcspIssuer): readonly OcspIssuer[] {
  const delegates = response.certificates
    .filter(({ sha256 }) => sha256 !== issuer.certificate.sha256)
    .map((certificate) => ({ certificate, key: certificate.publicKey }));
  return [issuer, ...delegates].filter(({ certificate }) => isNamed(response, certificate));
}

/** RFC 6960 §4.2.1: byName is the subject's name, byKey the SHA-1 of the key's bits. */
function isNamed({ responder }: BasicOcspResponse, { subject, publicKey }: Certificate): boolean {
  if (responder.form === "name") return responder.canonical === subject.canonical;
  return equalBytes(responder.sha1, hash("sha1", keyBits(publicKey), "buffer"));
}

/** Why a certificate does not make its holder a responder of this issuer, whatever is known of its revocation; or null (RFC 6960 §4.2.2.2). */
function objectionTo(
  certificate: Certificate,
  { certificate: issuer, key }: OcspIssuer,
  at: Date,
  budget: PathBudget,
): string | null {
  const { extensions, notBefore, notAfter } = certificate;
  // "issued directly by the CA that is identified in the request"
  if (!sameName(certificate.issuer, issuer.subject)) return "was issued by another CA";
  // The very purpose: anyExtendedKeyUsage would make a responder of every certificate of the CA.
  if (extensions.extendedKeyUsage?.includes(OID.ocspSigning) !== true) return "is not for OCSP signing";
  // RFC 5280 §4.2.1.12: id-kp-OCSPSigning goes with digitalSignature or nonRepudiation.
  const usage = extensions.keyUsage;
  if (usage !== null && !usage.has("digitalSignature") && !usage.has("nonRepudiation"))
    return "has a keyUsage that is not for signing";
  if (at < notBefore || at > notAfter) return "is not valid at this time";
  const [breach] = profileBreaches(certificate);
  if (breach !== undefined) return `is malformed (${breach.detail})`;
  const [unknown] = unknownCriticalExtensions(certificate).filter((oid) => oid !== OID.ocspNoCheck);
  if (unknown !== undefined) return `has critical extension ${unknown}, which is not understood`;
  return signatureVerdict(certificate, key, budget) === "valid" ? null : "is not signed by the issuer's key";
}
