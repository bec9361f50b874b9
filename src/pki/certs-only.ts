/** Certs-only messages: a SignedData without content and signers that carries certificates (RFC 8551 §3.2.2). */
import { contextConstructed } from "./der.ts";
import { encode } from "./der-write.ts";
import { OID } from "./oid.ts";

/**
 * Builds the degenerate SignedData of a `.p7b` or `.p7c` (RFC 5652 §5.1).
 *
 * BER, as RFC 5652 §5.1 allows: the set keeps the order given, where DER would sort it (X.690 §11.6). Programs that ask for
 * one certificate take the first (NSS, `openssl pkcs7 -print_certs | openssl cms -encrypt`), so it must be the right one.
 * @param ders certificates in DER, the one that is meant first
 */
export function buildCertsOnly(ders: readonly Uint8Array[]): Buffer {
  const signedData = encode.sequence(
    encode.integer(1), // RFC 5652 §5.1: version 1, as there are X.509 certificates and id-data only
    encode.setOf([]),
    encode.sequence(encode.oid(OID.data)),
    encode.tagged(contextConstructed(0), ...ders),
    encode.setOf([]),
  );
  return contentInfo(signedData);
}

/** ContentInfo with a SignedData (RFC 5652 §3). */
export function contentInfo(signedData: Uint8Array): Buffer {
  return encode.sequence(encode.oid(OID.signedData), encode.tagged(contextConstructed(0), signedData));
}
