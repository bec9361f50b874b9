import { KeybotError } from "../errors.ts";

/** Some of what was asked for, and how many older entries were left out without anybody having asked for that. */
export interface Page<T> {
  readonly entries: readonly T[];
  readonly older: number;
}

/** A screen or two of the newest, where nothing says what is wanted. */
const USUAL_LIMIT = 50;
/** The rows of one answer are in memory at once: about 100 MB. */
const LARGEST_LIMIT = 100_000;

/**
 * How many rows an answer may have: what was asked for, else all that fits, else, of everything, the newest.
 * @param limit `--limit`, or undefined
 * @param narrowed something else says which rows are wanted
 * @throws KeybotError `usage` for more than 100,000
 */
export function rowsFor(limit: number | undefined, narrowed: boolean, hint: string): number {
  if (limit !== undefined && limit > LARGEST_LIMIT) {
    throw new KeybotError("usage", "admin.limit", `--limit is at most ${LARGEST_LIMIT}`, { hint });
  }
  return limit ?? (narrowed ? LARGEST_LIMIT : USUAL_LIMIT);
}
