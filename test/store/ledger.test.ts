import { describe, expect, it } from "vitest";
import { at, DAY, decision, freshStore, input, report, storing } from "./kit.ts";

const ALICE = "alice@partner.example";
const message = input("k", ALICE, []).message;

describe("the ledger", () => {
  it("knows a message once it is dealt with", async () => {
    const store = await freshStore();
    expect(await store.isKnown("k")).toBe(false);
    await store.commitMessage(input("k", ALICE, []), () => decision([]));
    expect(await store.isKnown("k")).toBe(true);
  });

  it("a waiting message is not known; when it is judged at last, its row says so and keeps its first time", async () => {
    const store = await freshStore();
    expect(await store.noteWaiting({ key: "k", message, kind: "submission", at: at() })).toEqual({
      since: at(),
      attempts: 1,
      askAgainAt: null,
    });
    const again = { key: "k", message, kind: "submission", at: at(30), askAgainAt: at(45) } as const;
    expect(await store.noteWaiting(again)).toEqual({ since: at(), attempts: 2, askAgainAt: at(45) });
    expect(await store.waiting("k")).toEqual({ since: at(), attempts: 2, askAgainAt: at(45) });
    expect(await store.isKnown("k")).toBe(false);
    expect(await store.ledgerEntry("k")).toMatchObject({ outcome: "waiting", folder: null });
    const alice = report("alice");
    const result = await store.commitMessage(input("k", ALICE, [alice], at(60)), () =>
      decision([storing(alice, ALICE)]),
    );
    expect(result.known).toBe(false);
    expect(await store.waiting("k")).toBeNull();
    expect(await store.ledgerEntries()).toMatchObject([
      { outcome: "stored", folder: "Processed", seenAt: at() },
    ]);
  });

  it("never turns a message that is dealt with into a waiting one", async () => {
    const store = await freshStore();
    await store.commitMessage(input("k", ALICE, []), () => decision([]));
    await store.noteWaiting({ key: "k", message, kind: "submission", at: at(1) });
    expect(await store.ledgerEntry("k")).toMatchObject({ outcome: "stored" });
  });

  it("notes the filing once; a repeat does not move the time", async () => {
    const store = await freshStore();
    await store.commitMessage(input("k", ALICE, []), () => decision([]));
    await store.markFiled(["k"], at(1));
    await store.markFiled(["k"], at(2));
    expect((await store.ledgerEntry("k"))?.filedAt).toEqual(at(1));
    await expect(store.markFiled(["other"], at())).rejects.toMatchObject({ kind: "not-found" });
  });

  it("lists newest first, and filters", async () => {
    const store = await freshStore();
    const one = (key: string, from: string, outcome: "answered" | "rejected", minutes: number) =>
      store.commitMessage(input(key, from, [], at(minutes)), () => decision([], { outcome }));
    await one("a", ALICE, "answered", 0);
    await one("b", "bob@partner.example", "rejected", DAY);
    await one("c", "Alice@partner.example", "rejected", 2 * DAY);
    const keys = async (filter: Parameters<typeof store.ledgerEntries>[0]) =>
      (await store.ledgerEntries(filter)).map(({ key }) => key);
    expect(await keys({})).toEqual(["c", "b", "a"]);
    expect(await keys({ from: ALICE })).toEqual(["c", "a"]);
    expect(await keys({ since: at(DAY) })).toEqual(["c", "b"]);
    expect(await keys({ outcome: "rejected", limit: 1, offset: 1 })).toEqual(["b"]);
    const every: string[] = [];
    for await (const { key } of store.eachLedgerEntry({ from: ALICE })) every.push(key);
    expect(every).toEqual(["c", "a"]);
  });

  it("gives what was stored, strangers' text unchanged", async () => {
    const store = await freshStore();
    const odd = {
      messageId: "<x\u001b[31m'; DROP TABLE ledger;--@y>",
      from: "ünï@partner.example",
      addressed: [],
    };
    const reasons = [{ code: "unreadable", rule: "r", detail: "\u0000\ud83d\ude00" }] as const;
    await store.commitMessage({ ...input("k", ALICE, []), message: odd }, () => ({
      ...decision([]),
      outcome: "unhandled",
      folder: "Unhandled",
      plan: { kind: "unreadable", actions: [], reasons, judged: [], buckets: [] },
    }));
    expect(await store.ledgerEntry("k")).toMatchObject({
      ...odd,
      reasons,
      kind: "unreadable",
      folder: "Unhandled",
    });
  });
});
