/**
 * A mail before it is made: plain data in which every field can be bent by itself. Certificates, CRLs and signers are
 * named by handles, so a field that is bent here says in words what the bytes will say.
 */

/** The one whose mails are judged. */
export const ALICE = "alice@partner.example";
export const BOB = "bob@partner.example";

/** A key of the pool (`keys.ts`). */
export type KeyName = `ec${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}` | "rsa0" | "rsa1";

export type Usage = "sign" | "encrypt" | "keyCertSign" | "cRLSign";
export type ExtendedUsage = "email" | "server" | "any";

/** When a certificate is valid, seen from the time of judging; `longer` ends last of all. */
export type Validity = "current" | "longer" | "expired" | "future" | "ended-before-it-began";

/** Names that a CA may speak for (RFC 5280 §4.2.1.10): `email:` with a mailbox or a domain, `organisation:` with its name. */
export interface NamesDraft {
  readonly permitted: readonly string[];
  readonly excluded: readonly string[];
}

/** A certificate policy; `any` is anyPolicy (RFC 5280 §4.2.1.4). */
export type PolicyName = "one" | "two" | "any";

export interface CertificateDraft {
  readonly handle: string;
  readonly subject: string;
  readonly key: KeyName;
  /** Handle of a certificate with the issuer's name and key; its own: self-signed. */
  readonly issuer: string;
  readonly serial: number;
  readonly ca: boolean;
  readonly pathLength: number | null;
  readonly addresses: readonly string[];
  /** Null: no such extension. */
  readonly usages: readonly Usage[] | null;
  readonly extendedUsages: readonly ExtendedUsage[] | null;
  readonly validity: Validity;
  readonly digest: "sha256" | "sha1";
  /** Its signature is spoilt: anybody can make it. */
  readonly forged: boolean;
  /** It says where its CRL lies. */
  readonly namesCrl: boolean;
  /** Null: no such extension. */
  readonly names: NamesDraft | null;
  /** Null: no such extension. */
  readonly policies: readonly PolicyName[] | null;
  /** What its issuer calls a policy, and what it calls the same (RFC 5280 §4.2.1.5). */
  readonly mappings: readonly (readonly [PolicyName, PolicyName])[];
  /** Below so many further certificates a policy must hold (requireExplicitPolicy, RFC 5280 §4.2.1.11); null: none must. */
  readonly explicitAfter: number | null;
  /** The algorithm of its signature has parameters NULL, which ECDSA does not have (RFC 5758 §3.2). */
  readonly nullParameters: boolean;
}

/** Of what a CRL speaks, by its issuingDistributionPoint (RFC 5280 §5.2.5): two halves of the reasons, the point that certificates name, another one. */
export type Scope =
  | "users"
  | "cas"
  | "attributes"
  | "some-reasons"
  | "other-reasons"
  | "point"
  | "other-point";

export interface CrlDraft {
  readonly handle: string;
  /** Handle of a certificate with the CA's name and key. */
  readonly issuer: string;
  readonly revoked: readonly string[];
  /** Taken off the list again: entries with removeFromCRL, on a delta CRL (RFC 5280 §5.3.1). */
  readonly released: readonly string[];
  readonly number: number;
  /** A delta CRL: the number of the complete one that it goes on from (RFC 5280 §5.2.4); null: it is complete. */
  readonly base: number | null;
  /** Null: of all certificates of its issuer. */
  readonly scope: Scope | null;
  /** Hours before the time of judging. */
  readonly age: number;
  readonly forged: boolean;
}

/** What a responder answers about a certificate (RFC 6960 §2.2). */
export interface AnswerDraft {
  /** Handle of the certificate that was asked about. */
  readonly certificate: string;
  readonly status: "good" | "revoked" | "unknown";
  /** The CA itself, a responder that it named, one whose right to answer another CA gave, or one that nobody named. */
  readonly by: "ca" | "responder" | "other-ca" | "stranger";
  readonly time: "current" | "old" | "future";
  readonly forged: boolean;
}

/** What is wrong with a SignerInfo, if anything. */
export type Breakage = "none" | "value" | "digest" | "content-type" | "zeros";

export interface SignerDraft {
  readonly certificate: string;
  readonly sid: "issuer" | "key";
  readonly attributes: boolean;
  readonly scheme: "plain" | "pss";
  readonly digest: "sha256" | "sha512" | "sha1";
  readonly breakage: Breakage;
  /** Handle of the certificate that a signed sMIMEEncryptionKeyPreference names (RFC 8551 §2.5.3). */
  readonly preference: string | null;
  /** Handle of the certificate that a signing-certificate attribute names (RFC 5035 §3); `NOBODY`: its hash fits none. */
  readonly signingCertificate: string | null;
}

