/** What an OCSP response says of one certificate, if it may be believed: RFC 6960 §3.2. */
import { NO_WEAKNESS, type WeaknessOf } from "./answer-strength.ts";
import { isFinal } from "./ca-word.ts";
import type { Certificate } from "./certificate.ts";
import { equalBytes } from "./der.ts";
import { namesCertificate } from "./ocsp-certificate-id.ts";
import { nonceValue } from "./ocsp-request.ts";
import {
  type DelegateStatus,
  delegateStanding,
  type OcspIssuer,
  responderVerdict,
} from "./ocsp-responder.ts";
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
  /** What the evidence at hand says of a delegate without id-pkix-ocsp-nocheck (RFC 6960 §4.2.2.2.1). */
  readonly statusOfDelegate: (delegate: Certificate) => DelegateStatus;
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
  | { readonly status: "unknown"; readonly thisUpdate: Date; readonly nextUpdate: Date | null }
  | { readonly status: "unusable"; readonly fault: OcspFault; readonly detail: string };

/** Why a response does not count. */
export type OcspFault =
  | OcspRefusal
  | "other-certificate" // §3.2 (1)
  | "signature" // §3.2 (2)
  | "responder" // §3.2 (3)(4), §4.2.2.2
  | "delegate" // §4.2.2.2.1: nothing at hand says that the responder is not revoked, and it can be asked
  | "stale" // §3.2 (5)(6)
  | "later" // thisUpdate lies in the future
  | "times" // nextUpdate lies before thisUpdate
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
 *
 * "revoked" is final (RFC 5280 §5.3.1), so it counts once its signer is proven, whatever else is wrong with the response; who
 * waves it aside has mail encrypted to a stolen key. Only certificateHold, which is a state, has to be timely.
 */
export function checkOcsp(input: OcspInput): OcspStatus {
  const { certificate, issuer, response, at } = input;
  if (response.status !== "successful") {
    return unusable(response.status, `the OCSP responder answered ${response.status}`);
  }
  const answers = answersAbout(response, certificate, issuer.certificate); // (1)
  if (answers.length === 0) return unusable("other-certificate", "the OCSP response is not about it");
  if (!nonceFits(response, input.nonce)) {
    return unusable("nonce", "the OCSP response has another nonce than the request");
  }
  const signer = responderVerdict(response, issuer, at, input.budget ?? fullBudget()); // (2)(3)(4)
  if (signer.verdict !== "authorised") return unusable(signer.verdict, signer.detail);
  const standing = delegateStanding(signer.delegate, input.statusOfDelegate);
  if (standing === "revoked") return unusable("responder", "the responder's certificate is revoked");
  const doubt = doubtOf(response, answers, standing, signer.delegate, input.weaknessOf ?? NO_WEAKNESS);
  return statusOf(answers, doubt, at);
}

/**
 * Which delegate has to be asked about before the "good" of a response counts (RFC 6960 §4.2.2.2.1): he signed it and is
 * fit in all other ways, has no id-pkix-ocsp-nocheck, and his certificate names a CRL or a responder. His issuer is the
 * issuer of the certificate in question. Never throws.
 * @param certificate the certificate that the response is about
 * @param issuer the certificate above it on its path
 * @returns his certificate; null when nobody has to be asked: nothing but "good" hangs on it
 */
export function delegateOf(
  response: OcspResponse,
  certificate: Certificate,
  issuer: Certificate,
  at: Date,
): Certificate | null {
  if (response.status !== "successful") return null;
  const by = { certificate: issuer, key: issuer.publicKey };
  const input = { certificate, issuer: by, response, nonce: null, at };
  const result = checkOcsp({ ...input, statusOfDelegate: () => "unknown" });
  if (result.status !== "unusable" || result.fault !== "delegate") return null;
  const signer = responderVerdict(response, by, at, fullBudget());
  return signer.verdict === "authorised" ? signer.delegate : null;
}

/**
 * What a response says about one certificate (RFC 6960 §3.2 (1)), whoever signed it and whether or not it counts; empty when
 * it speaks of others. Never throws.
 */
export function answersAbout(
  response: OcspResponse,
  certificate: Certificate,
  issuer: Certificate,
): readonly OcspAnswer[] {
  if (response.status !== "successful") return [];
  return response.answers.filter(({ id }) => namesCertificate(id, certificate, issuer));
}

type Unusable = OcspStatus & { readonly status: "unusable" };

/** Why a response whose signer is proven clears nobody, though its "revoked" counts; or null. */
function doubtOf(
  response: BasicOcspResponse,
  answers: readonly OcspAnswer[],
  standing: "fit" | "to-be-asked",
  delegate: Certificate | null,
  weaknessOf: WeaknessOf,
): Unusable | null {
  const critical = criticalExtension(response, answers);
  if (critical !== null) {
    return unusable("critical-extension", `the OCSP response has critical extension ${critical}`);
  }
  if (standing === "to-be-asked") {
    return unusable(
      "delegate",
      "the responder's certificate may be revoked: nothing at hand says that it is not",
    );
  }
  const { signatureAlgorithm } = response;
  const weakness = weaknessOf({ signatureAlgorithm, signers: delegate === null ? [] : [delegate] });
  return weakness === null ? null : unusable("weak", `the OCSP response is ${weakness}`);
}

