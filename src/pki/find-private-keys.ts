/**
 * Private keys wherever they lie: in a text, in a file of any name, in what configures a telephone. People who send one
 * do not call it by its name, so the bytes decide. Only what reads as a key is one; words about keys are none.
 */
import { Buffer } from "node:buffer";
import { parseSignedData } from "./cms.ts";
import type { Computing } from "./computing.ts";
import { cmsContentType } from "./content-type.ts";
import { isProblem, TAG } from "./der.ts";
import { MAX_KEY_BASE64, MAX_PASSWORDS, MAX_PRIVATE_KEYS } from "./limits.ts";
import { OID } from "./oid.ts";
import type { Password } from "./password-encryption.ts";
import { type FoundKeys, isEncryptedKey, isPkcs12, openEncryptedKey, openPkcs12 } from "./pkcs12.ts";
import { parsePrivateKey, privateKeyDigest } from "./private-key.ts";

const NOTHING: FoundKeys = { keys: [], locked: false };
const LOCKED: FoundKeys = { keys: [], locked: true };

/** To have no password is not the same as to have an empty one (RFC 7292 Appendix B.1). */
const NO_PASSWORDS: readonly Password[] = ["", null];

/**
 * The private keys in the bytes of one part of a mail: complete PEM blocks (RFC 7468 §10, §11; quoted or in HTML, too),
 * PKCS#8, PKCS#1 and SEC 1 in DER or bare base64, PKCS#12 without a password, and an Apple configuration profile with
 * the password beside it, signed or not. Linear. Never throws.
 * @param computing what opening PKCS#12 may cost
 */
export function findPrivateKeys(bytes: Uint8Array, computing: Computing): FoundKeys {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const binary = buffer[0] === TAG.sequence ? inDer(buffer, NO_PASSWORDS, computing) : NOTHING;
  if (binary.locked || binary.keys.length > 0) return binary;
  const text = isText(buffer) || buffer.includes("PRIVATE") ? textOf(buffer) : "";
  // What lies in a profile is opened with its password.
  const profile = buffer.includes(PROFILE_MARK) ? inProfile(buffer, computing) : null;
  const bare = profile ?? merged(bareBase64(text).map((der) => inDer(der, NO_PASSWORDS, computing)));
  return merged([...pemBlocks(text).map(([label, body]) => inBlock(label, body, computing)), bare]);
}

/** All of them, each key once. */
function merged(found: readonly FoundKeys[]): FoundKeys {
  const keys = new Map(found.flatMap((one) => one.keys.map((key) => [privateKeyDigest(key), key] as const)));
  return {
    keys: [...keys.values()].slice(0, MAX_PRIVATE_KEYS),
    locked: keys.size > MAX_PRIVATE_KEYS || found.some(({ locked }) => locked),
  };
}

/** One binary structure: a key, an encrypted one, or PKCS#12. */
function inDer(der: Uint8Array, passwords: readonly Password[], computing: Computing): FoundKeys {
  const key = parsePrivateKey(der);
  if (!isProblem(key)) return { keys: [key], locked: false };
  if (isPkcs12(der)) return openPkcs12(der, passwords, computing);
  return isEncryptedKey(der) ? openEncryptedKey(der, passwords, computing) : NOTHING;
}

/** Octets by whose look a part is told to be text. */
const BEGINNING = 512;

/** Text, in UTF-16 too, whose every second octet is zero in what can be a key. */
function isText(buffer: Buffer): boolean {
  const beginning = buffer.subarray(0, BEGINNING);
  return !beginning.includes(0) || isUtf16(beginning);
}

function isUtf16(buffer: Buffer): boolean {
  const mark = buffer.subarray(0, 2).toString("hex");
  return mark === "feff" || mark === "fffe";
}

/** Its ASCII characters, without the marks of HTML: what mail programs make of a key that was pasted. */
function textOf(buffer: Buffer): string {
  const latin1 = buffer.toString("latin1");
  const text = (isUtf16(buffer) ? latin1.replaceAll("\0", "") : latin1).replaceAll("\u00c2\u00a0", " ");
  return text.includes("<") ? withoutEntities(text.replace(/<[^<>]*>/g, "\n")) : text;
}

