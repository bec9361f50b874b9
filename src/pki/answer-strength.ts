/**
 * How strongly a CA's answer about revocation is signed. What counts as weak is a policy, so it comes in from outside; here
 * only what a weak answer can still say: that a certificate is REVOKED, never that it is not. Whoever could forge such an
 * answer gains nothing by "revoked" but to keep one certificate from being used, which he also gains by keeping the answer
 * back; while a genuine "revoked" that is waved aside would, under soft-fail, have mail encrypted to a stolen key.
 */
import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import type { Certificate } from "./certificate.ts";

/** A CRL or an OCSP response, and the certificates that it hangs on. */
export interface SignedAnswer {
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** Its signer and the CAs above him without their anchor; empty when he stands on the path, which is judged anyway. */
  readonly signers: readonly Certificate[];
}

/** Why an answer is signed too weakly to clear a certificate, as the end of "the CRL is …"; null when it is not. */
export type WeaknessOf = (answer: SignedAnswer) => string | null;

/** For whoever has no policy: RFC 5280 and RFC 6960 name no algorithm that must not be used. */
export const NO_WEAKNESS: WeaknessOf = () => null;
