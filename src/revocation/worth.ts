/**
 * Is an answer worth passing on, and may it be kept? Pure. The verdict itself is made elsewhere, over the whole path;
 * here only what is no answer at all is told apart, so that the next place can be asked.
 */
import {
  type Certificate,
  CLOCK_SKEW_MS,
  type CrlHeader,
  checkOcsp,
  distributionPointsOf,
  isFinal,
  isProblem,
  OCSP_AGE_WITHOUT_NEXT_UPDATE_MS,
  parseOcspResponse,
  reasonsCovered,
  sameName,
  unfitness,
  type WeaknessOf,
} from "../pki/index.ts";
import { crlHeaderOf, crlOf, isSignedBy } from "./decoded-crl.ts";
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
    statusOfDelegate: () => "good",
    weaknessOf,
  });
  if (result.status === "unusable") return { usable: false, detail: result.detail };
  const { thisUpdate, nextUpdate } = result;
  const final = result.status === "revoked" && isFinal(result);
  // RFC 6960 §4.2.2.1: without nextUpdate newer information is there at any time, so it is only kept for bad days.
  const end = nextUpdate ?? new Date(thisUpdate.getTime() + OCSP_AGE_WITHOUT_NEXT_UPDATE_MS);
  return { ...kept(now, thisUpdate, end, nextUpdate === null ? 0 : RENEW_AFTER_MS), final };
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

/** What a CRL is worth for one certificate. */
export type CrlWorth =
  | {
      readonly usable: true;
      readonly crl: CrlHeader;
      /** Whose key signed it, of those who may have; null: nobody's who is known, so only the judge of the path can say. */
      readonly signer: Certificate | null;
    }
  | {
      readonly usable: false;
      readonly detail: string;
      /** It is no answer for any certificate; false: another one's it may be. */
      readonly forAny: boolean;
    };

/**
 * Of a CRL: whether it answers the question, as `crl-check.ts` asks (RFC 5280 §6.3.3): complete or delta, of a scope that
 * tells of this certificate, timely, without a critical extension that is not understood.
 * @param wanted a delta CRL proves nothing alone, so it is no answer where a complete one is looked for
 * @param signers who may have signed it, beside the CAs above the certificate: believed already
 */
export function crlWorth(
  der: Uint8Array,
  { certificate, path }: Pick<RevocationQuestion, "certificate" | "path">,
  wanted: "complete" | "delta",
  signers: readonly Certificate[],
  now: Date,
): CrlWorth {
  const crl = crlHeaderOf(der);
  if (isProblem(crl)) return { usable: false, detail: `no CRL: ${crl.detail}`, forAny: true };
  const untimely = untimeliness(crl, now);
  if (untimely !== null) return { usable: false, detail: untimely, forAny: true };
  if (wanted === "complete" && crl.baseCrlNumber !== null)
    return { usable: false, detail: "a delta CRL, which proves nothing alone", forAny: true };
  const speaks = distributionPointsOf(certificate).some(
    (point) => (reasonsCovered(crl, point, certificate)?.size ?? 0) > 0,
  );
  if (!speaks)
    return { usable: false, detail: "a CRL that does not tell of this certificate", forAny: false };
  const signer = [...path.slice(1), ...signers].find(
    (candidate) => sameName(candidate.subject, crl.issuer) && isSignedBy(der, crl, candidate),
  );
  if (signer === undefined) return { usable: true, crl, signer: null };
  const whole = crlOf(der);
  // A list that is not understood whole must not be used (RFC 5280 §5.2, §5.3), and its number tells nothing either.
  const unfit = isProblem(whole) ? `no CRL: ${whole.detail}` : unfitness(whole, now);
  return unfit === null ? { usable: true, crl, signer } : { usable: false, detail: unfit, forAny: true };
}

/** Before its entries are read, which takes longer than all else. */
function untimeliness({ thisUpdate, nextUpdate }: CrlHeader, now: Date): string | null {
  if (now.getTime() < thisUpdate.getTime() - CLOCK_SKEW_MS)
    return `a CRL of a later time (${thisUpdate.toISOString()})`;
  if (nextUpdate === null) return "a CRL that does not say when it runs out";
  if (now.getTime() > nextUpdate.getTime() + CLOCK_SKEW_MS)
    return `a CRL that ran out at ${nextUpdate.toISOString()}`;
  return null;
}
