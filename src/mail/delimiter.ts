import { isBlank } from "./characters.ts";
import { LIMITS } from "./limits.ts";
import type { MediaType } from "./media-type.ts";

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;

/** A multipart whose delimiters are looked for. */
export interface BoundaryOwner {
  /** How many multiparts are around it. */
  readonly depth: number;
  readonly boundary: string | null;
}

/** A delimiter line: whose it is, and whether it is the closing one. */
export interface Delimiter<Owner> {
  readonly owner: Owner;
  readonly closes: boolean;
}

/**
 * The boundaries of all multiparts that are open, so that one look-up tells whose delimiter a line is. Of two
 * owners with one boundary the outer one gets every delimiter, as in a reader that cuts from the outside
 * inwards.
 */
export class OpenBoundaries<Owner extends BoundaryOwner> {
  readonly #owners = new Map<string, Owner>();

  /** Opened from the outside inwards, so the first owner of a boundary is the outermost. */
  open(owner: Owner): void {
    const key = keyOf(owner.boundary);
    if (!this.#owners.has(key)) this.#owners.set(key, owner);
  }

  close(owner: Owner): void {
    const key = keyOf(owner.boundary);
    if (this.#owners.get(key) === owner) this.#owners.delete(key);
  }

  /**
   * Whose delimiter the line `[start, end)` is (without its line end), or null.
   *
   * RFC 2046 §5.1.1: `--`, the boundary, `--` when it closes, blanks.
   */
  find(raw: Buffer, start: number, end: number): Delimiter<Owner> | null {
    if (this.#owners.size === 0 || raw[start] !== DASH || raw[start + 1] !== DASH) return null;
    let last = end;
    while (last > start && isBlank(raw[last - 1] ?? 0)) last -= 1;
    if (last - start > LIMITS.boundaryLength * 4 + 4) return null; // UTF-8: four bytes a character
    const line = raw.toString("latin1", start + 2, last);
    const opens = this.#owners.get(line);
    const closes = line.endsWith("--") ? this.#owners.get(line.slice(0, -2)) : undefined;
    if (opens !== undefined && (closes === undefined || opens.depth < closes.depth)) {
      return { owner: opens, closes: false };
    }
    return closes === undefined ? null : { owner: closes, closes: true };
  }
}

/** The bytes of a boundary, one character a byte. */
function keyOf(boundary: string | null): string {
  return Buffer.from(boundary ?? "", "utf8").toString("latin1");
}

/**
 * RFC 2046 §5.1.1: a boundary is not empty and never ends with a blank, because blanks after it are padding.
 */
export function usableBoundary(mediaType: MediaType): string | null {
  const written = mediaType.parameters.get("boundary") ?? "";
  if (written.length > LIMITS.boundaryLength || /[\r\n]/.test(written)) return null;
  return written.replace(/[ \t]+$/, "") || null;
}

/**
 * The end of a line's content.
 *
 * @param next where the next line starts
 * @returns the offset before the CRLF or LF of the line
 */
export function contentEnd(raw: Buffer, start: number, next: number): number {
  if (next === start || raw[next - 1] !== LF) return next;
  return next - 1 > start && raw[next - 2] === CR ? next - 2 : next - 1;
}

/**
 * The offset before the line end that precedes a line: that line end is part of a delimiter (RFC 2046
 * §5.1.1).
 */
export function endBefore(raw: Buffer, lineStart: number): number {
  if (lineStart === 0) return 0;
  return lineStart > 1 && raw[lineStart - 2] === CR ? lineStart - 2 : lineStart - 1;
}
