/** Writes lists in the form of Mozilla's certdata.txt, with the certificates that a test wants. */
import { createHash } from "node:crypto";
import { readCertificates } from "../../src/pki/index.ts";

export interface Entry {
  readonly der: Uint8Array;
  readonly label?: string;
  /** What CKA_TRUST_EMAIL_PROTECTION says; null leaves the trust object out. */
  readonly trust?: string | null;
  /** Digits of CKA_NSS_EMAIL_DISTRUST_AFTER, beside the certificate or beside its trust. */
  readonly distrust?: string;
  readonly distrustBesideTrust?: string;
  /** SHA-1 that the trust object names; null leaves it out. */
  readonly sha1?: Uint8Array | null;
}

export const TRUSTED = "CKT_NSS_TRUSTED_DELEGATOR";
export const NOT_FOR_THIS = "CKT_NSS_MUST_VERIFY_TRUST";

/** A whole list. */
export function certdata(...entries: readonly Entry[]): Buffer {
  return Buffer.from(`${HEAD}${entries.map(certificateObject).join("")}${entries.map(trustObject).join("")}`);
}

/** What stands before the first certificate. */
export const HEAD = `# This file explains itself:
#  CKA_CLASS                     CK_OBJECT_CLASS     CKO_CERTIFICATE
BEGINDATA
CKA_CLASS CK_OBJECT_CLASS CKO_NSS_BUILTIN_ROOT_LIST
CKA_LABEL UTF8 "Mozilla Builtin Roots"

`;

export function certificateObject({ der, label = "A Root", distrust }: Entry): string {
  return `
# Certificate
CKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE
CKA_TOKEN CK_BBOOL CK_TRUE
CKA_LABEL UTF8 "${label}"
${identityOf(der)}${block("CKA_VALUE", der)}${dateOf(distrust)}`;
}

export function trustObject({ der, trust = TRUSTED, distrustBesideTrust, sha1 }: Entry): string {
  if (trust === null) return "";
  const digest = sha1 === undefined ? createHash("sha1").update(der).digest() : sha1;
  return `
CKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST
${digest === null ? "" : block("CKA_CERT_SHA1_HASH", digest)}${identityOf(der)}${
  distrustBesideTrust === undefined ? "" : dateOf(distrustBesideTrust)
}CKA_TRUST_SERVER_AUTH CK_TRUST ${TRUSTED}
CKA_TRUST_EMAIL_PROTECTION CK_TRUST ${trust}
`;
}

function dateOf(digits: string | undefined): string {
  const name = "CKA_NSS_EMAIL_DISTRUST_AFTER";
  return digits === undefined ? `${name} CK_BBOOL CK_FALSE\n` : block(name, Buffer.from(digits));
}

function identityOf(der: Uint8Array): string {
  const [certificate] = readCertificates(der).certificates;
  if (certificate === undefined) throw new Error("not a certificate");
  const serial = Buffer.from(certificate.serial, "hex");
  return block("CKA_ISSUER", certificate.issuer.der) + block("CKA_SERIAL_NUMBER", serial);
}

export function block(name: string, octets: Uint8Array): string {
  const digits = [...octets].map((octet) => `\\${octet.toString(8).padStart(3, "0")}`);
  const lines: string[] = [];
  for (let at = 0; at < digits.length; at += 16) lines.push(`${digits.slice(at, at + 16).join("")}\n`);
  return `${name} MULTILINE_OCTAL\n${lines.join("")}END\n`;
}
