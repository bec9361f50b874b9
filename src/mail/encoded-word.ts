import { isControl, withoutControls } from "./characters.ts";
import { type Decoder, textDecoder } from "./charset.ts";
import { LIMITS } from "./limits.ts";

// RFC 2047 §2, with the language suffix of RFC 2231 §5. Each class excludes the next delimiter, so this is
// linear.
const ENCODED_WORD = /=\?([^?*\s]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?\s]*)\?=/g;

interface Word {
  readonly charset: string;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * Decodes RFC 2047 encoded words in an unfolded field body.
 *
 * White space between two adjacent encoded words goes (RFC 2047 §6.2). Neighbours of one charset are joined
 * before decoding, because mailers split multi-byte characters there against §5 (3). A word of an unknown
 * charset, or with broken base64, stays as it stands. Departs from RFC 2047 §5: a word is decoded also where
 * no white space separates it from other text, because common mailers write it so.
 *
 * @param body an unfolded field body
 * @returns the text; it may contain any character, control characters too: the sink escapes
 */
export function decodeEncodedWords(body: string): string {
  if (!body.includes("=?")) return body;
  const pieces: string[] = [];
  const decoders = new Map<string, Decoder | null>();
  let at = 0;
  for (const run of runsOf(wordsOf(body), body)) {
    const first = run[0];
    const last = run[run.length - 1];
    if (first === undefined || last === undefined) continue;
    const decoder = decoderFor(first.charset, decoders);
    if (decoder === null) continue;
    const between = body.slice(at, first.start);
    const joins = pieces.length > 0 && isWhite(between);
    if (!joins) pieces.push(between);
    pieces.push(decoder.decode(Buffer.concat(run.map((word) => word.bytes))));
    at = last.end;
  }
  pieces.push(body.slice(at));
  return pieces.join("");
}

/**
 * Spells a text for an unstructured field or a display name: as it stands when it is plain printable ASCII,
 * else as UTF-8 encoded words of at most 60 characters (RFC 2047 §2), B or Q whichever is shorter. Words are
 * parted by one space, where the writer may fold. Control characters become spaces, so that no text can carry
 * a line end.
 *
 * @param text any text
 * @returns printable ASCII only
 */
export function encodeWords(text: string): string {
  const clean = withoutControls(text);
  if (!needsEncoding(clean)) return clean;
  const q = chunks(clean, (piece) => qEncode(piece).length).map((piece) => `=?utf-8?Q?${qEncode(piece)}?=`);
  const b = chunks(clean, (piece) => base64Length(piece)).map(
    (piece) => `=?utf-8?B?${Buffer.from(piece, "utf8").toString("base64")}?=`,
  );
  const [asQ, asB] = [q.join(" "), b.join(" ")];
  return asQ.length <= asB.length ? asQ : asB;
}

function wordsOf(body: string): Word[] {
  const words: Word[] = [];
  for (const match of body.matchAll(ENCODED_WORD)) {
    if (words.length >= LIMITS.encodedWords) break;
    const [whole, charset = "", encoding = "", text = ""] = match;
    const bytes = encoding.toLowerCase() === "q" ? decodeQ(text) : decodeB(text);
    if (bytes !== null) {
      words.push({
        charset: charset.toLowerCase(),
        bytes,
        start: match.index,
        end: match.index + whole.length,
      });
    }
  }
  return words;
}

/** Groups neighbours (nothing or white space between them) of one charset. */
function runsOf(words: readonly Word[], body: string): Word[][] {
  const runs: Word[][] = [];
  let previous: Word | null = null;
  for (const word of words) {
    const run = runs[runs.length - 1];
    const joined =
      previous !== null && previous.charset === word.charset && isWhite(body.slice(previous.end, word.start));
    if (joined && run !== undefined) run.push(word);
    else runs.push([word]);
    previous = word;
  }
  return runs;
}

function isWhite(text: string): boolean {
  return !/[^ \t\r\n]/.test(text);
}

function decoderFor(charset: string, known: Map<string, Decoder | null>): Decoder | null {
  const found = known.get(charset);
  if (found !== undefined) return found;
  const decoder = textDecoder(charset);
  known.set(charset, decoder);
  return decoder;
}

/** RFC 2047 §4.2: "_" is a space, "=XX" a byte; a broken escape stays. */
function decodeQ(text: string): Buffer {
  const octets = Buffer.from(text, "utf8").toString("latin1");
  const plain = octets
    .replace(/_/g, " ")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, "latin1");
}

function decodeB(text: string): Buffer | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return Buffer.from(text, "base64");
}

function needsEncoding(text: string): boolean {
  if (text.includes("=?")) return true; // else a reader would decode what was meant literally
  return /[^\x20-\x7e]/.test(text) || text.split(" ").some((word) => word.length > 900);
}

/** RFC 2047 §2 allows 75, but the first word shares its line of 76 with the field's name. */
const CHUNK = 60 - "=?utf-8?Q??=".length;

/** Cuts between characters so that each piece's encoded length fits into one word (RFC 2047 §5 (3)). */
function chunks(text: string, length: (piece: string) => number): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (const character of text) {
    if (length(piece + character) > CHUNK) {
      pieces.push(piece);
      piece = "";
    }
    piece += character;
  }
  pieces.push(piece);
  return pieces;
}

function base64Length(text: string): number {
  return Math.ceil(Buffer.byteLength(text, "utf8") / 3) * 4;
}

/** RFC 2047 §5 (3): the alphabet that is safe also in a phrase. */
function qEncode(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const character = String.fromCharCode(byte);
    if (byte === 0x20) encoded += "_";
    else if (!isControl(byte) && /[A-Za-z0-9!*+\-/]/.test(character)) encoded += character;
    else encoded += `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
