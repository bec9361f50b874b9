/** The signed attributes of a SignerInfo: their form and what they say (RFC 5652 §11, RFC 6211, RFC 5035, RFC 8551 §2.5). */

import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { hasNoParameters, readAlgorithm, sameAlgorithm } from "./algorithm-identifier.ts";
import type { Certificate } from "./certificate.ts";
import type { SignerInfo } from "./cms.ts";
import {
  attempt,
  contextConstructed,
  DerReader,
  equalBytes,
  isProblem,
  type ParseProblem,
  TAG,
} from "./der.ts";
import { oid } from "./der-value.ts";
import { OID } from "./oid.ts";
import { digestBytes, digestOf } from "./signature.ts";
import { time } from "./time.ts";

/** What broke a SignerInfo; the mathematics and the form of RFC 5652 alone, no trust and no policy. */
export type SignatureProblem =
  | "no-certificate" // the signer's certificate is not there
  | "certificate-unreadable" // it is there, in a form that cannot be decoded
  | "attributes" // missing, doubled, many-valued or malformed signed attributes (§5.3, §11)
  | "content-type" // contentType attribute ≠ eContentType (§11.1)
  | "digest-mismatch" // messageDigest ≠ digest of the content (§11.2)
  | "algorithm" // unknown, inconsistent or unsupported algorithms
  | "broken"; // the signature value is wrong

/** One thing that is wrong, with an English phrase of this case. */
export interface SignerProblem {
  readonly problem: SignatureProblem;
  readonly detail: string;
}

/** What the attributes say, as far as they are well formed. */
export interface CheckedAttributes {
  readonly problems: readonly SignerProblem[];
  readonly messageDigest: Uint8Array | null;
  readonly signingTime: Date | null;
  /** The hashes of the certificate that signing-certificate attributes name first, with their digest. */
  readonly signingCertificate: readonly CertificateHash[];
  /** Raw value of sMIMEEncryptionKeyPreference, or null. */
  readonly encryptionPreference: Uint8Array | null;
  /** Raw value of SMIMECapabilities, or null. */
  readonly capabilities: Uint8Array | null;
}

/**
 * Checks the attributes that the standards give a meaning: how often they may be there, that they have one value,
 * that the value is well formed, and that content-type is the eContentType.
 * @param contentType the eContentType of the SignedData
 */
export function checkAttributes(signer: SignerInfo, contentType: string): CheckedAttributes {
  const problems: SignerProblem[] = [];
  const malformed = (detail: string): null => {
    problems.push({ problem: "attributes", detail });
    return null;
  };

  /** The raw value of an attribute, null when it is absent or, noted, not there once with one value. */
  const single = (type: string, what: string): Uint8Array | null => {
    const found = signer.attributes.filter((attribute) => attribute.oid === type);
    const values = found.flatMap((attribute) => attribute.values);
    const [value] = values;
    if (found.length === 0) return null;
    if (value === undefined || found.length > 1 || values.length > 1) {
      return malformed(
        `${what}: ${found.length} attributes with ${values.length} values instead of one with one`,
      );
    }
    return value;
  };
  /** The decoded value of an attribute, null when it is absent or, noted, not there once with one good value. */
  const read = <T>(type: string, what: string, decode: (value: DerReader) => T): T | null => {
    const value = single(type, what);
    if (value === null) return null;
    const decoded = decodedWhole(value, what, decode);
    return isProblem(decoded) ? malformed(decoded.detail) : decoded.result;
  };
  const required = <T>(type: string, what: string, decode: (value: DerReader) => T): T | null => {
    const absent = !signer.attributes.some((attribute) => attribute.oid === type);
    return absent ? malformed(`${what} is missing (RFC 5652 §5.3)`) : read(type, what, decode);
  };

  const signedType = required(OID.contentType, "content-type", (value) => oid(value, "content-type")); // §11.1
  if (signedType !== null && signedType !== contentType) {
    problems.push({
      problem: "content-type",
      detail: `signed is ${signedType}, the content is ${contentType}`,
    });
  }
  const messageDigest = required(OID.messageDigest, "message-digest", (value) =>
    value.content(TAG.octetString, "message-digest"),
  ); // §11.2
  // §11.3. The value is the signer's own word and proves nothing: one that cannot be read is as none (PRODUCT §3).
  const signedAt = single(OID.signingTime, "signing-time");
  const signingTime =
    signedAt === null ? null : decodedWhole(signedAt, "signing-time", (value) => time(value, "signing-time"));
  const protection = read(OID.algorithmProtection, "CMSAlgorithmProtection", readProtection);
  if (protection !== null && !protects(protection, signer)) {
    problems.push({ problem: "algorithm", detail: "the signed algorithms are others (RFC 6211 §3)" });
  }
  const hashes = [
    read(OID.signingCertificate, "signing-certificate", (value) => readSigningCertificate(value, OID.sha1)),
    read(OID.signingCertificateV2, "signing-certificate-v2", (value) =>
      readSigningCertificate(value, OID.sha256),
    ),
  ];
  return {
    problems,
    messageDigest,
    signingTime: signingTime === null || isProblem(signingTime) ? null : signingTime.result,
    signingCertificate: hashes.filter((hash) => hash !== null),
    encryptionPreference: onlyValue(signer, OID.encryptionKeyPreference),
    capabilities: onlyValue(signer, OID.smimeCapabilities),
  };
}

