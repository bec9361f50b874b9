/** OCSP requests (RFC 6960 §4.1): one certificate a request, never signed (RFC 5019 §2.1). */
import type { Certificate } from "./certificate.ts";
import { contextConstructed } from "./der.ts";
import { encode } from "./der-write.ts";
import { encodeCertificateId, type OcspDigest } from "./ocsp-certificate-id.ts";
import { OID } from "./oid.ts";

/** How a request is made. */
export interface OcspRequestOptions {
  /** SHA-1 by default: all responders know it, and those that sign in advance know no other (RFC 5019 §2.1.1). */
  readonly digest?: OcspDigest;
  /** 1 to 32 octets (RFC 8954 §2.1), random and used once; absent or null: none, as RFC 5019 §2.1.1 has it. */
  readonly nonce?: Uint8Array | null;
}

/**
 * The DER of a request for the status of one certificate. The same arguments give the same bytes. Never throws.
 * @param issuer the certificate above it on its path, whose key signed it
 */
export function buildOcspRequest(
  certificate: Certificate,
  issuer: Certificate,
  options: OcspRequestOptions = {},
): Buffer {
  const { digest = "sha1", nonce = null } = options;
  const request = encode.sequence(encodeCertificateId(certificate, issuer, digest));
  const tbsRequest = encode.sequence(
    encode.sequence(request),
    ...(nonce === null ? [] : [extensions(nonce)]),
  );
  return encode.sequence(tbsRequest);
}

/** requestExtensions [2] EXPLICIT (RFC 6960 §4.1.1) with the nonce alone, not critical (RFC 8954 §2.1). */
function extensions(nonce: Uint8Array): Buffer {
  const extension = encode.sequence(encode.oid(OID.ocspNonce), encode.octetString(nonceValue(nonce)));
  return encode.tagged(contextConstructed(2), encode.sequence(extension));
}

/** Nonce ::= OCTET STRING (RFC 8954 §2.1): the contents of extnValue, in request and response alike. */
export function nonceValue(nonce: Uint8Array): Buffer {
  return encode.octetString(nonce);
}
