import { describe, expect, it } from "vitest";
import { memoryCache } from "../../src/revocation/index.ts";
import { KeptOcsp, type OcspWord } from "../../src/revocation/kept-ocsp.ts";

const NOW = new Date("2026-06-01T12:00:00Z");

/** A word of so many hours ago. */
function word(hours: number, kind: "good" | "hold" | "revoked"): OcspWord {
  const madeAt = new Date(NOW.getTime() - hours * 3_600_000);
  return { madeAt, isRevoked: kind !== "good", isFinal: kind === "revoked" };
}

describe("an OCSP answer beside what is known already", () => {
  it.each<{ before: readonly OcspWord[]; said: OcspWord; counts: boolean; rule: string }>([
    { rule: "the first counts", before: [], said: word(5, "good"), counts: true },
    { rule: "a newer good", before: [word(5, "good")], said: word(4, "good"), counts: true },
    { rule: "the same again", before: [word(5, "good")], said: word(5, "good"), counts: true },
    { rule: "an older good does not", before: [word(4, "good")], said: word(5, "good"), counts: false },
    // RFC 5280 §5.3.1: no "good" of whatever time stands against it.
    { rule: "an older revoked does", before: [word(4, "good")], said: word(5, "revoked"), counts: true },
    { rule: "an older hold does not", before: [word(4, "good")], said: word(5, "hold"), counts: false },
    {
      rule: "good of the same second as revoked",
      before: [word(5, "revoked")],
      said: word(5, "good"),
      counts: false,
    },
    {
      rule: "revoked of the same second as good",
      before: [word(5, "good")],
      said: word(5, "revoked"),
      counts: true,
    },
    { rule: "a good later than a hold", before: [word(5, "hold")], said: word(4, "good"), counts: true },
    {
      rule: "one between a hold and the good that lifted it",
      before: [word(5, "hold"), word(3, "good")],
      said: word(4, "good"),
      counts: false,
    },
  ])("$rule: $counts", async ({ before, said, counts }) => {
    const kept = new KeptOcsp(memoryCache(10_000), 86_400_000);
    const words = [...before, said];
    const wordOf = (bytes: Uint8Array) => words[bytes[0] ?? 0] ?? null;
    const keep = { renewAt: NOW, validUntil: new Date(NOW.getTime() + 3_600_000) };
    let last = false;
    for (const [index, one] of words.entries())
      last = await kept.keep("id", Buffer.of(index), one, keep, wordOf, NOW);
    expect(last).toBe(counts);
    expect((await kept.of("id", NOW))?.bytes[0]).toBe(counts ? words.length - 1 : words.length - 2);
  });

  it("a revoked that has run out is still known", async () => {
    const kept = new KeptOcsp(memoryCache(10_000), 86_400_000);
    const over = { renewAt: NOW, validUntil: new Date(NOW.getTime() + 1) };
    const wordOf = () => null;
    await kept.keep("id", Buffer.of(0), word(5, "hold"), over, wordOf, NOW);
    const later = new Date(NOW.getTime() + 3_600_000);
    const keep = { renewAt: later, validUntil: new Date(later.getTime() + 3_600_000) };
    expect(await kept.of("id", later)).toBeNull();
    expect(await kept.keep("id", Buffer.of(1), word(6, "good"), keep, wordOf, later)).toBe(false);
    expect(await kept.keep("id", Buffer.of(2), word(4, "good"), keep, wordOf, later)).toBe(true);
  });
});
