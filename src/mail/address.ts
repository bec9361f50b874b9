import { isIP } from "node:net";
import { domainToASCII, domainToUnicode } from "node:url";
import { asciiLowerCase } from "./characters.ts";
import { decodeEncodedWords } from "./encoded-word.ts";
import { lex, SPECIALS, type Token } from "./lexer.ts";
import { LIMITS } from "./limits.ts";

/** One mailbox of an address field (RFC 5322 §3.4). */
export interface Mailbox {
  /** The decoded display name; null when there is none. A stranger's text: any character may be in it. */
  readonly displayName: string | null;
  /** The meaning of the local part: without quotes and backslashes. */
  readonly localPart: string;
  /** Lower case, A-labels; or a domain literal with its brackets. */
  readonly domain: string;
  /**
   * The bare addr-spec, the local part in its simplest spelling (RFC 5321 §4.1.2: quoted only where it must
   * be).
   */
  readonly address: string;
}

/** Why an address field, or one entry of it, cannot be trusted to mean what it seems to mean. */
export type AddressProblem =
  | "syntax" // not the grammar of RFC 5322 §3.4, e.g. text before or after an address
  | "control-character"
  | "encoded-word" // RFC 2047 §5 (3): never inside an addr-spec
  | "too-long"
  | "too-many-mailboxes";

/** What an address field says. */
export interface AddressList {
  /** The entries that are right, in order; those inside groups too. */
  readonly mailboxes: readonly Mailbox[];
  /** How many groups there were, empty ones included (RFC 5322 §3.4, RFC 6854). */
  readonly groups: number;
  /** The first problem. Who needs to know exactly one author must not take any mailbox when this is set. */
  readonly problem: AddressProblem | null;
}

/**
 * Parses the body of From, To, Cc, Reply-To … as RFC 5322 §3.4 with the obsolete forms of §4.4.
 *
 * Strict where clients differ: an entry that is not exactly one mailbox (`a@b <c@d>`, `<a@b> <c@d>`, `a@b
 * c@d`, an unquoted comma, an encoded word as address) is a problem and never a mailbox. Right entries beside
 * a wrong one are still returned, so that one bad recipient in To does not hide the others.
 *
 * @param body an unfolded field body
 */
export function parseAddressList(body: string): AddressList {
  if (body.length > LIMITS.addressFieldLength) return { mailboxes: [], groups: 0, problem: "too-long" };
  const reader = new AddressListReader();
  for (const token of lex(body, SPECIALS)) reader.take(token);
  return reader.finish();
}

/**
 * Parses one bare address as people and certificates write it (`claims@company.example`).
 *
 * @param text the addr-spec; blanks, comments, display names and angle brackets are refused
 */
export function parseAddrSpec(text: string): Mailbox | null {
  if (text.length > LIMITS.addressOctets) return null;
  const tokens = lex(text, SPECIALS);
  // A blank or comment shows on the token after it; only one at the end has none.
  if (tokens.some((token) => token.spaced || token.kind === "bad") || /[\s)]$/.test(text)) return null;
  const result = addrSpec(tokens, null);
  return typeof result === "string" ? null : result;
}

/**
 * Parses a reverse-path as Return-Path carries it (RFC 5321 §4.4).
 *
 * @returns `null-sender` for `<>` and for an empty body; the mailbox; or null when it is neither, or longer than any path
 */
export function parseReturnPath(body: string): Mailbox | "null-sender" | null {
  if (body.length > LIMITS.traceFieldLength) return null;
  const tokens = lex(body, SPECIALS);
  const [open, close] = tokens;
  if (open === undefined) return "null-sender";
  if (tokens.length === 2 && isSpecial(open, "<") && isSpecial(close, ">")) return "null-sender";
  const { mailboxes, problem } = parseAddressList(body);
  return problem === null && mailboxes.length === 1 ? (mailboxes[0] ?? null) : null;
}

/**
 * The address without its plus tag: `claims+x@d` becomes `claims@d`. An address that begins with the plus, or
 * is no addr-spec, comes back as it is.
 */
export function withoutPlus(address: string): string {
  const mailbox = parseAddrSpec(address);
  if (mailbox === null) return address;
  const plus = mailbox.localPart.indexOf("+");
  return plus > 0 ? spell(mailbox.localPart.slice(0, plus), mailbox.domain) : mailbox.address;
}

/**
 * Whether two addresses are the same mailbox. Domains are compared without regard to case, as A-labels; local
 * parts exactly, or without regard to ASCII case. Non-ASCII characters of local parts are always compared
 * exactly, without normalisation: RFC 6532 §3.1 asks for NFC, but two code point sequences are two mailboxes
 * to most servers.
 *
 * @returns false also when one of them is no addr-spec
 */
