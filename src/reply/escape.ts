import { replaceUnseen } from "../text.ts";
import { CERTIFICATE_TEXT_LENGTH } from "./limits.ts";

// Everything that breaks a line or separates words: a plain blank says the same and cannot do harm.
const BLANKS = /[\p{Z}\t\n\v\f\r\u0085]+/gu;
// Co, Cn: characters that no reader can know. What else cannot be seen, or is seen elsewhere, `text.ts` knows.
const UNKNOWN = /\p{C}/gu;
const PLACEHOLDER = "\u{FFFD}";

/**
 * One line of visible text out of anything: what a stranger wrote can break no line or header, turn no text around
 * and grow no longer than `limit` code points. This is the only way for a value into a text or a header (STYLE §2.26).
 * @returns the text; blanks are single, what is invisible is `U+FFFD`, what was cut off ends in `…`
 */
export function oneLine(value: string, limit: number): string {
  // Cut before the work, so that a value of megabytes costs no more than a short one; a code point has two units.
  const head = value.slice(0, 4 * limit);
  const visible = replaceUnseen(head.replace(BLANKS, " "), () => PLACEHOLDER)
    .replace(UNKNOWN, PLACEHOLDER)
    .trim();
  const points = [...visible];
  return points.length > limit || head.length < value.length
    ? `${points.slice(0, limit - 1).join("")}…`
    : visible;
}

/**
 * A certificate's own text (subject, issuer), such that no mail program makes a link of it. CA-checked names are not
 * free text, but a reply of ours that shows a stranger's link would be worth an attempt.
 * @returns one line; blanks stand inside what looks like a URL, a host name or an address
 */
export function certificateText(value: string): string {
  return oneLine(value, CERTIFICATE_TEXT_LENGTH)
    .replace(/:(?=\/)/g, ": ")
    .replace(/@/g, " @ ")
    .replace(/\.(?=[\p{L}\p{N}]{2})/gu, ". ");
}
