import { bufferOf } from "./bytes.ts";

export type EncodingProblem = "base64" | "quoted-printable" | "encoding-unknown";

/** A decoded body. With a problem the bytes go as far as they could be read. */
export interface DecodedBody {
  readonly bytes: Buffer;
  readonly problem: EncodingProblem | null;
  /** What stands behind the end of base64 data, as it is written; left out where nothing does. */
  readonly rest?: Buffer;
}

/** What of a MIME part decodeBody needs. */
export interface EncodedRange {
  /** Lower case. */
  readonly transferEncoding: string;
  readonly bodyStart: number;
  readonly end: number;
}

/**
 * Undoes the Content-Transfer-Encoding of a part (RFC 2045 §6).
 *
 * @param raw the whole message
 * @param part a leaf of parseMime
 * @returns for 7bit, 8bit, binary and unknown encodings a view of `raw`, else new bytes
 */
export function decodeBody(raw: Uint8Array, part: EncodedRange): DecodedBody {
  const body = bufferOf(raw).subarray(part.bodyStart, part.end);
  switch (part.transferEncoding) {
    case "":
    case "7bit":
    case "8bit":
    case "binary":
      return { bytes: body, problem: null };
    case "base64":
      return decodeBase64(body);
    case "quoted-printable":
      return decodeQuotedPrintable(body);
    default:
      return { bytes: body, problem: "encoding-unknown" };
  }
}

const PAD = 0x3d;
const BLANKS = new Set([0x20, 0x09, 0x0d, 0x0a]);
const BASE64_BYTES = byteTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

function byteTable(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters, "latin1")) table[byte] = 1;
  return table;
}

/**
 * RFC 2045 §6.8. Line ends and blanks are passed over. Departs from §6.8, which ignores every other foreign
 * byte too, because decoders that skip it and decoders that stop there see different contents: here it ends
 * the data and is a problem (§6.8 allows the rejection).
 */
function decodeBase64(body: Buffer): DecodedBody {
  let at = 0;
  let digits = 0;
  for (; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (BASE64_BYTES[byte] === 1) digits += 1;
    else if (!BLANKS.has(byte)) break;
  }
  let after = at;
  while (after < body.length && (body[after] === PAD || BLANKS.has(body[after] ?? 0))) after += 1;
  const bytes = Buffer.from(body.toString("latin1", 0, at), "base64");
  // A missing "=" loses nothing; a single left-over digit does.
  if (after < body.length) return { bytes, problem: "base64", rest: body.subarray(after) };
  return { bytes, problem: digits % 4 === 1 ? "base64" : null };
}

/** RFC 2045 §6.7. A broken escape stays literally (rule (2), note) and is a problem. */
function decodeQuotedPrintable(body: Buffer): DecodedBody {
  const target = Buffer.allocUnsafe(body.length);
  let to = 0;
  let keep = 0; // what stands before this is no trailing blank
  let broken = false;
  for (let at = 0; at < body.length; ) {
    const byte = body[at] ?? 0;
    if (byte === PAD) {
      const soft = softBreakEnd(body, at + 1);
      const value = hexByte(body, at + 1);
      if (soft !== null) at = soft;
      else if (value !== null) {
        target[to++] = value;
        at += 3;
      } else {
        broken = true;
        target[to++] = byte;
        at += 1;
      }
      keep = to;
      continue;
    }
    if (byte === 0x0a || (byte === 0x0d && body[at + 1] === 0x0a)) to = keep; // rule (3): trailing blanks go
    target[to++] = byte;
    at += 1;
    if (byte !== 0x20 && byte !== 0x09) keep = to;
  }
  return { bytes: target.subarray(0, keep), problem: broken ? "quoted-printable" : null };
}

/** Rule (5): "=" at the line's end, blanks after it tolerated (rule (3)); at the very end too. */
function softBreakEnd(body: Buffer, from: number): number | null {
  let at = from;
  while (body[at] === 0x20 || body[at] === 0x09) at += 1;
  if (at >= body.length) return at;
  if (body[at] === 0x0a) return at + 1;
  return body[at] === 0x0d && body[at + 1] === 0x0a ? at + 2 : null;
}

function hexByte(body: Buffer, at: number): number | null {
  const high = hexDigit(body[at]);
  const low = hexDigit(body[at + 1]);
  return high === null || low === null ? null : high * 16 + low;
}

function hexDigit(byte: number | undefined): number | null {
  if (byte === undefined) return null;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20; // lower case is forbidden to encoders, but common
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : null;
}
