import type { Policy, Rate } from "../policy.ts";
import type { MessageFacts } from "../read/index.ts";
import { countedAs } from "./counted-as.ts";
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

/** The buckets that a reply draws on: the sender's own, and one that all senders share. */
export interface Buckets {
  readonly own: readonly Bucket[];
  /** For a reply that leaves at once. */
  readonly shared: Bucket;
  /** Instead of `shared`, for a reply that has to wait; null: `shared` as well. */
  readonly delayed: Bucket | null;
}

/** The part of `total` that is kept for what has to wait. */
const DELAYED_PART = 1 / 4;
/** The part of `total` that all customers of one freemail provider may have together. */
const FREEMAIL_PART = 1 / 2;

/**
 * The buckets that a reply to this sender draws on (PRODUCT §5). Senders who are not authenticated have buckets of
 * their own throughout: whoever forges an address must not use up what its real owner is due. A domain is what somebody
 * registered, with every name below it, and what has to wait draws on a part of `total` of its own: so nobody who owns
 * one domain keeps the customers of another waiting, however many names and mails he has.
 * @param to bare address
 */
export function bucketsFor(
  to: string,
  authenticated: MessageFacts["authenticated"],
  policy: Policy["replies"],
): Buckets {
  const { person, domain, freemail } = countedAs(to);
  const { perAddress, perDomain, total, unauthenticated } = policy.budget;
  const ofDomain = freemail ? part(total, FREEMAIL_PART) : perDomain;
  if (authenticated !== true) {
    const prefix = "unauthenticated ";
    return {
      own: [
        { name: `${prefix}address ${person}`, rate: perAddress },
        { name: `${prefix}domain ${domain}`, rate: ofDomain },
      ],
      shared: { name: "unauthenticated", rate: unauthenticated },
      delayed: null,
    };
  }
  return {
    own: [
      { name: `address ${person}`, rate: perAddress },
      { name: `domain ${domain}`, rate: ofDomain },
    ],
    shared: { name: "total", rate: part(total, 1 - DELAYED_PART) },
    delayed: { name: "delayed", rate: part(total, DELAYED_PART) },
  };
}

/** The names of all the buckets that a reply may draw on. */
export function bucketNames({ own, shared, delayed }: Buckets): string[] {
  return [...own, shared, ...(delayed === null ? [] : [delayed])].map(({ name }) => name);
}

/**
 * Draws one reply: from the shared bucket when it can leave at once, else from the one of what has to wait.
 * @param weight as how many replies it counts: each mailbox of a request is one (PRODUCT §4)
 */
export function drawReply(
  { own, shared, delayed }: Buckets,
  states: readonly BucketState[],
  now: Date,
  weight = 1,
): Allowance {
  const atOnce = draw([...own, shared], states, now, weight);
  if (delayed === null || atOnce.sendAt?.getTime() === now.getTime()) return atOnce;
  return draw([...own, delayed], states, now, weight);
}

/** A part of a rate, one reply at least. */
function part({ limit, seconds }: Rate, of: number): Rate {
  return { limit: Math.max(1, limit * of), seconds };
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
