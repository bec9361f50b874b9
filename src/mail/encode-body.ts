import { bufferOf } from "./bytes.ts";

const LINE = 76;

/**
 * Base64 in lines of 76 characters with CRLF (RFC 2045 §6.8), the last one too.
 *
 * @param bytes any bytes; none gives an empty buffer
 */
export function wrapBase64(bytes: Uint8Array): Buffer {
  const text = bufferOf(bytes).toString("base64");
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += LINE) lines.push(`${text.slice(at, at + LINE)}\r\n`);
  return Buffer.from(lines.join(""), "latin1");
}

/**
 * Quoted-printable (RFC 2045 §6.7) of text with CRLF line ends, in lines of at most 76 characters.
 *
 * @param text CRLF lines; every other control character but TAB is escaped
 */
export function encodeQuotedPrintable(text: string): Buffer {
  const lines = text.split("\r\n").map(encodeLine);
  return Buffer.from(lines.join("\r\n"), "latin1");
}

function encodeLine(line: string): string {
  const bytes = Buffer.from(line, "utf8");
  let encoded = "";
  let column = 0;
  for (const [index, byte] of bytes.entries()) {
    const last = index === bytes.length - 1;
    const escaped = `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    let piece = isLiteral(byte, last) ? String.fromCharCode(byte) : escaped;
    // Rule (5): a soft break costs one character of the line.
    if (column + piece.length > (last ? LINE : LINE - 1)) {
      encoded += "=\r\n";
      column = 0;
    }
    if (column === 0 && isUnsafeAtLineStart(bytes, index)) piece = escaped;
    encoded += piece;
    column += piece.length;
  }
  return encoded;
}

/**
 * "-" could make a delimiter, a lone "." ends the SMTP data, and "From " gets a ">" on the way (RFC 8551
 * §3.1.3).
 */
function isUnsafeAtLineStart(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x2d || bytes[at] === 0x2e || bytes.toString("latin1", at, at + 5) === "From ";
}

/** Rules (1) to (3): "=" never, a blank not at the end of a line. */
function isLiteral(byte: number, last: boolean): boolean {
  if (byte === 0x20 || byte === 0x09) return !last;
  return byte > 0x20 && byte < 0x7f && byte !== 0x3d;
}
