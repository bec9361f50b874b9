/** A draft's SignedData (RFC 5652 §5), in DER or rewritten in BER. */
import { createHash } from "node:crypto";
import { DerReader } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import type { Certificate } from "../../src/pki/index.ts";
import { OID } from "../../src/pki/oid.ts";
import { nameOf } from "./authority.ts";
import { NOW } from "./clock.ts";
import { type CertificateDraft, certificateOf, type MailDraft, type SignerDraft } from "./draft.ts";
import { poolKey } from "./keys.ts";

/** What the signatures of one mail are over and by. */
interface Signing {
  readonly draft: MailDraft;
  readonly content: Buffer;
  /** By handle. */
  readonly certificates: ReadonlyMap<string, Certificate>;
}

/**
 * The ContentInfo of a mail; the SETs of certificates and signers in the order of the draft.
 * @param content what a detached signature is over
 * @param certificates by handle
 * @throws Error where a handle names nothing
 */
export function signedData(
  draft: MailDraft,
  content: Buffer,
  certificates: ReadonlyMap<string, Certificate>,
): Buffer {
  const inside = draft.form === "opaque" && draft.hasContent;
  // Absent content of an opaque form: the signature is over nothing.
  const signed = draft.form === "opaque" && !draft.hasContent ? Buffer.alloc(0) : content;
  const digests = [...new Set(draft.signers.map(({ digest }) => digest))];
  const sent = draft.sent.map((handle) => found(certificates, handle).der);
  const signers = draft.signers.map((signer) => signerInfo({ draft, content: signed, certificates }, signer));
  const data = encode.sequence(
    encode.integer(draft.signers.some(({ sid }) => sid === "key") ? 3 : 1),
    encode.setOf(digests.map((digest) => algorithm(digest))),
    encode.sequence(
      encode.oid(OID.data),
      ...(inside ? [encode.tagged(0xa0, encode.octetString(content))] : []),
    ),
    ...(sent.length === 0 ? [] : [encode.tagged(0xa0, ...sent)]),
    encode.tagged(0x31, ...signers.map(({ der }) => der)),
  );
  const whole = encode.sequence(encode.oid(OID.signedData), encode.tagged(0xa0, data));
  const attributes = signers.flatMap((one) => one.attributes ?? []);
  const names = draft.certificates.map(({ subject }) => nameOf(subject));
  // Certificates stay as their CA signed them, and names as they are in the certificates.
  const kept = [...sent, ...names, ...(draft.encoding === "attributes" ? [] : attributes)];
  return draft.encoding === "der"
    ? whole
    : rewritten(whole, new Set(kept.map(hex)), draft.encoding === "pieces");
}

function found(certificates: Signing["certificates"], handle: string): Certificate {
  const certificate = certificates.get(handle);
  if (certificate === undefined) throw new Error(`no certificate ${handle}`);
  return certificate;
}

const algorithm = (digest: SignerDraft["digest"]) => encode.sequence(encode.oid(OID[digest]));

/** A SignerInfo, and the element with its signed attributes. */
function signerInfo(
  signing: Signing,
  signer: SignerDraft,
): { readonly der: Buffer; readonly attributes: Buffer | null } {
  const { draft, content } = signing;
  const own = certificateOf(draft, signer.certificate);
  const key = poolKey(own.key);
  const members = signer.attributes ? signedAttributes(signing, signer) : null;
  const attributes = members === null ? null : encode.setOf(members, 0xa0);
  const toSign = members === null ? content : encode.setOf(members);
  const { algorithm: scheme, value } = key.sign(Buffer.from(toSign), signer.digest, signer.scheme);
  const der = encode.sequence(
    encode.integer(signer.sid === "key" ? 3 : 1),
    signer.sid === "key" ? encode.tagged(0x80, key.identifier) : issuerAndSerial(draft, own),
    algorithm(signer.digest),
    ...(attributes === null ? [] : [attributes]),
    scheme,
    encode.octetString(broken(value, signer)),
  );
  return { der, attributes };
}

function broken(value: Buffer, { breakage }: SignerDraft): Buffer {
  if (breakage === "zeros") return Buffer.alloc(value.length);
  if (breakage !== "value") return value;
  const changed = Buffer.from(value);
  const last = changed.length - 1;
  changed[last] = (changed[last] ?? 0) ^ 1;
  return changed;
}

function signedAttributes({ draft, content, certificates }: Signing, signer: SignerDraft): Buffer[] {
  const { breakage, preference, digest, signingCertificate } = signer;
  const hashed = createHash(digest)
    .update(breakage === "digest" ? Buffer.from("another text") : content)
    .digest();
  return [
    attribute(OID.contentType, encode.oid(breakage === "content-type" ? OID.signedData : OID.data)),
    attribute(OID.signingTime, encode.time(NOW)),
    attribute(OID.messageDigest, encode.octetString(hashed)),
    ...(preference === null
      ? []
      : [
          attribute(
            OID.encryptionKeyPreference,
            encode.tagged(0xa0, ...issuerAndSerialParts(draft, certificateOf(draft, preference))),
          ),
        ]),
    ...(signingCertificate === null
      ? []
      : [attribute(OID.signingCertificateV2, certificateHash(certificates.get(signingCertificate)))]),
  ];
}

/** SigningCertificateV2 with one ESSCertIDv2 (RFC 5035 §4); without a certificate a hash of none. */
function certificateHash(certificate: Certificate | undefined): Buffer {
  const hash = createHash("sha256")
    .update(certificate?.der ?? Buffer.alloc(0))
    .digest();
  return encode.sequence(encode.sequence(encode.sequence(encode.octetString(hash))));
}

const attribute = (type: string, value: Buffer) => encode.sequence(encode.oid(type), encode.setOf([value]));

function issuerAndSerial(draft: MailDraft, one: CertificateDraft): Buffer {
  return encode.sequence(...issuerAndSerialParts(draft, one));
}

function issuerAndSerialParts(draft: MailDraft, { issuer, serial }: CertificateDraft): Buffer[] {
  return [nameOf(certificateOf(draft, issuer).subject), encode.integer(serial)];
}

// ── BER ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const CONSTRUCTED = 0x20;
const OCTET_STRING = 0x04;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** All elements with indefinite lengths (X.690 §8.1.3.6), octet strings in two pieces if that is wanted (§8.7.3). */
function rewritten(der: Uint8Array, kept: ReadonlySet<string>, inPieces: boolean): Buffer {
  const reader = new DerReader(der);
  const members: Buffer[] = [];
  while (reader.more()) {
    const { tag, raw, content } = reader.element();
    const isString = inPieces && tag === OCTET_STRING;
    if (isString) members.push(pieces(content));
    else if ((tag & CONSTRUCTED) === 0 || kept.has(hex(raw))) members.push(Buffer.from(raw));
    else members.push(indefinite(tag, rewritten(content, kept, inPieces)));
  }
  return Buffer.concat(members);
}

function pieces(content: Uint8Array): Buffer {
  const half = Math.ceil(content.length / 2);
  const both = [content.subarray(0, half), content.subarray(half)].map(encode.octetString);
  return indefinite(OCTET_STRING | CONSTRUCTED, ...both);
}

function indefinite(tag: number, ...members: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x80), ...members, Buffer.of(0, 0)]);
}
