/** What a URL has given for the issuer of a certificate, read and checked. Pure. */
import { type Certificate, readCertificates, verifySignature } from "../pki/index.ts";
import { ISSUERS_TAKEN, ISSUERS_TRIED } from "./limits.ts";

/**
 * The CA certificates among bytes that a stranger's URL has given, DER, when one of them has signed the certificate; else
 * none. One certificate or a certs-only message, as RFC 5280 §4.2.2.1 has it; that it is PEM now and then does no harm.
 * Of a whole PKI's bundle those that signed it come first, wherever they stand.
 */
export function issuersAmong(bytes: Uint8Array, certificate: Certificate): readonly Uint8Array[] {
  const { signatureAlgorithm, tbs, signature, issuer } = certificate;
  const authorities = readCertificates(bytes).certificates.filter(
    ({ extensions }) => extensions.basicConstraints?.ca === true,
  );
  const named = authorities.filter(({ subject }) => subject.canonical === issuer.canonical);
  const signers = named
    .slice(0, ISSUERS_TRIED)
    .filter(({ publicKey }) => verifySignature(signatureAlgorithm, publicKey, tbs, signature) === "valid");
  if (signers.length === 0) return [];
  const others = authorities.filter((one) => !signers.includes(one));
  return [...signers, ...others].slice(0, ISSUERS_TAKEN).map(({ der }) => der);
}
