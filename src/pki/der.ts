/**
 * A reader for ASN.1 in DER (X.690 §10, §11) and, where mail clients stream, in BER (X.690 §8).
 *
 * It walks one buffer by offsets: no copies, no tree, no recursion, so that neither the nesting nor the lengths that
 * a stranger writes can cost more than one pass. Everything that breaks the encoding rules throws a `DerError`, which
 * never leaves the room: the parse functions turn it into a `ParseProblem` with `attempt`.
 */
import { MAX_INDEFINITE_DEPTH } from "./limits.ts";

/** Bytes that are not what they should be; thrown and caught inside this room only. */
export class DerError extends Error {
  /** `too-large` when a budget of `limits.ts` is over, not when the form is wrong. */
  readonly kind: ParseProblem["problem"];

  constructor(message: string, kind: ParseProblem["problem"] = "malformed") {
    super(message);
    this.name = "DerError";
    this.kind = kind;
  }
}

/** What a parse function of this room returns instead of a value, for bytes that it cannot take. */
export interface ParseProblem {
  readonly problem: "malformed" | "too-large";
  /** One English phrase for a log or a finding; holds no text of the stranger. */
  readonly detail: string;
}

/** Tells the problem from the parsed value. */
export function isProblem<T extends object>(parsed: T | ParseProblem): parsed is ParseProblem {
  return "problem" in parsed;
}

/** Runs a decoder; its `DerError` becomes a value. Any other exception is a bug and passes. */
export function attempt<T>(decode: () => T): T | ParseProblem {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DerError) return { problem: error.kind, detail: error.message };
    throw error;
  }
}

/** Identifier octets (X.690 §8.1.2) of the universal types that X.509 and CMS use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  generalString: 0x1b,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  constructedOctetString: 0x24,
} as const;

/** Identifier octet of `[number]` when primitive, as an IMPLICIT tag on a simple type has it. */
export function context(number: number): number {
  return 0x80 | number;
}

/** Identifier octet of `[number]` when constructed, as EXPLICIT tags and IMPLICIT ones on SEQUENCE or SET have it. */
export function contextConstructed(number: number): number {
  return 0xa0 | number;
}

/** The rules that the bytes must follow. BER also takes indefinite and non-minimal lengths. */
export type Encoding = "DER" | "BER";

/** One element as it stands in the buffer; both arrays are views. */
export interface Element {
  readonly tag: number;
  /** Identifier, length, contents and, in BER, the end-of-contents octets. */
  readonly raw: Uint8Array;
  readonly content: Uint8Array;
}

/** Reads elements one after the other out of one buffer. */
export class DerReader {
  readonly bytes: Uint8Array;
  readonly encoding: Encoding;
  readonly #end: number;
  #position: number;
  // The element that #header() found: where its contents lie and where the next one starts.
  #contentStart = 0;
  #contentEnd = 0;
  #next = 0;

  constructor(bytes: Uint8Array, encoding: Encoding = "DER", start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.encoding = encoding;
    this.#position = start;
    this.#end = end;
  }

  /** Octets that are left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /** True while there is an element left. */
  more(): boolean {
    return this.#position < this.#end;
  }

  /** Identifier octet of the next element, or -1 at the end. */
  peek(): number {
    return this.#position < this.#end ? this.#at(this.#position) : -1;
  }

