import type { MimePart } from "../mail/index.ts";

/** RFC 6522, RFC 8098, RFC 3464 and their kin (ARF, internationalised reports): what programs tell each other, with and without the multipart around. */
const REPORTS = new Set([
  "multipart/report",
  "message/disposition-notification",
  "message/delivery-status",
  "message/feedback-report",
  "message/global-disposition-notification",
  "message/global-delivery-status",
]);

/**
 * The report that an entity shows: itself, through a signature around it, or with nothing but unnamed text behind it, as
 * a disclaimer is put. A report in `message/rfc822`, or behind a text, is one that a person forwards.
 * @returns null when it shows something else
 */
export function reportIn(part: MimePart): MimePart | null {
  if (REPORTS.has(part.mediaType.type)) return part;
  const [first, ...others] = part.parts;
  const report = first === undefined ? null : reportIn(first);
  return part.mediaType.type === "multipart/signed" || others.every(isUnnamedText) ? report : null;
}

/** A text that is no file: what a gateway writes below a mail. */
export function isUnnamedText({ mediaType, fileName, disposition }: MimePart): boolean {
  return mediaType.type.startsWith("text/") && fileName === null && disposition !== "attachment";
}
