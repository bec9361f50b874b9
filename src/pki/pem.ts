/** Files of certificates: PEM (RFC 7468), DER, PKCS#7; and whether a private key came along, which is never decoded. */
import { type Certificate, parseCertificate } from "./certificate.ts";
import { MAIL_LIMITS, parseSignedData } from "./cms.ts";
import { attempt, DerReader, isProblem, TAG } from "./der.ts";
import { oid, smallInteger } from "./der-value.ts";
import { MAX_CERTIFICATE_FILE_BYTES, MAX_FILE_CERTIFICATES } from "./limits.ts";
import { OID } from "./oid.ts";

/** What kind of file it is; `unknown` holds nothing that is understood here. */
export type CertificateFileKind = "pem" | "certificate" | "pkcs7" | "pkcs12" | "private-key" | "unknown";

export interface CertificateFile {
  readonly kind: CertificateFileKind;
  readonly certificates: readonly Certificate[];
  /** Certificates and PKCS#7 structures that are there and could not be read, or were too many. */
  readonly unreadable: number;
  /** A private key (PEM, PKCS#8, PKCS#1, SEC 1) or a PKCS#12 structure, which exists to hold one, is in the file. */
  readonly privateKey: boolean;
}

/** How much of a file is taken; what is beyond counts as unreadable. */
export interface CertificateFileLimits {
  readonly bytes: number;
  readonly certificates: number;
}

/** What a file of a stranger may cost; a file that an admin hands in deserves larger figures. */
export const FILE_LIMITS: CertificateFileLimits = {
  bytes: MAX_CERTIFICATE_FILE_BYTES,
  certificates: MAX_FILE_CERTIFICATES,
};

/**
 * Reads the certificates of a file, whatever its form; also bare base64 without PEM lines, as Windows exports it.
 * Never throws.
 */
export function readCertificates(
  bytes: Uint8Array,
  limits: CertificateFileLimits = FILE_LIMITS,
): CertificateFile {
  if (bytes.length > limits.bytes) return { ...NOTHING, unreadable: 1 };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  if (text.includes(BEGIN)) return readPem(text, limits.certificates);
  if (bytes[0] === TAG.sequence) return readBinary(bytes, limits.certificates);
  return BARE_BASE64.test(text) ? readBinary(Buffer.from(text, "base64"), limits.certificates) : NOTHING;
}

/**
 * DER as PEM with lines of 64 characters (RFC 7468 §2).
 * @param label `CERTIFICATE`, `PKCS7`, …
 */
