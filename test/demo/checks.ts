import { inspect, isDeepStrictEqual } from "node:util";
import type { Show } from "./show.ts";

/** Everything that the demo says of keybot, with whether it is so. */
export class Checks {
  readonly #show: Show;
  #held = 0;
  readonly #differing: string[] = [];

  constructor(show: Show) {
    this.#show = show;
  }

  /** Prints the claim, and notes when `actual` is not what it says (by default: true). */
  check(claim: string, actual: unknown, expected: unknown = true): void {
    const held = isDeepStrictEqual(actual, expected);
    this.#show.claim(held, claim);
    if (held) {
      this.#held += 1;
      return;
    }
    const [is, should] = [actual, expected].map((value) => inspect(value, { breakLength: 90, depth: 4 }));
    this.#differing.push(claim);
    this.#show.output(`      it is      ${is}\n      and not    ${should}`);
  }

  /** Notes that the demo could not go on. */
  fail(reason: string): void {
    this.#show.claim(false, reason);
    this.#differing.push(reason);
  }

  /** How many claims were right. */
  get held(): number {
    return this.#held;
  }

  /** The claims that were not. */
  get differing(): readonly string[] {
    return this.#differing;
  }
}
