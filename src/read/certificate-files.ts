import { decodeBody, type MimePart } from "../mail/index.ts";
import { CERTIFICATE_FILE_BYTES, CERTIFICATE_FILES, SIGNED_PART_DEPTH } from "./limits.ts";
import { isDocument, isSignaturePart } from "./signed-parts.ts";

/** A file that is, by name or type, a certificate, a bundle of them or a private key. */
export interface CertificateFile {
  readonly name: string | null;
  readonly bytes: Uint8Array;
}

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

/**
 * The certificate files of an entity; never those in `message/rfc822`.
 * @param structures the parts that are read elsewhere, as CMS structures of the mail itself
 */
export function certificateFiles(
  raw: Uint8Array,
  root: MimePart,
  structures: ReadonlySet<MimePart>,
): CertificateFile[] {
  const files: CertificateFile[] = [];
  const parts = partsBelow(root, SIGNED_PART_DEPTH);
  const documents = documentNames(parts);
  for (const part of parts) {
    if (structures.has(part) || part.parts.length > 0 || !isCertificateFile(part)) continue;
    if (part.end - part.bodyStart > 2 * CERTIFICATE_FILE_BYTES || isOfDocument(part, documents)) continue;
    const { bytes } = decodeBody(raw, part);
    if (bytes.length > 0 && bytes.length <= CERTIFICATE_FILE_BYTES)
      files.push({ name: part.fileName, bytes });
    if (files.length === CERTIFICATE_FILES) break;
  }
  return files;
}

/** The part itself and the parts below it, outer first; never into `message/rfc822`: a forwarded mail offers nothing. */
export function partsBelow(part: MimePart, depth: number): MimePart[] {
  if (depth === 0) return [part];
  return [part, ...part.parts.flatMap((child) => partsBelow(child, depth - 1))];
}

function isCertificateFile(part: MimePart): boolean {
  return CERTIFICATE_TYPES.has(part.mediaType.type) || isSignaturePart(part) || hasCertificateName(part);
}

function hasCertificateName({ fileName }: MimePart): boolean {
  return CERTIFICATE_NAME.test(fileName ?? "");
}

/** The names of all files that may be documents, with and without their endings; collected once, whatever asks for them. */
function documentNames(parts: readonly MimePart[]): ReadonlySet<string> {
  return new Set(
    parts.flatMap((part) => {
      const name = part.fileName?.toLowerCase();
      return name === undefined || hasCertificateName(part) ? [] : [name, name.replace(/\.[^.]*$/, "")];
    }),
  );
}

/** The signature of a document (PRODUCT §3): by its own name, or by that of the document that came with it. */
function isOfDocument(part: MimePart, documents: ReadonlySet<string>): boolean {
  if (isDocument(part)) return true;
  const name = part.fileName?.toLowerCase() ?? "";
  return name.endsWith(".p7s") && documents.has(name.slice(0, -".p7s".length));
}
