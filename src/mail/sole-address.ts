import { type Mailbox, parseAddrSpec } from "./address.ts";
import { isBlank, isControl, trimBlanks } from "./characters.ts";
import { commentEnd, readQuoted } from "./lexer.ts";
import { LIMITS } from "./limits.ts";

/**
 * The one mailbox of a field whose display name has an unquoted special in it (`Muster, Max <m@x.example>`,
 * `Max [GmbH] <m@x.example>`, `m@x.example <m@x.example>`), or that ends in a stray semicolon. Departs from RFC 5322
 * §3.2.3 (a phrase holds no specials) because mail programs and gateways write such names, and only where there is no
 * second reading: one pair of angle brackets, an addr-spec in them, no other address in the name, nothing behind.
 * @param body an unfolded field body that `parseAddressList` found a syntax problem in
 * @returns null when it could be read otherwise
 */
export function soleAddress(body: string): Mailbox | null {
  if (body.length > LIMITS.looseAddressLength) return null;
  const bare = trimBlanks(body);
  const text = /[;,]$/.test(bare) ? trimBlanks(bare.slice(0, -1)) : bare;
  const brackets = bracketsOf(text);
  if (brackets !== null && brackets.length === 0) return looseAddrSpec(text.trim());
  const [open, close] = brackets?.length === 2 ? brackets : onlyBrackets(text);
  if (open === undefined || close === undefined) return null;
  if (text[open] !== "<" || text[close] !== ">" || /[^\s>]/.test(text.slice(close + 1))) return null;
  const mailbox = looseAddrSpec(text.slice(open + 1, close).trim());
  const name = text.slice(0, open);
  if (mailbox === null || looksLikeGroup(body, name)) return null;
  return addressesIn(name).every((address) => isSame(address, mailbox)) ? mailbox : null;
}

/**
 * The sole addresses of the entries of a list in which `parseAddressList` found a syntax problem (To, Cc): a bracket closes
 * an entry, and where there are neither brackets, quotes nor comments a comma does.
 * @param most how many entries are looked at
 */
export function soleAddresses(body: string, most: number): Mailbox[] {
  const entries = body.split(/(?<=>)[ \t]*[,;]/).flatMap((entry) => {
    return /[<>"()\\]/.test(entry) ? [entry] : entry.split(",");
  });
  return entries.slice(0, most).flatMap((entry) => soleAddress(entry) ?? []);
}

/**
 * A bare address with what people copy along: `mailto:` before it, or the one dot behind that says that the
 * domain is absolute. Departs from RFC 5321 §4.1.2, which knows neither; both mean the same mailbox.
 * @returns null when it is no addr-spec without them
 */
export function looseAddrSpec(text: string): Mailbox | null {
  return parseAddrSpec(text.replace(/^mailto:/i, "").replace(/\.$/, ""));
}

/**
 * The angle brackets of a text that has one pair alone, quoted and commented ones counted too, be it doubled
 * (`Max <<m@x.example>>`): however a reader takes an unfinished string, an unfinished comment or a backslash before, he
 * finds this address or none.
 */
function onlyBrackets(text: string): number[] {
  const [, name, doubled] = /^([^<>]*)<(<?)[^<>]*>>?\s*$/.exec(text) ?? [];
  if (name === undefined || doubled === undefined || name.endsWith("\\") || hasControl(text)) return [];
  return [name.length + doubled.length, text.indexOf(">")];
}

function hasControl(text: string): boolean {
  return [...text].some((character) => {
    const code = character.charCodeAt(0);
    return isControl(code) && !isBlank(code);
  });
}

/**
 * Where angle brackets stand outside of quoted strings and comments; null for what hides or opens one only for some
 * readers: an unfinished string or comment, a backslash before a special, a control character.
 */
function bracketsOf(text: string): number[] | null {
  const brackets: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (isControl(text.charCodeAt(at)) && !isBlank(text.charCodeAt(at))) return null;
    if (character === "\\" && /[<>"(),;:@\\]/.test(text.charAt(at + 1))) return null;
    if (character === "<" || character === ">") brackets.push(at);
    if (character !== '"' && character !== "(") continue;
    const end = character === '"' ? (readQuoted(text, at)?.end ?? null) : commentEnd(text, at);
    if (end === null) return null;
    at = end - 1;
  }
  return brackets;
}

/** RFC 5322 §3.4 `group = display-name ":" … ";"`: PRODUCT §3 refuses it, one member or many. */
function looksLikeGroup(body: string, name: string): boolean {
  return name.includes(":") && body.includes(";");
}

/**
 * What a reader could take for an address in a display name, quoted and commented text too: what stands around an `@`,
 * with the blanks that RFC 5322 §4.4 lets stand around the signs. A domain without a dot (`CN=Max/O=X@NOTES`) is no
 * address that anybody writes from.
 */
function addressesIn(name: string): string[] {
  const close = name.replace(/\s+/g, " ").replace(/ ?([@.]) ?/g, "$1");
  return close
    .split(/[\s<>(),;:"]/)
    .filter((word) => word.includes("@"))
    .map(fromBracket)
    .map((address) => address.replace(/^['`‘’]+|['`‘’.\]]+$/g, ""))
    .filter((address) => /@[^@]*[.[]/.test(address) || address.split("@").length > 2);
}

/** A word from the last bracket before its `@` on: behind the `@` brackets are those of a literal (RFC 5321 §4.1.3). */
function fromBracket(word: string): string {
  const at = word.indexOf("@");
  return word.slice(Math.max(word.lastIndexOf("[", at), word.lastIndexOf("]", at)) + 1);
}

function isSame(address: string, { localPart, domain }: Mailbox): boolean {
  const named = parseAddrSpec(address);
  return (
    named !== null && named.domain === domain && named.localPart.toLowerCase() === localPart.toLowerCase()
  );
}
