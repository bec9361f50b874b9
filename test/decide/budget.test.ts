import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketNames, bucketsFor, draw, drawReply } from "../../src/decide/budget.ts";
import type { BucketState } from "../../src/decide/index.ts";
import type { Budget, Rate } from "../../src/policy.ts";
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
    bucketNames(bucketsFor(address, authenticated, POLICY.replies));

  it("are his address, his domain, the total and the part of it that is kept for what waits", () => {
    expect(names(ALICE, true)).toEqual([`address ${ALICE}`, "domain partner.example", "total", "delayed"]);
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

/** The robot's answers to requests over time, with the budget's memory between them. */
class Answered {
  #states = new Map<string, BucketState>();
  readonly #budget: Budget;

  constructor(budget: Partial<Budget> = {}) {
    this.#budget = { ...POLICY.replies.budget, ...budget };
  }

  /** Milliseconds until the answer leaves, or null: never. */
  ask(from: string, at: Date, mailboxes = 1, authenticated: boolean | null = true): number | null {
    const wanted = bucketsFor(from, authenticated, { ...POLICY.replies, budget: this.#budget });
    const states = bucketNames(wanted).flatMap((name) => this.#states.get(name) ?? []);
    const { sendAt, buckets } = drawReply(wanted, states, at, mailboxes);
    for (const state of buckets) this.#states.set(state.name, state);
    return sendAt === null ? null : sendAt.getTime() - at.getTime();
  }
}

const HONEST = "claire@broker.example";
const rate = (limit: number): Rate => ({ limit, seconds: 3600 });
const SMALL: Partial<Budget> = { perDomain: rate(5), total: rate(20) };

describe("a flood of authenticated senders (PRODUCT §5) does not keep the customer of another domain waiting", () => {
  it.each<[string, (n: number) => string, Partial<Budget>?]>([
    ["one domain, one name", () => "m@evil.com"],
    ["one domain, many names", (n) => `m${n}@evil.com`],
    ["one domain, many names below it", (n) => `m@h${n}.evil.com`],
    ["the same with a small budget", (n) => `m@h${n}.evil.com`, SMALL],
    ["below a suffix of two labels", (n) => `m@h${n}.evil.co.uk`],
    ["a dynamic DNS provider's names", (n) => `m@h${n}.dyndns.org`],
    ["the domain in many cases and forms", (n) => `m@H${n}.EVIL.${n % 2 ? "com" : "COM"}`],
    ["many addresses of one freemail provider", (n) => `m${n}@gmail.com`],
    ["one domain with as much as all", (n) => `m@h${n}.evil.com`, { perDomain: rate(1500) }],
  ])("%s", (_, address, budget) => {
    const robot = new Answered(budget);
    // Ten hours, more than the budget of a day.
    for (let n = 0; n < 20_000; n++) {
      const at = later(n * 1800);
      robot.ask(address(n), at, 5);
      if (n % 4000 === 3999) expect(robot.ask(HONEST, at), `after ${n} requests`).toBe(0);
    }
  });

  it("a hundred names below one domain are not a hundred domains", () => {
    const robot = new Answered(SMALL);
    const flood = Array.from({ length: 100 }, (_, n) => robot.ask(`m@h${n}.evil.com`, NOW, 5));
    expect(flood.filter((wait) => wait === 0)).toHaveLength(1);
    expect(robot.ask(HONEST, NOW, 5)).toBe(0);
  });

  it("all together never get more than `total` and its refill", () => {
    const robot = new Answered({ total: rate(100), perDomain: rate(30) });
    const sent: number[] = [];
    for (let n = 0; n < 3000; n++) {
      const at = n * 10_000;
      const wait = robot.ask(`m@evil${n % 40}.com`, later(at));
      if (wait !== null) sent.push(at + wait);
    }
    for (const start of sent) {
      const hour = sent.filter((time) => time >= start && time < start + HOUR);
      expect(hour.length).toBeLessThanOrEqual(201);
    }
  });

  it("an office of many people in one domain gets all of its answers within the day", () => {
    const robot = new Answered();
    const waits = Array.from({ length: 600 }, (_, n) => robot.ask(`person${n}@office.example`, NOW));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(200);
    expect(waits).not.toContain(null);
  });
});

describe("a freemail customer counts by his address", () => {
  it.each([
    ["ann@gmx.de", "bob@gmx.de"],
    ["ann@t-online.de", "bob@t-online.de"],
  ])("%s asks, and %s has his whole budget", (ann, bob) => {
    const robot = new Answered({ perDomain: rate(1) });
    for (let n = 0; n < 5; n++) expect(robot.ask(ann, NOW)).toBe(0);
    expect(robot.ask(ann, NOW)).toBeGreaterThan(0);
    expect(robot.ask(bob, NOW)).toBe(0);
  });

  it("in whatever way he writes it", () => {
    const robot = new Answered();
    const spellings = [
      "ann.lee@gmail.com",
      "a.n.n.lee@googlemail.com",
      "annlee+x@gmail.com",
      "AnnLee@gmail.com",
    ];
    for (const spelling of spellings) expect(robot.ask(spelling, NOW)).toBe(0);
    expect(robot.ask("an.nlee@gmail.com", NOW)).toBe(0);
    expect(robot.ask("ann.l.ee@gmail.com", NOW)).toBeGreaterThan(0);
    expect(robot.ask("ann.lee@gmx.de", NOW)).toBe(0);
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
