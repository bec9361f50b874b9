/**
 * The root list of NSS: Mozilla's `certdata.txt`, the source text of the CAs that Firefox and Thunderbird trust.
 *
 * The form has no standard, only its reader in NSS: after `BEGINDATA` stand PKCS#11 objects, one attribute a line, a
 * new object at each `CKA_CLASS`. Certificates and what they are trusted for are objects of their own, which belong
 * together by issuer and serial number. The file decides whom a company encrypts to, so whatever breaks the form makes
 * the whole list a problem: half a list must not look like a list.
 */
import { createHash } from "node:crypto";
import { attempt, DerError, DerReader, type ParseProblem, TAG } from "./der.ts";
import { MAX_CERTIFICATE_BYTES, MAX_ROOT_LIST_BYTES, MAX_ROOT_LIST_CERTIFICATES } from "./limits.ts";
import { time } from "./time.ts";

/** One root of the list. */
export interface NssRoot {
  readonly der: Uint8Array;
  /** What Mozilla calls it. */
  readonly label: string;
  /** Mozilla trusts it to vouch for mail addresses. */
  readonly emailTrusted: boolean;
  /** Mail certificates that were issued later are not trusted; null: no such limit. */
  readonly distrustAfter: Date | null;
}

/**
 * Reads Mozilla's `certdata.txt` (UTF-8). Linear in its size; never throws.
 * @returns each certificate of the list, in its order, also those that are not trusted for e-mail; a problem for what
 *   is not such a list, or a damaged one
 */
export function parseNssRoots(bytes: Uint8Array): readonly NssRoot[] | ParseProblem {
  if (bytes.length > MAX_ROOT_LIST_BYTES) return { problem: "too-large", detail: "root list: too large" };
  return attempt(() => rootsOf(objectsOf(bytes)));
}

/** An attribute's value: octets of a MULTILINE_OCTAL, else the words behind the type, one character an octet. */
type Value = Uint8Array | string;
type NssObject = ReadonlyMap<string, Value>;

const OCTAL_BLOCK = "MULTILINE_OCTAL";

/** The objects below `BEGINDATA`, each as its attributes. */
function objectsOf(bytes: Uint8Array): readonly NssObject[] {
  const lines = linesOf(bytes);
  const objects: Map<string, Value>[] = [];
  let begun = false;
  for (const { text, number } of lines) {
    if (text === "" || text.startsWith("#")) continue;
    if (!begun) {
      // Files of old carried a CVS_ID line before it.
      begun = text === "BEGINDATA";
      continue;
    }
    const { name, type, rest } = wordsOf(text, number);
    if (name === "CKA_CLASS") objects.push(new Map());
    // A certificate and its trust are one object each.
    if (objects.length > 2 * MAX_ROOT_LIST_CERTIFICATES)
      throw new DerError("root list: too many objects", "too-large");
    const object = objects.at(-1);
    if (object === undefined) throw new DerError(`root list, line ${number}: an attribute of no object`);
    if (object.has(name)) throw new DerError(`root list, line ${number}: an attribute stands there twice`);
    object.set(name, type === OCTAL_BLOCK ? octetsOf(lines, number) : rest);
  }
  if (!begun) throw new DerError("root list: no BEGINDATA");
  // A download that broke off seldom ends with a line.
  if (bytes.at(-1) !== LINE_FEED) throw new DerError("root list: cut off in its last line");
  return objects;
}

interface Line {
  readonly text: string;
  readonly number: number;
}

/** One line after the other, without their ends; a generator, so that a block can go on where its attribute stopped. */
function* linesOf(bytes: Uint8Array): Generator<Line, undefined> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  let number = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const next = end < 0 ? text.length : end;
    number += 1;
    yield { text: text.slice(at, next).trim(), number };
    at = next + 1;
  }
}

/** `CKA_LABEL UTF8 "GlobalSign Root CA"`: name, type, and the value, which a block of octets has below. */
function wordsOf(text: string, number: number): { name: string; type: string; rest: string } {
  const first = text.indexOf(" ");
  const name = first < 0 ? text : text.slice(0, first);
  if (first < 0 || !name.startsWith("CKA_")) {
    throw new DerError(`root list, line ${number}: not an attribute`);
  }
  const second = text.indexOf(" ", first + 1);
  const type = text.slice(first + 1, second < 0 ? text.length : second);
  return { name, type, rest: second < 0 ? "" : text.slice(second + 1).trim() };
}

/** The octets of a block, `\060\127…` in lines up to `END`. */
function octetsOf(lines: Iterator<Line, undefined>, from: number): Uint8Array {
  const octets: number[] = [];
  for (let line = lines.next(); !line.done; line = lines.next()) {
    const { text, number } = line.value;
    if (text === "END") return Uint8Array.from(octets);
    if (octets.length > MAX_CERTIFICATE_BYTES)
      throw new DerError(`root list, line ${number}: a value is too large`, "too-large");
    for (let at = 0; at < text.length; at += 4) octets.push(octet(text, at, number));
  }
  throw new DerError(`root list, line ${from}: a value without END`);
}