export function sameAddress(a: string, b: string, options: { readonly exactLocalPart: boolean }): boolean {
  if (a === b) return parseAddrSpec(a) !== null;
  const [left, right] = [parseAddrSpec(a), parseAddrSpec(b)];
  if (left === null || right === null || left.domain !== right.domain) return false;
  if (left.localPart === right.localPart) return true;
  return !options.exactLocalPart && asciiLowerCase(left.localPart) === asciiLowerCase(right.localPart);
}

/** Collects the tokens of one entry until the comma, semicolon or end that closes it. */
class AddressListReader {
  readonly #mailboxes: Mailbox[] = [];
  #groups = 0;
  #problem: AddressProblem | null = null;
  #entry: Token[] = [];
  #inAngle = false;
  #inGroup = false;
  #beforeGroup = 0;

  take(token: Token): void {
    if (isSpecial(token, "<")) this.#inAngle = true;
    if (isSpecial(token, ">")) this.#inAngle = false;
    // Inside angle brackets "," and ":" are those of an obsolete route.
    if (this.#inAngle || token.kind !== "special" || !",:;".includes(token.text)) this.#entry.push(token);
    else if (token.text === ",") this.#closeEntry();
    else if (token.text === ":") this.#openGroup();
    else this.#closeGroup();
  }

  finish(): AddressList {
    this.#closeEntry();
    // `undisclosed-recipients:` without its semicolon is common and names nobody; with members it is not the
    // grammar.
    if (this.#inGroup && this.#mailboxes.length > this.#beforeGroup) this.#note("syntax");
    return { mailboxes: this.#mailboxes, groups: this.#groups, problem: this.#problem };
  }

  #openGroup(): void {
    const name = phrase(this.#entry);
    if (this.#inGroup || name === null || name === "") this.#note("syntax");
    this.#entry = [];
    this.#inGroup = true;
    this.#beforeGroup = this.#mailboxes.length;
    this.#groups += 1;
  }

  #closeGroup(): void {
    this.#closeEntry();
    if (!this.#inGroup) this.#note("syntax"); // `a@b; c@d`
    this.#inGroup = false;
  }

  #closeEntry(): void {
    const entry = this.#entry;
    this.#entry = [];
    this.#inAngle = false;
    if (entry.length === 0) return; // RFC 5322 §4.4 obs-addr-list: empty entries
    const result = this.#mailboxes.length < LIMITS.mailboxes ? mailbox(entry) : "too-many-mailboxes";
    if (typeof result === "string") this.#note(result);
    else this.#mailboxes.push(result);
  }

  #note(problem: AddressProblem): void {
    this.#problem ??= problem;
  }
}

/** RFC 5322 §3.4 `mailbox = name-addr / addr-spec`. */
function mailbox(tokens: readonly Token[]): Mailbox | AddressProblem {
  const bad = tokens.find((token) => token.kind === "bad");
  if (bad !== undefined) return /\p{Cc}/u.test(bad.text) ? "control-character" : "syntax";
  const open = tokens.findIndex((token) => isSpecial(token, "<"));
  if (open < 0) return addrSpec(tokens, null);
  if (!isSpecial(tokens[tokens.length - 1], ">")) return "syntax";
  const displayName = phrase(tokens.slice(0, open));
  if (displayName === null) return "syntax";
  return addrSpec(afterRoute(tokens.slice(open + 1, -1)), displayName === "" ? null : displayName);
}

/** RFC 5322 §4.4 `obs-route = "@" domain *("," "@" domain) ":"`: ignored, as §4.4 says. */
function afterRoute(tokens: readonly Token[]): readonly Token[] {
  if (!isSpecial(tokens[0], "@")) return tokens;
  const colon = tokens.findIndex((token) => isSpecial(token, ":"));
  const route = tokens.slice(0, colon < 0 ? 0 : colon);
  const plain = route.every(
    (token) => token.kind === "atom" || token.kind === "literal" || isSpecial(token, "@", ",", "."),
  );
  return colon > 0 && plain ? tokens.slice(colon + 1) : tokens;
}

/** RFC 5322 §3.2.5 `phrase` with the dots of §4.1 obs-phrase; "" for no word; null when it is none. */
function phrase(tokens: readonly Token[]): string | null {
  const words = tokens.every(
    (token) => token.kind === "atom" || token.kind === "quoted" || isSpecial(token, "."),
  );
  if (!words) return null;
  const text = tokens.map((token, index) => (index > 0 && token.spaced ? ` ${token.text}` : token.text));
  return decodeEncodedWords(text.join(""));
}

/**
 * RFC 5322 §3.4.1 `addr-spec`, with blanks and comments around the dots (§4.4 obs-local-part, obs-domain).
 */
function addrSpec(tokens: readonly Token[], displayName: string | null): Mailbox | AddressProblem {
  const at = tokens.findIndex((token) => isSpecial(token, "@"));
  if (at < 0) return "syntax";
  const localPart = dotted(tokens.slice(0, at), ["atom", "quoted"]);
  const written = domainText(tokens.slice(at + 1));
  if (localPart === null || localPart === "" || written === null) return "syntax";
  // What follows looks at each character in several forms, and no address is so long.
  if (localPart.length + written.length > LIMITS.addressOctets) return "too-long";
  if (isEncodedWord(localPart) || isEncodedWord(written)) return "encoded-word";
  // Invisible, directional and separating characters: two different addresses would look the same (RFC 6532
  // §4).
  if (/[\p{C}\p{DI}\p{Zl}\p{Zp}]/u.test(localPart) || /[\p{C}\p{DI}\p{Z}]/u.test(written))
    return "control-character";
  if (/[^\S ]/u.test(localPart)) return "syntax"; // a blank other than SP
  if (hasAsciiDouble(localPart) || hasAsciiDouble(written)) return "syntax";
  const domain = canonicalDomain(written);
  if (domain === null) return "syntax";
  const address = spell(localPart, domain);
  if (Buffer.byteLength(address, "utf8") > LIMITS.addressOctets) return "too-long";
  return { displayName, localPart, domain, address };
}

function domainText(tokens: readonly Token[]): string | null {
  const [first] = tokens;
  if (tokens.length === 1 && first?.kind === "literal") return first.text;
  return dotted(tokens, ["atom"]);
}

/** Words parted by single dots; null when it is anything else. */
function dotted(tokens: readonly Token[], kinds: readonly Token["kind"][]): string | null {
  if (tokens.length % 2 === 0) return null;
  const fits = tokens.every((token, index) =>
    index % 2 === 0 ? kinds.includes(token.kind) : isSpecial(token, "."),
  );
  return fits ? tokens.map((token) => token.text).join("") : null;
}

function isEncodedWord(text: string): boolean {
  return text.includes("=?") && text.includes("?=");
}

/**
 * Whether a character beyond ASCII turns into ASCII when somebody normalises the text or brings it to lower case: the
 * Kelvin sign (NFC), full-width letters and ligatures (NFKC), the dotted capital I. Whoever does so sees another address.
 */
function hasAsciiDouble(text: string): boolean {
  if (/^[\x20-\x7e]*$/.test(text)) return false;
  return [...text].some((character) => {
    if (character <= "\x7f") return false;
    const folded = [character.normalize("NFC"), character.normalize("NFKC"), character.toLowerCase()];
    return folded.some((form) => /[\x21-\x7e]/.test(form));
  });
}

/** Printable ASCII that no domain name holds (RFC 5890 §2.3.1); `_` as some networks have it. */
const FOREIGN_ASCII = /[\x21-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7e]/;

/**
 * A domain as it is compared. RFC 5321 §2.4: the domain in lower case; RFC 5890 §2.3.2.1: as A-labels where it has U-labels.
 *
 * @returns null for what only a browser takes for a domain: domainToASCII reads a URL's host, which ends at `/`, `?`,
 *   `#` and `\`, undoes percent signs, and maps a full-width letter or an ideographic stop to ASCII (RFC 5895 §2).
 *   Whoever else looks at this address, DMARC first of all, would see another domain.
 */
export function canonicalDomain(domain: string): string | null {
  // ASCII never passes through the URL host parser, which would read "1.2" as an IPv4 address.
  if (/^[\x21-\x7e]*$/.test(domain)) return asciiLowerCase(domain);
  if (FOREIGN_ASCII.test(domain)) return null;
  // NFC and Punycode (RFC 3492 §6.3) cost the square of their input, and no domain is so long (RFC 5321 §4.5.3.1.2).
  if (domain.length > LIMITS.domainCharacters) return null;
  const ascii = domainToASCII(domain);
  if (ascii === "" || isIP(ascii) !== 0) return asciiLowerCase(domain);
  // RFC 5890 §2.3.2.1: a U-label comes back from its A-label as it was, but for case and NFC.
  return domainToUnicode(ascii) === domain.normalize("NFC").toLowerCase() ? ascii : null;
}

// RFC 5322 §3.2.3 dot-atom-text, with the UTF-8 of RFC 6532 §3.2.
const DOT_ATOM = /^[^\s()<>[\]:;@\\,."]+(?:\.[^\s()<>[\]:;@\\,."]+)*$/u;

function spell(localPart: string, domain: string): string {
  if (DOT_ATOM.test(localPart)) return `${localPart}@${domain}`;
  return `"${localPart.replace(/["\\]/g, "\\$&")}"@${domain}`;
}

function isSpecial(token: Token | undefined, ...texts: readonly string[]): boolean {
  return token?.kind === "special" && texts.includes(token.text);
}
