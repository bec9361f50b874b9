import { isIP } from "node:net";
import { parseAddrSpec } from "./address.ts";
import { asciiLowerCase, isBlank, trimBlanks } from "./characters.ts";
import { parseDateTime } from "./date-time.ts";
import { commentEnd } from "./lexer.ts";
import { LIMITS } from "./limits.ts";

/** What one Received field says (RFC 5321 §4.4). */
export interface Received {
  /** The receiving host's name, lower case. */
  readonly by: string | null;
  /** The client's IP address as the receiving server saw it; never what the client called itself. */
  readonly clientIp: string | null;
  /** There is a `from` clause: the message came from another program, not from a local user. */
  readonly hasFrom: boolean;
  /** What follows `with`, as written: `ESMTPS`, `LMTP`, `Microsoft SMTP Server`. */
  readonly withProtocol: string | null;
  /** The one address of the `for` clause. */
  readonly for: string | null;
  readonly date: Date | null;
}

/** A word or a comment (without its outer parentheses) at the top level of the field. */
interface Item {
  readonly comment: boolean;
  /** No blank stands before it. */
  readonly glued: boolean;
  readonly text: string;
}

const CLAUSES = new Set(["by", "via", "with", "id", "for"]);

/**
 * Reads a Received field as the mail servers of the world write it: RFC 5321 §4.4 and the forms of Postfix,
 * sendmail, Exim, qmail, Exchange, Courier, CommuniGate and Dovecot.
 *
 * The client's IP is taken only from a place where the server writes it. Names that a client gave (HELO,
 * ident) are never read, even when they look like an address; a form that is not known gives null.
 *
 * @param body an unfolded field body
 * @returns never throws; null for everything that is not there
 */
export function parseReceived(body: string): Received {
  const text = body.slice(0, LIMITS.traceFieldLength);
  const { items, date } = split(text);
  const clauses = clausesOf(items);
  const host = words(clauses.get("by"))[0];
  return {
    by: host === undefined ? null : asciiLowerCase(host).replace(/\.$/, ""),
    clientIp: clientIp(clauses),
    hasFrom: clauses.has("from"),
    withProtocol: words(clauses.get("with")).join(" ") || null,
    for: forAddress(words(clauses.get("for"))),
    date: date === null ? null : parseDateTime(date),
  };
}

/**
 * The date stands after the last semicolon; OpenSMTPD writes one after each clause. Comments nest (RFC 5322
 * §3.2.2). Quotes have no meaning here: an unbalanced one in a HELO must not hide the rest.
 */
function split(text: string): { items: Item[]; date: string | null } {
  const items: Item[] = [];
  let date: string | null = null;
  let beforeDate = 0;
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === "(") {
      const end = commentEnd(text, at) ?? text.length;
      items.push({ comment: true, glued: isGlued(text, at), text: text.slice(at + 1, end - 1) });
      at = end;
    } else if (character === ";") {
      beforeDate = items.length;
      at += 1;
      date = text.slice(at);
    } else if (isBlank(text.charCodeAt(at))) at += 1;
    else {
      const end = wordEnd(text, at);
      items.push({ comment: false, glued: isGlued(text, at), text: text.slice(at, end) });
      at = end;
    }
  }
  return { items: date === null ? items : items.slice(0, beforeDate), date };
}

function isGlued(text: string, at: number): boolean {
  return at > 0 && !isBlank(text.charCodeAt(at - 1));
}

function wordEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && !isBlank(text.charCodeAt(end)) && !"(;".includes(text.charAt(end))) end += 1;
  return end;
}

/**
 * The items of each clause by its keyword; of a repeated `by` the first (`trusted-block.ts` counts them), of any other
 * none: a server writes one, with a blank before it, and nobody can tell which the client smuggled in. The word after a
 * keyword is its value, even when it looks like a keyword (`from by (unknown [192.0.2.1]) by mx`).
 */
function clausesOf(items: readonly Item[]): Map<string, Item[]> {
  const clauses = new Map<string, Item[]>();
  let current: Item[] = [];
  let valueExpected = false;
  for (const [index, item] of items.entries()) {
    const word = item.comment ? "" : asciiLowerCase(item.text);
    const opens = (CLAUSES.has(word) && !item.glued) || (index === 0 && word === "from");
    if (opens && !valueExpected) {
      current = [];
      if (!clauses.has(word)) clauses.set(word, current);
      else if (word !== "by") clauses.set(word, []);
      valueExpected = true;
    } else {
      current.push(item);
      valueExpected = false;
    }
  }
  return clauses;
}

