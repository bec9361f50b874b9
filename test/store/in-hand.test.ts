import { expect, it } from "vitest";
import { connection } from "../../src/store/connection.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile } from "../../src/store/index.ts";
import { migrate } from "../../src/store/migrate.ts";
import { assemble, configure } from "../../src/store/open.ts";
import { at, decision, folder, freshStore, input } from "./kit.ts";

const BOX = 7n;
/** As SQLite numbers it. */
const FULL = 2;
const present = new Set([1, 2, 3]);

it("a robot that lives suspects nobody: what it holds itself is given back", async () => {
  const store = await freshStore();
  await store.takeInHand(BOX, [1, 2], "me", at());
  expect(await store.suspects(BOX, "me", present)).toEqual([]);
  expect(await store.suspects(BOX, "another", present)).toEqual([]);
});

it("a death counts against the one mail that was in hand alone, else it only makes suspects", async () => {
  const store = await freshStore();
  await store.takeInHand(BOX, [1, 2], "first", at());
  expect(await store.suspects(BOX, "second", present)).toEqual([
    { uid: 1, deaths: 0 },
    { uid: 2, deaths: 0 },
  ]);
  await store.takeInHand(BOX, [2], "second", at());
  expect(await store.suspects(BOX, "third", present)).toEqual([
    { uid: 1, deaths: 0 },
    { uid: 2, deaths: 1 },
  ]);
  await store.takeInHand(BOX, [2], "third", at());
  await store.takeInHand(BOX, [3], "third", at());
  expect(await store.suspects(BOX, "fourth", present)).toEqual([
    { uid: 1, deaths: 0 },
    { uid: 2, deaths: 1 },
    { uid: 3, deaths: 0 },
  ]);
});

it("deaths are remembered over a round that ended well and decided nothing, a mere suspicion is not", async () => {
  const store = await freshStore();
  await store.takeInHand(BOX, [1], "first", at());
  await store.suspects(BOX, "second", present);
  await store.takeInHand(BOX, [1, 2], "second", at());
  await store.putBack("second");
  expect(await store.suspects(BOX, "third", present)).toEqual([{ uid: 1, deaths: 1 }]);
});

it("what was decided is out of hand in the same transaction, and one that failed is not", async () => {
  const store = await freshStore();
  await store.takeInHand(BOX, [1, 2], "first", at());
  const commit = (uid: number, decide: () => ReturnType<typeof decision>) => ({
    input: { ...input(`k${uid}`, "alice@partner.example", []), mark: { uidValidity: BOX, uid } },
    decide,
  });
  await store.commitMessages([
    commit(1, () => decision([])),
    commit(2, () => {
      throw new Error("a bug");
    }),
  ]);
  expect(await store.suspects(BOX, "second", present)).toEqual([{ uid: 2, deaths: 1 }]);
});

it.each([
  { name: "a mail that has left the mailbox", box: BOX, there: new Set<number>() },
  { name: "a mailbox that numbers anew", box: 8n, there: present },
])("$name: the suspicion is forgotten", async ({ box, there }) => {
  const store = await freshStore();
  await store.takeInHand(BOX, [1], "first", at());
  expect(await store.suspects(box, "second", there)).toEqual([]);
  expect(await store.suspects(BOX, "third", present)).toEqual([]);
});

it("what is written afterwards is synced to the disk as before", async () => {
  const dir = folder();
  const db = openDatabase(databaseFile(dir));
  configure(db);
  migrate(db);
  const store = assemble(connection(db));
  await store.takeInHand(BOX, [1], "first", at());
  expect(db.pragma("synchronous", { simple: true })).toBe(FULL);
  await store.close();
});
