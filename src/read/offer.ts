import { decodeBody, type MimePart, parseMime } from "../mail/index.ts";
import { cmsBytes, entityInside } from "./cms-bytes.ts";
import type { Carries } from "./facts.ts";
import { CERTIFICATE_FILE_BYTES, CERTIFICATE_FILES, ENTITIES_INSIDE, SIGNED_PART_DEPTH } from "./limits.ts";
import { decodedLeaves } from "./secrets.ts";

/** A CMS structure that says something about the mail, with the exact bytes that it covers. */
export type SignedPart =
  | {
      readonly form: "detached";
      /** The signed content exactly as it was sent, line ends untouched (RFC 8551 §3.5.3). */
      readonly content: Uint8Array;
      readonly cms: Uint8Array;
      /** The signed part is all that the mail shows. */
      readonly whole: boolean;
      /** The CMS could not be decoded from its transfer encoding. */
      readonly damaged: boolean;
    }
  | { readonly form: "opaque"; readonly cms: Uint8Array; readonly whole: boolean; readonly damaged: boolean };

/** A file that is, by name or type, a certificate, a bundle of them or a private key. */
export interface CertificateFile {
  readonly name: string | null;
  readonly bytes: Uint8Array;
}

/** What a mail offers, in bytes: the input of `inspect`. */
export interface Offer {
  readonly signed: SignedPart | null;
  readonly files: readonly CertificateFile[];
  /** Every part, decoded, in which a private key may have come along. What is found in them is never offered. */
  readonly secrets: readonly Uint8Array[];
}

/** The MIME structure's answer: what the mail offers and what it carries. */
export interface Structure {
  readonly offer: Offer;
  readonly carries: Carries;
}

/**
 * Finds the signed part that counts and the certificate files beside it. Types and file names are hints of the
 * sender; what a CMS structure really is, `inspect` reads from its bytes.
 * @param inside how many MIME entities are opened one inside the other, where a CMS structure should be
 */
export function structureOf(raw: Uint8Array, root: MimePart, inside = ENTITIES_INSIDE): Structure {
  const signedParts = partsBelow(root, SIGNED_PART_DEPTH).filter(isCmsPart);
  const first = signedParts[0];
  const entity = first === undefined || isDetached(first) || inside === 0 ? null : entityInside(raw, first);
  if (entity !== null) {
    const inner = structureOf(entity.raw, entity.root, inside - 1);
    const whole = first === root && inner.offer.signed?.whole === true;
    const signed = inner.offer.signed === null ? null : { ...inner.offer.signed, whole };
    const files = [...inner.offer.files, ...certificateFiles(raw, root, first)].slice(0, CERTIFICATE_FILES);
    const carries = inner.carries === "nothing" && files.length > 0 ? "certificate-file" : inner.carries;
    const secrets = [...inner.offer.secrets, ...decodedLeaves(raw, root, first)];
    return { offer: { signed, files, secrets }, carries };
  }
  const signed = first === undefined ? null : signedPart(raw, first, first === root && isWhole(root));
  const files = certificateFiles(raw, root, signed === null ? undefined : first);
  const secrets = decodedLeaves(raw, root, signed === null ? undefined : signatureOf(first));
  return { offer: { signed, files, secrets }, carries: carriesOf(raw, root, signed, files) };
}

/** The certificate files inside an opaque content, which is a MIME entity of its own (RFC 8551 §3.5.2). */
export function filesInContent(content: Uint8Array): readonly CertificateFile[] {
  return certificateFiles(content, parseMime(content).root, undefined);
}

/** The parts inside an opaque content in which a private key may lie. */
export function secretsInContent(content: Uint8Array): readonly Uint8Array[] {
  return decodedLeaves(content, parseMime(content).root, undefined);
}

const PKCS7_MIME = new Set(["application/pkcs7-mime", "application/x-pkcs7-mime"]);
const PKCS7_SIGNATURE = new Set(["application/pkcs7-signature", "application/x-pkcs7-signature"]);
const CERTIFICATE_TYPES = new Set([
  "application/pkix-cert",
  "application/x-x509-user-cert",
  "application/x-x509-ca-cert",
  "application/x-x509-email-cert",
  "application/x-pkcs7-certificates",
  "application/x-pem-file",
  "application/pkcs12",
  "application/x-pkcs12",
]);
const CERTIFICATE_NAME = /\.(cer|crt|der|pem|p7b|p7c|p7s|p12|pfx|key)$/i;

/** The part itself and the parts below it, outer first; never into `message/rfc822`: a forwarded mail offers nothing. */
function partsBelow(part: MimePart, depth: number): MimePart[] {
  if (depth === 0) return [part];
  return [part, ...part.parts.flatMap((child) => partsBelow(child, depth - 1))];
}

function isCmsPart(part: MimePart): boolean {
  return isDetached(part) || isOpaque(part);
}

/** multipart/signed with an S/MIME signature beside the content (RFC 8551 §3.5.3). */
function isDetached(part: MimePart): boolean {
  if (part.mediaType.type !== "multipart/signed") return false;
  const signature = part.parts[1];
  return signature !== undefined && isSignaturePart(signature);
}

