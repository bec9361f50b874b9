/** The signed layers of a mail (PRODUCT §3): which one counts, and all that lies open when it is found. */
import { isProblem, OID, type ParseProblem, parseSignedData, type SignedData } from "../pki/index.ts";
import {
  type CertificateFile,
  type Content,
  contentOf,
  type InnerEntity,
  type Offer,
  type SignedPart,
} from "../read/index.ts";
import { OPENED_BYTES, SIGNATURE_FILE_BYTES, SIGNED_LAYERS } from "./limits.ts";

/** A signed part, its CMS structure decoded. */
export interface Layer {
  readonly part: SignedPart;
  readonly parsed: SignedData | ParseProblem;
  /** The certificate files in its content. */
  readonly files: readonly CertificateFile[];
}

/** What became of the signed parts of a mail. */
export interface Layers {
  /** The layer that counts; null when nothing is signed. */
  readonly counting: Layer | null;
  /** Certificate files of the mail, of the contents that were opened, and the signatures that do not count. */
  readonly files: readonly CertificateFile[];
  /** Where a private key may lie. */
  readonly secrets: readonly Uint8Array[];
  /** What the mail shows is a report or a receipt, which a program wrote. */
  readonly report: boolean;
  /** The entity inside a signature that shows the report. */
  readonly reporting: InnerEntity | null;
}

/** A layer on its way to be judged, with the parts around it. */
interface Candidate {
  readonly part: SignedPart;
  readonly around: readonly SignedPart[];
}

/**
 * Finds the layer that counts: the outermost whose SignedData has a signer of the sender's, else the first. A layer is
 * whole when all that is around it shows nothing of its own. Of the layers around the one that counts nothing is
 * offered: gateways sign with certificates of their own.
 * @param isSenders whether a signer of the SignedData is the sender
 */
export function openLayers(offer: Offer, isSenders: (signedData: SignedData) => boolean): Layers {
  const candidates: Candidate[] = offer.signed.map((part) => ({ part, around: [] }));
  const seen: Candidate[] = [];
  const files = [...offer.files];
  const secrets = [...offer.secrets];
  let report = false;
  let reporting: InnerEntity | null = null;
  let opened = 0;
  let first: (Layer & Candidate) | null = null;
  let counting: (Layer & Candidate) | null = null;
  for (let next = candidates.shift(); next !== undefined; next = candidates.shift()) {
    seen.push(next);
    if (counting !== null || seen.length > SIGNED_LAYERS) {
      candidates.unshift(...innerOf(next, detachedInner(next.part)));
      continue;
    }
    const { part, around } = next;
    const parsed = parseSignedData(part.cms);
    const content = part.form === "opaque" && !isProblem(parsed) ? parsed.content : null;
    const open: boolean = content !== null && (first === null || opened + content.length <= OPENED_BYTES);
    opened += content?.length ?? 0;
    const inside: Content | null = content !== null && open ? contentOf(content) : null;
    secrets.push(...(inside?.offer.secrets ?? []));
    if (inside !== null && isDocument(part, inside)) continue;
    files.push(...(inside?.offer.files ?? []));
    const shown = part.shown ? (inside?.report ?? null) : null;
    reporting ??= shown;
    report ||= shown !== null || (part.shown && isReceipt(parsed));
    const layer: Layer & Candidate = {
      part,
      around,
      parsed,
      files: inside?.offer.files ?? detachedFiles(part),
    };
    first ??= layer;
    if (!isProblem(parsed) && isSignedMail(parsed) && isSenders(parsed)) counting = layer;
    const whole = part.whole && showsNothing(part, parsed);
    const inner = (inside?.offer.signed ?? detachedInner(part)).map((below) =>
      within(below, whole, part.shown),
    );
    candidates.unshift(...innerOf(next, inner));
  }
  const chosen = counting ?? first;
  const beside = seen.filter(({ part }) => part !== chosen?.part && chosen?.around.includes(part) !== true);
  return {
    counting: chosen,
    files: [...files, ...beside.flatMap(signatureFile)],
    secrets,
    report,
    reporting,
  };
}

function innerOf({ part, around }: Candidate, inner: readonly SignedPart[]): Candidate[] {
  return inner.map((below) => ({ part: below, around: [...around, part] }));
}

function detachedInner(part: SignedPart): readonly SignedPart[] {
  return part.form === "detached" ? part.inner : [];
}

function detachedFiles(part: SignedPart): readonly CertificateFile[] {
  return part.form === "detached" ? part.files : [];
}

/** A part, and those in it, inside another: no more whole, and no more shown, than that one. */
function within(part: SignedPart, whole: boolean, shown: boolean): SignedPart {
  if (whole && shown) return part;
  const limited = { ...part, whole: part.whole && whole, shown: part.shown && shown };
  if (limited.form === "opaque") return limited;
  return { ...limited, inner: limited.inner.map((below) => within(below, whole, shown)) };
}

/**
 * A document that somebody signed as such, beside a text (PRODUCT §3): its name is not that of a mail's signed part
 * (RFC 8551 §3.2.1), and its content is no MIME entity.
 */
function isDocument(part: SignedPart, content: Content): boolean {
  if (part.form !== "opaque" || part.name === null || part.whole || content.isEntity) return false;
  return !/^smime\d*\.p7m$/i.test(part.name);
}

/** What S/MIME signs is id-data (RFC 8551 §2.4.1). */
export function isSignedMail({ contentType, signerInfos }: SignedData): boolean {
  return contentType === OID.data || signerInfos.length === 0;
}

/** A signed receipt (RFC 2634 §2): a mail program makes it, and nobody writes a word of it. */
export function isReceipt(parsed: SignedData | ParseProblem): boolean {
  return !isProblem(parsed) && parsed.contentType === OID.receipt;
}

/** A signature that shows no more than its content: it can be read, and nothing stands in or behind it. */
function showsNothing(part: SignedPart, parsed: SignedData | ParseProblem): boolean {
  if (isProblem(parsed)) return false;
  return part.form === "opaque" ? parsed.trailing === 0 : parsed.content === null;
}

/** The signature of a layer that does not count: certificates without a signature over the mail. */
function signatureFile({ part }: Candidate): CertificateFile[] {
  if (part.form === "opaque" || part.cms.length > SIGNATURE_FILE_BYTES) return [];
  return [{ name: null, bytes: part.cms }];
}