  /** The next element, whatever its tag. */
  element(): Element {
    const start = this.#position;
    const tag = this.#header();
    this.#position = this.#next;
    return {
      tag,
      raw: this.bytes.subarray(start, this.#next),
      content: this.bytes.subarray(this.#contentStart, this.#contentEnd),
    };
  }

  /** All octets of the next element, which must have the tag when one is given. */
  raw(what: string, tag?: number): Uint8Array {
    const start = this.#position;
    this.#expect(this.#header(), tag, what);
    this.#position = this.#next;
    return this.bytes.subarray(start, this.#next);
  }

  /** The contents of the next element, which must have this tag. */
  content(tag: number, what: string): Uint8Array {
    this.#expect(this.#header(), tag, what);
    this.#position = this.#next;
    return this.bytes.subarray(this.#contentStart, this.#contentEnd);
  }

  /** A reader over the contents of the next element, which must have this (constructed) tag. */
  enter(tag: number, what: string): DerReader {
    this.#expect(this.#header(), tag, what);
    this.#position = this.#next;
    return new DerReader(this.bytes, this.encoding, this.#contentStart, this.#contentEnd);
  }

  /** As `enter`, or null without moving when the next element has another tag: an OPTIONAL component. */
  enterOptional(tag: number, what: string): DerReader | null {
    return this.peek() === tag ? this.enter(tag, what) : null;
  }

  /** As `content`, or null without moving when the next element has another tag: an OPTIONAL component. */
  contentOptional(tag: number, what: string): Uint8Array | null {
    return this.peek() === tag ? this.content(tag, what) : null;
  }

  /** All octets that are left, taken as they are. */
  rest(): Uint8Array {
    const rest = this.bytes.subarray(this.#position, this.#end);
    this.#position = this.#end;
    return rest;
  }

  /** Nothing may follow: a SEQUENCE with components that its type does not have is refused. */
  finish(what: string): void {
    if (this.more()) throw new DerError(`${what}: something follows at its end`);
  }

  #expect(found: number, wanted: number | undefined, what: string): void {
    if (wanted !== undefined && found !== wanted) {
      throw new DerError(`${what}: tag 0x${hexOctet(wanted)} expected, 0x${hexOctet(found)} found`);
    }
  }

  /** An octet that #header has bounds-checked, or 0 behind the buffer (never reached). */
  #at(offset: number): number {
    return this.bytes[offset] ?? 0;
  }

  /** Decodes identifier and length at the position, returns the identifier octet (X.690 §8.1.2, §8.1.3). */
  #header(): number {
    const tag = this.#definiteHeader(this.#position, this.#end);
    if (this.#contentEnd >= 0) return tag;
    // Indefinite length (X.690 §8.1.3.6): legal in BER for constructed encodings only.
    if (this.encoding === "DER") throw new DerError("indefinite length in DER");
    if ((tag & 0x20) === 0) throw new DerError("indefinite length of a primitive element");
    const start = this.#contentStart;
    const close = this.#endOfContents(start, this.#end);
    this.#contentStart = start;
    this.#contentEnd = close;
    this.#next = close + 2;
    return tag;
  }

  /** As #header, but an indefinite length is left open: #contentEnd is then -1. */
  #definiteHeader(start: number, end: number): number {
    let at = start;
    if (at >= end) throw new DerError("an element is missing");
    const tag = this.#at(at++);
    if ((tag & 0x1f) === 0x1f) {
      // High tag numbers (X.690 §8.1.2.4) are in no type that is decoded here; they are skipped, four octets at most.
      const last = at + 4;
      while (at < end && (this.#at(at) & 0x80) !== 0 && at < last) at++;
      at++;
    }
    if (at >= end) throw new DerError("the element is cut off");
    let length = this.#at(at++);
    if (length === 0x80) {
      this.#contentStart = at;
      this.#contentEnd = -1;
      return tag;
    }
    if (length > 0x80) {
      const octets = length & 0x7f;
      // Four octets say 4 GiB; BER may pad with zeros in front, DER may not (X.690 §10.1).
      if (octets > (this.encoding === "DER" ? 4 : 8)) throw new DerError("the length has too many octets");
      if (at + octets > end) throw new DerError("the element is cut off");
      length = 0;
      for (let index = 0; index < octets; index++) length = length * 256 + this.#at(at + index);
      if (this.encoding === "DER" && (length < 0x80 || this.#at(at) === 0)) {
        throw new DerError("the length is not the shortest (X.690 §10.1)");
      }
      at += octets;
    }
    if (length > end - at) throw new DerError("the element is longer than what holds it");
    this.#contentStart = at;
    this.#contentEnd = at + length;
    this.#next = at + length;
    return tag;
  }

  /**
   * Offset of the end-of-contents octets that close an indefinite length opened before `start`. Definite elements are
   * jumped over, only nested indefinite ones are counted: one pass, no stack.
   */
  #endOfContents(start: number, end: number): number {
    let at = start;
    let open = 1;
    while (at + 2 <= end) {
      if (this.#at(at) === 0 && this.#at(at + 1) === 0) {
        if (--open === 0) return at;
        at += 2;
        continue;
      }
      this.#definiteHeader(at, end);
      if (this.#contentEnd >= 0) {
        at = this.#next;
      } else {
        if (++open > MAX_INDEFINITE_DEPTH) throw new DerError("nested too deep", "too-large");
        at = this.#contentStart;
      }
    }
    throw new DerError("the end-of-contents octets are missing");
  }
}

/** A reader over bytes that hold exactly one element with this tag (DER, nothing before or behind it). */
export function enterOnly(bytes: Uint8Array, tag: number, what: string): DerReader {
  const outer = new DerReader(bytes);
  const inner = outer.enter(tag, what);
  outer.finish(what);
  return inner;
}

/** Blank octets that editors, shells and web servers put behind a file: tab, line feed, carriage return, space. */
const BLANKS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x20]);

/**
 * The one element with this tag that a file or an answer holds, as a reader for BER and its octets. Departs from X.690 §10.1 in
 * that the lengths outside of what is signed need not be the shortest, and in that blanks may follow, as many servers
 * and tools leave them; what is signed must be read as DER, and nothing else may follow.
 * @throws DerError
 */
export function enterOutermost(
  bytes: Uint8Array,
  tag: number,
  what: string,
): { readonly raw: Uint8Array; readonly inner: DerReader } {
  const outer = new DerReader(bytes, "BER");
  const raw = outer.raw(what, tag);
  if (outer.rest().some((octet) => !BLANKS.has(octet)))
    throw new DerError(`${what}: something follows at its end`);
  return { raw, inner: new DerReader(raw, "BER").enter(tag, what) };
}

/** The bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** Equal lengths and octets. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

function hexOctet(value: number): string {
  return (value < 0 ? 0 : value).toString(16).padStart(2, "0");
}
