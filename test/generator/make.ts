/** From a draft to bytes: certificates, CRLs, SignedData and the mail around it. */
import { createHash } from "node:crypto";
import type { TrustStore } from "../../src/inspect/index.ts";
import { encode } from "../../src/pki/der-write.ts";
import type { Certificate, Crl } from "../../src/pki/index.ts";
import { OID } from "../../src/pki/oid.ts";
import { extendedKeyUsage } from "../pki/chain-draft.ts";
import {
  basicConstraints,
  distinguishedName,
  extension,
  issue,
  issueCrl,
  keyUsage,
  subjectAltName,
} from "../pki/path-authority.ts";
import {
  type CertificateDraft,
  type CrlDraft,
  certificateOf,
  type MailDraft,
  type SignerDraft,
  type Usage,
  type Validity,
} from "./draft.ts";
import { poolKey } from "./keys.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** When everything is judged: the full hour, because one of the other judges knows the machine's clock only. */
export const NOW = new Date(Math.floor(Date.now() / HOUR) * HOUR);

/** A mail, and all that the judges need. */
export interface MadeMail {
  readonly raw: Buffer;
  readonly cms: Buffer;
  /** What a detached signature covers; null: it is in the structure, or should be. */
  readonly content: Buffer | null;
  /** By handle; what is not sent too. */
  readonly certificates: ReadonlyMap<string, Certificate>;
  readonly anchors: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly crls: readonly Crl[] | null;
}

const CONTENT = Buffer.from("Content-Type: text/plain\r\n\r\nHello,\r\nthis is my key.\r\n");

/** Makes a mail of a draft. Throws where a handle names nothing. */
export function make(draft: MailDraft): MadeMail {
  const certificates = new Map(
    draft.certificates.map((one) => [one.handle, certificate(draft, one)] as const),
  );
  const named = (handles: readonly string[]) =>
    handles.map((handle) => {
      const found = certificates.get(handle);
      if (found === undefined) throw new Error(`no certificate ${handle}`);
      return found;
    });
  const cms = signedData(draft, named(draft.sent));
  return {
    raw: mail(draft, cms),
    cms,
    content: draft.form === "detached" ? CONTENT : null,
    certificates,
    anchors: named(draft.anchors),
    intermediates: named(draft.intermediates),
    crls: draft.crls === null ? null : draft.crls.map((one) => crl(draft, one)),
  };
}

/** What the mail is judged by here. */
export function trustOf({ anchors, intermediates, crls }: MadeMail): TrustStore {
  return {
    anchors: anchors.map((one) => ({ certificate: one, domains: null, distrustAfter: null })),
    intermediates,
    crls,
  };
}

// ── certificates and CRLs ───────────────────────────────────────────────────────────────────────────────────────────

const VALID: Readonly<Record<Validity, readonly [from: number, until: number]>> = {
  current: [-100, 100],
  longer: [-90, 900],
  expired: [-300, -2],
  future: [3, 1000],
  "ended-before-it-began": [2, -2],
};

const name = (subject: string) => distinguishedName(["O", "Generated"], ["CN", subject]);
const day = (count: number) => new Date(NOW.getTime() + count * DAY);

function certificate(draft: MailDraft, one: CertificateDraft): Certificate {
  const above = certificateOf(draft, one.issuer);
  const [from, until] = VALID[one.validity];
  const issuerKey = poolKey(above.key).issuing[one.digest];
  const own = poolKey(one.key);
  return issue({
    subject: name(one.subject),
    key: own.issuing.sha256,
    // Only the issuer's name and key are looked at, and those are in the draft.
    issuer: { certificate: NOTHING, key: issuerKey, subject: name(above.subject) },
    serial: one.serial,
    notBefore: day(from),
    notAfter: day(until),
    spoilSignature: one.forged,
    extensions: [
      basicConstraints(one.ca, one.pathLength ?? undefined),
      one.usages === null ? undefined : keyUsage(...one.usages.map((usage) => bitOf(usage, own.kind))),
      one.extendedUsages === null
        ? undefined
        : extendedKeyUsage(...one.extendedUsages.map((use) => USES[use])),
      one.addresses.length === 0
        ? undefined
        : subjectAltName(...one.addresses.map((address) => `email:${address}`)),
      one.namesCrl ? crlDistributionPoint("http://crl.partner.example/ca.crl") : undefined,
    ],
  }).certificate;
}

const NOTHING = null as unknown as Certificate;
const USES = { email: OID.emailProtection, server: "1.3.6.1.5.5.7.3.1", any: OID.anyExtendedKeyUsage };

/** RSA encrypts by keyEncipherment, an elliptic key by keyAgreement (RFC 8550 §4.4.2). */
function bitOf(usage: Usage, kind: "RSA" | "EC") {
  if (usage === "sign") return "digitalSignature";
  if (usage === "encrypt") return kind === "RSA" ? "keyEncipherment" : "keyAgreement";
  return usage;
}

function crlDistributionPoint(url: string): Buffer {
  const fullName = encode.tagged(0xa0, encode.tagged(0x86, Buffer.from(url)));
  const point = encode.sequence(encode.tagged(0xa0, fullName));
  return extension(OID.crlDistributionPoints, encode.sequence(point));
}

