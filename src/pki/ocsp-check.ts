/** What an OCSP response says of one certificate, if it may be believed: RFC 6960 §3.2. */
import { NO_WEAKNESS, type WeaknessOf } from "./answer-strength.ts";
import type { Certificate } from "./certificate.ts";
import { equalBytes } from "./der.ts";
import { namesCertificate } from "./ocsp-certificate-id.ts";
import { nonceValue } from "./ocsp-request.ts";
import { type OcspIssuer, responderVerdict } from "./ocsp-responder.ts";
import type { BasicOcspResponse, OcspAnswer, OcspRefusal, OcspResponse } from "./ocsp-response.ts";
import { OID } from "./oid.ts";
import { fullBudget, type PathBudget } from "./path-budget.ts";
import { CLOCK_SKEW_MS } from "./time.ts";

/** One certificate, and a response that may be about it. */
export interface OcspInput {
  readonly certificate: Certificate;
  readonly issuer: OcspIssuer;
  readonly response: OcspResponse;
  /** The nonce of the request; null: none was sent, or the response was kept from an earlier request. */
  readonly nonce: Uint8Array | null;
  readonly at: Date;
  /** Asked about a responder's certificate without id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1). */
  readonly isUnrevoked: (responder: Certificate) => boolean;
  /** Nothing is weak when it is left out. */
  readonly weaknessOf?: WeaknessOf;
  /** A full one when it is left out. */
  readonly budget?: PathBudget;
}

/** What came out. `unknown`: the responder does not know the certificate. `unusable`: nothing was said that counts. */
export type OcspStatus =
  | { readonly status: "good"; readonly thisUpdate: Date; readonly nextUpdate: Date | null }
  | {
      readonly status: "revoked";
      readonly revocationTime: Date;
      /** CRLReason (RFC 5280 §5.3.1); null when it is not said. */
      readonly reason: number | null;
      readonly thisUpdate: Date;
      readonly nextUpdate: Date | null;
    }
  | { readonly status: "unknown" }
  | { readonly status: "unusable"; readonly fault: OcspFault; readonly detail: string };

/** Why a response does not count. */
export type OcspFault =
  | OcspRefusal
  | "other-certificate" // §3.2 (1)
  | "signature" // §3.2 (2)
  | "responder" // §3.2 (3)(4)
  | "stale" // §3.2 (5)(6)
  | "later" // thisUpdate lies in the future
  | "nonce" // §4.4.1, RFC 8954 §2.1
  | "critical-extension" // §4.4
  | "algorithm" // it cannot be computed with
  | "weak" // good, but signed too weakly to be believed (`answer-strength.ts`)
  | "budget";

/**
 * How long an answer without nextUpdate counts. RFC 6960 §4.2.2.1 says only that newer information is available at any
 * time; a day bounds what a kept or replayed answer can hide. Mozilla's mozilla::pkix has the same figure.
 */
export const OCSP_AGE_WITHOUT_NEXT_UPDATE_MS = 24 * 60 * 60 * 1000;

/**
 * Checks a response for one certificate (RFC 6960 §3.2). Never throws.
 */
export function checkOcsp(input: OcspInput): OcspStatus {
  const { certificate, issuer, response, at } = input;
  if (response.status !== "successful") {
    return unusable(response.status, `the OCSP responder answered ${response.status}`);
  }
  const answers = response.answers.filter(({ id }) => namesCertificate(id, certificate, issuer.certificate)); // (1)
  if (answers.length === 0) return unusable("other-certificate", "the OCSP response is not about it");
  if (!nonceFits(response, input.nonce)) {
    return unusable("nonce", "the OCSP response has another nonce than the request");
  }
  const critical = criticalExtension(response, answers);
  if (critical !== null) {
    return unusable("critical-extension", `the OCSP response has critical extension ${critical}`);
  }
  const budget = input.budget ?? fullBudget();
  const signer = responderVerdict(response, issuer, at, input.isUnrevoked, budget); // (2)(3)(4)
  if (signer.verdict !== "authorised") return unusable(signer.verdict, signer.detail);
  const status = statusOf(answers, at);
  if (status.status !== "good") return status;
  const { signatureAlgorithm } = response;
  const weakness = (input.weaknessOf ?? NO_WEAKNESS)({ signatureAlgorithm, signers: signer.signers });
  return weakness === null ? status : unusable("weak", `the OCSP response is ${weakness}`);
}

/**
 * The newest answer that counts; several about one certificate are odd, and the last word is the newest. Of several of the
 * same time "revoked" counts, then "unknown", which errs on the safe side.
 */
function statusOf(answers: readonly OcspAnswer[], at: Date): OcspStatus {
  const newestFirst = [...answers].sort(
    (left, right) =>
      right.thisUpdate.getTime() - left.thisUpdate.getTime() ||
      GRAVITY[right.status.kind] - GRAVITY[left.status.kind],
  );
  let why: OcspStatus = unusable("stale", "the OCSP response is empty");
  for (const answer of newestFirst) {
    const untimely = untimeliness(answer, at);
    if (untimely === null) return said(answer);
    why = untimely;
  }
  return why;
}

const GRAVITY: Readonly<Record<OcspAnswer["status"]["kind"], number>> = { revoked: 2, unknown: 1, good: 0 };

function said({ status, thisUpdate, nextUpdate }: OcspAnswer): OcspStatus {
  switch (status.kind) {
    case "good":
      return { status: "good", thisUpdate, nextUpdate };
    case "revoked": {
      const { revocationTime, reason } = status;
      return { status: "revoked", revocationTime, reason, thisUpdate, nextUpdate };
    }
    case "unknown":
      return { status: "unknown" };
  }
}

/** RFC 6960 §3.2 (5)(6), §4.2.2.1; RFC 5019 §4 leaves the difference of clocks to the client. */
function untimeliness({ thisUpdate, nextUpdate }: OcspAnswer, at: Date): OcspStatus | null {
  if (thisUpdate.getTime() > at.getTime() + CLOCK_SKEW_MS) {
    return unusable("later", `the OCSP response is of a later time (${thisUpdate.toISOString()})`);
  }
  const end = nextUpdate?.getTime() ?? thisUpdate.getTime() + OCSP_AGE_WITHOUT_NEXT_UPDATE_MS;
  if (at.getTime() <= end + CLOCK_SKEW_MS) return null;
  return unusable("stale", `the OCSP response ran out at ${new Date(end).toISOString()}`);
}

/** RFC 8954 §2.1: one that comes back must be the one sent. Responders that sign in advance send none (RFC 5019 §4). */
function nonceFits({ extensions }: BasicOcspResponse, sent: Uint8Array | null): boolean {
  const echoed = extensions.find(({ oid }) => oid === OID.ocspNonce);
  return sent === null || echoed === undefined || equalBytes(echoed.value, nonceValue(sent));
}

/** RFC 6960 §4.4: extensions are non-critical as a rule; a critical one that is not understood forbids the use. */
function criticalExtension(response: BasicOcspResponse, answers: readonly OcspAnswer[]): string | null {
  const all = [...response.extensions, ...answers.flatMap(({ extensions }) => extensions)];
  return all.find(({ oid, critical }) => critical && oid !== OID.ocspNonce)?.oid ?? null;
}

function unusable(fault: OcspFault, detail: string): OcspStatus {
  return { status: "unusable", fault, detail };
}
