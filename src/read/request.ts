import { decodeEncodedWords, firstField, type HeaderField } from "../mail/index.ts";
import { SUBJECT_CHARACTERS } from "./limits.ts";

/** The decoded (RFC 2047), unfolded, trimmed subject, or null when there is none. */
export function subjectOf(header: readonly HeaderField[]): string | null {
  const field = firstField(header, "Subject");
  return field === null ? null : decodeEncodedWords(field.body).trim();
}

/**
 * Whether a subject is a request (exactly the tag, case and all, PRODUCT §4), nearly one that a person meant as such,
 * or neither.
 */
export function requestOf(subject: string | null, tag: string): "exact" | "near-miss" | null {
  if (subject === null || subject.length > SUBJECT_CHARACTERS) return null;
  if (subject === tag) return "exact";
  return isNearMiss(subject, tag) ? "near-miss" : null;
}

/** Prefixes of answers and forwards, in the languages that mail programs speak. */
const ANSWER =
  /^\s*(re|aw|antw|antwort|sv|vs|ref|rif|odp|fwd?|wg|weitergeleitet|tr|rv|enc)\s*(\[\d+\])?\s*:/i;

/** Letters and digits that may stand beside the tag: more than a word or two is a subject of its own. */
const WORDS_BESIDE = 16;

function isNearMiss(subject: string, tag: string): boolean {
  if (ANSWER.test(subject)) return false;
  const wanted = lettersOf(tag);
  const written = lettersOf(subject);
  if (wanted === "" || written === "") return false;
  if (written.includes(wanted)) return written.length <= wanted.length + WORDS_BESIDE;
  // A slip of the finger or two; a short tag leaves no room for guesses.
  const slips = wanted.length >= 8 ? 2 : wanted.length >= 5 ? 1 : 0;
  return Math.abs(written.length - wanted.length) <= slips && editDistance(written, wanted) <= slips;
}

/** What is left when case, brackets, blanks, dashes and width forms are not counted. */
function lettersOf(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
}

/** Levenshtein distance; both texts are a few dozen characters. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
