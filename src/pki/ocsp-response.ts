/** OCSP responses (RFC 6960 §4.2), decoded; whether one may be believed is the matter of `ocsp-check.ts`. */
import { hash } from "node:crypto";
import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { readAlgorithm } from "./algorithm-identifier.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import {
  attempt,
  context,
  contextConstructed,
  DerError,
  DerReader,
  enterOnly,
  enterOutermost,
  isProblem,
  type ParseProblem,
  TAG,
} from "./der.ts";
import { octetString, oid, signatureOctets, smallInteger } from "./der-value.ts";
import { encode } from "./der-write.ts";
import { type Extension, readExtensions } from "./extensions.ts";
import { MAX_OCSP_ANSWERS, MAX_OCSP_BYTES, MAX_OCSP_CERTIFICATES } from "./limits.ts";
import { readName } from "./name.ts";
import { type OcspCertificateId, readCertificateId } from "./ocsp-certificate-id.ts";
import { OID } from "./oid.ts";
import { time } from "./time.ts";

/** OCSPResponseStatus other than successful (RFC 6960 §4.2.1): unsigned, so it says nothing of the certificate. */
export type OcspRefusal = "malformedRequest" | "internalError" | "tryLater" | "sigRequired" | "unauthorized";

/** What a responder sent. */
export type OcspResponse =
  | { readonly status: OcspRefusal }
  | ({ readonly status: "successful" } & BasicOcspResponse);

/** A BasicOCSPResponse (RFC 6960 §4.2.1), with the exact bytes that were signed. */
export interface BasicOcspResponse {
  /** SHA-256 over the BasicOCSPResponse, lower-case hex. */
  readonly sha256: string;
  /** The signed bytes: the raw tbsResponseData. */
  readonly tbs: Uint8Array;
  readonly responder: OcspResponderId;
  readonly producedAt: Date;
  readonly answers: readonly OcspAnswer[];
  readonly extensions: readonly Extension[];
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** Those that can be read, in order. */
  readonly certificates: readonly Certificate[];
}

/** ResponderID: the canonical form of a Name, or the SHA-1 of a key (RFC 6960 §4.2.1). */
export type OcspResponderId =
  | { readonly form: "name"; readonly canonical: string }
  | { readonly form: "key"; readonly sha1: Uint8Array };

/** A SingleResponse (RFC 6960 §4.2.1). */
export interface OcspAnswer {
  readonly id: OcspCertificateId;
  readonly status:
    | { readonly kind: "good" | "unknown" }
    | {
        readonly kind: "revoked";
        readonly revocationTime: Date;
        /** CRLReason (RFC 5280 §5.3.1); null when it is not said. */
        readonly reason: number | null;
      };
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | null;
  readonly extensions: readonly Extension[];
}

/** By their numbers; 4 is not used, 0 is successful. */
const REFUSALS: ReadonlyMap<number, OcspRefusal> = new Map([
  [1, "malformedRequest"],
  [2, "internalError"],
  [3, "tryLater"],
  [5, "sigRequired"],
  [6, "unauthorized"],
]);

/**
 * Decodes an OCSP response.
 * @param der the response and nothing else but blanks behind it; DER (RFC 6960 §4.2.1), and BER around what is signed; copied,
 *   so the result is on its own
 * @returns what the responder said, or why it cannot be read. Never throws
 */
export function parseOcspResponse(der: Uint8Array): OcspResponse | ParseProblem {
  if (der.length > MAX_OCSP_BYTES) {
    return { problem: "too-large", detail: `OCSP response of ${der.length} octets` };
  }
  return attempt(() => readResponse(Uint8Array.from(der)));
}

/** OCSPResponse ::= SEQUENCE { responseStatus, responseBytes [0] EXPLICIT OPTIONAL } (RFC 6960 §4.2.1). */
function readResponse(der: Uint8Array): OcspResponse {
  const { inner: outer } = enterOutermost(der, TAG.sequence, "OCSPResponse");
  const number = smallInteger(outer, "responseStatus", TAG.enumerated);
  const explicit = outer.enterOptional(contextConstructed(0), "responseBytes");
  outer.finish("OCSPResponse");
  if (number !== 0) {
    const status = REFUSALS.get(number);
    if (status === undefined) throw new DerError(`responseStatus ${number}`);
    return { status };
  }
  if (explicit === null) throw new DerError("successful, but without responseBytes");
  const responseBytes = explicit.enter(TAG.sequence, "responseBytes");
  explicit.finish("responseBytes");
  const type = oid(responseBytes, "responseType");
  if (type !== OID.ocspBasic) throw new DerError(`responseType ${type}`);
  const basic = octetString(responseBytes, "response");
  responseBytes.finish("responseBytes");
  return { status: "successful", ...readBasic(basic) };
}

/** BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm, signature, certs [0] EXPLICIT OPTIONAL }. */
function readBasic(der: Uint8Array): BasicOcspResponse {
  const whole = new DerReader(der, "BER");
  const sequence = whole.enter(TAG.sequence, "BasicOCSPResponse");
  whole.finish("BasicOCSPResponse");
  const tbs = sequence.raw("tbsResponseData", TAG.sequence);
  const signatureAlgorithm = readAlgorithm(sequence, "signatureAlgorithm");
  const signature = signatureOctets(sequence);
  const certs = sequence.enterOptional(contextConstructed(0), "certs");
  sequence.finish("BasicOCSPResponse");
  return {
    sha256: hash("sha256", der, "hex"),
    tbs,
    ...readResponseData(tbs),
    signatureAlgorithm,
    signature,
    certificates: certs === null ? [] : readCertificates(certs),
  };
}

