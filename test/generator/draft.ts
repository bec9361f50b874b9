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
}

export interface CrlDraft {
  readonly handle: string;
  /** Handle of a certificate with the CA's name and key. */
  readonly issuer: string;
  readonly revoked: readonly string[];
  readonly number: number;
  /** Hours before the time of judging. */
  readonly age: number;
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
}

export interface MailDraft {
  readonly from: string;
  readonly form: "detached" | "opaque";
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
    const good =
      "scheme" in one ? GOOD_SIGNER : "usages" in one ? ("ca" in one && one.ca ? GOOD_CA : GOOD_LEAF) : {};
    const usual = new Map<string, unknown>(Object.entries(good));
    const bent = Object.entries(one).filter(
      ([field, is]) => field === "handle" || JSON.stringify(is) !== JSON.stringify(usual.get(field)),
    );
    return Object.fromEntries(
      bent.map(([field, is]) => [field, field === "certificates" ? needed(one, is) : is]),
    );
  });
}

/** Certificates that a mail does not name are left out. */
function needed(draft: object, certificates: unknown): unknown {
  if (!Array.isArray(certificates)) return certificates;
  const { certificates: _, ...rest } = draft as MailDraft;
  const names = JSON.stringify(rest);
  return (certificates as readonly CertificateDraft[]).filter(({ handle }) => names.includes(`"${handle}"`));
}