function words(items: readonly Item[] = []): string[] {
  return items.filter((item) => !item.comment).map((item) => item.text);
}

function forAddress([first, ...others]: readonly string[]): string | null {
  if (first === undefined || others.length > 0) return null;
  const bare = first.startsWith("<") && first.endsWith(">") ? first.slice(1, -1) : first;
  return parseAddrSpec(bare)?.address ?? null;
}

/**
 * The IP address that the server wrote. A HELO may hold parentheses (`x(127.0.0.1)`, `(127.0.0.1)`), which look like the
 * server's own comment: servers put a blank before theirs, and no form has an address in two of them.
 */
function clientIp(clauses: ReadonlyMap<string, readonly Item[]>): string | null {
  const from = clauses.get("from") ?? [];
  const name = from[0]?.comment === false ? from[0].text : ""; // no HELO at all: `from (unknown [ip])`
  const comments = name === "" ? from : from.slice(1);
  if (comments.some(({ glued }) => glued)) return null;
  if (comments.filter(holdsServersIp).length > 1) return null;
  let announced = false;
  for (const comment of comments) {
    if (!comment.comment) return null; // more than one word after `from`: no known form
    if (!CLIENT_SAID.test(comment.text)) return serverWrittenIp(comment.text);
    if (!CLIENT_SAID_ONLY.test(comment.text)) return null;
    announced = true; // qmail: (HELO name) (ip)
  }
  // Exim without reverse name `from [ip] (helo=name)`, CommuniGate `from [ip] (HELO name)`, Exim alone `from
  // [ip]`. The last could be another server's HELO (Dovecot on a Unix socket), so Exim must sign it.
  const byExim = (clauses.get("by") ?? [])
    .concat(clauses.get("with") ?? [])
    .some((item) => item.comment && item.text.startsWith("Exim "));
  return announced || (comments.length === 0 && byExim) ? bracketedIp(name) : null;
}

function holdsServersIp({ comment, text }: Item): boolean {
  return comment && !CLIENT_SAID.test(text) && serverWrittenIp(text) !== null;
}

/** What the client said of itself: qmail `HELO name`, Zimbra `LHLO name`, Exim `helo=name ident=name`. */
const CLIENT_SAID = /^(?:(?:HELO|EHLO|LHLO)[ \t]|helo=|ident=)/i;
const CLIENT_SAID_ONLY =
  /^(?:(?:HELO|EHLO|LHLO)[ \t]+[^ \t]+|helo=[^ \t]+(?:[ \t]+ident=[^ \t]+)?|ident=[^ \t]+)$/i;

function serverWrittenIp(comment: string): string | null {
  // Exim with reverse name: `([ip]:port helo=name ident=name)`; CommuniGate: `([ip] verified)`. A bracket
  // after a blank is neither's, so it is not known who wrote which.
  const exim = /^(\[[^\]]*\](?::[0-9]{1,5})?)(?:$|[ \t]+(?:(?:helo|ident)=|verified$))/.exec(comment);
  if (exim?.[1] !== undefined) return /[ \t]\[/.test(comment) ? null : bracketedIp(exim[1]);
  // Postfix, sendmail, Gmail, Courier: `name [ip]`, `ident@name [ip] (may be forged)`: the last bracket is
  // the server's.
  const named = /[ \t](\[[^\][]*\](?::[0-9]{1,5})?)$/.exec(trimBlanks(withoutNested(comment)));
  if (named?.[1] !== undefined) return bracketedIp(named[1]);
  // Exchange `(ip)` and `([ip%zone])`, qmail `(ip)` and `(ident@ip)`.
  const bare = comment.slice(comment.lastIndexOf("@") + 1);
  return ipOrNull(bare) ?? bracketedIp(bare);
}

function withoutNested(comment: string): string {
  const open = comment.indexOf("(");
  return open < 0 ? comment : comment.slice(0, open);
}

/** `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3), `[fe80::1%22]`, each with or without `:port`. */
function bracketedIp(text: string): string | null {
  const match = /^\[(?:IPv6:)?([^\]]*)\](?::[0-9]{1,5})?$/i.exec(text);
  return match?.[1] === undefined ? null : ipOrNull(match[1]);
}

function ipOrNull(text: string): string | null {
  // A zone is local to the server that wrote it. Anchored: a search for the sign would begin anew at every one of them.
  const address = /^([^%]*)(?:%.*)?$/.exec(text)?.[1] ?? "";
  return isIP(address) === 0 ? null : asciiLowerCase(address);
}
