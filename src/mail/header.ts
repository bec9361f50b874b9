import { isUtf8 } from "node:buffer";
import { bufferOf } from "./bytes.ts";
import { asciiLowerCase, isBlank, trimBlanks } from "./characters.ts";
import { LIMITS } from "./limits.ts";

/** One header field, with its place in the raw message. */
export interface HeaderField {
  /** The name as it was written. */
  readonly name: string;
  /** Unfolded and trimmed; UTF-8 when the bytes are valid UTF-8 (RFC 6532), else read as ISO 8859-1. */
  readonly body: string;
  /** Offset of the first byte of the name. */
  readonly start: number;
  /** Offset after the field's last line end. */
  readonly end: number;
}

export type HeaderProblem = "header-too-large" | "too-many-fields";

/** A header: its fields from the top, and where the body begins. */
export interface Header {
  readonly fields: readonly HeaderField[];
  /** Offset after the empty line; the end of the range when there is none. */
  readonly bodyStart: number;
  readonly problem: HeaderProblem | null;
  /** How many lines were neither a field nor part of one, and were left out. */
  readonly defects: number;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/**
 * Reads a header (RFC 5322 §2.2). Lines end with CRLF or bare LF. An mbox `From ` line at the very start is
 * skipped. A line that is no field (no colon, or a name that is none) is skipped with its continuation lines
 * and counted, so that it never becomes part of the field above it. The header ends at the first empty line;
 * a header without one fills the range, and the body is empty.
 *
 * @param raw the whole message
 * @param start offset of the first header byte
 * @param end offset where the header must have ended at the latest
 * @returns never throws; over budget what was read so far, with a problem
 */
export function parseHeader(raw: Uint8Array, start: number, end: number): Header {
  const bytes = bufferOf(raw);
  const fields: HeaderField[] = [];
  const limit = Math.min(end, start + LIMITS.headerBytes);
  let defects = 0;
  let at = start;
  while (at < limit) {
    const next = nextLine(bytes, at, limit);
    if (lineLength(bytes, at, next) === 0) return { fields, bodyStart: next, problem: null, defects };
    let after = next;
    while (after < limit && isBlank(bytes[after] ?? 0)) after = nextLine(bytes, after, limit);
    if (after >= limit && limit < end) break; // cut by the budget: the last field is not whole
    const field = parseField(bytes, at, after);
    if (field !== null) fields.push(field);
    else if (at !== start || !isMboxLine(bytes, at)) defects += 1;
    if (fields.length > LIMITS.headerFields) {
      return { fields, bodyStart: after, problem: "too-many-fields", defects };
    }
    at = after;
  }
  return { fields, bodyStart: at, problem: limit < end ? "header-too-large" : null, defects };
}

/**
 * The fields of a name, from the top.
 *
 * @param name compared without regard to ASCII case (RFC 5322 §1.2.2)
 */
export function fieldsNamed(fields: readonly HeaderField[], name: string): HeaderField[] {
  return fields.filter(nameTest(name));
}

/** The topmost field of a name, or null. */
export function firstField(fields: readonly HeaderField[], name: string): HeaderField | null {
  return fields.find(nameTest(name)) ?? null;
}

function nameTest(name: string): (field: HeaderField) => boolean {
  const wanted = asciiLowerCase(name);
  // Most names differ in their length already, and a header is asked for dozens of them.
  return (field) => field.name.length === wanted.length && asciiLowerCase(field.name) === wanted;
}

function nextLine(bytes: Buffer, at: number, limit: number): number {
  const found = bytes.indexOf(LF, at);
  return found < 0 || found >= limit ? limit : found + 1;
}

function lineLength(bytes: Buffer, at: number, next: number): number {
  let end = next;
  if (end > at && bytes[end - 1] === LF) {
    end -= 1;
    if (end > at && bytes[end - 1] === CR) end -= 1;
  }
  return end - at;
}

function parseField(bytes: Buffer, start: number, end: number): HeaderField | null {
  let nameEnd = start;
  // RFC 5322 §3.6.8: a name is printable US-ASCII without the colon.
  while (nameEnd < end && isNameByte(bytes[nameEnd] ?? 0)) nameEnd += 1;
  if (nameEnd === start) return null;
  let colon = nameEnd;
  while (colon < end && isBlank(bytes[colon] ?? 0)) colon += 1; // RFC 5322 §4.5: blanks before the colon
  if (bytes[colon] !== COLON || colon >= end) return null;
  const name = bytes.toString("latin1", start, nameEnd);
  return { name, body: unfold(bytes.subarray(colon + 1, start + lineLength(bytes, start, end))), start, end };
}

function isNameByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && byte !== COLON;
}

/** RFC 5322 §2.2.3: only the line end before a blank goes, the blank itself stays. */
function unfold(bytes: Buffer): string {
  const text = isUtf8(bytes) ? bytes.toString("utf8") : bytes.toString("latin1");
  return trimBlanks(text.replace(/\r?\n(?=[ \t])/g, ""));
}

function isMboxLine(bytes: Buffer, at: number): boolean {
  return bytes.toString("latin1", at, at + 5) === "From ";
}
