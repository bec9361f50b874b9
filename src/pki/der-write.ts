/** A writer for the little DER (X.690 §10) that this room makes itself: certs-only, SignedData, re-tagged parts. */
import { DerError, TAG } from "./der.ts";

/** An element from identifier octet and contents; the length in its shortest form (X.690 §10.1). */
function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  return element(tag, contents);
}

function element(tag: number, contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const header = Buffer.from([tag, ...lengthOctets(length)]);
  // Not spread into arguments: a set may have more members than a call can have.
  const parts: Uint8Array[] = [header];
  for (const part of contents) parts.push(part);
  return Buffer.concat(parts, header.length + length);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

/** SET OF: the encodings in ascending order (X.690 §11.6), under SET or the IMPLICIT tag that is given. */
function setOf(members: readonly Uint8Array[], tag: number = TAG.set): Buffer {
  return element(tag, [...members].sort(Buffer.compare));
}

/** INTEGER from 0 to 2^31-1. */
function integer(value: number): Buffer {
  const octets = [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
  while (octets.length > 1 && octets[0] === 0 && (octets[1] ?? 0) < 0x80) octets.shift();
  return tagged(TAG.integer, Buffer.from(octets));
}

/** OBJECT IDENTIFIER from dotted text (X.690 §8.19). */
function oid(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...rest] = dotted.split(".").map(BigInt);
  return tagged(TAG.oid, Buffer.from([first * 40n + second, ...rest].flatMap(base128)));
}

function base128(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80);
  return octets;
}

/** Time as RFC 5652 §11.3 wants it: UTCTime from 1950 to 2049, GeneralizedTime else; whole seconds. */
function time(date: Date): Buffer {
  const text = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw new DerError("a time outside the years 0 to 9999");
  const short = year >= 1950 && year < 2050;
  return short
    ? tagged(TAG.utcTime, Buffer.from(text.slice(2)))
    : tagged(TAG.generalizedTime, Buffer.from(text));
}

/** The elements by their types; each function returns the whole encoding. */
export const encode = {
  tagged,
  sequence: (...members: readonly Uint8Array[]): Buffer => tagged(TAG.sequence, ...members),
  setOf,
  integer,
  oid,
  octetString: (bytes: Uint8Array): Buffer => tagged(TAG.octetString, bytes),
  null: (): Buffer => tagged(TAG.null),
  time,
} as const;