function isSignaturePart(part: MimePart): boolean {
  return PKCS7_SIGNATURE.has(part.mediaType.type) || /\.p7s$/i.test(part.fileName ?? "");
}

/** application/pkcs7-mime, also by file name alone (RFC 8551 §3.2.1: some gateways change the type). */
function isOpaque(part: MimePart): boolean {
  return PKCS7_MIME.has(part.mediaType.type) || /\.p7m$/i.test(part.fileName ?? "");
}

function signedPart(raw: Uint8Array, part: MimePart, whole: boolean): SignedPart {
  const [content, signature] = part.parts;
  if (isDetached(part) && content !== undefined && signature !== undefined) {
    const { bytes, damaged } = cmsBytes(raw, signature);
    return {
      form: "detached",
      content: raw.subarray(content.start, content.end),
      cms: bytes,
      whole,
      damaged,
    };
  }
  const { bytes, damaged, alone } = cmsBytes(raw, part);
  // Words behind the end of the base64, as a list appends its footer: the CMS can still be read, they are not in it.
  return { form: "opaque", cms: bytes, whole: whole && alone, damaged };
}

/**
 * Whether the signed part is the whole mail below its header: exactly content and signature, nothing after them.
 * A preamble is not counted: mail programs write one for programs that know no MIME, and none shows it.
 */
function isWhole(root: MimePart): boolean {
  if (!isDetached(root)) return true;
  const content = root.parts[0];
  // A second signature inside the signed content is covered by the outer one and changes nothing.
  return root.parts.length === 2 && !root.hasEpilogue && content !== undefined;
}

function certificateFiles(raw: Uint8Array, root: MimePart, counted: MimePart | undefined): CertificateFile[] {
  const files: CertificateFile[] = [];
  const signature = signatureOf(counted);
  for (const part of partsBelow(root, SIGNED_PART_DEPTH)) {
    if (part === signature || part.parts.length > 0 || !isCertificateFile(part)) continue;
    if (part.end - part.bodyStart > 2 * CERTIFICATE_FILE_BYTES) continue;
    const { bytes } = decodeBody(raw, part);
    if (bytes.length > 0 && bytes.length <= CERTIFICATE_FILE_BYTES)
      files.push({ name: part.fileName, bytes });
    if (files.length === CERTIFICATE_FILES) break;
  }
  return files;
}

/** The part that holds the CMS structure. */
function signatureOf(signedPart: MimePart | undefined): MimePart | undefined {
  return signedPart !== undefined && isDetached(signedPart) ? signedPart.parts[1] : signedPart;
}

function isCertificateFile(part: MimePart): boolean {
  return (
    CERTIFICATE_TYPES.has(part.mediaType.type) ||
    PKCS7_SIGNATURE.has(part.mediaType.type) ||
    CERTIFICATE_NAME.test(part.fileName ?? "")
  );
}

function carriesOf(
  raw: Uint8Array,
  root: MimePart,
  signed: SignedPart | null,
  files: readonly CertificateFile[],
): Carries {
  if (signed !== null) {
    const smimeType = root.mediaType.parameters.get("smime-type")?.toLowerCase() ?? "";
    if (signed.form === "opaque" && /^(auth)?enveloped-data$/.test(smimeType)) return "encrypted";
    return smimeType === "certs-only" ? "certs-only" : "signed";
  }
  if (isOpenPgp(raw, root)) return "openpgp";
  if (files.length > 0) return "certificate-file";
  return partsBelow(root, SIGNED_PART_DEPTH).flatMap((part) => wrapperOf(part) ?? [])[0] ?? "nothing";
}

/** Forms of Microsoft's that only its own programs open, and in which a signature would stay out of sight. */
function wrapperOf({ mediaType, fileName }: MimePart): "rich-text" | "rights-protected" | null {
  const name = fileName?.toLowerCase() ?? "";
  if (TNEF.has(mediaType.type) || name === "winmail.dat") return "rich-text";
  return mediaType.type === "application/x-microsoft-rpmsg-message" || name.endsWith(".rpmsg")
    ? "rights-protected"
    : null;
}

const TNEF = new Set(["application/ms-tnef", "application/vnd.ms-tnef"]);

/** OpenPGP in its MIME form (RFC 3156), as an attached key, or as armour in the text. */
function isOpenPgp(raw: Uint8Array, root: MimePart): boolean {
  return partsBelow(root, SIGNED_PART_DEPTH).some((part) => {
    const protocol = part.mediaType.parameters.get("protocol")?.toLowerCase() ?? "";
    if (protocol.startsWith("application/pgp-") || part.mediaType.type.startsWith("application/pgp-"))
      return true;
    if (part.parts.length > 0 || !part.mediaType.type.startsWith("text/")) return false;
    const beginning = Buffer.from(
      raw.subarray(part.bodyStart, Math.min(part.end, part.bodyStart + 4096)),
    ).toString("latin1");
    return /^-----BEGIN PGP (MESSAGE|SIGNED MESSAGE|PUBLIC KEY BLOCK)-----/m.test(beginning);
  });
}
