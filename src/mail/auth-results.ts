import { asciiLowerCase, isBlank, isControl } from "./characters.ts";
import { readQuoted, skipCfws, TSPECIALS } from "./lexer.ts";
import { LIMITS } from "./limits.ts";

/** One result (RFC 8601 §2.2 `resinfo`). */
export interface AuthenticationResult {
  /** Lower case, without version: `dkim`, `spf`, `dmarc`. */
  readonly method: string;
  /** Lower case: `pass`, `fail`, `none`, `temperror` … */
  readonly result: string;
  /** `header.from` → value as written; names in lower case; of a repeated property the first. */
  readonly properties: ReadonlyMap<string, string>;
  /** Its comments with their parentheses: DMARC filters name the published policy in one. */
  readonly comments: readonly string[];
}

export interface AuthenticationResults {
  /** Who says so, lower case; null when the field does not say. */
  readonly authservId: string | null;
  readonly results: readonly AuthenticationResult[];
}

/**
 * Parses an Authentication-Results field (RFC 8601 §2.2); Exchange Online writes none of the authserv-id that the RFC
 * demands, and begins with the first result.
 *
 * All or nothing: a field with one part that cannot be read gives null, because text of the sender (a local
 * part, a HELO name) stands in it, and half a field may be text that broke out of its place. Departs from RFC
 * 8601 §2.2 in one point: a property may lack its type (`action=none`), as Exchange Online writes it.
 *
 * @param body an unfolded field body
 * @returns null also for a version other than 1 (§2.6)
 */
export function parseAuthenticationResults(body: string): AuthenticationResults | null {
  if (body.length > LIMITS.traceFieldLength) return null;
  const named = new ResultsReader(body);
  const authservId = named.value();
  if (authservId === "") return null;
  if (authservId !== null && named.version()) {
    const results = named.semicolon() ? resultsOf(named) : [];
    return results !== null && named.atEnd() ? { authservId: asciiLowerCase(authservId), results } : null;
  }
  const nameless = new ResultsReader(body);
  const results = resultsOf(nameless);
  return results !== null && results.length > 0 && nameless.atEnd() ? { authservId: null, results } : null;
}

/** Results parted by semicolons; null when one of them cannot be read, or there are too many. */
function resultsOf(reader: ResultsReader): AuthenticationResult[] | null {
  const results: AuthenticationResult[] = [];
  do {
    if (reader.atEnd()) break; // a semicolon too many at the end is harmless
    const result = reader.result();
    if (result === null || results.length >= LIMITS.authenticationResults) return null;
    if (result !== "none") results.push(result);
  } while (reader.semicolon());
  return results;
}

class ResultsReader {
  readonly #text: string;
  #at = 0;
  #comments: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#skip();
    return this.#at >= this.#text.length;
  }

  semicolon(): boolean {
    return this.#take(";");
  }

  /** RFC 2045 §5.1 `value`: a token or a quoted string. */
  value(): string | null {
    this.#skip();
    return this.#text.charAt(this.#at) === '"' ? this.#quoted() : this.#token(TSPECIALS);
  }

  /**
   * The optional version after the authserv-id. @returns false when it is one that this parser does not know
   */
  version(): boolean {
    this.#skip();
    if (this.#at >= this.#text.length || this.#text.charAt(this.#at) === ";") return true;
    return this.value() === "1";
  }

  /** RFC 8601 §2.2 `resinfo` without its semicolon, or `none`. */
  result(): AuthenticationResult | "none" | null {
    this.#comments = [];
    const method = this.#keyword();
    if (method === null) return null;
    if (this.#take("/") && this.#keyword() === null) return null;
    if (!this.#take("=")) {
      return method === "none" ? "none" : null;
    }
    const result = this.#keyword();
    const properties = this.#properties();
    if (result === null || properties === null) return null;
    return { method, result, properties, comments: this.#comments };
  }

  #properties(): Map<string, string> | null {
    const properties = new Map<string, string>();
    while (!this.atEnd() && this.#text.charAt(this.#at) !== ";") {
      const name = this.#propertyName();
      if (name === null || !this.#take("=")) return null;
      const value = this.#propertyValue();
      if (value === null) return null;
      if (!properties.has(name)) properties.set(name, value);
    }
    return properties;
  }

  /** `ptype.property`, with white space around the dot (RFC 8601 §2.2). */
  #propertyName(): string | null {
    const type = this.#keyword(".");
    if (type === null) return null;
    if (!this.#take(".")) return type;
    const property = this.#keyword(".");
    return property === null ? null : `${type}.${property}`;
  }

  /**
   * `pvalue`: a value, or an address whose local part may be quoted; base64 of header.b holds "/" and "=".
   */
  #propertyValue(): string | null {
    this.#skip();
    const from = this.#at;
    let last: string | null = null;
    while (this.#at < this.#text.length) {
      const character = this.#text.charAt(this.#at);
      if (character === '"') {
        const start = this.#at;
        last = this.#quoted();
        if (last === null) return null;
        if (start > from) last = null;
      } else if (character === ";" || character === "(" || isBlank(character.charCodeAt(0))) break;
      else if (isControl(character.charCodeAt(0))) return null;
      else {
        last = null;
        this.#at += 1;
      }
    }
    // A quoted string alone means its text; with more around it (`"a b"@d`) the quotes are part of the
    // address.
    return last ?? this.#text.slice(from, this.#at);
  }

  #keyword(more = ""): string | null {
    this.#skip();
    const token = this.#token(TSPECIALS + more);
    return token === null || !/^[A-Za-z0-9_-]{1,64}$/.test(token) ? null : asciiLowerCase(token);
  }

  #token(end: string): string | null {
    const from = this.#at;
    while (this.#at < this.#text.length && isTokenCharacter(this.#text.charAt(this.#at), end)) this.#at += 1;
    return this.#at === from ? null : this.#text.slice(from, this.#at);
  }

  #quoted(): string | null {
    const quoted = readQuoted(this.#text, this.#at);
    if (quoted === null || !quoted.clean) return null;
    this.#at = quoted.end;
    return quoted.text;
  }

  #take(character: string): boolean {
    this.#skip();
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at += 1;
    return true;
  }

  /** A comment that does not end makes everything after it unreadable. */
  #skip(): void {
    const next = skipCfws(this.#text, this.#at);
    if (next === null) return;
    const skipped = this.#text.slice(this.#at, next).trim();
    if (skipped !== "") this.#comments.push(skipped);
    this.#at = next;
  }
}

function isTokenCharacter(character: string, end: string): boolean {
  const code = character.charCodeAt(0);
  return code > 0x20 && code !== 0x7f && !end.includes(character);
}
