import type { Policy } from "../policy.ts";
import type { View } from "./view.ts";

const HOUR = 3_600_000;

/** PRODUCT §3: so long an authenticated sender's mail waits for room among the pending; then it is turned away. */
const LONGEST_WAIT = 72 * HOUR;

/** Room comes with time and with an admin's work, never at a certain moment. */
const PAUSE = 2 * HOUR;

/**
 * Whether a message may (still) wait for room among the pending certificates of the day. No more mails wait than a day
 * has room for: each of them is read and judged again until its time is over.
 */
export function mayWaitForRoom(view: View, policy: Policy["certificates"], now: Date): boolean {
  const { waited, waitingOfDomain, waitingOfAll } = view;
  if (now >= endOf(waited, now)) return false;
  if (waited?.forRoom === true) return true;
  return waitingOfDomain < policy.pendingPerDomain && waitingOfAll < policy.pendingTotal;
}

/** When a message that waits for room is decided again. */
export function roomAgainAt({ waited }: Pick<View, "waited">, now: Date): Date {
  return new Date(Math.min(now.getTime() + PAUSE, endOf(waited, now).getTime()));
}

function endOf(waited: View["waited"], now: Date): Date {
  return new Date((waited?.since ?? now).getTime() + LONGEST_WAIT);
}
