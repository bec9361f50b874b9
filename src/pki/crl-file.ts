const PEM_CRL = /-----BEGIN (?:X509 )?CRL-----([^-]*)-----END/g;

/**
 * The CRLs of a file that an admin names: one in DER, or any number in PEM (RFC 7468 §6).
 * @returns the DER of each, not yet decoded
 */
export function readCrls(bytes: Uint8Array): Uint8Array[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const pems = [...text.matchAll(PEM_CRL)].map(([, body = ""]) => Buffer.from(body, "base64"));
  return pems.length > 0 ? pems : [bytes];
}
