import { decodeEncodedWords, firstField, type HeaderField } from "../mail/index.ts";
import type { Policy } from "../policy.ts";
import { SUBJECT_CHARACTERS, SUBJECT_LINE } from "./limits.ts";
import { isMachineSubject } from "./machine-subject.ts";

/** The decoded (RFC 2047), unfolded, trimmed subject, or null when there is none. */
export function subjectOf(header: readonly HeaderField[]): string | null {
  const field = firstField(header, "Subject");
  return field === null ? null : decodeEncodedWords(field.body).trim();
}

/**
 * The subject without the marks of our own gateway (`requests.subject_marks`) at its ends, however many stand there; exactly
 * as configured, for anything else may be the sender's.
 */
export function withoutMarks(subject: string, marks: readonly string[]): string {
  const bare = subject.trim();
  for (const mark of marks) {
    if (mark === "") continue;
    if (bare.startsWith(mark)) return withoutMarks(bare.slice(mark.length), marks);
    if (bare.endsWith(mark)) return withoutMarks(bare.slice(0, -mark.length), marks);
  }
  return bare;
}

/**
 * Whether a subject is a request (exactly the tag, case and all, PRODUCT §4), nearly one that a person meant as such,
 * or neither.
 */
export function requestOf(
  written: string | null,
  { tag, subjectMarks }: Pick<Policy, "tag" | "subjectMarks">,
): "exact" | "near-miss" | null {
  if (written === null || written.length > SUBJECT_CHARACTERS) return null;
  const subject = withoutMarks(written, subjectMarks);
  if (written === tag || subject === tag) return "exact";
  return isNearMiss(subject, tag) ? "near-miss" : null;
}

/** Prefixes of answers and forwards, in the languages that mail programs speak, behind the tags of gateways too. */
const ANSWER =
  /(?:^|[\]):–-])\s*(?:re|aw|antw|antwort|sv|vs|ref|rif|odp|fwd?|wg|weitergeleitet|tr|rv|enc)\s*(?:\[\d+\])?\s*:/i;

/** Letters and digits that may stand beside a tag without its brackets: more than a word or two is another subject. */
const WORDS_BESIDE = 16;

function isNearMiss(subject: string, tag: string): boolean {
  const wanted = lettersOf(tag);
  const written = lettersOf(subject);
  if (wanted === "" || written === "" || !isAlmost(subject, tag, written, wanted)) return false;
  const text = subject.normalize("NFKC");
  const { before, behind } = besideTag(text, tag) ?? { before: text, behind: text };
  return !ANSWER.test(before) && !isMachineSubject(before, behind);
}

function isAlmost(subject: string, tag: string, written: string, wanted: string): boolean {
  if (isBracketed(tag) && subject.length <= SUBJECT_LINE && folded(subject).includes(folded(tag)))
    return true;
  if (written.includes(wanted)) return written.length <= wanted.length + WORDS_BESIDE;
  // A slip of the finger or two; a short tag leaves no room for guesses.
  const slips = wanted.length >= 8 ? 2 : wanted.length >= 5 ? 1 : 0;
  return Math.abs(written.length - wanted.length) <= slips && editDistance(written, wanted) <= slips;
}

/** A tag that nobody writes by chance: a sign that is neither letter nor digit stands at both its ends. */
function isBracketed(tag: string): boolean {
  return /^[^\p{L}\p{N}\s].*[^\p{L}\p{N}\s]$/u.test(tag);
}

/** What stands before and behind the letters of the tag; null when they are not there as they are. */
function besideTag(text: string, tag: string): { readonly before: string; readonly behind: string } | null {
  const core = folded(tag).replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");
  const lower = text.toLowerCase();
  const at = lower.indexOf(core);
  // Lower case has another length for a few characters (`\u0130`): then nobody knows.
  if (at < 0 || lower.length !== text.length) return null;
  return { before: text.slice(0, at), behind: text.slice(at + core.length) };
}

function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** What is left when case, brackets, blanks, dashes and width forms are not counted. */
function lettersOf(text: string): string {
  return folded(text).replace(/[^\p{L}\p{N}]/gu, "");
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