function withoutEntities(text: string): string {
  return text
    .replace(/&#(\d{1,4});/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/&(nbsp|gt|lt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? " ");
}

const ENTITIES: Readonly<Record<string, string>> = { gt: ">", lt: "<", quot: '"', apos: "'", amp: "&" };

/** The lines around a block. Any dashes: mail programs make one of several, and HTML breaks a line at any blank. */
const PEM_LINE =
  /\b(BEGIN|END)\s{1,4}((?:[A-Z0-9]{1,12}\s{1,4}){0,3}?(?:PRIVATE\s{1,4}KEY\b(?!\s{1,4}BLOCK)|PKCS12\b))/g;

/** What stands between a first line and the next last one. */
function pemBlocks(text: string): (readonly [label: string, body: string])[] {
  const blocks: (readonly [string, string])[] = [];
  let begin: { readonly label: string; readonly at: number } | null = null;
  for (const { 0: line, 1: end, 2: label = "", index } of text.matchAll(PEM_LINE)) {
    if (end === "BEGIN") begin = { label, at: index + line.length };
    else if (begin !== null) {
      if (index - begin.at <= MAX_KEY_BASE64) blocks.push([begin.label, text.slice(begin.at, index)]);
      begin = null;
    }
  }
  return blocks;
}

/** Octets of the smallest thing that can be an encrypted key, or a key that was damaged: no word is so long in base64. */
const LEAST_LOCKED = 64;

function inBlock(label: string, body: string, computing: Computing): FoundKeys {
  const lines = body.split("\n");
  // OpenSSL writes header lines into an encrypted block; no line of base64 has their colon.
  const headers = lines.filter((line) => line.includes(":"));
  const base64 = lines.filter((line) => !line.includes(":")).join("");
  const der = Buffer.from(base64.replace(/[^A-Za-z0-9+/]/g, ""), "base64");
  const found = inDer(der, NO_PASSWORDS, computing);
  if (found.locked || found.keys.length > 0) return found;
  const hidden =
    der[0] === TAG.sequence ||
    der.subarray(0, 14).toString("latin1") === "openssh-key-v1" ||
    headers.some((line) => line.includes("ENCRYPTED")) ||
    label.includes("ENCRYPTED");
  return hidden && der.length >= LEAST_LOCKED ? LOCKED : NOTHING;
}

/** Lines of nothing but base64 whose first octet is that of a SEQUENCE, quoted or not. */
const BARE_BASE64 =
  /(?:^|\n)[>|\t ]{0,20}(M[A-P][A-Za-z0-9+/]{38,}={0,2}[\t ]*(?:\r?\n[>|\t ]{0,20}[A-Za-z0-9+/]+={0,2}[\t ]*(?=\r?\n|$))*)(?=\r?\n|$)/g;

function bareBase64(text: string): Buffer[] {
  return [...text.matchAll(BARE_BASE64)].map(([, run = ""]) =>
    Buffer.from(run.replace(/[^A-Za-z0-9+/]/g, "").slice(0, MAX_KEY_BASE64), "base64"),
  );
}

const PROFILE_MARK = "com.apple.security.pkcs12";
const DATA = /<data>([^<]*)<\/data>/g;
const PASSWORD = /<key>Password<\/key>\s*<string>([^<]{0,256})<\/string>/g;

/** A configuration profile of Apple's: a property list that holds PKCS#12 and, beside it, the password that opens it. */
function inProfile(buffer: Buffer, computing: Computing): FoundKeys {
  // The binary form of such a list, in which nobody sends one, is not read.
  if (buffer.subarray(0, 6).toString("latin1") === "bplist") return LOCKED;
  const list = profileText(buffer);
  const passwords = [...list.matchAll(PASSWORD)]
    .slice(0, MAX_PASSWORDS)
    .map(([, text = ""]) => Buffer.from(withoutEntities(text), "latin1").toString("utf8"));
  const files = [...list.matchAll(DATA)].map(([, base64 = ""]) => Buffer.from(base64, "base64"));
  const opened = files
    .filter(isPkcs12)
    .slice(0, MAX_PRIVATE_KEYS)
    .map((file) => openPkcs12(file, [...passwords, ...NO_PASSWORDS], computing));
  return merged(opened);
}

/** The list itself; a signed profile is the content of a SignedData. */
function profileText(buffer: Buffer): string {
  const signed = cmsContentType(buffer) === OID.signedData ? parseSignedData(buffer) : null;
  const content = signed === null || isProblem(signed) ? null : signed.content;
  return Buffer.from(content ?? buffer).toString("latin1");
}
