import { decodeBody, type MimePart } from "../mail/index.ts";
import type { CertificateFile } from "./certificate-files.ts";
import { type CmsBytes, cmsBytes, entityInside, type InnerEntity } from "./cms-bytes.ts";
import { SIGNED_PART_DEPTH } from "./limits.ts";
import { isUnnamedText } from "./report.ts";

interface AnySignedPart {
  readonly cms: Uint8Array;
  /** It is all that the mail shows: whatever stands around it shows nothing of its own. */
  readonly whole: boolean;
  /** It is what the mail shows first, and nothing but unnamed text stands behind it. */
  readonly shown: boolean;
  /** The CMS could not be decoded from its transfer encoding. */
  readonly damaged: boolean;
}

/** A CMS structure that says something about the mail, with the exact bytes that it covers. */
export type SignedPart = AnySignedPart &
  (
    | {
        readonly form: "detached";
        /** The signed content exactly as it was sent, line ends untouched (RFC 8551 §3.5.3). */
        readonly content: Uint8Array;
        /** The signed parts in the content, as far as they are in the open. */
        readonly inner: readonly SignedPart[];
        /** The certificate files in the content. */
        readonly files: readonly CertificateFile[];
      }
    | {
        readonly form: "opaque";
        /** The file's name, or null. */
        readonly name: string | null;
      }
  );

/** Where a part stands among all that the mail shows. */
export interface Place {
  /** Nothing else is shown. */
  readonly whole: boolean;
  /** It comes first, and what comes after it is unnamed text. */
  readonly shown: boolean;
}

/** Where the mail itself stands. */
export const ALONE: Place = { whole: true, shown: true };

const BESIDE: Place = { whole: false, shown: false };

/** What the walk asks of whoever knows more than the structure. */
export interface Walk {
  /** The parts that were taken for a CMS structure of the mail, in order. */
  readonly structures: Set<MimePart>;
  /** The certificate files below a part. */
  readonly filesBelow: (part: MimePart) => readonly CertificateFile[];
  /** Opens MIME text that stands where a CMS structure should (Exchange), or null: it may not be opened any more. */
  readonly enter: ((entity: InnerEntity, place: Place) => readonly SignedPart[]) | null;
}

/**
 * The signed parts of an entity, the outer before the inner; never into `message/rfc822`: a forwarded mail offers
 * nothing. Nor at or below a part on whose nature readers disagree: they would show different mails. The bytes of a
 * detached signature's content are not in doubt, whatever is wrong with the parts in it (PRODUCT §3).
 * @returns those that are not inside another one; a detached one knows those in its content
 */
export function signedPartsOf(
  raw: Uint8Array,
  part: MimePart,
  place: Place,
  walk: Walk,
  depth = SIGNED_PART_DEPTH,
): SignedPart[] {
  if (part.defect !== null) return [];
  const below = (child: MimePart, where: Place) =>
    depth === 0 ? [] : signedPartsOf(raw, child, where, walk, depth - 1);
  const [content, second, ...others] = part.parts;
  const signature = signatureOf(raw, part);
  if (signature !== null && content !== undefined && second !== undefined) {
    walk.structures.add(second);
    const whole = place.whole && showsNothing(part, 2) && second.defect === null;
    const inner = below(content, { whole, shown: place.shown });
    const { bytes, damaged } = signature;
    const detached: SignedPart = {
      form: "detached",
      content: raw.subarray(content.start, content.end),
      cms: bytes,
      whole,
      shown: place.shown,
      damaged,
      inner,
      files: walk.filesBelow(content),
    };
    return [detached, ...others.flatMap((other) => below(other, BESIDE))];
  }
  if (isOpaque(part)) {
    // Somebody's document in a mail is not the mail.
    if (depth < SIGNED_PART_DEPTH && isDocument(part)) return [];
    walk.structures.add(part);
    const entity = walk.enter === null ? null : entityInside(raw, part);
    if (entity !== null && walk.enter !== null) return [...walk.enter(entity, place)];
    const { bytes, damaged, alone } = cmsBytes(raw, part);
    // Words behind the end of the base64, as a list appends its footer: the CMS can still be read, they are not in it.
    const { whole, shown } = { whole: place.whole && alone, shown: place.shown };
    return [{ form: "opaque", cms: bytes, whole, shown, damaged, name: part.fileName }];
  }
  const alone = isOpenPgpSigned(raw, part) ? showsNothing(part, 2) : showsNothing(part, 1);
  const first: Place = {
    whole: place.whole && alone,
    shown: place.shown && part.parts.slice(1).every((other) => alone || isUnnamedText(other)),
  };
  return part.parts.flatMap((child, index) => below(child, index === 0 ? first : BESIDE));
}

