import { type Mailbox, parseAddressList } from "./address.ts";
import { bufferOf } from "./bytes.ts";
import { asciiLowerCase, withoutControls } from "./characters.ts";
import { encodeQuotedPrintable, wrapBase64 } from "./encode-body.ts";
import { encodeWords } from "./encoded-word.ts";

/** A header field to write: name and plain text value. */
export type FieldValue = readonly [name: string, value: string];

export interface Attachment {
  readonly fileName: string;
  /** Content-Type value, e.g. `application/pkix-cert` or `application/pkcs7-mime; smime-type=certs-only`. */
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** What a MIME entity is made of. */
export interface EntityContent {
  /** Any line ends; they become CRLF. */
  readonly text: string;
  readonly attachments: readonly Attachment[];
  /** Used when there are attachments; must satisfy RFC 2046 §5.1.1. */
  readonly boundary: string;
}

const ADDRESS_FIELDS = new Set(["from", "sender", "reply-to", "to", "cc", "bcc"]);
/** Fields that are no free text: encoded words have no place in them. */
const STRUCTURED_FIELDS =
  /^(?:message-id|in-reply-to|references|date|mime-version|auto-submitted|content-(?!description).*)$/;

/**
 * Builds a whole message: the fields in the order given, MIME-Version, then the entity of composeEntity. The
 * same input gives the same bytes. Date and Message-ID are fields of the caller.
 *
 * Values are text: what is not plain ASCII becomes encoded words (RFC 2047), addresses are parsed and written
 * anew, and control characters become spaces, so no value can begin another line.
 *
 * @returns CRLF lines
 * @throws RangeError for a field name or boundary that is none (an error of the caller, never of a stranger's
 *   text)
 */
export function composeMessage(message: EntityContent & { readonly fields: readonly FieldValue[] }): Buffer {
  return composeAround(message.fields, composeEntity(message));
}

/**
 * Puts message fields above a finished entity, e.g. one of composeSignedEntity.
 *
 * @param entity bytes that begin with Content-* fields
 * @throws RangeError for a field name that is none
 */
export function composeAround(fields: readonly FieldValue[], entity: Uint8Array): Buffer {
  const lines = [...fields, ["MIME-Version", "1.0"] as const].map(([name, value]) =>
    composeField(name, value),
  );
  return Buffer.concat([Buffer.from(lines.join(""), "utf8"), entity]);
}

/**
 * Builds a MIME entity: `text/plain` alone, or `multipart/mixed` of the text and the attachments. Its bytes
 * are in the canonical form that S/MIME signs: CRLF, 7-bit, no trailing blanks (RFC 8551 §3.1).
 *
 * @returns the Content-* fields, an empty line, the body
 * @throws RangeError for a boundary that is none
 */
export function composeEntity(content: EntityContent): Buffer {
  if (content.attachments.length === 0) return textEntity(content.text);
  const parts = [textEntity(content.text), ...content.attachments.map(attachmentEntity)];
  return multipart("multipart/mixed", [], content.boundary, parts);
}

/**
 * Joins an entity and its detached CMS signature (RFC 8551 §3.5.3). The entity's bytes stay as they are.
 *
 * @param signature DER of the SignedData
 * @param micalg e.g. `sha-256` (RFC 8551 §3.5.3.2)
 * @throws RangeError when the boundary is none, or stands at the start of a line of the entity
 */
export function composeSignedEntity(input: {
  readonly entity: Uint8Array;
  readonly signature: Uint8Array;
  readonly micalg: string;
  readonly boundary: string;
}): Buffer {
  const parameters = ['protocol="application/pkcs7-signature"', `micalg=${token(input.micalg)}`];
  const signature = attachmentEntity({
    fileName: "smime.p7s",
    mediaType: "application/pkcs7-signature",
    bytes: input.signature,
  });
  return multipart("multipart/signed", parameters, input.boundary, [bufferOf(input.entity), signature]);
}

/** One header field with its line end. */
function composeField(name: string, value: string): string {
  // RFC 5322 §2.2
  if (!/^[!-9;-~]{1,70}$/.test(name)) throw new RangeError(`not a field name: ${JSON.stringify(name)}`);
  const lower = asciiLowerCase(name);
  if (ADDRESS_FIELDS.has(lower)) return fold(`${name}: ${addressValue(value)}`);
  const text = withoutControls(value).trim();
  if (!STRUCTURED_FIELDS.test(lower)) return fold(`${name}: ${encodeWords(text)}`);
  // A stranger's Message-ID may hold UTF-8 (RFC 6532 §3.3), which only an SMTPUTF8 server would take from us.
  return fold(`${name}: ${text.replace(/[^\x20-\x7e]/gu, "?")}`);
}

/** Only what parses as mailboxes is written; the rest is no address that anybody could be sent to. */
function addressValue(value: string): string {
  return parseAddressList(value).mailboxes.map(formatMailbox).join(", ");
}

/**
 * Spells a mailbox for a header (RFC 5322 §3.4): `Name <address>`, the name quoted or encoded where it must
 * be.
 *
 * @returns one line without control characters
 */
export function formatMailbox(mailbox: Pick<Mailbox, "displayName" | "address">): string {
  const name = withoutControls(mailbox.displayName ?? "").trim();
  if (name === "") return mailbox.address;
  const encoded = encodeWords(name);
  if (encoded !== name) return `${encoded} <${mailbox.address}>`;
  const phrase = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+$/.test(name)
    ? name
    : `"${name.replace(/["\\]/g, "\\$&")}"`;
  return `${phrase} <${mailbox.address}>`;
}

/**
 * RFC 5322 §2.2.3: breaks before blanks so that lines stay within 76 characters where there are blanks to
 * break at.
 */
function fold(line: string): string {
  let folded = "";
  let length = 0;
  // Each piece is a word with the blanks before it, so that unfolding gives back every blank.
  for (const [index, piece] of (line.match(/ *[^ ]+/g) ?? []).entries()) {
    // A first line of the name alone is legal, but some readers take the field for empty.
    const breaks = index > 1 && length + piece.length > 76;
    folded += breaks ? `\r\n${piece}` : piece;
    length = breaks ? piece.length : length + piece.length;
  }
  return `${folded}\r\n`;
}

function textEntity(text: string): Buffer {
  const lines = text.replace(/\p{Cs}/gu, "\ufffd").split(/\r\n|\r|\n/);
  if (lines[lines.length - 1] === "") lines.pop();
  const canonical = lines.map((line) => `${line}\r\n`).join("");
  // RFC 8551 §3.1.3: what a gateway could change on the way ("From " lines, trailing blanks, delimiters) is
  // encoded.
  const plain = lines.every((line) => /^[\t\x20-\x7e]{0,76}$/.test(line) && !/^From |^--|[ \t]$/.test(line));
  const encoding = plain ? "7bit" : "quoted-printable";
  return Buffer.concat([
    entityHeader([
      ["Content-Type", "text/plain; charset=utf-8"],
      ["Content-Transfer-Encoding", encoding],
    ]),
    plain ? Buffer.from(canonical, "latin1") : encodeQuotedPrintable(canonical),
  ]);
}

function attachmentEntity(attachment: Attachment): Buffer {
  const mediaType = withoutControls(attachment.mediaType).replace(/[^\x20-\x7e]/g, "");
  return Buffer.concat([
    entityHeader([
      ["Content-Type", [mediaType, ...fileNameParameter("name", attachment.fileName)].join("; ")],
      ["Content-Transfer-Encoding", "base64"],
      [
        "Content-Disposition",
        ["attachment", ...fileNameParameter("filename", attachment.fileName)].join("; "),
      ],
    ]),
    wrapBase64(attachment.bytes),
  ]);
}

/** RFC 2045 §5.1 quoted string, or RFC 2231 §4 sections where the name is long or not ASCII. */
function fileNameParameter(name: string, fileName: string): string[] {
  const clean = withoutControls(fileName);
  // A name with blanks is percent-encoded, so that no line is ever folded inside it.
  if (/^[\x21\x23-\x5b\x5d-\x7e]{1,50}$/.test(clean)) return [`${name}="${clean}"`];
  const octets = [...Buffer.from(clean, "utf8")].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  const sections: string[] = [];
  for (let at = 0; at < octets.length; at += 18) sections.push(octets.slice(at, at + 18).join(""));
  if (sections.length <= 1) return [`${name}*=utf-8''${sections[0] ?? ""}`];
  return sections.map((text, index) => `${name}*${index}*=${index === 0 ? "utf-8''" : ""}${text}`);
}

function multipart(
  type: string,
  parameters: readonly string[],
  boundary: string,
  parts: readonly Buffer[],
): Buffer {
  checkBoundary(boundary, parts);
  const value = [type, ...parameters, `boundary="${boundary}"`].join("; ");
  const pieces: Buffer[] = [entityHeader([["Content-Type", value]])];
  for (const [index, part] of parts.entries()) {
    pieces.push(Buffer.from(`${index === 0 ? "" : "\r\n"}--${boundary}\r\n`, "latin1"), part);
  }
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`, "latin1"));
  return Buffer.concat(pieces);
}

/**
 * RFC 2046 §5.1.1: the alphabet, without the blank; and no part may hold the delimiter. The bodies made here
 * never do: no line of theirs begins with "--".
 */
function checkBoundary(boundary: string, parts: readonly Buffer[]): void {
  if (!/^[0-9A-Za-z'()+_,\-./:=?]{1,70}$/.test(boundary)) throw new RangeError("not a MIME boundary");
  const delimiter = `--${boundary}`;
  const stands = (part: Buffer) =>
    part.indexOf(delimiter, 0, "latin1") === 0 || part.indexOf(`\n${delimiter}`, 0, "latin1") >= 0;
  if (parts.some(stands)) throw new RangeError("the boundary stands at the start of a line of a part");
}

function entityHeader(fields: readonly FieldValue[]): Buffer {
  return Buffer.from(`${fields.map(([name, value]) => composeField(name, value)).join("")}\r\n`, "utf8");
}

function token(text: string): string {
  if (!/^[A-Za-z0-9._-]{1,40}$/.test(text)) throw new RangeError("not a micalg");
  return text;
}
