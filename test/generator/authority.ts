/** What the CAs of a draft sign: certificates, CRLs, OCSP responses. */
import { encode } from "../../src/pki/der-write.ts";
import type { Certificate, Crl } from "../../src/pki/index.ts";
import { OID } from "../../src/pki/oid.ts";
import { extendedKeyUsage } from "../pki/chain-draft.ts";
import { issueResponder, respond } from "../pki/ocsp-authority.ts";
import {
  basicConstraints,
  distinguishedName,
  type Issued,
  issue,
  issueCrl,
  type Key,
  keyUsage,
  subjectAltName,
} from "../pki/path-authority.ts";
import { day, hour } from "./clock.ts";
import {
  type AnswerDraft,
  type CertificateDraft,
  type CrlDraft,
  certificateOf,
  type KeyName,
  type MailDraft,
  type Usage,
  type Validity,
} from "./draft.ts";
import { bentExtensions, crlExtensions, removedFromCrl } from "./extensions.ts";
import { poolKey } from "./keys.ts";

const VALID: Readonly<Record<Validity, readonly [from: number, until: number]>> = {
  current: [-100, 100],
  longer: [-90, 900],
  expired: [-300, -2],
  future: [3, 1000],
  "ended-before-it-began": [2, -2],
};

/** The Name of a subject of the draft. */
export const nameOf = (subject: string) => distinguishedName(["O", "Generated"], ["CN", subject]);

/** A certificate as its issuer of the draft signs it (RFC 5280 §4.1). Throws where a handle names nothing. */
export function certificate(draft: MailDraft, one: CertificateDraft): Certificate {
  const above = certificateOf(draft, one.issuer);
  const [from, until] = VALID[one.validity];
  const issuerKey = poolKey(above.key).issuing[one.digest];
  const own = poolKey(one.key);
  return issue({
    subject: nameOf(one.subject),
    key: own.issuing.sha256,
    // Only the issuer's name and key are looked at, and those are in the draft.
    issuer: authority(one.nullParameters ? withNull(issuerKey, one.digest) : issuerKey, above.subject),
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
      ...bentExtensions(one),
    ],
  }).certificate;
}

const NOTHING = null as unknown as Certificate;

function authority(key: Key, subject: string): Issued {
  return { certificate: NOTHING, key, subject: nameOf(subject) };
}

/** All keys that sign certificates here are elliptic (RFC 5758 §3.2: no parameters). */
function withNull(key: Key, digest: CertificateDraft["digest"]): Key {
  const oid = digest === "sha1" ? OID.ecdsaWithSha1 : OID.ecdsaWithSha256;
  return { ...key, algorithm: encode.sequence(encode.oid(oid), encode.null()) };
}

const USES = { email: OID.emailProtection, server: "1.3.6.1.5.5.7.3.1", any: OID.anyExtendedKeyUsage };

/** RSA encrypts by keyEncipherment, an elliptic key by keyAgreement (RFC 8550 §4.4.2). */
function bitOf(usage: Usage, kind: "RSA" | "EC") {
  if (usage === "sign") return "digitalSignature";
  if (usage === "encrypt") return kind === "RSA" ? "keyEncipherment" : "keyAgreement";
  return usage;
}

/** A CRL of the draft, complete or a delta (RFC 5280 §5). Throws where a handle names nothing. */
export function crl(draft: MailDraft, one: CrlDraft): Crl {
  const issuer = certificateOf(draft, one.issuer);
  const own = poolKey(issuer.key).issuing.sha256;
  const signer = one.forged ? { ...own, sign: poolKey("ec9").issuing.sha256.sign } : own;
  const serial = (handle: string) => serialOf(certificateOf(draft, handle));
  return issueCrl(authority(signer, issuer.subject), {
    thisUpdate: hour(-one.age),
    nextUpdate: day(7),
    number: one.number,
    revoked: [
      ...one.revoked.map((handle) => ({ serial: serial(handle) })),
      ...one.released.map((handle) => ({ serial: serial(handle), extensions: [removedFromCrl()] })),
    ],
    extensions: crlExtensions(one),
  });
}

function serialOf({ serial }: CertificateDraft): string {
  return encode.integer(serial).subarray(2).toString("hex");
}

/** When an answer was made and until when it is good, in hours. */
const ANSWER_TIMES: Readonly<Record<AnswerDraft["time"], readonly [made: number, until: number]>> = {
  current: [-1, 24],
  old: [-48, -24],
  future: [24, 48],
};

/** The DER of an OCSP response (RFC 6960 §4.2). Throws where a handle names nothing. */
export function answer(
  draft: MailDraft,
  one: AnswerDraft,
  certificates: ReadonlyMap<string, Certificate>,
): Buffer {
  const about = certificates.get(one.certificate);
  const above = certificateOf(draft, certificateOf(draft, one.certificate).issuer);
  const issuer = certificates.get(above.handle);
  if (about === undefined || issuer === undefined) throw new Error(`no certificate ${one.certificate}`);
  const [made, until] = ANSWER_TIMES[one.time];
  return respond(responder(draft, one.by, above, issuer), {
    answers: [
      {
        certificate: about,
        issuer,
        status: one.status === "revoked" ? { revoked: day(-3) } : one.status,
        thisUpdate: hour(made),
        nextUpdate: hour(until),
      },
    ],
    spoilSignature: one.forged,
  });
}

/** Who signs it: RFC 6960 §4.2.2.2 knows the CA, and responders whose certificate that CA has signed itself. */
function responder(
  draft: MailDraft,
  by: AnswerDraft["by"],
  above: CertificateDraft,
  issuer: Certificate,
): Issued {
  const key = (name: KeyName) => poolKey(name).issuing.sha256;
  const own = { certificate: issuer, key: key(above.key), subject: nameOf(above.subject) };
  if (by === "ca") return own;
  const certified = (serial: number, signer: Issued) =>
    issueResponder({
      issuer: signer,
      key: key("ec9"),
      serial,
      notBefore: day(-30),
      notAfter: day(30),
    });
  if (by === "responder") return certified(200, own);
  const stranger = certificateOf(draft, "other-root");
  if (by === "other-ca") return certified(201, authority(key(stranger.key), stranger.subject));
  return certified(202, authority(key("ec9"), above.subject));
}
