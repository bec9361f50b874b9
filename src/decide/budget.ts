import type { Policy, Rate } from "../policy.ts";
import type { MessageFacts } from "../read/index.ts";
import type { BucketState } from "./plan.ts";

/** When a reply may leave, and what the buckets remember then. */
export interface Allowance {
  /** Null: not within 24 hours, so not at all. */
  readonly sendAt: Date | null;
  readonly buckets: readonly BucketState[];
}

const DAY = 86_400_000;

interface Bucket {
  readonly name: string;
  readonly rate: Rate;
}

/**
 * The buckets that a reply to this sender draws on (PRODUCT §5). Senders who are not authenticated have buckets of
 * their own throughout: whoever forges an address must not use up what its real owner is due.
 * @param to bare address, plus form folded; its case is not counted, for it is the same person's mailbox
 */
export function bucketsFor(
  to: string,
  authenticated: MessageFacts["authenticated"],
  policy: Policy["replies"],
): Bucket[] {
  const person = to.toLowerCase();
  const domain = person.slice(person.lastIndexOf("@") + 1);
  const { perAddress, perDomain, total, unauthenticated } = policy.budget;
  const stranger = authenticated !== true;
  const prefix = stranger ? "unauthenticated " : "";
  return [
    { name: `${prefix}address ${person}`, rate: perAddress },
    { name: `${prefix}domain ${domain}`, rate: perDomain },
    stranger ? { name: "unauthenticated", rate: unauthenticated } : { name: "total", rate: total },
  ];
}

/**
 * Draws one reply from every bucket (generic cell rate algorithm: a bucket remembers one time, until which it is used
 * up). The reply leaves when the slowest bucket allows it; when that is more than 24 hours away, none is drawn.
 * @param weight as how many replies it counts: each mailbox of a request is one (PRODUCT §4)
 */
export function draw(
  wanted: readonly Bucket[],
  states: readonly BucketState[],
  now: Date,
  weight = 1,
): Allowance {
  const usedUntil = ({ name, rate }: Bucket) => {
    const remembered = states.find((state) => state.name === name)?.usedUntil.getTime() ?? 0;
    // No draw leaves more than this behind: it was made while the clock was wrong, and would silence us until then.
    const longest = now.getTime() + DAY + rate.limit * interval(rate);
    return remembered > longest ? now.getTime() : Math.max(now.getTime(), remembered);
  };
  const sendAt = Math.max(
    now.getTime(),
    ...wanted.map((bucket) => usedUntil(bucket) - (bucket.rate.limit - weight) * interval(bucket.rate)),
  );
  if (sendAt - now.getTime() > DAY) return { sendAt: null, buckets: [] };
  return {
    sendAt: new Date(sendAt),
    buckets: wanted.map((bucket) => ({
      name: bucket.name,
      usedUntil: new Date(usedUntil(bucket) + weight * interval(bucket.rate)),
    })),
  };
}

/** Milliseconds in which one reply is refilled. */
function interval(rate: Rate): number {
  return (rate.seconds * 1000) / rate.limit;
}