/**
 * Whether a multipart shows no more than its first part. A preamble is not counted: mail programs write one for
 * programs that know no MIME, and none shows it.
 */
function showsNothing(part: MimePart, parts: number): boolean {
  return part.parts.length === parts && !part.hasEpilogue;
}

const PKCS7_MIME = new Set(["application/pkcs7-mime", "application/x-pkcs7-mime"]);
const PKCS7_SIGNATURE = new Set(["application/pkcs7-signature", "application/x-pkcs7-signature"]);
const SEQUENCE = 0x30;

/**
 * The signature of a multipart/signed by S/MIME, else null. The second part is the signature, whatever it is called
 * (RFC 1847 §2.1): by its type or name (RFC 8551 §3.5.3), or, where nothing else is announced, by its bytes.
 */
function signatureOf(raw: Uint8Array, part: MimePart): CmsBytes | null {
  const second = part.parts[1];
  if (part.mediaType.type !== "multipart/signed" || second === undefined) return null;
  if (isSignaturePart(second)) return cmsBytes(raw, second);
  if (protocolOf(part).startsWith("application/pgp-")) return null;
  const cms = cmsBytes(raw, second);
  return cms.bytes[0] === SEQUENCE ? cms : null;
}

/** By its type, or by its name alone (RFC 8551 §3.2.1). */
export function isSignaturePart(part: MimePart): boolean {
  return PKCS7_SIGNATURE.has(part.mediaType.type) || /\.p7s$/i.test(part.fileName ?? "");
}

/** application/pkcs7-mime, also by file name alone (RFC 8551 §3.2.1: some gateways change the type). */
function isOpaque(part: MimePart): boolean {
  return PKCS7_MIME.has(part.mediaType.type) || /\.p7m$/i.test(part.fileName ?? "");
}

/** A file with the name of a document, signed as such (CAdES): `contract.pdf.p7m`, `contract.pdf.p7s`. */
export function isDocument({ fileName }: MimePart): boolean {
  return DOCUMENT.test(fileName ?? "");
}

const DOCUMENT = new RegExp(
  `\\.(?:${[
    "pdf|docx?|docm|dotx?|odt|rtf|txt|md|xlsx?|xlsm|ods|csv|pptx?|odp|xml|json|html?|xhtml|edi|asice?|asics",
    "zip|7z|rar|gz|tgz|tar|tiff?|jpe?g|png|gif|bmp|heic|svg|dwg|dxf|mp[34]|wav|exe|jar|bin|iso|sql",
  ].join("|")})\\.p7[ms]$`,
  "i",
);

function protocolOf(part: MimePart): string {
  return part.mediaType.parameters.get("protocol")?.toLowerCase() ?? "";
}

/** multipart/signed by OpenPGP (RFC 3156 §5): its second part is an armoured signature and no word more. */
function isOpenPgpSigned(raw: Uint8Array, part: MimePart): boolean {
  const signature = part.parts[1];
  if (part.mediaType.type !== "multipart/signed" || signature === undefined) return false;
  if (signature.defect !== null || signature.mediaType.type !== "application/pgp-signature") return false;
  return isArmouredSignature(decodeBody(raw, signature).bytes.toString("latin1").trim());
}

const PGP_BEGIN = "-----BEGIN PGP SIGNATURE-----";
const PGP_END = "-----END PGP SIGNATURE-----";

/** One block (RFC 9580 §6.2) and nothing around it. Not one pattern: a loop in it would need a stack as deep as the text. */
function isArmouredSignature(text: string): boolean {
  if (!text.startsWith(PGP_BEGIN) || !text.endsWith(PGP_END)) return false;
  const between = text.slice(PGP_BEGIN.length, -PGP_END.length);
  return between !== "" && !/^-|--|-$/.test(between);
}