/** A value decoded to its end, or why it cannot be. */
function decodedWhole<T>(
  value: Uint8Array,
  what: string,
  decode: (value: DerReader) => T,
): { readonly result: T } | ParseProblem {
  return attempt(() => {
    const reader = new DerReader(value);
    const result = decode(reader);
    reader.finish(what);
    return { result };
  });
}

/** A hint's value when it is there once with one value, as RFC 8551 §2.5 demands; else the hint is not used. */
function onlyValue(signer: SignerInfo, type: string): Uint8Array | null {
  const values = signer.attributes
    .filter((attribute) => attribute.oid === type)
    .map((attribute) => attribute.values);
  const [only] = values;
  return values.length === 1 && only?.length === 1 ? (only[0] ?? null) : null;
}

interface Protection {
  readonly digest: AlgorithmIdentifier;
  readonly signature: AlgorithmIdentifier;
}

/** CMSAlgorithmProtection (RFC 6211 §2); for a SignerInfo the signature algorithm is there, not the MAC. */
function readProtection(value: DerReader): Protection {
  const sequence = value.enter(TAG.sequence, "CMSAlgorithmProtection");
  const digest = readAlgorithm(sequence, "CMSAlgorithmProtection");
  const signature = readAlgorithm(sequence, "CMSAlgorithmProtection", contextConstructed(1));
  sequence.finish("CMSAlgorithmProtection");
  return { digest, signature };
}

function protects(signed: Protection, signer: SignerInfo): boolean {
  return (
    sameMeaning(signed.digest, signer.digestAlgorithm) &&
    sameMeaning(signed.signature, signer.signatureAlgorithm)
  );
}

/** RFC 6211 §3 compares identifiers; absent parameters and NULL mean the same (RFC 5754 §2). */
function sameMeaning(left: AlgorithmIdentifier, right: AlgorithmIdentifier): boolean {
  return (
    sameAlgorithm(left, right) || (left.oid === right.oid && hasNoParameters(left) && hasNoParameters(right))
  );
}

interface CertificateHash {
  /** As node:crypto calls it; null when unknown, which fits no certificate. */
  readonly digest: string | null;
  readonly hash: Uint8Array;
}

/** SigningCertificate and SigningCertificateV2: the first ESSCertID is the signer's own (RFC 5035 §3, RFC 2634 §5.4). */
function readSigningCertificate(value: DerReader, defaultDigest: string): CertificateHash {
  const what = "signing-certificate";
  const certs = value.enter(TAG.sequence, what).enter(TAG.sequence, what);
  const first = certs.enter(TAG.sequence, what);
  const named =
    first.peek() === TAG.sequence ? readAlgorithm(first, what) : { oid: defaultDigest, parameters: null };
  return { digest: digestOf(named), hash: first.content(TAG.octetString, what) };
}

/** True when no signing-certificate attribute speaks against this certificate. */
export function isNamedCertificate(attributes: CheckedAttributes | null, certificate: Certificate): boolean {
  return (attributes?.signingCertificate ?? []).every(({ digest, hash }) => {
    const actual = digest === null ? null : digestBytes(digest, certificate.der);
    return actual !== null && equalBytes(actual, hash);
  });
}
