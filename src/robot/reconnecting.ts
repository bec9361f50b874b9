import { backoffMs } from "./backoff.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/**
 * A connection that worked this long was a good one: the next pause is the shortest again. Firewalls cut a quiet
 * connection after half a minute and more; a robot that took that for a failing server would come later and later.
 */
const GOOD_MS = 10_000;

/** After so long without one a failure is news again at once, also when the same has been said before. */
const FORGET_MS = 10 * 60_000;

/** Sooner than that it is news again when it has come so often in a row: no flicker then, but an outage. */
const OUTAGE_FAILURES = 5;

/** What is to be done about a lost connection. */
export interface Loss {
  /** How many in a row; a good connection between them begins anew. */
  readonly failures: number;
  /** Milliseconds until the next try. */
  readonly pause: number;
  /** False when the log has said it already. */
  readonly isNews: boolean;
}

/** What a daemon remembers of the connections that it lost. */
export class Reconnecting {
  #failures = 0;
  /** Failures that the log has told, and whether a good connection has come since. */
  readonly #told = new Map<string, "lasting" | "over">();
  #returnIsNews = true;

  /**
   * @param failure how it was lost, in words; the same words count as the same failure
   * @param worked milliseconds since its first round was done, 0 when none was
   */
  lost(failure: string, worked: number): Loss {
    const wasGood = worked > GOOD_MS;
    this.#failures = wasGood ? 1 : this.#failures + 1;
    if (worked > FORGET_MS) this.#told.clear();
    if (wasGood) for (const told of this.#told.keys()) this.#told.set(told, "over");
    const told = this.#told.get(failure);
    const isNews = told === undefined || (told === "over" && this.#failures >= OUTAGE_FAILURES);
    if (isNews) {
      this.#told.set(failure, "lasting");
      this.#returnIsNews = true;
    }
    const pause = backoffMs(this.#failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    return { failures: this.#failures, pause, isNews };
  }

  /** A connection is there. True when that is worth a line: it is the first, or its loss was. */
  back(): boolean {
    const isNews = this.#returnIsNews;
    this.#returnIsNews = false;
    return isNews;
  }
}