function crl(draft: MailDraft, one: CrlDraft): Crl {
  const issuer = certificateOf(draft, one.issuer);
  const own = poolKey(issuer.key).issuing.sha256;
  const signer = one.forged ? { ...own, sign: poolKey("ec9").issuing.sha256.sign } : own;
  return issueCrl(
    { certificate: NOTHING, key: signer, subject: name(issuer.subject) },
    {
      thisUpdate: new Date(NOW.getTime() - one.age * HOUR),
      nextUpdate: day(7),
      number: one.number,
      revoked: one.revoked.map((handle) => ({ serial: serialOf(certificateOf(draft, handle)) })),
    },
  );
}

function serialOf({ serial }: CertificateDraft): string {
  return encode.integer(serial).subarray(2).toString("hex");
}

// ── SignedData ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** RFC 5652 §5.1; the SETs of certificates and signers in the order of the draft. */
function signedData(draft: MailDraft, certificates: readonly Certificate[]): Buffer {
  const inside = draft.form === "opaque" && draft.hasContent;
  // Absent content of an opaque form: the signature is over nothing.
  const signed = draft.form === "opaque" && !draft.hasContent ? Buffer.alloc(0) : CONTENT;
  const digests = [...new Set(draft.signers.map(({ digest }) => digest))];
  const content = inside ? [encode.tagged(0xa0, encode.octetString(CONTENT))] : [];
  const data = encode.sequence(
    encode.integer(draft.signers.some(({ sid }) => sid === "key") ? 3 : 1),
    encode.setOf(digests.map((digest) => algorithm(digest))),
    encode.sequence(encode.oid(OID.data), ...content),
    ...(certificates.length === 0 ? [] : [encode.tagged(0xa0, ...certificates.map(({ der }) => der))]),
    encode.tagged(0x31, ...draft.signers.map((signer) => signerInfo(draft, signer, signed))),
  );
  return encode.sequence(encode.oid(OID.signedData), encode.tagged(0xa0, data));
}

const algorithm = (digest: SignerDraft["digest"]) => encode.sequence(encode.oid(OID[digest]));

function signerInfo(draft: MailDraft, signer: SignerDraft, content: Buffer): Buffer {
  const own = certificateOf(draft, signer.certificate);
  const key = poolKey(own.key);
  const attributes = signer.attributes ? signedAttributes(draft, signer, content) : null;
  const toSign = attributes === null ? content : encode.setOf(attributes);
  const { algorithm: scheme, value } = key.sign(Buffer.from(toSign), signer.digest, signer.scheme);
  return encode.sequence(
    encode.integer(signer.sid === "key" ? 3 : 1),
    signer.sid === "key" ? encode.tagged(0x80, key.identifier) : issuerAndSerial(draft, own),
    algorithm(signer.digest),
    ...(attributes === null ? [] : [encode.setOf(attributes, 0xa0)]),
    scheme,
    encode.octetString(broken(value, signer)),
  );
}

function broken(value: Buffer, { breakage }: SignerDraft): Buffer {
  if (breakage === "zeros") return Buffer.alloc(value.length);
  if (breakage !== "value") return value;
  const changed = Buffer.from(value);
  const last = changed.length - 1;
  changed[last] = (changed[last] ?? 0) ^ 1;
  return changed;
}

function signedAttributes(draft: MailDraft, signer: SignerDraft, content: Buffer): Buffer[] {
  const { breakage, preference, digest } = signer;
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
  ];
}

const attribute = (type: string, value: Buffer) => encode.sequence(encode.oid(type), encode.setOf([value]));

function issuerAndSerial(draft: MailDraft, one: CertificateDraft): Buffer {
  return encode.sequence(...issuerAndSerialParts(draft, one));
}

function issuerAndSerialParts(draft: MailDraft, { issuer, serial }: CertificateDraft): Buffer[] {
  return [name(certificateOf(draft, issuer).subject), encode.integer(serial)];
}

// ── the mail ────────────────────────────────────────────────────────────────────────────────────────────────────────

function mail(draft: MailDraft, cms: Buffer): Buffer {
  const header = [
    `From: ${draft.from}`,
    "To: key-management@company.example",
    `Date: ${NOW.toUTCString().replace("GMT", "+0000")}`,
    "Message-ID: <generated@mail.partner.example>",
    "Subject: my key",
    "MIME-Version: 1.0",
  ];
  const signed = draft.form === "detached" ? detached(cms) : opaque(cms, draft.footer);
  const body = draft.footer === null || draft.form === "opaque" ? signed : withFooter(signed, draft.footer);
  return Buffer.from(`${header.join("\r\n")}\r\n${body}`, "latin1");
}

const BASE64 = "Content-Transfer-Encoding: base64";

function detached(cms: Buffer): string {
  return [
    'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="signed"',
    "",
    "--signed",
    `${CONTENT.toString("latin1")}`,
    "--signed",
    'Content-Type: application/pkcs7-signature; name="smime.p7s"',
    BASE64,
    "",
    `${lines(cms)}--signed--`,
    "",
  ].join("\r\n");
}

function opaque(cms: Buffer, footer: string | null): string {
  const type = 'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"';
  return [type, BASE64, "", `${lines(cms)}${footer === null ? "" : `${footer}\r\n`}`].join("\r\n");
}

/** As a mailing list adds its line: the signed part becomes one part of two (RFC 8551 §3.5 covers the first only). */
function withFooter(signed: string, footer: string): string {
  return [
    'Content-Type: multipart/mixed; boundary="list"',
    "",
    "--list",
    signed,
    "--list",
    "Content-Type: text/plain",
    "",
    footer,
    "--list--",
    "",
  ].join("\r\n");
}

function lines(bytes: Buffer): string {
  return bytes.toString("base64").replace(/.{1,76}/g, "$&\r\n");
}