/** Certificates only help to find the responder's, so one that cannot be read is left out, not the whole response. */
function readCertificates(explicit: DerReader): Certificate[] {
  const sequence = explicit.enter(TAG.sequence, "certs");
  explicit.finish("certs");
  const certificates: Certificate[] = [];
  for (let count = 0; sequence.more(); count++) {
    if (count >= MAX_OCSP_CERTIFICATES) {
      throw new DerError(`certs: over ${MAX_OCSP_CERTIFICATES}`, "too-large");
    }
    const certificate = parseCertificate(sequence.raw("certs"));
    if (!isProblem(certificate)) certificates.push(certificate);
  }
  return certificates;
}

type ResponseData = Pick<BasicOcspResponse, "responder" | "producedAt" | "answers" | "extensions">;

/** ResponseData, field by field in the order of RFC 6960 §4.2.1. */
function readResponseData(tbs: Uint8Array): ResponseData {
  const sequence = enterOnly(tbs, TAG.sequence, "ResponseData");
  const version = sequence.enterOptional(contextConstructed(0), "version");
  // Version DEFAULT v1; v1 written out is taken (X.690 §11.5), as in certificates.
  if (version !== null && smallInteger(version, "version") !== 0) throw new DerError("ResponseData: not v1");
  version?.finish("version");
  const responder = readResponderId(sequence);
  const producedAt = generalizedTime(sequence, "producedAt");
  const list = sequence.enter(TAG.sequence, "responses");
  const answers: OcspAnswer[] = [];
  while (list.more()) {
    if (answers.length >= MAX_OCSP_ANSWERS) {
      throw new DerError(`responses: over ${MAX_OCSP_ANSWERS}`, "too-large");
    }
    answers.push(readAnswer(list));
  }
  const extensions = explicitExtensions(sequence, "responseExtensions");
  sequence.finish("ResponseData");
  return { responder, producedAt, answers, extensions };
}

/** ResponderID ::= CHOICE { byName [1] Name, byKey [2] KeyHash }, both EXPLICIT. */
function readResponderId(sequence: DerReader): OcspResponderId {
  const byName = sequence.enterOptional(contextConstructed(1), "responderID");
  if (byName !== null) {
    const { canonical } = readName(byName, "responderID");
    byName.finish("responderID");
    return { form: "name", canonical };
  }
  const byKey = sequence.enter(contextConstructed(2), "responderID");
  const sha1 = byKey.content(TAG.octetString, "KeyHash");
  byKey.finish("responderID");
  return { form: "key", sha1 };
}

function readAnswer(list: DerReader): OcspAnswer {
  const sequence = list.enter(TAG.sequence, "SingleResponse");
  const id = readCertificateId(sequence);
  const status = readStatus(sequence);
  const thisUpdate = generalizedTime(sequence, "thisUpdate");
  const next = sequence.enterOptional(contextConstructed(0), "nextUpdate");
  const nextUpdate = next === null ? null : generalizedTime(next, "nextUpdate");
  next?.finish("nextUpdate");
  const extensions = explicitExtensions(sequence, "singleExtensions");
  sequence.finish("SingleResponse");
  return { id, status, thisUpdate, nextUpdate, extensions };
}

/** CertStatus ::= CHOICE { good [0], revoked [1] RevokedInfo, unknown [2] }, IMPLICIT (RFC 6960 §4.2.1). */
function readStatus(sequence: DerReader): OcspAnswer["status"] {
  for (const [tag, kind] of [
    [context(0), "good"],
    [context(2), "unknown"],
  ] as const) {
    const content = sequence.contentOptional(tag, "certStatus");
    if (content === null) continue;
    if (content.length > 0) throw new DerError("certStatus: NULL with contents");
    return { kind };
  }
  const info = sequence.enter(contextConstructed(1), "certStatus");
  const revocationTime = generalizedTime(info, "revocationTime");
  const explicit = info.enterOptional(contextConstructed(0), "revocationReason");
  const reason = explicit === null ? null : smallInteger(explicit, "revocationReason", TAG.enumerated);
  explicit?.finish("revocationReason");
  info.finish("RevokedInfo");
  return { kind: "revoked", revocationTime, reason };
}

/**
 * Extensions under [1] EXPLICIT. Departs from RFC 5280 §4.1 (SIZE (1..MAX)) in that an empty list is none, and one extension may
 * stand there twice, which RFC 5280 §4.2 forbids in certificates only.
 */
function explicitExtensions(sequence: DerReader, what: string): readonly Extension[] {
  const explicit = sequence.enterOptional(contextConstructed(1), what);
  if (explicit === null) return [];
  const list = explicit.raw(what, TAG.sequence);
  explicit.finish(what);
  return enterOnly(list, TAG.sequence, what).more() ? readExtensions(new DerReader(list), what) : [];
}

/** YYYYMMDDHHMM, seconds and their fraction where they are said, Z. */
const GENERALIZED_TIME = /^(\d{12})(?:(\d\d)(?:[.,]\d+)?)?Z$/;

/**
 * RFC 6960 §4.2.2.1: GeneralizedTime, of the form of RFC 5280 §4.1.2.5.2. Departs from it in that the seconds may be missing and
 * have a fraction, which is cut off: some responders write their clock's whole reading.
 */
function generalizedTime(reader: DerReader, what: string): Date {
  const text = Buffer.from(reader.content(TAG.generalizedTime, what)).toString("latin1");
  const [, minutes, seconds = "00"] = GENERALIZED_TIME.exec(text) ?? [];
  const plain = minutes === undefined ? text : `${minutes}${seconds}Z`;
  return time(new DerReader(encode.tagged(TAG.generalizedTime, Buffer.from(plain, "latin1"))), what);
}
