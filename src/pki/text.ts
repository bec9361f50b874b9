/** The ASN.1 string types of names as JavaScript text (RFC 5280 §4.1.2.4; X.690 §8.23). */
import { isUtf8 } from "node:buffer";
import { TAG } from "./der.ts";

/**
 * The text of a string value, or null when the tag is no string type or the octets are none of its encoding. What the
 * type does not allow (an `@` in a PrintableString, octets above 127 in an IA5String) stays visible: it is judged by
 * whoever uses the text.
 */
export function stringText(tag: number, content: Uint8Array): string | null {
  switch (tag) {
    case TAG.utf8String:
      return isUtf8(content) ? view(content).toString("utf8") : null;
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.numericString:
    case TAG.visibleString:
    case TAG.generalString:
    case TAG.teletexString: // in practice Latin-1: nobody switches code pages (T.61) in certificates
      return view(content).toString("latin1");
    case TAG.bmpString:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString("utf16le") : null;
    case TAG.universalString:
      return universalText(content);
    default:
      return null;
  }
}

/** UniversalString: four octets a character, big-endian; null for a value beyond Unicode or a surrogate. */
function universalText(content: Uint8Array): string | null {
  if (content.length % 4 !== 0) return null;
  const octets = view(content);
  let text = "";
  for (let at = 0; at < octets.length; at += 4) {
    const point = octets.readUInt32BE(at);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return null;
    text += String.fromCodePoint(point);
  }
  return text;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
