import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketsFor, draw } from "../../src/decide/budget.ts";
import type { BucketState } from "../../src/decide/index.ts";
import type { Rate } from "../../src/policy.ts";
import { ALICE, CLAIMS, DAY, evidence, HOUR, NOW, POLICY, planOf, REQUEST } from "./kit.ts";

const later = (milliseconds: number) => new Date(NOW.getTime() + milliseconds);

/** A bucket that is drawn on again and again, as the store keeps it between mails. */
class Drawn {
  #states: readonly BucketState[] = [];
  readonly #rates: Readonly<Record<string, Rate>>;

  constructor(rates: Readonly<Record<string, Rate>>) {
    this.#rates = rates;
  }

  /** Milliseconds after `at` at which the reply leaves, or null. */
  draw(at: Date, weight?: number): number | null {
    const wanted = Object.entries(this.#rates).map(([name, rate]) => ({ name, rate }));
    const { sendAt, buckets } = draw(wanted, this.#states, at, weight);
    if (sendAt === null) return null;
    this.#states = buckets;
    return sendAt.getTime() - at.getTime();
  }
}

const FIVE_A_DAY = { limit: 5, seconds: 86_400 };

describe("a reply budget (PRODUCT §5)", () => {
  it("lets a burst of its limit through at once, then one at each refill", () => {
    const bucket = new Drawn({ a: FIVE_A_DAY });
    expect(Array.from({ length: 8 }, () => bucket.draw(NOW))).toEqual(
      [0, 0, 0, 0, 0, 4.8, 9.6, 14.4].map((hours) => hours * HOUR),
    );
  });

  it("refills while nothing is sent, up to its limit", () => {
    const bucket = new Drawn({ a: FIVE_A_DAY });
    for (let n = 0; n < 5; n++) bucket.draw(NOW);
    expect(bucket.draw(later(4.8 * HOUR))).toBe(0);
    const rested = Array.from({ length: 6 }, () => bucket.draw(later(30 * DAY)));
    expect(rested).toEqual([0, 0, 0, 0, 0, 4.8 * HOUR]);
  });

  it("lets nothing wait for more than 24 hours, and then draws nothing", () => {
    const bucket = new Drawn({ a: FIVE_A_DAY });
    const waits = Array.from({ length: 20 }, () => bucket.draw(NOW));
    expect(waits.filter((wait) => wait !== null)).toHaveLength(10);
    expect(Math.max(...waits.map((wait) => wait ?? 0))).toBe(24 * HOUR);
    expect(bucket.draw(later(4.8 * HOUR))).toBe(24 * HOUR);
  });

  it("waits for the slowest of its buckets, and a refusal draws on none", () => {
    const bucket = new Drawn({ slow: { limit: 1, seconds: 80_000 }, fast: { limit: 3, seconds: 3600 } });
    expect([bucket.draw(NOW), bucket.draw(NOW), bucket.draw(NOW)]).toEqual([0, 80_000_000, null]);
    expect(bucket.draw(later(80_000_000))).toBe(80_000_000);
  });

  it("is full again when its memory lies further ahead than any draw: the clock was wrong then", () => {
    const rates = { a: FIVE_A_DAY, b: { limit: 2000, seconds: 3600 } };
    const future = new Drawn(rates);
    for (let n = 0; n < 8; n++) future.draw(later(1000 * DAY));
    expect([future.draw(NOW), future.draw(NOW)]).toEqual([0, 0]);
    // Its twin: what a burst of today leaves behind is remembered, up to the last draw of 24 hours.
    const today = new Drawn(rates);
    for (let n = 0; n < 10; n++) today.draw(NOW);
    expect(today.draw(later(1))).toBeNull();
  });

  it("counts a request once for each mailbox (PRODUCT §4)", () => {
    const bucket = new Drawn({ a: FIVE_A_DAY });
    expect([bucket.draw(NOW, 3), bucket.draw(NOW, 2), bucket.draw(NOW)]).toEqual([0, 0, 4.8 * HOUR]);
    const addressed = ["a", "b", "c"].map((name) => ({
      address: `${name}@company.example`,
      source: "To" as const,
    }));
    const { buckets } = planOf(evidence({ ...REQUEST, addressed }));
    const own = buckets.find(({ name }) => name === `address ${ALICE}`);
    expect(own?.usedUntil).toEqual(later(3 * 4.8 * HOUR));
  });

  it("never lets more than its limit and its refill through, in any window, whenever mails come", () => {
    const rate = fc.record({
      limit: fc.integer({ min: 1, max: 20 }),
      seconds: fc.integer({ min: 10, max: 100_000 }),
    });
    const gaps = fc.array(fc.integer({ min: 0, max: 20_000_000 }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(rate, gaps, fc.integer({ min: 1, max: 200_000 }), (of, waits, windowSeconds) => {
        const bucket = new Drawn({ a: of });
        const sent: number[] = [];
        let at = NOW.getTime();
        for (const wait of waits) {
          at += wait;
          const delay = bucket.draw(new Date(at));
          if (delay !== null) sent.push(at + delay);
        }
        const window = windowSeconds * 1000;
        const refill = Math.ceil(windowSeconds / (of.seconds / of.limit));
        for (const start of sent) {
          const within = sent.filter((time) => time >= start && time < start + window).length;
          // A bucket remembers whole milliseconds; over a long run the rounding can add one.
          expect(within).toBeLessThanOrEqual(of.limit + refill + 1);
        }
        expect(sent).toEqual([...sent].sort((a, b) => a - b));
      }),
      { numRuns: 200 },
    );
  });
});

describe("the buckets of a sender", () => {
  const names = (address: string, authenticated: boolean | null) =>
    bucketsFor(address, authenticated, POLICY.replies).map(({ name }) => name);

  it("are his address, his domain and the total", () => {
    expect(names(ALICE, true)).toEqual([`address ${ALICE}`, "domain partner.example", "total"]);
  });
  it("are others when he is not authenticated: who forges an address does not use up what its owner is due", () => {
    const stranger = names(ALICE, null);
    expect(stranger.filter((name) => names(ALICE, true).includes(name))).toEqual([]);
    expect(stranger).toHaveLength(3);
    expect(names(ALICE, false)).toEqual(stranger);
  });
  it("are the same however he writes his address", () => {
    expect(names("ALICE@partner.example", true)).toEqual(names(ALICE, true));
    const { buckets } = planOf(
      evidence({ ...REQUEST, from: { kind: "one", address: "Alice+news@partner.example" } }),
    );
    expect(buckets.map(({ name }) => name)).toContain(`address ${ALICE}`);
  });
});

describe("a plan over budget", () => {
  const usedUntil = (hours: number) => ({
    view: { buckets: [{ name: `address ${ALICE}`, usedUntil: later(hours * HOUR) }] },
  });

  it("sends later within 24 hours", () => {
    const { actions, reasons } = planOf(evidence(REQUEST), usedUntil(4 * 4.8 + 10));
    expect(actions).toContainEqual(expect.objectContaining({ action: "reply", sendAfter: later(10 * HOUR) }));
    expect(reasons.map(({ code }) => code)).toContain("reply.delayed");
  });
  it("gives up beyond, and leaves the buckets as they were", () => {
    const situation = usedUntil(4 * 4.8 + 25);
    const { actions, reasons, buckets } = planOf(evidence(REQUEST), situation);
    expect(actions).toEqual([{ action: "file", folder: "Unhandled" }]);
    expect(reasons.map(({ code }) => code)).toContain("no-reply.over-budget");
    expect(buckets).toEqual(situation.view.buckets);
  });
  it("asks only for the buckets that it may draw on", () => {
    expect(
      planOf(evidence({ ...REQUEST, addressed: [{ address: CLAIMS, source: "To" }] })).buckets,
    ).toHaveLength(3);
  });
});
