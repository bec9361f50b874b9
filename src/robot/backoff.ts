import { randomInt } from "node:crypto";

const FIRST_MS = 30_000;
const LONGEST_MS = 3_600_000;

/** When to try again after so many tries: doubling from half a minute to an hour, a quarter of it by chance. */
export function retryAt(now: Date, attempts: number): Date {
  return new Date(now.getTime() + backoffMs(attempts, FIRST_MS, LONGEST_MS));
}

/** Milliseconds to wait after so many tries; by chance up to a quarter more, so that many robots do not march in step. */
export function backoffMs(attempts: number, first: number, longest: number): number {
  const wait = Math.min(longest, first * 2 ** Math.min(20, Math.max(0, attempts - 1)));
  return wait + randomInt(Math.max(1, Math.floor(wait / 4)));
}