/** `\377` at a place of a line. Past its end charCodeAt is NaN, which is within no bounds. */
function octet(text: string, at: number, number: number): number {
  const high = text.charCodeAt(at + 1) - ZERO;
  const middle = text.charCodeAt(at + 2) - ZERO;
  const low = text.charCodeAt(at + 3) - ZERO;
  const wellFormed =
    text.charCodeAt(at) === BACKSLASH && inside(high, 3) && inside(middle, 7) && inside(low, 7);
  if (!wellFormed) throw new DerError(`root list, line ${number}: not octal`);
  return high * 64 + middle * 8 + low;
}

function inside(digit: number, largest: number): boolean {
  return digit >= 0 && digit <= largest;
}

const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;
const ZERO = 0x30;

/** Joins the certificates with what they are trusted for. */
function rootsOf(objects: readonly NssObject[]): readonly NssRoot[] {
  const trust = new Map<string, NssObject[]>();
  for (const object of objects) {
    if (object.get("CKA_CLASS") !== "CKO_NSS_TRUST") continue;
    const key = keyOf(object);
    const beside = trust.get(key);
    if (beside === undefined) trust.set(key, [object]);
    else beside.push(object);
  }
  const certificates = objects.filter((object) => object.get("CKA_CLASS") === "CKO_CERTIFICATE");
  return certificates.map((certificate) => rootOf(certificate, trust.get(keyOf(certificate)) ?? []));
}

function rootOf(certificate: NssObject, trust: readonly NssObject[]): NssRoot {
  const der = octetsIn(certificate, "CKA_VALUE");
  const sha1 = createHash("sha1").update(der).digest();
  const own = trust.filter((object) => isOf(object, sha1));
  // Every certificate of the list has its trust below it: the list was cut off between the two, or put together by hand.
  if (own.length === 0) throw new DerError("root list: a certificate without its trust");
  const dates = [certificate, ...own].flatMap(distrustIn);
  return {
    der,
    label: labelOf(certificate.get("CKA_LABEL")),
    emailTrusted: own.every(
      (object) => object.get("CKA_TRUST_EMAIL_PROTECTION") === "CKT_NSS_TRUSTED_DELEGATOR",
    ),
    distrustAfter: dates.length === 0 ? null : new Date(Math.min(...dates.map(Number))),
  };
}

/** Issuer and serial number, in DER, are what NSS finds the trust of a certificate by. */
function keyOf(object: NssObject): string {
  const [issuer, serial] = [octetsIn(object, "CKA_ISSUER"), octetsIn(object, "CKA_SERIAL_NUMBER")];
  return `${Buffer.from(issuer).toString("latin1")}/${Buffer.from(serial).toString("latin1")}`;
}

/** Two certificates may share issuer and serial number; the digest, where it stands, says whose trust this is. */
function isOf(trust: NssObject, sha1: Buffer): boolean {
  const name = "CKA_CERT_SHA1_HASH";
  const digest = trust.get(name);
  return digest === undefined || sha1.equals(asOctets(digest, name));
}

/**
 * The date after which no new mail certificate counts; `CK_FALSE` says that there is none. It belongs to the
 * certificate, but Mozilla's own list has had dates beside the trust flags: the earliest one holds.
 */
function distrustIn(object: NssObject): readonly Date[] {
  const name = "CKA_NSS_EMAIL_DISTRUST_AFTER";
  const value = object.get(name);
  if (value === undefined || value === "CK_FALSE") return [];
  const digits = asOctets(value, name);
  // The content of a UTCTime, or of a GeneralizedTime, without its tag.
  const tag = TIME_OF_LENGTH.get(digits.length);
  if (tag === undefined) throw new DerError(`root list: ${name} is not a time`);
  return [time(new DerReader(Uint8Array.from([tag, digits.length, ...digits])), name)];
}

const TIME_OF_LENGTH: ReadonlyMap<number, number> = new Map([
  ["YYMMDDHHMMSSZ".length, TAG.utcTime],
  ["YYYYMMDDHHMMSSZ".length, TAG.generalizedTime],
]);

function octetsIn(object: NssObject, name: string): Uint8Array {
  return asOctets(object.get(name), name);
}

function asOctets(value: Value | undefined, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new DerError(`root list: ${name} is missing or not octal`);
}

/** `"NetLock Arany"`: UTF-8 in quotes; older files write what is not ASCII as `\xC5\x91`. */
function labelOf(value: Value | undefined): string {
  const quoted = typeof value === "string" ? value : "";
  const text = quoted.startsWith('"') && quoted.endsWith('"') ? quoted.slice(1, -1) : quoted;
  const octets = text.replace(/\\x([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(octets.replace(/\\(["\\])/g, "$1"), "latin1").toString("utf8");
}
