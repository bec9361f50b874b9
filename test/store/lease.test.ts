import { expect, it } from "vitest";
import { at, freshStore } from "./kit.ts";

const MINUTE = 60_000;

it("a lease has one holder, who may take it again, until it lapses or is given back", async () => {
  const store = await freshStore();
  const other = await freshStore({ stateDir: store.dir });
  expect(await store.acquireLease("poll", "a", 5 * MINUTE, at(0))).toBe(true);
  expect(await store.acquireLease("poll", "a", 5 * MINUTE, at(1))).toBe(true);
  expect(await other.acquireLease("poll", "b", 5 * MINUTE, at(5))).toBe(false);
  expect(await other.acquireLease("deliver", "b", 5 * MINUTE, at(5))).toBe(true);
  expect(await store.renewLease("poll", "a", 5 * MINUTE, at(5))).toBe(true);
  expect(await other.renewLease("poll", "b", 5 * MINUTE, at(5))).toBe(false);
  expect(await other.acquireLease("poll", "b", 5 * MINUTE, at(10))).toBe(true); // it lapsed at this moment
  expect(await store.renewLease("poll", "a", 5 * MINUTE, at(10))).toBe(false);
  await store.releaseLease("poll", "a"); // too late: it is not theirs
  expect(await store.acquireLease("poll", "a", 5 * MINUTE, at(11))).toBe(false);
  await other.releaseLease("poll", "b");
  expect(await store.acquireLease("poll", "a", 5 * MINUTE, at(11))).toBe(true);
});
