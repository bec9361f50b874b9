import { asciiLowerCase } from "./characters.ts";
import { textDecoder } from "./charset.ts";
import { commentEnd, readQuoted, skipCfws, TSPECIALS } from "./lexer.ts";
import { LIMITS } from "./limits.ts";

/** A value with parameters: the body of Content-Type or Content-Disposition. */
export interface Parameterized {
  /** Names in lower case; of a name that comes twice the first one counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The names that came more than once and not with one value: readers disagree on which counts. */
  readonly repeated: ReadonlySet<string>;
}

export interface MediaType extends Parameterized {
  /** Lower case, e.g. `multipart/signed`. */
  readonly type: string;
}

export interface Disposition extends Parameterized {
  /** Lower case, e.g. `attachment`. */
  readonly disposition: string;
}

/**
 * Parses a Content-Type (RFC 2045 §5.1, RFC 2231).
 *
 * Departs from RFC 2045 §5.1 because common mailers do: an unquoted value may hold tspecials (`boundary=a=b`)
 * and ends at a blank, a semicolon or a comment.
 *
 * @param body an unfolded field body
 * @returns null when it does not begin with `type/subtype`
 */
export function parseMediaType(body: string): MediaType | null {
  const at = skipCfws(body, 0) ?? body.length;
  const slash = tokenEnd(body, at);
  const end = tokenEnd(body, slash + 1);
  if (slash === at || body.charAt(slash) !== "/" || end === slash + 1) return null;
  return { type: asciiLowerCase(body.slice(at, end)), ...parseParameters(body, end) };
}

/**
 * Parses a Content-Disposition (RFC 2183 §2).
 *
 * @param body an unfolded field body
 * @returns null when it does not begin with a token
 */
export function parseDisposition(body: string): Disposition | null {
  const at = skipCfws(body, 0) ?? body.length;
  const end = tokenEnd(body, at);
  if (end === at) return null;
  return { disposition: asciiLowerCase(body.slice(at, end)), ...parseParameters(body, end) };
}

/** One section of a parameter as it is written: `name*0*=value` (RFC 2231 §3, §4). */
interface Section {
  readonly value: string;
  readonly extended: boolean;
}

interface Written {
  plain: string | null;
  /** `name*=`: extended, in one piece. */
  extended: string | null;
  readonly sections: Map<number, Section>;
}

function parseParameters(body: string, start: number): Parameterized {
  const written = new Map<string, Written>();
  const repeated = new Set<string>();
  let at = nextSemicolon(body, start);
  for (let count = 0; at < body.length && count < LIMITS.parameters; count += 1) {
    const nameStart = skipCfws(body, at + 1) ?? body.length;
    const nameEnd = tokenEnd(body, nameStart);
    const equals = skipCfws(body, nameEnd) ?? body.length;
    if (nameEnd === nameStart || body.charAt(equals) !== "=") {
      at = nextSemicolon(body, nameEnd);
      continue;
    }
    const { text, end } = readValue(body, skipCfws(body, equals + 1) ?? body.length);
    collect(written, repeated, asciiLowerCase(body.slice(nameStart, nameEnd)), text);
    at = nextSemicolon(body, end);
  }
  const parameters = new Map<string, string>();
  for (const [name, parts] of written) {
    const value = parameterValue(parts);
    if (value !== null) parameters.set(name, value);
  }
  return { parameters, repeated };
}

function collect(written: Map<string, Written>, repeated: Set<string>, label: string, value: string): void {
  const match = /^([^*]+)(?:\*(0|[1-9][0-9]{0,3}))?(\*)?$/.exec(label);
  const name = match?.[1] ?? label;
  const known = written.get(name);
  const parts: Written = known ?? { plain: null, extended: null, sections: new Map() };
  written.set(name, parts);
  const extended = match?.[3] === "*";
  if (match?.[2] !== undefined) {
    const index = Number(match[2]);
    if (parts.sections.has(index) || parts.plain !== null || parts.extended !== null) repeated.add(name);
    if (!parts.sections.has(index)) parts.sections.set(index, { value, extended });
    return;
  }
  if (known !== undefined && value !== (extended ? known.extended : known.plain)) repeated.add(name);
  if (extended) parts.extended ??= value;
  else parts.plain ??= value;
}

/** RFC 2231 says nothing of a name written both ways; the extended form is the newer and richer one. */
function parameterValue(parts: Written): string | null {
  if (parts.extended !== null) return decodeSections([{ value: parts.extended, extended: true }]);
  const sections: Section[] = [];
  for (let index = 0; ; index += 1) {
    const section = parts.sections.get(index);
    if (section === undefined) break; // RFC 2231 §3: numbered from 0 without gaps
    sections.push(section);
  }
  return sections.length > 0 ? decodeSections(sections) : parts.plain;
}

/**
 * RFC 2231 §4.1: charset and language stand in the first section only; percent escapes in extended ones only.
 */
function decodeSections(sections: readonly Section[]): string {
  let charset = "utf-8";
  const bytes = sections.map((section, index) => {
    if (!section.extended) return Buffer.from(section.value, "utf8");
    let text = section.value;
    const tagged = index === 0 ? /^([^']*)'[^']*'/.exec(text) : null;
    if (tagged !== null) {
      charset = tagged[1] || charset;
      text = text.slice(tagged[0].length);
    }
    return percentDecode(text);
  });
  const decoder = textDecoder(charset) ?? new TextDecoder("utf-8");
  return decoder.decode(Buffer.concat(bytes));
}

function percentDecode(text: string): Buffer {
  const octets = Buffer.from(text, "utf8").toString("latin1");
  const plain = octets.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(plain, "latin1");
}

function readValue(body: string, at: number): { text: string; end: number } {
  if (body.charAt(at) === '"') {
    const quoted = readQuoted(body, at);
    return quoted ?? { text: body.slice(at + 1), end: body.length };
  }
  let end = at;
  while (end < body.length && !" \t;(".includes(body.charAt(end))) end += 1;
  return { text: body.slice(at, end), end };
}

function tokenEnd(body: string, at: number): number {
  let end = at;
  while (end < body.length && body.charCodeAt(end) > 0x20 && !TSPECIALS.includes(body.charAt(end))) end += 1;
  return end;
}

/** The next semicolon that is in no comment and no quoted string; the end when there is none. */
function nextSemicolon(body: string, from: number): number {
  let at = from;
  while (at < body.length) {
    const character = body.charAt(at);
    if (character === ";") return at;
    if (character === "(") at = commentEnd(body, at) ?? body.length;
    else if (character === '"') at = readQuoted(body, at)?.end ?? body.length;
    else at += 1;
  }
  return at;
}