export function toPem(der: Uint8Array, label: string): string {
  const base64 = Buffer.from(der).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [`${BEGIN}${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

const HYPHENS = "-----";
const BEGIN = "-----BEGIN ";
const BARE_BASE64 = /^[A-Za-z0-9+/=\s]+$/;
const NOTHING: CertificateFile = { kind: "unknown", certificates: [], unreadable: 0, privateKey: false };

/** The labels of certificates: RFC 7468 §5.1 and Appendix A; TRUSTED is OpenSSL's, a certificate with trust settings behind. */
const CERTIFICATE_LABELS = new Set([
  "CERTIFICATE",
  "X509 CERTIFICATE",
  "X.509 CERTIFICATE",
  "TRUSTED CERTIFICATE",
]);
/** RFC 7468 §8, §9 and Appendix A. */
const PKCS7_LABELS = new Set(["PKCS7", "PKCS #7 SIGNED DATA", "CMS"]);

/**
 * Every block of the text, one after the other; what stands between them is commentary (RFC 7468 §2). A block's body
 * ends at the next five hyphens, whatever they say, so that one pass is enough.
 */
function readPem(text: string, limit: number): CertificateFile {
  const certificates: Certificate[] = [];
  let unreadable = 0;
  let privateKey = false;
  for (let at = text.indexOf(BEGIN); at >= 0; ) {
    const labelEnd = text.indexOf(HYPHENS, at + BEGIN.length);
    if (labelEnd < 0) break;
    const bodyEnd = text.indexOf(HYPHENS, labelEnd + HYPHENS.length);
    const body = text.slice(labelEnd + HYPHENS.length, bodyEnd < 0 ? text.length : bodyEnd);
    const block = readBlock(text.slice(at + BEGIN.length, labelEnd), body, limit - certificates.length);
    for (const certificate of block.certificates) certificates.push(certificate);
    unreadable += block.unreadable;
    privateKey ||= block.privateKey;
    at = bodyEnd < 0 ? -1 : text.indexOf(BEGIN, bodyEnd);
  }
  return { kind: "pem", certificates, unreadable, privateKey };
}

function readBlock(label: string, body: string, limit: number): CertificateFile {
  // RFC 7468 §10, §11 and OpenSSL's RSA, EC, DSA, OPENSSH and ENCRYPTED forms.
  if (label.endsWith("PRIVATE KEY") || label === "PKCS12") return { ...NOTHING, privateKey: true };
  const pkcs7 = PKCS7_LABELS.has(label);
  if (!pkcs7 && !CERTIFICATE_LABELS.has(label)) return NOTHING;
  if (limit <= 0) return { ...NOTHING, unreadable: 1 };
  const der = Buffer.from(body, "base64");
  return pkcs7 ? readPkcs7(der, limit) : readOneCertificate(withoutTrust(label, der));
}

/** OpenSSL's trust settings stand behind the certificate in the same block. */
function withoutTrust(label: string, der: Buffer): Uint8Array {
  if (label !== "TRUSTED CERTIFICATE") return der;
  const first = attempt(() => new DerReader(der).raw("certificate", TAG.sequence));
  return isProblem(first) ? der : first;
}

/** One binary structure: told apart by what stands first in it. */
function readBinary(bytes: Uint8Array, limit: number): CertificateFile {
  const shape = attempt(() => ({ kind: shapeOf(bytes) }));
  const kind = isProblem(shape) ? "unknown" : shape.kind;
  switch (kind) {
    case "pkcs7":
      return readPkcs7(bytes, limit);
    case "certificate":
      return readOneCertificate(bytes);
    case "pkcs12":
    case "private-key":
      return { ...NOTHING, kind, privateKey: true };
    default:
      return { ...NOTHING, unreadable: bytes[0] === TAG.sequence ? 1 : 0 };
  }
}

function shapeOf(bytes: Uint8Array): CertificateFileKind {
  const outer = new DerReader(bytes, "BER").enter(TAG.sequence, "file");
  const first = outer.peek();
  if (first === TAG.oid) return oid(outer, "contentType") === OID.signedData ? "pkcs7" : "unknown";
  if (first === TAG.integer) {
    const version = smallInteger(outer, "version");
    // PFX (RFC 7292 §4) has version 3 and a ContentInfo; keys have version 0 or 1 (RFC 5958, RFC 8017, RFC 5915).
    return version === 3 && outer.peek() === TAG.sequence ? "pkcs12" : "private-key";
  }
  if (first !== TAG.sequence) return "unknown";
  const inner = outer.enter(TAG.sequence, "file");
  // EncryptedPrivateKeyInfo (RFC 5958 §3) starts with an algorithm and has an OCTET STRING; tbsCertificate has no OID first.
  return inner.peek() === TAG.oid && outer.peek() === TAG.octetString ? "private-key" : "certificate";
}

function readOneCertificate(der: Uint8Array): CertificateFile {
  const certificate = parseCertificate(withoutPadding(der));
  if (isProblem(certificate)) return { ...NOTHING, unreadable: 1 };
  return { kind: "certificate", certificates: [certificate], unreadable: 0, privateKey: false };
}

/** A line end or NULs behind the DER of a file come from editors and transports, and are no part of it. */
function withoutPadding(der: Uint8Array): Uint8Array {
  const first = attempt(() => ({ raw: new DerReader(der).raw("certificate", TAG.sequence) }));
  if (isProblem(first)) return der;
  return der.subarray(first.raw.length).every((octet) => PADDING.has(octet)) ? first.raw : der;
}

const PADDING: ReadonlySet<number> = new Set([0x00, 0x09, 0x0a, 0x0d, 0x20]);

function readPkcs7(bytes: Uint8Array, limit: number): CertificateFile {
  const signedData = parseSignedData(bytes, { ...MAIL_LIMITS, certificates: limit });
  if (isProblem(signedData)) return { ...NOTHING, kind: "pkcs7", unreadable: 1 };
  const { certificates, unreadable } = signedData;
  return { kind: "pkcs7", certificates, unreadable: unreadable.length, privateKey: false };
}
