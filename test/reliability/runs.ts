/** Long runs in a row, each with a company, mails and moments of its own. Fewer with KEYBOT_RUNS, for a first look. */
export const RUNS: readonly number[] = Array.from(
  { length: Number(process.env.KEYBOT_RUNS ?? 10) },
  (_, number) => number + 1,
);