/** A handle of no certificate. */
export const NOBODY = "nobody";

/**
 * How the SignedData is written (RFC 5652 §4 takes BER): all lengths indefinite but in certificates and names; the octet strings in
 * pieces too; the signed attributes too, which are hashed in DER (§5.4).
 */
export type Encoding = "der" | "indefinite" | "pieces" | "attributes";

/**
 * What is odd about the MIME around the signature: the same boundary told twice, a signature called a p7m, the content's
 * Content-Type told twice.
 */
export type Frame = "usual" | "boundary-twice" | "signature-as-p7m" | "content-type-twice";

export interface MailDraft {
  readonly from: string;
  readonly form: "detached" | "opaque";
  readonly encoding: Encoding;
  readonly frame: Frame;
  /** An opaque structure can lack its content. */
  readonly hasContent: boolean;
  /** A line that a list or a gateway put below the signed part; null: none. */
  readonly footer: string | null;
  /** All certificates, whether or not they are in the mail. */
  readonly certificates: readonly CertificateDraft[];
  /** Handles of those in the mail, in this order. */
  readonly sent: readonly string[];
  readonly signers: readonly SignerDraft[];
  readonly anchors: readonly string[];
  /** In the trust folder beside the anchors (`--intermediate`). */
  readonly intermediates: readonly string[];
  /** Null: revocation is not part of the path. */
  readonly crls: readonly CrlDraft[] | null;
  /** What responders answer when they are asked; null: nobody asks. */
  readonly answers: readonly AnswerDraft[] | null;
}

/** A certificate as a good CA would make it for Alice. */
export const GOOD_LEAF: CertificateDraft = {
  handle: "leaf",
  subject: "Alice",
  key: "ec5",
  issuer: "ca",
  serial: 100,
  ca: false,
  pathLength: null,
  addresses: [ALICE],
  usages: ["sign", "encrypt"],
  extendedUsages: ["email"],
  validity: "current",
  digest: "sha256",
  forged: false,
  namesCrl: false,
  names: null,
  policies: null,
  mappings: [],
  explicitAfter: null,
  nullParameters: false,
};

/** A CA as it should be. */
export const GOOD_CA: CertificateDraft = {
  ...GOOD_LEAF,
  handle: "ca",
  subject: "Issuing CA",
  key: "ec1",
  issuer: "root",
  serial: 10,
  ca: true,
  addresses: [],
  usages: ["keyCertSign", "cRLSign"],
  extendedUsages: null,
};

export const GOOD_ROOT: CertificateDraft = {
  ...GOOD_CA,
  handle: "root",
  subject: "Root",
  key: "ec0",
  serial: 1,
};

export const GOOD_SIGNER: SignerDraft = {
  certificate: "leaf",
  sid: "issuer",
  attributes: true,
  scheme: "plain",
  digest: "sha256",
  breakage: "none",
  preference: null,
  signingCertificate: null,
};

/** A CRL as a CA makes it, with nobody on it. */
export const GOOD_CRL: CrlDraft = {
  handle: "crl",
  issuer: "ca",
  revoked: [],
  released: [],
  number: 1,
  base: null,
  age: 1,
  scope: null,
  forged: false,
};

/** The certificate of a draft that has this handle. */
export function certificateOf({ certificates }: MailDraft, handle: string): CertificateDraft {
  const found = certificates.find((one) => one.handle === handle);
  if (found === undefined) throw new Error(`no certificate ${handle}`);
  return found;
}

/** A value with drafts in it as a person reads it: of a certificate or signer only what is not as it should be. */
export function said(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (typeof one !== "object" || one === null || Array.isArray(one)) return one;
    const usual = new Map<string, unknown>(Object.entries(goodLike(one)));
    const bent = Object.entries(one).filter(
      ([field, is]) => field === "handle" || JSON.stringify(is) !== JSON.stringify(usual.get(field)),
    );
    return Object.fromEntries(
      bent.map(([field, is]) => [field, field === "certificates" ? needed(one, is) : is]),
    );
  });
}

function goodLike(one: object): object {
  if ("scheme" in one) return GOOD_SIGNER;
  if ("scope" in one) return GOOD_CRL;
  if ("usages" in one) return "ca" in one && one.ca ? GOOD_CA : GOOD_LEAF;
  return {};
}

/** Certificates that a mail does not name are left out. */
function needed(draft: object, certificates: unknown): unknown {
  if (!Array.isArray(certificates)) return certificates;
  const { certificates: _, ...rest } = draft as MailDraft;
  const names = JSON.stringify(rest);
  return (certificates as readonly CertificateDraft[]).filter(({ handle }) => names.includes(`"${handle}"`));
}
