import { firstField, type MimePart, parseMime } from "../mail/index.ts";
import { type CertificateFile, certificateFiles, partsBelow } from "./certificate-files.ts";
import type { InnerEntity } from "./cms-bytes.ts";
import type { Carries } from "./facts.ts";
import { CERTIFICATE_FILES, ENTITIES_INSIDE, SIGNED_PART_DEPTH } from "./limits.ts";
import { isOpenPgp } from "./openpgp.ts";
import { reportIn } from "./report.ts";
import { decodedLeaves } from "./secrets.ts";
import { ALONE, type Place, type SignedPart, signedPartsOf } from "./signed-parts.ts";

export type { CertificateFile } from "./certificate-files.ts";
export type { SignedPart } from "./signed-parts.ts";

/** What a mail offers, in bytes: the input of `inspect`. */
export interface Offer {
  /** The signed parts, the outer before the inner; those in an opaque one are found when it is opened. */
  readonly signed: readonly SignedPart[];
  readonly files: readonly CertificateFile[];
  /** Every part, decoded, in which a private key may have come along. What is found in them is never offered. */
  readonly secrets: readonly Uint8Array[];
}

/** The MIME structure's answer: what the mail offers and what it carries. */
export interface Structure {
  readonly offer: Offer;
  readonly carries: Carries;
  /** The entity that shows a report of a program (RFC 6522), when that is what the mail shows. */
  readonly report: InnerEntity | null;
}

/** Of a mail whose structure cannot be read. */
export const UNREADABLE: Structure = {
  offer: { signed: [], files: [], secrets: [] },
  carries: "nothing",
  report: null,
};

/**
 * Finds the signed parts, and the certificate files beside and in them. Types and file names are hints of the
 * sender; what a CMS structure really is, `inspect` reads from its bytes.
 * @param place where the entity stands in the mail
 * @param inside how many MIME entities are opened one inside the other, where a CMS structure should be
 */
export function structureOf(
  raw: Uint8Array,
  root: MimePart,
  place: Place = ALONE,
  inside = ENTITIES_INSIDE,
): Structure {
  const structures = new Set<MimePart>();
  const entities: Structure[] = [];
  const enter = ({ raw: text, root: entity }: InnerEntity, where: Place) => {
    const inner = structureOf(text, entity, where, inside - 1);
    entities.push(inner);
    return inner.offer.signed;
  };
  const signed = signedPartsOf(raw, root, place, {
    structures,
    filesBelow: (part) => certificateFiles(raw, part, structures),
    enter: inside === 0 ? null : enter,
  });
  const files = [...entities.flatMap(({ offer }) => offer.files), ...certificateFiles(raw, root, structures)];
  // The outermost structure is opened in any case, and what is in it searched then.
  const [first] = structures;
  const secrets = [...entities.flatMap(({ offer }) => offer.secrets), ...decodedLeaves(raw, root, first)];
  return {
    offer: { signed, files: files.slice(0, CERTIFICATE_FILES), secrets },
    carries: carriesOf(raw, root, signed, files, entities),
    report:
      place.shown && reportIn(root) !== null
        ? { raw, root }
        : (entities.find(({ report }) => report !== null)?.report ?? null),
  };
}

/** What stands in an opaque content. */
export interface Content {
  readonly offer: Offer;
  /** As in `Structure`. */
  readonly report: InnerEntity | null;
  /** It has a Content-Type: it is a MIME entity (RFC 8551 §3.1), and no document. */
  readonly isEntity: boolean;
}

/** Reads an opaque content, which is a MIME entity of its own (RFC 8551 §3.5.2). Never throws for any bytes. */
export function contentOf(content: Uint8Array): Content {
  const { root, problem } = parseMime(content);
  const { offer, report } = structureOf(content, root);
  const isEntity = firstField(root.fields, "Content-Type") !== null;
  return { offer: problem === null ? offer : { ...offer, signed: [] }, report, isEntity };
}

function carriesOf(
  raw: Uint8Array,
  root: MimePart,
  signed: readonly SignedPart[],
  files: readonly CertificateFile[],
  entities: readonly Structure[],
): Carries {
  const inner = entities.find(({ carries }) => carries !== "nothing");
  if (inner !== undefined) return inner.carries;
  const [first] = signed;
  if (first !== undefined) {
    const smimeType = root.mediaType.parameters.get("smime-type")?.toLowerCase() ?? "";
    if (first.form === "opaque" && /^(auth)?enveloped-data$/.test(smimeType)) return "encrypted";
    return smimeType === "certs-only" ? "certs-only" : "signed";
  }
  if (partsBelow(root, SIGNED_PART_DEPTH).some((part) => isOpenPgp(raw, part))) return "openpgp";
  if (files.length > 0) return "certificate-file";
  return partsBelow(root, SIGNED_PART_DEPTH).flatMap((part) => wrapperOf(part) ?? [])[0] ?? "nothing";
}
/** Forms of Microsoft's that only its own programs open, and in which a signature would stay out of sight. */
function wrapperOf({ mediaType, fileName }: MimePart): "rich-text" | "rights-protected" | null {
  const name = fileName?.toLowerCase() ?? "";
  if (TNEF.has(mediaType.type) || name === "winmail.dat") return "rich-text";
  return mediaType.type === "application/x-microsoft-rpmsg-message" || name.endsWith(".rpmsg")
    ? "rights-protected"
    : null;
}

const TNEF = new Set(["application/ms-tnef", "application/vnd.ms-tnef"]);
