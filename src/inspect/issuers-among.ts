/** What a URL has given for the issuer of a certificate, read and checked. Pure. */
import { type Certificate, readCertificates, verifySignature } from "../pki/index.ts";
import { ISSUERS_TAKEN } from "./limits.ts";

/**
 * The CA certificates among bytes that a stranger's URL has given, DER, when one of them has signed the certificate; else
 * none. One certificate or a certs-only message, as RFC 5280 §4.2.2.1 has it; that it is PEM now and then does no harm.
 */
export function issuersAmong(bytes: Uint8Array, certificate: Certificate): readonly Uint8Array[] {
  const { signatureAlgorithm, tbs, signature, issuer } = certificate;
  const found = readCertificates(bytes)
    .certificates.filter(({ extensions }) => extensions.basicConstraints?.ca === true)
    .slice(0, ISSUERS_TAKEN);
  const isSigned = found.some(
    ({ subject, publicKey }) =>
      subject.canonical === issuer.canonical &&
      verifySignature(signatureAlgorithm, publicKey, tbs, signature) === "valid",
  );
  return isSigned ? found.map(({ der }) => der) : [];
}
