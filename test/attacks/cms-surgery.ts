/** What an attacker does to the SignedData of a mail (RFC 5652 §5): its parts under their names, and the knife. */
import { createHash, createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Identity } from "../lab/openssl.ts";
import { branch, childAt, copyOf, type DerNode, leaf, oidNode, parseDer, writeDer } from "./der-tree.ts";

export const OIDS = {
  data: "1.2.840.113549.1.7.1",
  signedData: "1.2.840.113549.1.7.2",
  tstInfo: "1.2.840.113549.1.9.16.1.4",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingTime: "1.2.840.113549.1.9.5",
  encryptionKeyPreference: "1.2.840.113549.1.9.16.2.11",
  sha1: "1.3.14.3.2.26",
} as const;

/** A SignedData open on the table; every field is part of `root`. */
export interface OpenCms {
  readonly root: DerNode;
  readonly signedData: DerNode;
  readonly encapsulated: DerNode;
  readonly signerInfos: DerNode;
}

/** The CMS of a mail, transfer decoding undone. */
export function cmsOf(mail: Buffer): Buffer {
  const { start, end } = rangeOf(mail);
  return Buffer.from(mail.toString("latin1", start, end), "base64");
}

/** The same mail with another CMS in its place. */
export function withCms(mail: Buffer, cms: Buffer): Buffer {
  return withCmsText(mail, cms.toString("base64").replace(/.{1,76}/g, "$&\r\n"));
}

/** The same mail with these characters where the base64 of its CMS stood. */
export function withCmsText(mail: Buffer, text: string): Buffer {
  const { start, end } = rangeOf(mail);
  return Buffer.concat([mail.subarray(0, start), Buffer.from(text, "latin1"), mail.subarray(end)]);
}

/** Changes the SignedData of a mail. */
export function operate(mail: Buffer, change: (cms: OpenCms) => void): Buffer {
  const cms = open(cmsOf(mail));
  change(cms);
  return withCms(mail, writeDer(cms.root));
}

/** Opens a ContentInfo that holds a SignedData. */
export function open(der: Buffer): OpenCms {
  const root = parseDer(der);
  const signedData = childAt(childAt(root, 1), 0);
  const members = signedData.children ?? [];
  return {
    root,
    signedData,
    encapsulated: childAt(signedData, 2),
    signerInfos: childAt(signedData, members.length - 1),
  };
}

/** The certificates [0] of a SignedData (RFC 5652 §5.1), added when there are none. */
export function certificatesOf({ signedData }: OpenCms): DerNode {
  const found = signedData.children?.find(({ tag }) => tag === 0xa0);
  if (found !== undefined) return found;
  const empty = branch(0xa0);
  signedData.children?.splice(3, 0, empty);
  return empty;
}

/** Puts certificates before those that are there: many programs take the first one that fits. */
export function addCertificates(cms: OpenCms, ...identities: readonly Identity[]): void {
  certificatesOf(cms).children?.unshift(...identities.map(({ der }) => parseDer(der)));
}

/** Takes these certificates out. */
export function removeCertificates(cms: OpenCms, ...identities: readonly Identity[]): void {
  const set = certificatesOf(cms);
  const gone = identities.map(({ der }) => der.toString("hex"));
  set.children = (set.children ?? []).filter((node) => !gone.includes(writeDer(node).toString("hex")));
}

/** The signer at this place; SignerInfo ::= version, sid, digestAlgorithm, [0], signatureAlgorithm, signature, [1]. */
export function signerAt(cms: OpenCms, index = 0): DerNode {
  return childAt(cms.signerInfos, index);
}

/** The signed attributes of a SignerInfo, which must have some. */
export function signedAttributes(signer: DerNode): DerNode {
  const found = signer.children?.find(({ tag }) => tag === 0xa0);
  if (found === undefined) throw new Error("there are no signed attributes");
  return found;
}

/** The octets that a signature over signed attributes covers: the same under the tag SET OF (RFC 5652 §5.4). */
export function attributeBytes(signer: DerNode): Buffer {
  return writeDer({ ...signedAttributes(signer), tag: 0x31 });
}

