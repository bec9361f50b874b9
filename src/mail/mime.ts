import { bufferOf } from "./bytes.ts";
import { isBlank } from "./characters.ts";
import { contentEnd, type Delimiter, endBefore, OpenBoundaries, usableBoundary } from "./delimiter.ts";
import { decodeEncodedWords } from "./encoded-word.ts";
import { fieldsNamed, firstField, type HeaderField, type HeaderProblem, parseHeader } from "./header.ts";
import { firstToken, TSPECIALS } from "./lexer.ts";
import { LIMITS } from "./limits.ts";
import { type MediaType, parseDisposition, parseMediaType } from "./media-type.ts";

/** One entity of a message: the message itself, or a body part. All offsets are into the raw message. */
export interface MimePart {
  /** `text/plain` when the field is missing or unreadable (RFC 2045 §5.2). */
  readonly mediaType: MediaType;
  /** Lower case (`attachment`), null when there is no Content-Disposition. */
  readonly disposition: string | null;
  /** Decoded (RFC 2231, RFC 2047) from the disposition, else from the media type. A stranger's text. */
  readonly fileName: string | null;
  /** Content-Transfer-Encoding in lower case; `7bit` when the field is missing (RFC 2045 §6.1). */
  readonly transferEncoding: string;
  readonly fields: readonly HeaderField[];
  /** The first byte of the part's header: the signed bytes of RFC 1847 are `[start, end)`. */
  readonly start: number;
  /** The first byte after the empty line. */
  readonly bodyStart: number;
  /** The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1), so it is not in the part. */
  readonly end: number;
  /** Children of a multipart, empty for a leaf. `message/rfc822` is a leaf. */
  readonly parts: readonly MimePart[];
  /** The boundary when this was read as a multipart, else null. */
  readonly boundary: string | null;
  /** False for a multipart whose close delimiter is missing. */
  readonly closed: boolean;
  /**
   * Whether text stands before the first or after the last delimiter; clients do not show it, no part holds
   * it.
   */
  readonly hasPreamble: boolean;
  readonly hasEpilogue: boolean;
  /** Why readers disagree on what this part is, or null. Its own bytes are not in doubt. */
  readonly defect: MimeDefect | null;
}

/** What is wrong with the Content-Type of one part. */
export type MimeDefect =
  /** A multipart without a usable boundary; read as a leaf. */
  | "no-boundary"
  /**
   * Content-Type is there twice with different values, or its boundary is: readers disagree on the structure.
   */
  | "ambiguous-content-type";

export type MimeProblem = HeaderProblem | "too-deep" | "too-many-parts" | MimeDefect;

/** A message as a tree of parts. */
export interface MimeMessage {
  readonly root: MimePart;
  /** A budget that is used up: the tree is cut there. Else the defect of the root; those of its parts stand there. */
  readonly problem: MimeProblem | null;
  /** Lines in headers that were no field (see parseHeader). */
  readonly defects: number;
}

/**
 * Finds the parts of a message in one pass over its lines (RFC 2046 §5.1), without decoding or copying a
 * body.
 *
 * A delimiter stands at the start of a line: `--`, the boundary, `--` if it closes, blanks, then CRLF, LF or
 * the end. Departs from RFC 2046 §5.1.1, which lets a line that merely begins with the boundary match: mailers
 * make boundaries that are prefixes of each other, and inner parts would end outer ones. A delimiter of an outer
 * multipart ends all inner ones; of two multiparts with one boundary the outer one gets the delimiter.
 * Linear, whatever the boundaries are.
 *
 * @param raw the whole message; bare LF and CRLF may be mixed
 * @returns never throws
 */
export function parseMime(raw: Uint8Array): MimeMessage {
  const reader = new MimeReader(bufferOf(raw));
  reader.read();
  const root = finished(reader.root);
  return { root, problem: reader.problem ?? root.defect, defects: reader.defects };
}

/** A part while it is read. */
interface OpenPart {
  readonly start: number;
  readonly parent: OpenPart | null;
  readonly depth: number;
  readonly parts: OpenPart[];
  mediaType: MediaType;
  fields: readonly HeaderField[];
  bodyStart: number;
  end: number;
  boundary: string | null;
  closed: boolean;
  hasPreamble: boolean;
  hasEpilogue: boolean;
  defect: MimeDefect | null;
}

type Place = "header" | "preamble" | "body" | "epilogue";

const LF = 0x0a;
const PLAIN_TEXT = parsedType("text/plain");

class MimeReader {
  readonly root: OpenPart = openPart(0, null);
  problem: MimeProblem | null = null;
  defects = 0;
  readonly #raw: Buffer;
  readonly #boundaries = new OpenBoundaries<OpenPart>();
  #part: OpenPart = this.root;
  #place: Place = "header";
  #partCount = 0;
  #fieldCount = 0;

  constructor(raw: Buffer) {
    this.#raw = raw;
  }

  read(): void {
    const raw = this.#raw;
    let at = 0;
    while (at < raw.length) {
      const found = raw.indexOf(LF, at);
      const next = found < 0 ? raw.length : found + 1;
      const stop = !this.#line(at, contentEnd(raw, at, next), next);
      if (stop) break;
      at = next;
    }
    if (this.#place === "header") this.#closeHeader(raw.length);
    this.#endUpTo(null, raw.length);
  }

  /** @returns false when a budget is used up */
  #line(start: number, end: number, next: number): boolean {
    const delimiter = this.#boundaries.find(this.#raw, start, end);
    if (delimiter !== null) return this.#delimiter(delimiter, start, next);
    if (this.#place === "header") {
      if (end === start) return this.#closeHeader(next);
      if (next - this.#part.start > LIMITS.headerBytes) {
        return this.#closeHeader(next) && this.#fail("header-too-large"); // the fields until there are kept
      }
    } else if (this.#place === "preamble") {
      this.#part.hasPreamble ||= !isBlankRange(this.#raw, start, end);
    } else if (this.#place === "epilogue") {
      this.#part.hasEpilogue ||= !isBlankRange(this.#raw, start, end);
    }
    return true;
  }

