/** What is left alone for a while because it was asked in vain. */
import { FAILURE_REST_MS, MAX_FAILURES } from "./limits.ts";

/** Remembers failures by names that its owner makes; the oldest go first. */
export class Rests<T> {
  readonly #resting = new Map<string, { readonly failure: T; readonly until: number }>();
  readonly #milliseconds: number;

  constructor(milliseconds: number = FAILURE_REST_MS) {
    this.#milliseconds = milliseconds;
  }

  /** Why this rests; null when it does not. */
  of(what: string, now: Date): T | null {
    const resting = this.#resting.get(what);
    return resting !== undefined && now.getTime() < resting.until ? resting.failure : null;
  }

  add(what: string, failure: T, now: Date): void {
    this.#resting.delete(what);
    this.#resting.set(what, { failure, until: now.getTime() + this.#milliseconds });
    const [oldest] = this.#resting.keys();
    if (this.#resting.size > MAX_FAILURES && oldest !== undefined) this.#resting.delete(oldest);
  }

  remove(what: string): void {
    this.#resting.delete(what);
  }
}
