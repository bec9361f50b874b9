/**
 * The room of X.509 and CMS: certificates, CRLs, SignedData and certification paths, decoded, checked and built.
 *
 * It knows RFC 5280 (certificates, CRLs, paths), RFC 6960 (OCSP), RFC 5652 and RFC 8551 (SignedData as mail carries it), RFC 8550 and
 * RFC 9598 (addresses in certificates), and the rules of DER. Bytes and times come in as arguments, values go out.
 * It must not know mails, policies, findings, files, clocks or networks; it imports nothing of keybot.
 *
 * Bytes of strangers never throw out of here: a parse function returns its value or a `ParseProblem` (ask
 * `isProblem`), a check returns what is wrong. Every cost is bounded by `limits.ts`. What is "valid" here is
 * mathematics and form; whether anybody should trust it is decided elsewhere.
 */

// Certificates and what stands in them.

export type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
export {
  type CaWord,
  CERTIFICATE_HOLD,
  isFinal,
  joined,
  NO_WORD,
  type Revocation,
  standing,
} from "./ca-word.ts";
export { type Certificate, keyIdentityOf, parseCertificate, readableCertificates } from "./certificate.ts";
export { type CertificateAddresses, certificateAddresses } from "./certificate-addresses.ts";
export { type Computing, fullComputing } from "./computing.ts";
export { isProblem, type ParseProblem } from "./der.ts";
export type { DistributionPoint } from "./distribution-point.ts";
export type { Extension, Extensions, KeyUsage } from "./extensions.ts";
export type { GeneralName } from "./general-name.ts";
export { type Name, type NameAttribute, sameName } from "./name.ts";
export { OID } from "./oid.ts";
export type { PublicKey } from "./public-key.ts";
export { recentCertificate } from "./recent-certificates.ts";

// Signatures: over any bytes, and the SignedData of a mail.

export {
  type Attribute,
  parseSignedData,
  type SignedData,
  type SignedDataLimits,
  type SignerIdentifier,
  type SignerInfo,
} from "./cms.ts";
export { cmsContentType } from "./content-type.ts";
export { publicKeyObject } from "./key-object.ts";
export { isSelfSigned } from "./path-profile.ts";
export { type SigningRequest, signDetached } from "./sign.ts";
export { digestOf, type SignatureCheck, verifySignature } from "./signature.ts";
export type { SignatureProblem, SignerProblem } from "./signed-attributes.ts";
export { identifies } from "./signer-certificate.ts";
export { type SignerVerification, verifySigner } from "./verify-signer.ts";

// Files that are handed out and taken in.

export { buildCertsOnly } from "./certs-only.ts";
export { type CrlFile, readCrlFile, type UnreadableCrl } from "./crl-file.ts";
export { findPrivateKeys } from "./find-private-keys.ts";
export { type NssRoot, parseNssRoots } from "./nss-roots.ts";
export {
  type CertificateFile,
  type CertificateFileKind,
  type CertificateFileLimits,
  FILE_LIMITS,
  readCertificates,
  toPem,
} from "./pem.ts";
export { isPrivateHalf, type PrivateHalf, type PrivateKey, privateKeyDigest } from "./private-key.ts";

// Paths and revocation.

export type { SignedAnswer, WeaknessOf } from "./answer-strength.ts";
export {
  type Crl,
  type CrlEntry,
  type CrlHeader,
  crlEntries,
  crlIssuer,
  parseCrl,
  parseCrlHeader,
  REMOVE_FROM_CRL,
} from "./crl.ts";
export { type DatedCrl, isAsNew, isOlder } from "./crl-age.ts";
export { unfitness } from "./crl-check.ts";
export { crlIssuersOf, distributionPointsOf, reasonsCovered, scopeText } from "./crl-scope.ts";
export {
  MAX_CRL_BYTES,
  MAX_CRL_FILE_BYTES,
  MAX_OCSP_BYTES,
  MAX_ROOT_LIST_BYTES,
  MAX_ROOT_LIST_CERTIFICATES,
} from "./limits.ts";
export {
  answersAbout,
  checkOcsp,
  delegateOf,
  OCSP_AGE_WITHOUT_NEXT_UPDATE_MS,
  type OcspFault,
  type OcspInput,
  type OcspStatus,
} from "./ocsp-check.ts";
export { buildOcspRequest, type OcspRequestOptions } from "./ocsp-request.ts";
export type { DelegateStatus, OcspIssuer } from "./ocsp-responder.ts";
export { type OcspRefusal, type OcspResponse, parseOcspResponse } from "./ocsp-response.ts";
export { findPath } from "./path.ts";
export { isBetterPath, type WeighedPath } from "./path-rank.ts";
export {
  ANY_POLICY,
  type PathInput,
  type PathProblem,
  type PathResult,
  type PathRule,
  type TrustAnchor,
} from "./path-result.ts";
export {
  keptText,
  type OcspEvidence,
  type RevocationEvidence,
  type RevocationStatus,
  type RevocationVerdict,
  revocationStatuses,
  revocationVerdicts,
} from "./revocation-status.ts";
export { CLOCK_SKEW_MS } from "./time.ts";
