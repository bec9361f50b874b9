import { decodeBody, type MimePart } from "../mail/index.ts";
import { CERTIFICATE_FILE_BYTES } from "./limits.ts";

/**
 * Whether a part is OpenPGP: by its MIME form (RFC 3156), by its name, as armour in whatever text or file
 * (RFC 9580 §6.2), or as the packets of a key.
 */
export function isOpenPgp(raw: Uint8Array, part: MimePart): boolean {
  const { type, parameters } = part.mediaType;
  const protocol = parameters.get("protocol")?.toLowerCase() ?? "";
  if (protocol.startsWith("application/pgp-") || type.startsWith("application/pgp-")) return true;
  if (part.parts.length > 0) return false;
  const isText = type.startsWith("text/");
  const isNamed = /\.(asc|pgp|gpg)$/i.test(part.fileName ?? "");
  if (isNamed && !isText) return true;
  if (!isText && !isNamed && !ANY_BYTES.has(type)) return false;
  // Quoted-printable takes up to three times what it holds; of a longer part the beginning tells.
  const end = Math.min(part.end, part.bodyStart + 3 * CERTIFICATE_FILE_BYTES);
  const { bytes } = decodeBody(raw, { ...part, end });
  return ARMOUR.test(bytes.toString("latin1")) || isKey(bytes);
}

const ANY_BYTES = new Set(["application/octet-stream", "application/x-unknown-content-type"]);

/** A header line of armour (RFC 9580 §6.2.1), on a line of its own; in HTML behind a tag. */
const ARMOUR =
  /(?:^(?:\xef\xbb\xbf)?[ \t]*|<[a-z/][^<>\r\n]{0,200}>\s{0,9})-----BEGIN PGP (?:SIGNED MESSAGE|MESSAGE(?:, PART [0-9/]{1,9})?|SIGNATURE|(?:PUBLIC|PRIVATE|SECRET) KEY BLOCK)-----/im;

/**
 * Whether OpenPGP's private key lies in these bytes: armoured, or as a Secret-Key packet (RFC 9580 §5.5.1.3).
 * @param bytes a decoded part
 */
export function isOpenPgpPrivateKey(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return keyPacketOf(buffer) === SECRET_KEY || ["PRIVATE", "SECRET"].some((kind) => hasBlock(buffer, kind));
}

/** A whole block with a line of base64 in it: who merely writes about one has sent none. */
function hasBlock(buffer: Buffer, kind: string): boolean {
  const begin = buffer.indexOf(`-----BEGIN PGP ${kind} KEY BLOCK-----`);
  const end = begin < 0 ? -1 : buffer.indexOf(`-----END PGP ${kind} KEY BLOCK-----`, begin);
  return end >= 0 && /[A-Za-z0-9+/]{40}/.test(buffer.toString("latin1", begin, end));
}

const SECRET_KEY = 5;
const PUBLIC_KEY = 6;

function isKey(bytes: Buffer): boolean {
  const tag = keyPacketOf(bytes);
  return tag === SECRET_KEY || tag === PUBLIC_KEY;
}

/** The public-key algorithms of RFC 9580 §9.1. */
const ALGORITHMS: ReadonlySet<number> = new Set([1, 2, 3, 16, 17, 18, 19, 22, 25, 26, 27, 28]);

/** The type of the packet with which the octets begin (RFC 9580 §4.2), when it is a whole key of version 3 to 6; else null. */
function keyPacketOf(bytes: Buffer): number | null {
  const first = bytes[0] ?? 0;
  if ((first & 0x80) === 0) return null;
  const isNew = (first & 0x40) !== 0;
  const tag = isNew ? first & 0x3f : (first & 0x3c) >> 2;
  if (tag !== SECRET_KEY && tag !== PUBLIC_KEY) return null;
  const header = isNew ? newLength(bytes) : oldLength(bytes, first & 0x03);
  if (header === null || header.length < 12 || header.start + header.length > bytes.length) return null;
  const version = bytes[header.start] ?? 0;
  const algorithm = bytes[header.start + (version === 3 ? 7 : 5)] ?? 0;
  return version >= 3 && version <= 6 && ALGORITHMS.has(algorithm) ? tag : null;
}

interface Span {
  readonly start: number;
  readonly length: number;
}

/** RFC 9580 §4.2.1; a key has no partial lengths. */
function newLength(bytes: Buffer): Span | null {
  const [first, second] = [bytes[1] ?? 0, bytes[2] ?? 0];
  if (first < 192) return { start: 2, length: first };
  if (first < 224) return { start: 3, length: (first - 192) * 256 + second + 192 };
  return first === 255 && bytes.length >= 6 ? { start: 6, length: bytes.readUInt32BE(2) } : null;
}

/** RFC 9580 §4.2.2. */
function oldLength(bytes: Buffer, lengthType: number): Span | null {
  const octets = [1, 2, 4][lengthType];
  if (octets === undefined || bytes.length <= octets) return null;
  return { start: 1 + octets, length: bytes.readUIntBE(1, octets) };
}
