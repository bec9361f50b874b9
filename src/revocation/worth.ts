/**
 * Is an answer worth passing on, and may it be kept? Pure. The verdict itself is made elsewhere, over the whole path;
 * here only what is no answer at all is told apart, so that the next place can be asked.
 */
import {
  CLOCK_SKEW_MS,
  checkOcsp,
  isFinalReason,
  isProblem,
  OCSP_AGE_WITHOUT_NEXT_UPDATE_MS,
  type OcspResponse,
  type OcspStatus,
  parseCrlHeader,
  parseOcspResponse,
  verifySignature,
  type WeaknessOf,
} from "../pki/index.ts";
import { RENEW_AFTER_MS } from "./limits.ts";
import type { RevocationQuestion } from "./questions.ts";

/**
 * `keep` is null for an answer that is used once: it is not proven, and a forged one must not stay. `madeAt`: thisUpdate.
 * `final`: it says "revoked" for good, so no newer answer of another kind stands against it (RFC 5280 §5.3.1).
 */
export type Worth =
  | {
      readonly usable: true;
      readonly madeAt: Date;
      readonly keep: { readonly renewAt: Date; readonly validUntil: Date } | null;
      readonly final?: boolean;
    }
  | { readonly usable: false; readonly detail: string };

/**
 * Of an OCSP response: usable when it says good, signed strongly enough, or revoked, or that it does not know the certificate,
 * and all of RFC 6960 §3.2 holds. What is not known yet of a delegate (§4.2.2.2.1) is no objection: he can be asked about.
 */
export function ocspWorth(
  der: Uint8Array,
  question: RevocationQuestion,
  nonce: Uint8Array | null,
  weaknessOf: WeaknessOf,
  now: Date,
): Worth {
  const response = parseOcspResponse(der);
  if (isProblem(response)) return { usable: false, detail: `no OCSP response: ${response.detail}` };
  const result = checkedOcsp(response, question, nonce, weaknessOf, now, "good");
  if (result.status === "unusable") return { usable: false, detail: result.detail };
  const { thisUpdate, nextUpdate } = result;
  const final = result.status === "revoked" && isFinalReason(result.reason);
  // RFC 6960 §4.2.2.1: without nextUpdate newer information is there at any time, so it is only kept for bad days.
  const end = nextUpdate ?? new Date(thisUpdate.getTime() + OCSP_AGE_WITHOUT_NEXT_UPDATE_MS);
  return { ...kept(now, thisUpdate, end, nextUpdate === null ? 0 : RENEW_AFTER_MS), final };
}

/**
 * Whether an OCSP response that is worth something ends the search: it says good or revoked, and hangs on nothing that
 * is still to be asked about. "unknown" leaves it to another source (RFC 6960 §2.2).
 */
export function ocspSettles(
  der: Uint8Array,
  question: RevocationQuestion,
  nonce: Uint8Array | null,
  weaknessOf: WeaknessOf,
  now: Date,
): boolean {
  const response = parseOcspResponse(der);
  if (isProblem(response)) return false;
  const { status } = checkedOcsp(response, question, nonce, weaknessOf, now, "unknown");
  return status === "good" || status === "revoked";
}

/** @param delegate what is taken to be known of a delegate without nocheck */
function checkedOcsp(
  response: OcspResponse,
  { certificate, issuer }: RevocationQuestion,
  nonce: Uint8Array | null,
  weaknessOf: WeaknessOf,
  at: Date,
  delegate: "good" | "unknown",
): OcspStatus {
  const by = { certificate: issuer, key: issuer.publicKey };
  const statusOfDelegate = () => delegate;
  return checkOcsp({ certificate, issuer: by, response, nonce, at, statusOfDelegate, weaknessOf });
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

function kept(
  now: Date,
  madeAt: Date,
  validUntil: Date,
  renewAfter: number,
): Worth & { readonly usable: true } {
  const renewAt = new Date(Math.min(now.getTime() + renewAfter, validUntil.getTime()));
  return { usable: true, madeAt, keep: { renewAt, validUntil } };
}
