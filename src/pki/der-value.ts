/**
 * The simple ASN.1 values out of a `DerReader`: INTEGER, BOOLEAN, OBJECT IDENTIFIER, BIT STRING, OCTET STRING, times.
 * Each function takes the reader in front of the element and a word for the error; all throw `DerError`.
 */
import { DerError, type DerReader, equalBytes, TAG, toHex } from "./der.ts";
import { MAX_OID_BYTES, MAX_STRING_DEPTH } from "./limits.ts";

/** The contents of an INTEGER (two's complement, big-endian), checked to be the shortest in DER (X.690 §8.3.2). */
export function integerBytes(reader: DerReader, what: string, tag: number = TAG.integer): Uint8Array {
  const content = reader.content(tag, what);
  const [first, second] = content;
  if (first === undefined) throw new DerError(`${what}: an INTEGER without octets`);
  if (second !== undefined && reader.encoding === "DER") {
    const padded = (first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80);
    if (padded) throw new DerError(`${what}: an INTEGER that is not the shortest (X.690 §8.3.2)`);
  }
  return content;
}

/** An INTEGER as lower-case hex of its contents without the sign octet `00`, as certificates' serials are kept. */
export function integerHex(reader: DerReader, what: string): string {
  return hexOfInteger(integerBytes(reader, what));
}

/**
 * The hex of an INTEGER's contents, without sign octet (and, in BER, without padding). A negative one, as some old CAs
 * gave to certificates, is `-` and the hex of its amount: -1 is not 255, on CRLs above all (PKITS 4.4.14, 4.4.15).
 */
export function hexOfInteger(content: Uint8Array): string {
  if ((content[0] ?? 0) >= 0x80) {
    const amount = -BigInt.asIntN(content.length * 8, BigInt(`0x${toHex(content)}`));
    const hex = amount.toString(16);
    return `-${hex.length % 2 === 0 ? hex : `0${hex}`}`;
  }
  let start = 0;
  while (start < content.length - 1 && content[start] === 0) start++;
  return toHex(content.subarray(start));
}

/** An INTEGER (or ENUMERATED) from 0 to 2^31-1 as a number. */
export function smallInteger(reader: DerReader, what: string, tag: number = TAG.integer): number {
  const content = integerBytes(reader, what, tag);
  if (content.length > 4 || (content[0] ?? 0) >= 0x80) throw new DerError(`${what}: out of range`);
  return content.reduce((value, octet) => value * 256 + octet, 0);
}

/** BOOLEAN: one octet, FF for true in DER (X.690 §11.1). */
export function boolean(reader: DerReader, what: string, tag: number = TAG.boolean): boolean {
  const content = reader.content(tag, what);
  const [value] = content;
  if (value === undefined || content.length !== 1)
    throw new DerError(`${what}: BOOLEAN of ${content.length} octets`);
  if (value !== 0 && value !== 0xff && reader.encoding === "DER") {
    throw new DerError(`${what}: BOOLEAN is neither 00 nor FF (X.690 §11.1)`);
  }
  return value !== 0;
}

/**
 * BOOLEAN, whatever octet stands for true. Departs from X.690 §11.1 (FF in DER) because some CAs write 01, which every
 * reader takes for true.
 */
export function anyBoolean(reader: DerReader, what: string): boolean {
  const content = reader.content(TAG.boolean, what);
  if (content.length !== 1) throw new DerError(`${what}: BOOLEAN of ${content.length} octets`);
  return content[0] !== 0;
}

/** OBJECT IDENTIFIER in dotted text. */
export function oid(reader: DerReader, what: string, tag: number = TAG.oid): string {
  return oidText(reader.content(tag, what), what);
}

