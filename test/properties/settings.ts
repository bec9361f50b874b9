/** How often each property is tried: a few times with the other tests, `KEYBOT_RUNS` times in the long run. */
import fc from "fast-check";
import { it } from "vitest";
import { said } from "../generator/draft.ts";

export interface Effort {
  readonly runs: number;
  /** `KEYBOT_SEED` repeats a run. */
  readonly seed: number;
}

/**
 * @param usual runs where the environment says nothing
 * @param always the seed where the environment says nothing; left out: a new one
 */
export function effort(usual: number, always?: number): Effort {
  // Of several (as the differential run takes) the first.
  const seed = process.env.KEYBOT_SEED?.split(",")[0];
  return {
    runs: Number(process.env.KEYBOT_RUNS ?? usual),
    seed: seed === undefined ? (always ?? (Date.now() ^ (process.pid << 8)) | 0) : Number(seed),
  };
}

/** A property as a test; a counterexample is shrunk and printed with its seed. */
export function property<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
  { effort: { runs, seed }, examples = [] }: PropertySettings<T>,
): void {
  it(name, async () => {
    await fc.assert(fc.asyncProperty(arbitrary, holds), {
      numRuns: runs,
      seed,
      examples: examples.map((example) => [example] as [T]),
      reporter: ({ failed, counterexample, errorInstance, seed: drawn, numShrinks }) => {
        if (!failed) return;
        const smallest = `KEYBOT_SEED=${drawn}, smallest after ${numShrinks} steps: ${said(counterexample?.[0])}`;
        throw new Error(smallest, { cause: errorInstance });
      },
    });
  });
}

export interface PropertySettings<T> {
  readonly effort: Effort;
  /** Tried before anything is drawn; each is a counterexample that was found once. */
  readonly examples?: readonly T[];
}
