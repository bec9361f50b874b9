/** X.509 certificates (RFC 5280 §4.1), decoded once into plain data. */
import { hash } from "node:crypto";
import { type AlgorithmIdentifier, readAlgorithm } from "./algorithm-identifier.ts";
import {
  attempt,
  context,
  contextConstructed,
  DerError,
  type DerReader,
  enterOnly,
  isProblem,
  type ParseProblem,
  TAG,
} from "./der.ts";
import { hexOfInteger, integerBytes, signatureOctets, smallInteger } from "./der-value.ts";
import { decodeExtensions, type Extensions, NO_EXTENSIONS, readExtensions } from "./extensions.ts";
import { keyIdentity } from "./key-identity.ts";
import { MAX_CERTIFICATE_BYTES } from "./limits.ts";
import { type Name, readName } from "./name.ts";
import { type PublicKey, readPublicKey } from "./public-key.ts";
import { time } from "./time.ts";

/**
 * An X.509 certificate (RFC 5280 §4.1), decoded once, together with the exact bytes that were received.
 * Plain data: survives structured clone.
 */
export interface Certificate {
  /** The bytes as received, never re-encoded: what is hashed, stored and handed out. */
  readonly der: Uint8Array;
  /** SHA-256 over `der`, lower-case hex. */
  readonly sha256: string;
  /** SHA-256 over the DER of subjectPublicKeyInfo, lower-case hex: what is shown. */
  readonly spkiSha256: string;
  /** Which key it is, whatever its spelling (`key-identity.ts`): what is compared. */
  readonly keyIdentity: string;
  /** The signed bytes: the raw tbsCertificate. */
  readonly tbs: Uint8Array;
  readonly version: 1 | 2 | 3;
  /** CertificateSerialNumber as lower-case hex of its content bytes, without a leading sign byte `00`; `-01` for -1. */
  readonly serial: string;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: PublicKey;
  /** signatureAlgorithm of the outer SEQUENCE; `tbsSignatureAlgorithm` is the copy inside (they must be equal). */
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
  /** signatureValue, without the count of unused bits. */
  readonly signature: Uint8Array;
  readonly extensions: Extensions;
  /** What breaks RFC 5280 §4.1 outside the extensions, and does not keep it from being read (serial, version …). */
  readonly defects: readonly string[];
}

/**
 * Decodes a certificate.
 * @param der the certificate and nothing else; it is copied, so the result keeps no mail in memory
 * @returns the certificate, or why it cannot be read. Never throws
 */
export function parseCertificate(der: Uint8Array): Certificate | ParseProblem {
  if (der.length > MAX_CERTIFICATE_BYTES) {
    return { problem: "too-large", detail: `certificate of ${der.length} octets` };
  }
  return attempt(() => readCertificate(Uint8Array.from(der)));
}

/**
 * The certificates among these that can be decoded, in their order (RFC 5280 §4.1). For whoever needs them as candidates only: one
 * that cannot be read is none, and nobody is told.
 * @param ders each one certificate and nothing else
 * @returns one for each that can be read. Never throws
 */
export function readableCertificates(ders: readonly Uint8Array[]): Certificate[] {
  return ders.flatMap((der) => {
    const certificate = parseCertificate(der);
    return isProblem(certificate) ? [] : [certificate];
  });
}

/** Which key a certificate is of, whatever the key's spelling (`key-identity.ts`); null when it cannot be read. */
export function keyIdentityOf(der: Uint8Array): string | null {
  const certificate = parseCertificate(der);
  return isProblem(certificate) ? null : certificate.keyIdentity;
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280 §4.1.1). */
function readCertificate(der: Uint8Array): Certificate {
  const outer = enterOnly(der, TAG.sequence, "certificate");
  const tbs = outer.raw("tbsCertificate", TAG.sequence);
  const signatureAlgorithm = readAlgorithm(outer, "signatureAlgorithm");
  const signature = signatureOctets(outer);
  outer.finish("certificate");
  const fields = readTbs(tbs);
  const spkiSha256 = hash("sha256", fields.publicKey.spki, "hex");
  return {
    der,
    sha256: hash("sha256", der, "hex"),
    spkiSha256,
    keyIdentity: keyIdentity(fields.publicKey, spkiSha256),
    tbs,
    ...fields,
    signatureAlgorithm,
    signature,
    defects:
      signature.length > 0 ? fields.defects : [...fields.defects, "signatureValue without whole octets"],
  };
}

type TbsFields = Omit<
  Certificate,
  "der" | "sha256" | "spkiSha256" | "keyIdentity" | "tbs" | "signatureAlgorithm" | "signature"
>;

/** TBSCertificate, field by field in the order of RFC 5280 §4.1.2. */
function readTbs(tbs: Uint8Array): TbsFields {
  const sequence = enterOnly(tbs, TAG.sequence, "tbsCertificate");
  const version = readVersion(sequence);
  const serialNumber = integerBytes(sequence, "serialNumber");
  const tbsSignatureAlgorithm = readAlgorithm(sequence, "signature");
  const issuer = readName(sequence, "issuer");
  const validity = sequence.enter(TAG.sequence, "validity");
  const notBefore = time(validity, "notBefore");
  const notAfter = time(validity, "notAfter");
  validity.finish("validity");
  const subject = readName(sequence, "subject");
  const publicKey = readPublicKey(sequence);
  const issuerId = sequence.contentOptional(context(1), "issuerUniqueID");
  const subjectId = sequence.contentOptional(context(2), "subjectUniqueID");
  const explicit = sequence.enterOptional(contextConstructed(3), "extensions");
  const extensions =
    explicit === null ? NO_EXTENSIONS : decodeExtensions(readExtensions(explicit, "extensions"));
  explicit?.finish("extensions");
  sequence.finish("tbsCertificate");
  const defects = [
    ...serialDefects(serialNumber),
    // RFC 5280 §4.1.2.4: the issuer is a non-empty distinguished name.
    ...(issuer.rdns.length === 0 ? ["empty issuer name (RFC 5280 §4.1.2.4)"] : []),
    ...(version === 1 && (issuerId !== null || subjectId !== null)
      ? ["unique identifiers in version 1"]
      : []),
    ...(version !== 3 && explicit !== null ? ["extensions outside version 3 (RFC 5280 §4.1.2.9)"] : []),
  ];
  return {
    version,
    serial: hexOfInteger(serialNumber),
    tbsSignatureAlgorithm,
    issuer,
    notBefore,
    notAfter,
    subject,
    publicKey,
    extensions,
    defects,
  };
}

/** [0] EXPLICIT Version DEFAULT v1; v1 written out is taken (X.690 §11.5), as OpenSSL does. */
function readVersion(sequence: DerReader): 1 | 2 | 3 {
  const explicit = sequence.enterOptional(contextConstructed(0), "version");
  if (explicit === null) return 1;
  const version = smallInteger(explicit, "version");
  explicit.finish("version");
  if (version === 0) return 1;
  if (version === 1) return 2;
  if (version === 2) return 3;
  throw new DerError(`version ${version + 1} of X.509 does not exist`);
}

/** RFC 5280 §4.1.2.2: positive, 20 octets at most; but users must be able to handle others. */
function serialDefects(serial: Uint8Array): string[] {
  const [first] = serial;
  if (first === undefined || first >= 0x80) return ["negative serial number (RFC 5280 §4.1.2.2)"];
  if (serial.length === 1 && first === 0) return ["serial number 0 (RFC 5280 §4.1.2.2)"];
  return serial.length > 20 ? [`serial number of ${serial.length} octets (RFC 5280 §4.1.2.2)`] : [];
}
