/**
 * An OCSP responder for tests that can say everything no honest one would. Written with the room's own DER writer;
 * OpenSSL reads what it says in the tests, so a mistake here would show.
 */
import { createHash } from "node:crypto";
import { encode } from "../../src/pki/der-write.ts";
import {
  type Certificate,
  isProblem,
  type OcspResponse,
  OID,
  parseOcspResponse,
} from "../../src/pki/index.ts";
import { encodeCertificateId, type OcspDigest } from "../../src/pki/ocsp-certificate-id.ts";
import { keyBits } from "../../src/pki/public-key.ts";
import {
  basicConstraints,
  extension,
  type Issued,
  issue,
  keyUsage,
  NOW,
  type Spec,
} from "./path-authority.ts";

/** One SingleResponse. */
export interface Said {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly digest?: OcspDigest;
  /** Default: good. */
  readonly status?: "good" | "unknown" | { readonly revoked: Date; readonly reason?: number };
  readonly thisUpdate?: Date;
  /** Null: none. */
  readonly nextUpdate?: Date | null;
  /** An empty list is written out. */
  readonly extensions?: readonly Buffer[];
  /** What stands in place of thisUpdate. */
  readonly thisUpdateText?: string;
}

export interface ResponseSpec {
  readonly answers: readonly Said[];
  readonly by?: "name" | "key";
  /** Default: the signer's own, unless it is the issuer of the first answer. */
  readonly certificates?: readonly Certificate[];
  readonly extensions?: readonly Buffer[];
  readonly producedAtText?: string;
  readonly spoilSignature?: boolean;
  /** Said instead of the signer's name. */
  readonly responderName?: Buffer;
}

const HOUR = 60 * 60 * 1000;

export function hours(count: number): Date {
  return new Date(NOW.getTime() + count * HOUR);
}

/** The DER of a response that this signer signs. */
export function respond(signer: Issued, spec: ResponseSpec): Buffer {
  const { key, subject, certificate } = signer;
  const byKey = createHash("sha1").update(keyBits(certificate.publicKey)).digest();
  const responder =
    spec.by === "key"
      ? encode.tagged(0xa2, encode.octetString(byKey))
      : encode.tagged(0xa1, spec.responderName ?? subject);
  const tbs = encode.sequence(
    responder,
    spec.producedAtText === undefined ? generalizedTime(NOW) : timeText(spec.producedAtText),
    encode.sequence(...spec.answers.map(singleResponse)),
    ...explicit(0xa1, spec.extensions),
  );
  const signature = key.sign(tbs);
  if (spec.spoilSignature) signature[8] = (signature[8] ?? 0) ^ 1;
  const isIssuer = spec.answers.some(({ issuer }) => issuer.sha256 === certificate.sha256);
  const certificates = spec.certificates ?? (isIssuer ? [] : [certificate]);
  const basic = encode.sequence(
    tbs,
    key.algorithm,
    encode.tagged(0x03, Buffer.of(0), signature),
    ...(certificates.length === 0
      ? []
      : [encode.tagged(0xa0, encode.sequence(...certificates.map(({ der }) => der)))]),
  );
  const bytes = encode.sequence(encode.oid(OID.ocspBasic), encode.octetString(basic));
  return encode.sequence(enumerated(0), encode.tagged(0xa0, bytes));
}

/** As `respond`, read by the room under test. */
export function response(signer: Issued, spec: ResponseSpec): OcspResponse {
  const parsed = parseOcspResponse(respond(signer, spec));
  if (isProblem(parsed)) throw new Error(parsed.detail);
  return parsed;
}

/** A response without bytes: the OCSPResponseStatus alone. */
export function refusal(status: number): Buffer {
  return encode.sequence(enumerated(status));
}

/** A responder's certificate, as CAs make them. */
export function issueResponder(
  spec: Partial<Spec> & { readonly issuer: Issued; readonly nocheck?: boolean },
): Issued {
  const { nocheck = true, ...rest } = spec;
  return issue({
    subject: "Responder",
    extensions: [
      basicConstraints(false),
      keyUsage("digitalSignature"),
      ocspSigning(),
      ...(nocheck ? [noCheck()] : []),
    ],
    ...rest,
  });
}

export function ocspSigning(): Buffer {
  return extension(OID.extendedKeyUsage, encode.sequence(encode.oid(OID.ocspSigning)));
}

export function noCheck(): Buffer {
  return extension(OID.ocspNoCheck, encode.null());
}

/** authorityInfoAccess with one responder (RFC 5280 §4.2.2.1). */
export function ocspPlace(url: string): Buffer {
  const place = encode.tagged(0x86, Buffer.from(url));
  return extension(
    OID.authorityInfoAccess,
    encode.sequence(encode.sequence(encode.oid(OID.ocspAccess), place)),
  );
}

export function nonce(bytes: Uint8Array): Buffer {
  return extension(OID.ocspNonce, encode.octetString(bytes));
}

function singleResponse(said: Said): Buffer {
  const { certificate, issuer, digest = "sha1", nextUpdate = hours(1) } = said;
  return encode.sequence(
    encodeCertificateId(certificate, issuer, digest),
    certStatus(said.status ?? "good"),
    said.thisUpdateText === undefined
      ? generalizedTime(said.thisUpdate ?? hours(-1))
      : timeText(said.thisUpdateText),
    ...(nextUpdate === null ? [] : [encode.tagged(0xa0, generalizedTime(nextUpdate))]),
    ...explicit(0xa1, said.extensions),
  );
}

function certStatus(status: NonNullable<Said["status"]>): Buffer {
  if (status === "good") return encode.tagged(0x80);
  if (status === "unknown") return encode.tagged(0x82);
  const { revoked, reason } = status;
  const why = reason === undefined ? [] : [encode.tagged(0xa0, enumerated(reason))];
  return encode.tagged(0xa1, generalizedTime(revoked), ...why);
}

function explicit(tag: number, extensions?: readonly Buffer[]): Buffer[] {
  return extensions === undefined ? [] : [encode.tagged(tag, encode.sequence(...extensions))];
}

/** RFC 6960 §4.2.2.1 wants GeneralizedTime, whatever the year. */
export function generalizedTime(date: Date): Buffer {
  return timeText(`${date.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`);
}

/** A GeneralizedTime of any form. */
function timeText(text: string): Buffer {
  return encode.tagged(0x18, Buffer.from(text));
}

function enumerated(value: number): Buffer {
  return encode.tagged(0x0a, Buffer.of(value));
}
