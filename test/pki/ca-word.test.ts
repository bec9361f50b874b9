import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CaWord, joined, NO_WORD, standing } from "../../src/pki/index.ts";

const DAY = 86_400_000;
const day = (number: number): Date => new Date(Date.UTC(2026, 0, 1) + number * DAY);

const good = (at: number): CaWord => ({ revocation: null, goodAt: day(at) });
const revoked = (at: number, reason: number | null = 1): CaWord => ({
  revocation: { by: "CRL", revocationTime: day(at - 1), reason, thisUpdate: day(at) },
  goodAt: null,
});
const held = (at: number): CaWord => revoked(at, 6);

const answers = fc.array(
  fc.record({
    kind: fc.constantFrom("good" as const, "held" as const, "revoked" as const),
    at: fc.integer({ min: 0, max: 6 }),
    by: fc.constantFrom("OCSP" as const, "CRL" as const),
    reason: fc.constantFrom(null, 0, 1, 3, 4),
  }),
  { maxLength: 8 },
);

function wordOf({
  kind,
  at,
  by,
  reason,
}: {
  kind: string;
  at: number;
  by: "OCSP" | "CRL";
  reason: number | null;
}) {
  if (kind === "good") return good(at);
  const { revocation } = kind === "held" ? held(at) : revoked(at, reason);
  return { revocation: revocation === null ? null : { ...revocation, by }, goodAt: null };
}

const all = (words: readonly CaWord[]): CaWord => words.reduce(joined, NO_WORD);

describe("what CAs have said of a certificate", () => {
  it.each<[string, readonly CaWord[], boolean]>([
    ["nothing", [], false],
    ["good", [good(1)], false],
    ["revoked", [revoked(1)], true],
    ["revoked without a reason", [revoked(1, null)], true],
    ["revoked, then good of a later time", [revoked(1), good(5)], true],
    ["good, then revoked of an earlier time", [good(5), revoked(1)], true],
    ["on hold", [held(1)], true],
    ["on hold, then good of a later time", [held(1), good(2)], false],
    ["good, then on hold of an earlier time, as a man on the way replays it", [good(2), held(1)], false],
    ["on hold and good of the same second", [held(2), good(2)], true],
    ["on hold, lifted, on hold again", [held(1), good(2), held(3)], true],
    ["on hold, then good of an earlier time", [held(3), good(2)], true],
    ["on hold, then revoked for good, then good", [held(1), revoked(2), good(5)], true],
    ["on hold, lifted, revoked by an older answer", [held(3), good(4), revoked(1)], true],
  ])("%s", (_name, words, stands) => {
    expect(standing(all(words)) !== null).toBe(stands);
  });

  it("is the same in any order, however often it is said", () => {
    fc.assert(
      fc.property(answers, fc.array(fc.nat()), (list, order) => {
        const words = list.map(wordOf);
        const shuffled = words
          .map((word, index) => ({ word, rank: order[index] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ word }) => word);
        expect(all(shuffled)).toEqual(all(words));
        expect(all([...words, ...shuffled])).toEqual(all(words));
        expect(joined(all(words.slice(0, 3)), all(words.slice(3)))).toEqual(all(words));
      }),
      { seed: 1 },
    );
  });

  it("never gets better than revoked by anything but a newer good after a hold", () => {
    fc.assert(
      fc.property(answers, answers, (before, after) => {
        const first = standing(all(before.map(wordOf)));
        const then = standing(all([...before, ...after].map(wordOf)));
        if (first === null || then !== null) return;
        expect(first.reason).toBe(6);
        const lifting = after.filter(({ kind, at }) => kind === "good" && day(at) > first.thisUpdate);
        expect(lifting).not.toEqual([]);
      }),
      { seed: 1 },
    );
  });
});