/** One Attribute. */
export function attribute(oid: string, ...values: DerNode[]): DerNode {
  return branch(0x30, oidNode(oid), branch(0x31, ...values));
}

/** Leaves out the attributes of this type. */
export function withoutAttribute(signer: DerNode, oid: string): void {
  const set = signedAttributes(signer);
  const type = writeDer(oidNode(oid)).toString("hex");
  set.children = (set.children ?? []).filter((node) => writeDer(childAt(node, 0)).toString("hex") !== type);
}

/** The attribute of this type, which must be there. */
export function attributeOf(signer: DerNode, oid: string): DerNode {
  const type = writeDer(oidNode(oid)).toString("hex");
  const found = signedAttributes(signer).children?.find(
    (node) => writeDer(childAt(node, 0)).toString("hex") === type,
  );
  if (found === undefined) throw new Error(`there is no attribute ${oid}`);
  return found;
}

/** Signs the attributes anew with the signer's own SHA-256 key, in DER order unless they shall stay as they are. */
export function signAgain(
  signer: DerNode,
  identity: Identity,
  order: "sorted" | "as they are" = "sorted",
): void {
  const set = signedAttributes(signer);
  if (order === "sorted") set.children?.sort((a, b) => Buffer.compare(writeDer(a), writeDer(b)));
  setSignature(signer, sign("sha256", attributeBytes(signer), privateKeyOf(identity)));
}

/** Replaces the signature value. */
export function setSignature(signer: DerNode, signature: Buffer): void {
  const at = signer.children?.findLastIndex(({ tag }) => tag === 0x04) ?? -1;
  signer.children?.splice(at, 1, leaf(0x04, signature));
}

/** Adds unsigned attributes [1]. */
export function addUnsigned(signer: DerNode, ...attributes: DerNode[]): void {
  signer.children?.push(branch(0xa1, ...attributes));
}

/** sMIMEEncryptionKeyPreference with issuerAndSerialNumber [0] (RFC 8551 §2.5.3). */
export function encryptionPreferenceFor({ der }: Identity): DerNode {
  const [serial, issuer] = serialAndIssuer(der);
  return attribute(OIDS.encryptionKeyPreference, branch(0xa0, issuer, serial));
}

/** The SHA-256 of content as an Attribute's value. */
export function digestValue(content: Uint8Array): DerNode {
  return leaf(0x04, createHash("sha256").update(content).digest());
}

/** eContent [0] (RFC 5652 §5.2) with these octets. */
export function setContent({ encapsulated }: OpenCms, content: Uint8Array | null): void {
  const rest = content === null ? [] : [branch(0xa0, leaf(0x04, content))];
  encapsulated.children = [childAt(encapsulated, 0), ...rest];
}

/** A second SignerInfo out of another SignedData. */
export function addSigner(cms: OpenCms, other: OpenCms, place: "first" | "last"): void {
  const signer = copyOf(signerAt(other));
  if (place === "first") cms.signerInfos.children?.unshift(signer);
  else cms.signerInfos.children?.push(signer);
}

function serialAndIssuer(der: Buffer): [DerNode, DerNode] {
  const tbs = childAt(parseDer(der), 0);
  const first = childAt(tbs, 0).tag === 0xa0 ? 1 : 0;
  return [childAt(tbs, first), childAt(tbs, first + 2)];
}

function privateKeyOf({ keyFile }: Identity) {
  return createPrivateKey(readFileSync(keyFile));
}

/** Where the base64 of the last CMS stands: of several, one around the other, that of the outer one. */
function rangeOf(mail: Buffer): { start: number; end: number } {
  const text = mail.toString("latin1");
  const header = [...text.matchAll(/^Content-Type: application\/(x-)?pkcs7-/gim)].at(-1)?.index ?? -1;
  const start = text.indexOf("\r\n\r\n", header) + 4;
  const end = text.slice(start).search(/\r\n(\r\n)?--/);
  return { start, end: end < 0 ? mail.length : start + end + 2 };
}
