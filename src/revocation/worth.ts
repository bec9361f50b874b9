/**
 * Is an answer worth passing on, and may it be kept? Pure. The verdict itself is made elsewhere, over the whole path;
 * here only what is no answer at all is told apart, so that the next place can be asked.
 */
import {
  CLOCK_SKEW_MS,
  checkOcsp,
  isProblem,
  OCSP_AGE_WITHOUT_NEXT_UPDATE_MS,
  parseCrlHeader,
  parseOcspResponse,
  verifySignature,
  type WeaknessOf,
} from "../pki/index.ts";
import { RENEW_AFTER_MS } from "./limits.ts";
import type { RevocationQuestion } from "./questions.ts";

/** `keep` is null for an answer that is used once: it is not proven, and a forged one must not stay. `madeAt`: thisUpdate. */
export type Worth =
  | {
      readonly usable: true;
      readonly madeAt: Date;
      readonly keep: { readonly renewAt: Date; readonly validUntil: Date } | null;
    }
  | { readonly usable: false; readonly detail: string };

/** Of an OCSP response: usable when it says good, signed strongly enough, or revoked, and all of RFC 6960 §3.2 holds. */
export function ocspWorth(
  der: Uint8Array,
  { certificate, issuer }: RevocationQuestion,
  nonce: Uint8Array | null,
  weaknessOf: WeaknessOf,
  now: Date,
): Worth {
  const response = parseOcspResponse(der);
  if (isProblem(response)) return { usable: false, detail: `no OCSP response: ${response.detail}` };
  const result = checkOcsp({
    certificate,
    issuer: { certificate: issuer, key: issuer.publicKey },
    response,
    nonce,
    at: now,
    // A responder without nocheck that names a CRL takes it (RFC 6960 §4.2.2.2.1). The same CRL tells of the certificate.
    statusOfDelegate: () => "unknown",
    weaknessOf,
  });
  if (result.status === "unusable") return { usable: false, detail: result.detail };
  if (result.status === "unknown")
    return { usable: false, detail: "the responder does not know the certificate" };
  const { thisUpdate, nextUpdate } = result;
  // RFC 6960 §4.2.2.1: without nextUpdate newer information is there at any time, so it is only kept for bad days.
  if (nextUpdate !== null) return kept(now, thisUpdate, nextUpdate, RENEW_AFTER_MS);
  return kept(now, thisUpdate, new Date(thisUpdate.getTime() + OCSP_AGE_WITHOUT_NEXT_UPDATE_MS), 0);
}

/** Of a CRL: usable when it is one and timely; kept when the certificate's own issuer signed it, as nearly always. */
export function crlWorth(der: Uint8Array, { issuer }: RevocationQuestion, now: Date): Worth {
  const crl = parseCrlHeader(der);
  if (isProblem(crl)) return { usable: false, detail: `no CRL: ${crl.detail}` };
  const { thisUpdate, nextUpdate } = crl;
  if (now.getTime() < thisUpdate.getTime() - CLOCK_SKEW_MS)
    return { usable: false, detail: `a CRL of a later time (${thisUpdate.toISOString()})` };
  if (nextUpdate === null) return { usable: false, detail: "a CRL that does not say when it runs out" };
  if (now.getTime() > nextUpdate.getTime() + CLOCK_SKEW_MS)
    return { usable: false, detail: `a CRL that ran out at ${nextUpdate.toISOString()}` };
  const signed = verifySignature(crl.signatureAlgorithm, issuer.publicKey, crl.tbs, crl.signature);
  return signed === "valid"
    ? kept(now, thisUpdate, nextUpdate, RENEW_AFTER_MS)
    : { usable: true, madeAt: thisUpdate, keep: null };
}

function kept(now: Date, madeAt: Date, validUntil: Date, renewAfter: number): Worth {
  const renewAt = new Date(Math.min(now.getTime() + renewAfter, validUntil.getTime()));
  return { usable: true, madeAt, keep: { renewAt, validUntil } };
}
