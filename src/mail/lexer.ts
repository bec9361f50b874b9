import { isBlank, isControl } from "./characters.ts";

/** RFC 5322 §3.2.3 `specials`. What is printable ASCII and not in here is `atext`. */
export const SPECIALS = '()<>[]:;@\\,."';

/** RFC 2045 §5.1 `tspecials`. */
export const TSPECIALS = '()<>@,;:\\"/[]?=';

/**
 * One lexical token of a structured field; comments and blanks are dropped.
 *
 * - `atom`: a run of characters that are no special, no blank, no control (non-ASCII included, RFC 6532 §3.2)
 * - `quoted`: a quoted string, `text` without quotes and backslashes
 * - `literal`: a domain literal, `text` with its brackets
 * - `special`: one character of the specials
 * - `bad`: a control character, or a quoted string, comment or literal that does not end or holds a control
 */
export interface Token {
  readonly kind: "atom" | "quoted" | "literal" | "special" | "bad";
  readonly text: string;
  /** White space or a comment stands before the token. */
  readonly spaced: boolean;
}

/**
 * Cuts an unfolded structured field body into tokens (RFC 5322 §3.2). Linear in the length of the text.
 *
 * @param text the unfolded field body
 * @param specials SPECIALS or TSPECIALS
 */
export function lex(text: string, specials: string): Token[] {
  const tokens: Token[] = [];
  for (let next = tokenAt(text, 0, specials); next !== null; next = tokenAt(text, next.end, specials)) {
    tokens.push(next.token);
  }
  return tokens;
}

/**
 * The first token of a field body (RFC 5322 §3.2), for a field that holds one: what follows it is not looked at.
 *
 * @param text the unfolded field body
 * @param specials SPECIALS or TSPECIALS
 * @returns null when there is none
 */
export function firstToken(text: string, specials: string): Token | null {
  return tokenAt(text, 0, specials)?.token ?? null;
}

/** The token after `at`, and where it ends; null when only blanks and comments follow. */
function tokenAt(text: string, at: number, specials: string): { token: Token; end: number } | null {
  const from = skipCfws(text, at);
  if (from === null) return { token: { kind: "bad", text: text.slice(at), spaced: true }, end: text.length };
  if (from >= text.length) return null;
  const [kind, value, end] = nextToken(text, from, specials);
  return { token: { kind, text: value, spaced: from > at }, end };
}

function nextToken(text: string, at: number, specials: string): [Token["kind"], string, number] {
  const first = text.charAt(at);
  if (first === '"') {
    const quoted = readQuoted(text, at);
    if (quoted === null) return ["bad", text.slice(at), text.length];
    return [quoted.clean ? "quoted" : "bad", quoted.text, quoted.end];
  }
  if (first === "[" && specials === SPECIALS) return readLiteral(text, at);
  if (isControl(text.charCodeAt(at))) return ["bad", first, at + 1];
  if (specials.includes(first)) return ["special", first, at + 1];
  let end = at + 1;
  while (end < text.length && isAtomCharacter(text, end, specials)) end += 1;
  return ["atom", text.slice(at, end), end];
}

function isAtomCharacter(text: string, at: number, specials: string): boolean {
  const code = text.charCodeAt(at);
  return !isBlank(code) && !isControl(code) && !specials.includes(text.charAt(at));
}

/**
 * RFC 5322 §3.4.1 `domain-literal`, without quoted pairs (only in obs-dtext) and without anything but dtext.
 */
function readLiteral(text: string, at: number): [Token["kind"], string, number] {
  const close = text.indexOf("]", at);
  if (close < 0) return ["bad", text.slice(at), text.length];
  const literal = text.slice(at, close + 1);
  const clean = /^\[[\x21-\x5a\x5e-\x7e]+\]$/.test(literal);
  return [clean ? "literal" : "bad", literal, close + 1];
}

/**
 * Skips blanks and comments.
 *
 * @returns the position of the next other character (or the end), null when a comment does not end
 */
export function skipCfws(text: string, at: number): number | null {
  let position = at;
  while (position < text.length) {
    if (isBlank(text.charCodeAt(position))) position += 1;
    else if (text.charAt(position) === "(") {
      const end = commentEnd(text, position);
      if (end === null) return null;
      position = end;
    } else break;
  }
  return position;
}

/**
 * RFC 5322 §3.2.2: comments nest, a backslash takes the meaning from the next character.
 *
 * @param at the position of the opening parenthesis
 * @returns the position after the closing one, null when there is none
 */
export function commentEnd(text: string, at: number): number | null {
  let depth = 0;
  for (let position = at; position < text.length; position += 1) {
    const character = text.charAt(position);
    if (character === "\\") position += 1;
    else if (character === "(") depth += 1;
    else if (character === ")") {
      depth -= 1;
      if (depth === 0) return position + 1;
    }
  }
  return null;
}

/**
 * RFC 5322 §3.2.4 `quoted-string`.
 *
 * @param at the position of the opening quote
 * @returns the text without quotes and backslashes, the position after the closing quote, and whether it is
 *   free
 *   of control characters (a TAB is white space, not a control); null when the closing quote is missing
 */
export function readQuoted(text: string, at: number): { text: string; end: number; clean: boolean } | null {
  const pieces: string[] = [];
  let clean = true;
  let from = at + 1;
  for (let position = from; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === 0x22) {
      pieces.push(text.slice(from, position));
      return { text: pieces.join(""), end: position + 1, clean };
    }
    if (code === 0x5c) {
      pieces.push(text.slice(from, position));
      from = position + 1;
      position += 1;
    }
    const meant = text.charCodeAt(position);
    if (isControl(meant) && meant !== 0x09) clean = false;
  }
  return null;
}
