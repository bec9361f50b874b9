import { decodeBody, firstField, type MimePart, parseMime } from "../mail/index.ts";

/** The octets of a part that should be a CMS structure. */
export interface CmsBytes {
  readonly bytes: Uint8Array;
  /** They could not be decoded to their end. */
  readonly damaged: boolean;
  /** Nothing that a reader would see stands beside them in the part. */
  readonly alone: boolean;
}

/** The tag of a SEQUENCE, with which every CMS structure begins (RFC 5652 §3). */
const SEQUENCE = 0x30;

/**
 * The CMS structure of a part, its transfer encoding undone. What is then text is decoded once more: PEM (RFC 7468 §8, §9)
 * and base64 whose Content-Transfer-Encoding was lost. Departs from RFC 8551 §3.2, which knows the binary form alone,
 * because OpenSSL and gateways write these and every verifier takes them; the signature proves itself whatever wraps it.
 */
export function cmsBytes(raw: Uint8Array, part: MimePart): CmsBytes {
  const { bytes, problem, rest } = decodeBody(raw, part);
  const alone = problem === null || (rest !== undefined && isPadding(rest));
  const binary = { bytes, damaged: problem !== null, alone };
  if (bytes[0] === SEQUENCE) return binary;
  const armour = armourIn(bytes);
  const decoded = decodeBody(bytes, { transferEncoding: "base64", ...armour });
  if (decoded.bytes[0] !== SEQUENCE) return binary;
  return {
    bytes: decoded.bytes,
    damaged: decoded.problem !== null,
    alone: decoded.problem === null && problem === null && armour.alone,
  };
}

/**
 * More base64 behind the end of base64, of NUL and blanks alone: no word, whichever way it is read. Without the end before
 * it, which depends on the length of the CMS alone, it would be padding of a block (`parseSignedData`).
 */
function isPadding(rest: Buffer): boolean {
  const base64 = rest.toString("latin1").replace(/\s+/g, "");
  const digits = base64.replace(/={1,2}$/, "");
  if (digits.length % 4 === 1 || !/^[A-Za-z0-9+/]+$/.test(digits)) return false;
  return Buffer.from(digits, "base64").every(
    (octet) => octet === 0 || octet === 0x20 || (octet >= 9 && octet <= 13),
  );
}

/** Where the base64 stands: between the lines of a PEM block, or everywhere. */
function armourIn(bytes: Buffer): {
  readonly bodyStart: number;
  readonly end: number;
  readonly alone: boolean;
} {
  const text = bytes.toString("latin1");
  const block = PEM.exec(text);
  if (block === null) return { bodyStart: 0, end: bytes.length, alone: true };
  const [whole, begin = "", , body = ""] = block;
  const bodyStart = block.index + begin.length;
  // Explanations around the block (RFC 7468 §2) are words that nobody signed.
  const beside = text.slice(0, block.index) + text.slice(block.index + whole.length);
  return { bodyStart, end: bodyStart + body.length, alone: beside.trim() === "" };
}

const PEM = /(-----BEGIN (PKCS7|PKCS #7 SIGNED DATA|CMS)-----)([^-]*)(?:-----END \2-----)?/;

/** A MIME entity of its own, all offsets into `raw`. */
export interface InnerEntity {
  readonly raw: Uint8Array;
  readonly root: MimePart;
}

/**
 * The MIME entity in a part that calls itself CMS: Exchange puts a multipart/signed as text into a `smime.p7m`, and
 * that text is the part's content (PRODUCT §3). Null when the octets are no entity with a Content-Type.
 */
export function entityInside(raw: Uint8Array, part: MimePart): InnerEntity | null {
  // Its first octets tell, so that a large mail is not decoded twice.
  const end = Math.min(part.end, part.bodyStart + BEGINNING_BYTES);
  const beginning = decodeBody(raw, { ...part, end }).bytes.toString("latin1");
  if (!BEGINS_WITH_FIELD.test(beginning)) return null;
  const { bytes: decoded } = decodeBody(raw, part);
  const bytes = decoded.subarray(beginning.startsWith(BOM) ? BOM.length : 0);
  const { root, problem } = parseMime(bytes);
  return problem === null && firstField(root.fields, "Content-Type") !== null ? { raw: bytes, root } : null;
}

const BEGINNING_BYTES = 1024;
/** The byte order mark of a text that was saved as UTF-8. */
const BOM = "\xef\xbb\xbf";
const BEGINS_WITH_FIELD = /^(?:\xef\xbb\xbf)?(?:\r?\n)*[A-Za-z][A-Za-z0-9-]*[ \t]*:/;
