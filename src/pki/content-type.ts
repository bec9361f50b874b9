import { attempt, DerReader, isProblem, TAG } from "./der.ts";
import { oid } from "./der-value.ts";

/**
 * What a CMS structure holds (RFC 5652 §3), by its contentType alone: the sender's `smime-type` is only a hint.
 * @param bytes the transfer-decoded body of a `.p7m` or `.p7s`
 * @returns the OID, or null when it is no ContentInfo. Never throws
 */
export function cmsContentType(bytes: Uint8Array): string | null {
  const type = attempt(() => ({
    oid: oid(new DerReader(bytes, "BER").enter(TAG.sequence, "ContentInfo"), "contentType"),
  }));
  return isProblem(type) ? null : type.oid;
}