/**
 * What several answers about one certificate say together: a final "revoked", without nextUpdate at any age; else the newest timely word, of
 * several of the same time "revoked", then "unknown", which errs on the safe side. A hold is lifted by a newer "good" that
 * would count alone, and by nothing else.
 */
function statusOf(answers: readonly OcspAnswer[], doubt: Unusable | null, at: Date): OcspStatus {
  const newestFirst = [...answers].sort(
    (left, right) =>
      right.thisUpdate.getTime() - left.thisUpdate.getTime() ||
      GRAVITY[right.status.kind] - GRAVITY[left.status.kind],
  );
  const final = newestFirst.find(
    (answer) => isForGood(answer) && !isLater(answer, at) && !hasRunOut(answer, at),
  );
  if (final !== undefined) return said(final);
  const timely = newestFirst.filter((answer) => untimeliness(answer, at) === null);
  const hold = timely.find(({ status }) => status.kind === "revoked");
  if (hold !== undefined && (doubt !== null || !isLifted(hold, timely))) return said(hold);
  const [newest] = timely;
  if (newest !== undefined) return newest.status.kind === "good" && doubt !== null ? doubt : said(newest);
  const [untimely] = newestFirst.flatMap((answer) => untimeliness(answer, at) ?? []);
  return untimely ?? unusable("stale", "the OCSP response is empty");
}

function isForGood({ status }: OcspAnswer): boolean {
  return status.kind === "revoked" && isFinal(status);
}

function isLifted(hold: OcspAnswer, timely: readonly OcspAnswer[]): boolean {
  return timely.some(({ status, thisUpdate }) => status.kind === "good" && thisUpdate > hold.thisUpdate);
}

/** RFC 6960 §3.2 (6). What was said in its time is remembered elsewhere (`ca-word.ts`). */
function hasRunOut({ nextUpdate }: OcspAnswer, at: Date): boolean {
  return nextUpdate !== null && at.getTime() > nextUpdate.getTime() + CLOCK_SKEW_MS;
}

function isLater({ thisUpdate }: OcspAnswer, at: Date): boolean {
  return thisUpdate.getTime() > at.getTime() + CLOCK_SKEW_MS;
}

const GRAVITY: Readonly<Record<OcspAnswer["status"]["kind"], number>> = { revoked: 2, unknown: 1, good: 0 };

function said({ status, thisUpdate, nextUpdate }: OcspAnswer): OcspStatus {
  if (status.kind !== "revoked") return { status: status.kind, thisUpdate, nextUpdate };
  const { revocationTime, reason } = status;
  return { status: "revoked", revocationTime, reason, thisUpdate, nextUpdate };
}

/** RFC 6960 §3.2 (5)(6), §4.2.2.1; RFC 5019 §4 leaves the difference of clocks to the client. */
function untimeliness(answer: OcspAnswer, at: Date): Unusable | null {
  const { thisUpdate, nextUpdate } = answer;
  if (isLater(answer, at)) {
    return unusable("later", `the OCSP response is of a later time (${thisUpdate.toISOString()})`);
  }
  // RFC 6960 §2.4: nextUpdate is when newer information will be there; before thisUpdate it means nothing.
  if (nextUpdate !== null && nextUpdate < thisUpdate) {
    return unusable("times", `the OCSP response ran out before it was made (${nextUpdate.toISOString()})`);
  }
  const end = nextUpdate?.getTime() ?? thisUpdate.getTime() + OCSP_AGE_WITHOUT_NEXT_UPDATE_MS;
  if (at.getTime() <= end + CLOCK_SKEW_MS) return null;
  return unusable("stale", `the OCSP response ran out at ${new Date(end).toISOString()}`);
}

/** RFC 8954 §2.1: one that comes back must be the one sent. Responders that sign in advance send none (RFC 5019 §4). */
function nonceFits({ extensions }: BasicOcspResponse, sent: Uint8Array | null): boolean {
  const echoed = extensions.filter(({ oid }) => oid === OID.ocspNonce);
  return sent === null || echoed.every(({ value }) => equalBytes(value, nonceValue(sent)));
}

/** Extensions that change nothing in what is said of the certificate (RFC 6960 §4.4.1, §4.4.4, §4.4.8). */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  OID.ocspNonce,
  OID.ocspArchiveCutoff,
  OID.ocspExtendedRevoke,
]);

/** RFC 6960 §4.4: extensions are non-critical as a rule; a critical one that is not understood forbids the use. */
function criticalExtension(response: BasicOcspResponse, answers: readonly OcspAnswer[]): string | null {
  const all = [...response.extensions, ...answers.flatMap(({ extensions }) => extensions)];
  return all.find(({ oid, critical }) => critical && !UNDERSTOOD.has(oid))?.oid ?? null;
}

function unusable(fault: OcspFault, detail: string): Unusable {
  return { status: "unusable", fault, detail };
}
