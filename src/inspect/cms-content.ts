import { cmsContentType, OID } from "../pki/index.ts";

/** What a CMS structure is that holds no signature (RFC 5652 §3): something encrypted, another content, or no CMS at all. */
export type OtherContent =
  | { readonly kind: "encrypted" }
  /** `what`: its name in the standard, or its OID. */
  | { readonly kind: "unsupported"; readonly what: string };

/** RFC 5652 §6, RFC 5083: an envelope, whatever the sender called it. */
const ENCRYPTED: ReadonlySet<string> = new Set([
  OID.envelopedData,
  OID.authEnvelopedData,
  OID.encryptedData,
  OID.signedAndEnvelopedData,
]);

const NAMES: ReadonlyMap<string, string> = new Map([
  [OID.data, "Data, without any protection"],
  [OID.digestedData, "DigestedData, a checksum instead of a signature"],
  [OID.authenticatedData, "AuthenticatedData, a checksum with a shared secret"],
  [OID.compressedData, "CompressedData, compressed"],
]);

/**
 * Names a CMS structure that could not be read as SignedData.
 * @param cms its bytes
 * @returns null when it is no CMS, or a SignedData that is damaged
 */
export function otherContent(cms: Uint8Array): OtherContent | null {
  const type = cmsContentType(cms);
  if (type === null || type === OID.signedData) return null;
  if (ENCRYPTED.has(type)) return { kind: "encrypted" };
  return { kind: "unsupported", what: NAMES.get(type) ?? `content type ${type}` };
}
