import { expect, it } from "vitest";
import { Comparison, SEED, surprises } from "./openssl-chains.ts";

const CHAINS = 500;
const comparison = new Comparison();

it(`${CHAINS} generated chains: keybot and OpenSSL differ only where a written reason says so`, ({
  task,
}) => {
  expect(surprises(comparison, CHAINS)).toEqual([]);
  const { questions, accepted, refused, otherwise } = comparison.tally;
  // Both answers were given, many times, and OpenSSL was asked about each chain.
  expect(Math.min(accepted, refused)).toBeGreaterThan(CHAINS / 10);
  expect(questions).toBeGreaterThanOrEqual(2 * CHAINS);
  task.meta.counts = {
    "chains (seed)": `${CHAINS} (${SEED})`,
    "questions, to sign and to encrypt": questions,
    "accepted by both": accepted,
    "refused by both": refused,
    "answered otherwise, with a reason": otherwise,
  };
  console.info(comparison.summary);
});