/** The dotted text of an OBJECT IDENTIFIER's contents (X.690 §8.19). Arcs beyond 2^53 (UUIDs under 2.25) are exact. */
export function oidText(content: Uint8Array, what: string): string {
  if (content.length === 0 || content.length > MAX_OID_BYTES)
    throw new DerError(`${what}: OID of ${content.length} octets`);
  const arcs: string[] = [];
  let small = 0;
  let large = 0n;
  let octets = 0;
  for (const octet of content) {
    if (octets === 0 && octet === 0x80)
      throw new DerError(`${what}: OID arc is not the shortest (X.690 §8.19.2)`);
    octets++;
    // Seven octets fit a double; only longer arcs pay for BigInt.
    if (octets <= 7) small = small * 128 + (octet & 0x7f);
    else large = (octets === 8 ? BigInt(small) : large) * 128n + BigInt(octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    if (arcs.length > 0) arcs.push(String(octets <= 7 ? small : large));
    else if (octets <= 7) arcs.push(firstArcs(small));
    else arcs.push(`2.${large - 80n}`);
    octets = 0;
    small = 0;
  }
  if (octets !== 0) throw new DerError(`${what}: OID is cut off`);
  return arcs.join(".");
}

/** The first subidentifier holds two arcs, 40 × first + second, where the first is 0, 1 or 2 (X.690 §8.19.4). */
function firstArcs(subidentifier: number): string {
  const first = Math.min(2, Math.floor(subidentifier / 40));
  return `${first}.${subidentifier - first * 40}`;
}

/** A BIT STRING's octets and how many bits of the last one do not count. */
export interface BitString {
  readonly bytes: Uint8Array;
  readonly unused: number;
}

/** BIT STRING, primitive; unused bits must be zero in DER (X.690 §11.2.1). */
export function bitString(reader: DerReader, what: string, tag: number = TAG.bitString): BitString {
  const content = reader.content(tag, what);
  const [unused] = content;
  if (unused === undefined || unused > 7 || (unused > 0 && content.length === 1)) {
    throw new DerError(`${what}: BIT STRING with a wrong count of unused bits`);
  }
  const last = content[content.length - 1] ?? 0;
  if (unused > 0 && (last & ((1 << unused) - 1)) !== 0) {
    throw new DerError(`${what}: unused bits of a BIT STRING are set (X.690 §11.2.1)`);
  }
  return { bytes: content.subarray(1), unused };
}

/** A BIT STRING that holds whole octets: keys and signatures. */
export function bitStringOctets(reader: DerReader, what: string): Uint8Array {
  const { bytes, unused } = bitString(reader, what);
  if (unused !== 0) throw new DerError(`${what}: BIT STRING is no whole number of octets`);
  return bytes;
}

/**
 * A signatureValue. No algorithm gives odd bits: such a value can never be right, so it comes back empty and fails the
 * check, while what it signs stays readable.
 */
export function signatureOctets(reader: DerReader): Uint8Array {
  const { bytes, unused } = bitString(reader, "signatureValue");
  return unused === 0 ? bytes : bytes.subarray(0, 0);
}

/**
 * The numbers of the bits that are set in a named bit list. Departs from X.690 §11.2.2 because many CAs leave
 * trailing zero bits; they change nothing.
 */
export function namedBits(reader: DerReader, what: string, tag: number = TAG.bitString): number[] {
  const { bytes } = bitString(reader, what, tag);
  const set: number[] = [];
  // No named bit list of RFC 5280 has more than 9 bits; the second octet ends what can have a name.
  for (let bit = 0; bit < Math.min(bytes.length, 2) * 8; bit++) {
    if (((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) set.push(bit);
  }
  return set;
}

/**
 * OCTET STRING. In BER it may come in pieces (X.690 §8.7.3), which are joined into one buffer; a string in one piece
 * is a view.
 */
export function octetString(reader: DerReader, what: string): Uint8Array {
  if (reader.encoding === "DER" || reader.peek() !== TAG.constructedOctetString) {
    return reader.content(TAG.octetString, what);
  }
  return joinPieces(reader.enter(TAG.constructedOctetString, what), what);
}

/**
 * Joins the pieces of a constructed OCTET STRING, nested ones too, with a stack of its own. The buffer has the length
 * of the encoded pieces, which is never shorter than what they hold.
 */
function joinPieces(pieces: DerReader, what: string): Uint8Array {
  const joined = Buffer.allocUnsafe(pieces.remaining);
  let length = 0;
  const stack = [pieces];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    if (!top.more()) {
      stack.pop();
    } else if (top.peek() === TAG.constructedOctetString) {
      if (stack.length >= MAX_STRING_DEPTH) throw new DerError(`${what}: nested too deep`, "too-large");
      stack.push(top.enter(TAG.constructedOctetString, what));
    } else {
      const piece = top.content(TAG.octetString, what);
      joined.set(piece, length);
      length += piece.length;
    }
  }
  return joined.subarray(0, length);
}

/** NULL: contents must be empty. */
export function isNull(der: Uint8Array): boolean {
  return equalBytes(der, NULL_DER);
}

const NULL_DER = Uint8Array.of(TAG.null, 0);