  #delimiter({ owner, closes }: Delimiter<OpenPart>, start: number, next: number): boolean {
    const before = endBefore(this.#raw, start);
    if (this.#place === "header" && !this.#closeHeader(before)) return false;
    this.#endUpTo(owner, before);
    this.#part = owner;
    if (closes) {
      owner.closed = true;
      this.#boundaries.close(owner);
      this.#place = "epilogue";
      return true;
    }
    this.#partCount += 1;
    if (this.#partCount > LIMITS.mimeParts) return this.#fail("too-many-parts");
    const part = openPart(next, owner);
    owner.parts.push(part);
    this.#part = part;
    this.#place = "header";
    return true;
  }

  /** Ends the current part and its ancestors below `owner`. */
  #endUpTo(owner: OpenPart | null, end: number): void {
    for (let part: OpenPart | null = this.#part; part !== owner && part !== null; part = part.parent) {
      // An empty part: its last line end, or the empty line itself, is the delimiter's (RFC 2046 §5.1.1).
      part.end = Math.max(part.start, end);
      part.bodyStart = Math.min(part.bodyStart, part.end);
      this.#boundaries.close(part);
    }
  }

  /** The header of the current part ends before `bodyStart`. */
  #closeHeader(bodyStart: number): boolean {
    const part = this.#part;
    part.bodyStart = Math.max(part.start, bodyStart);
    const header = parseHeader(this.#raw, part.start, part.bodyStart);
    part.fields = header.fields;
    this.#place = "body";
    this.defects += header.defects;
    this.#fieldCount += header.fields.length;
    if (header.problem !== null) return this.#fail(header.problem);
    if (this.#fieldCount > LIMITS.messageFields) return this.#fail("too-many-fields");
    part.mediaType = this.#mediaTypeOf(part);
    return !part.mediaType.type.startsWith("multipart/") || this.#openMultipart(part);
  }

  #mediaTypeOf(part: OpenPart): MediaType {
    const [first, ...others] = fieldsNamed(part.fields, "Content-Type");
    if (others.some((other) => other.body !== first?.body)) part.defect = "ambiguous-content-type";
    const written = first === undefined ? null : parseMediaType(first.body);
    if (written !== null) return written;
    // RFC 2046 §5.1.5: parts of a digest are messages unless they say otherwise.
    const inDigest = first === undefined && part.parent?.mediaType.type === "multipart/digest";
    return inDigest ? parsedType("message/rfc822") : PLAIN_TEXT;
  }

  #openMultipart(part: OpenPart): boolean {
    if (part.mediaType.repeated.has("boundary")) part.defect = "ambiguous-content-type";
    const boundary = usableBoundary(part.mediaType);
    if (boundary === null) {
      part.defect ??= "no-boundary";
      return true;
    }
    if (part.depth >= LIMITS.mimeDepth) return this.#fail("too-deep");
    part.boundary = boundary;
    part.closed = false;
    this.#boundaries.open(part);
    this.#place = "preamble";
    return true;
  }

  /** Budgets outrank defects: they say that the tree is not whole. */
  #fail(problem: MimeProblem): false {
    this.problem = problem;
    this.#place = "body";
    return false;
  }
}

function openPart(start: number, parent: OpenPart | null): OpenPart {
  const depth = parent === null ? 0 : parent.depth + 1;
  const [bodyStart, end] = [start, start];
  const state = { boundary: null, closed: true, hasPreamble: false, hasEpilogue: false, defect: null };
  return { start, parent, depth, parts: [], mediaType: PLAIN_TEXT, fields: [], bodyStart, end, ...state };
}

/** Depth is bounded by LIMITS.mimeDepth, so recursion is. */
function finished(part: OpenPart): MimePart {
  const disposition = parseDisposition(firstField(part.fields, "Content-Disposition")?.body ?? "");
  const fileName = disposition?.parameters.get("filename") ?? part.mediaType.parameters.get("name") ?? null;
  return {
    mediaType: part.mediaType,
    disposition: disposition?.disposition ?? null,
    // Departs from RFC 2047 §5 (3): Outlook puts encoded words into parameters.
    fileName: fileName === null ? null : decodeEncodedWords(fileName),
    transferEncoding: transferEncodingOf(part.fields),
    fields: part.fields,
    start: part.start,
    bodyStart: part.bodyStart,
    end: part.end,
    parts: part.parts.map(finished),
    boundary: part.boundary,
    closed: part.closed,
    hasPreamble: part.hasPreamble,
    hasEpilogue: part.hasEpilogue,
    defect: part.defect,
  };
}

function transferEncodingOf(fields: readonly HeaderField[]): string {
  const body = firstField(fields, "Content-Transfer-Encoding")?.body ?? "";
  const token = firstToken(body, TSPECIALS);
  return token === null ? "7bit" : token.text.toLowerCase();
}

function parsedType(type: string): MediaType {
  return { type, parameters: new Map(), repeated: new Set() };
}

function isBlankRange(raw: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (!isBlank(raw[at] ?? 0)) return false;
  return true;
}
