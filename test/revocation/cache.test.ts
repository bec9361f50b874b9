import { describe, expect, it } from "vitest";
import { type KeptAnswer, memoryCache } from "../../src/revocation/index.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const LATER = new Date("2026-06-01T13:00:00Z");

function answer(length: number, validUntil = LATER): KeptAnswer {
  return { bytes: Buffer.alloc(length), renewAt: LATER, validUntil };
}

describe("memoryCache", () => {
  it("gives back what it was given, until it is worth nothing", async () => {
    const cache = memoryCache(100);
    await cache.put("a", answer(10));
    expect(await cache.get("a", NOW)).toEqual(answer(10));
    expect(await cache.get("b", NOW)).toBeNull();
    expect(await cache.get("a", LATER)).toEqual(answer(10));
    expect(await cache.get("a", new Date(LATER.getTime() + 1))).toBeNull();
  });

  it("keeps no more bytes than it may: what was not used for the longest time goes", async () => {
    const cache = memoryCache(100);
    for (const key of ["a", "b", "c"]) await cache.put(key, answer(30));
    await cache.get("a", NOW);
    await cache.put("d", answer(40));
    const kept = await Promise.all(["a", "b", "c", "d"].map((key) => cache.get(key, NOW)));
    expect(kept.map((one) => one !== null)).toEqual([true, false, true, true]);
  });

  it("counts a replaced answer once, and does not keep one that is too large", async () => {
    const cache = memoryCache(100);
    await cache.put("a", answer(90));
    await cache.put("a", answer(50));
    await cache.put("b", answer(50));
    await cache.put("c", answer(101));
    const kept = await Promise.all(["a", "b", "c"].map((key) => cache.get(key, NOW)));
    expect(kept.map((one) => one?.bytes.length)).toEqual([50, 50, undefined]);
  });

  it("asks the cache behind it for what it does not have, and tells it everything", async () => {
    const behind = memoryCache(1_000);
    await memoryCache(100, behind).put("a", answer(10));
    const cache = memoryCache(100, behind);
    expect(await cache.get("a", NOW)).toEqual(answer(10));
    expect(await cache.get("b", NOW)).toBeNull();
  });
});
