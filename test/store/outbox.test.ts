import { describe, expect, it } from "vitest";
import type { Store } from "../../src/store/index.ts";
import { folded } from "../../src/store/outbox.ts";
import { at, freshStore, mail } from "./kit.ts";

const ALICE = "alice@partner.example";

async function idOf(store: Store): Promise<number> {
  const [first] = await store.outboxEntries();
  return first?.id ?? 0;
}

describe("the outbox", () => {
  it("hands a mail to one deliverer at a time, with the bytes that were stored", async () => {
    const store = await freshStore();
    const other = await freshStore({ stateDir: store.dir });
    await store.enqueue([mail("m", ALICE)], at());
    const [due] = await store.dueMails(at(), 10);
    const id = due?.id ?? 0;
    const claimed = await store.claim(id, at(), at(10));
    expect(claimed).toMatchObject({
      to: ALICE,
      attempts: 1,
      bytes: mail("m", ALICE).bytes,
    });
    expect(await other.claim(id, at(1), at(11))).toBeNull();
    expect(await other.dueMails(at(1), 10)).toEqual([]);
    // The first one died: its claim lapses.
    expect(await store.nextDueAt()).toEqual(at(10));
    expect(await other.claim(id, at(10), at(20))).toMatchObject({ attempts: 2 });
  });

  it("keeps a sent mail as history without its bytes, and never sends it again", async () => {
    const store = await freshStore();
    await store.enqueue([mail("m", ALICE)], at());
    const id = await idOf(store);
    await store.claim(id, at(), at(10));
    await store.markSent(id, "250 2.0.0 queued", at(1));
    expect(await store.outboxEntries({ state: "sent" })).toMatchObject([
      { response: "250 2.0.0 queued", sentAt: at(1) },
    ]);
    expect(await store.claim(id, at(99), at(100))).toBeNull();
    expect(await store.nextDueAt()).toBeNull();
    for (const again of [
      store.markRetry(id, "x", at(2)),
      store.markFailed(id, "x"),
      store.markSent(id, "x", at(2)),
    ]) {
      await expect(again).rejects.toMatchObject({ code: "store.transition" });
    }
  });

  it("knows what holds its mails back, as long as it does", async () => {
    const store = await freshStore();
    await store.enqueue([mail("m", ALICE)], at());
    const id = await idOf(store);
    expect(await store.isHeldBackBy("451 later")).toBe(false);
    await store.claim(id, at(), at(10));
    await store.markRetry(id, "451 later", at(5));
    expect(await store.isHeldBackBy("451 later")).toBe(true);
    expect(await store.isHeldBackBy("450 greylisted")).toBe(false);
    await store.claim(id, at(5), at(15));
    await store.markSent(id, "250 ok", at(6));
    expect(await store.isHeldBackBy("451 later")).toBe(false);
  });

  it("tries again at the time that is said, and not before", async () => {
    const store = await freshStore();
    await store.enqueue([mail("m", ALICE)], at());
    const id = await idOf(store);
    await store.claim(id, at(), at(10));
    await store.markRetry(id, "451 later", at(5));
    expect(await store.dueMails(at(4), 10)).toEqual([]);
    expect(await store.dueMails(at(5), 10)).toMatchObject([{ id, lastError: "451 later", attempts: 1 }]);
  });

  it("gives a failed mail up until a person has it tried again", async () => {
    const store = await freshStore();
    await store.enqueue([mail("m", ALICE)], at());
    const id = await idOf(store);
    await store.markFailed(id, "550 no such user");
    expect(await store.dueMails(at(99), 10)).toEqual([]);
    const by = { actor: "eve", reason: "mended", at: at(100) };
    expect(await store.retryNow(null, by)).toMatchObject([{ id, state: "failed" }]);
    expect(await store.auditEntries()).toMatchObject([
      { action: "mail.retried", actor: "eve", address: ALICE, reason: "mended" },
    ]);
    expect(await store.claim(id, at(100), at(110))).toMatchObject({ lastError: "550 no such user" });
  });

  it("holds a mail over budget back, and lets the longest waiting go first", async () => {
    const store = await freshStore();
    await store.enqueue([mail("later", ALICE, { sendAfter: at(30) }), mail("b", ALICE)], at(1));
    await store.enqueue([mail("a", ALICE)], at(0));
    expect((await store.dueMails(at(2), 10)).map(({ messageId }) => messageId[1])).toEqual(["a", "b"]);
    expect(await store.dueMails(at(2), 1)).toHaveLength(1);
    expect(await store.dueMails(at(2), 1, "latest")).toMatchObject([{ messageId: "<b@company.example>" }]);
    expect(await store.dueMails(at(30), 10)).toHaveLength(3);
  });

  it("counts as left for a retry what was tried in vain and is in nobody's hand; on request also what is due", async () => {
    const store = await freshStore();
    const [tried, held, due, later] = ["tried", "held", "due", "later"];
    await store.enqueue([mail(tried, ALICE), mail(held, ALICE), mail(due, ALICE)], at());
    await store.enqueue([mail(later, ALICE, { sendAfter: at(30) })], at());
    const ids = new Map(
      (await store.outboxEntries()).map(({ id, messageId }) => [messageId.slice(1).split("@")[0], id]),
    );
    await store.claim(ids.get(tried) ?? 0, at(), at(10));
    await store.markRetry(ids.get(tried) ?? 0, "451 later", at(5));
    await store.claim(ids.get(held) ?? 0, at(), at(10));
    expect(await store.countLeft(at(1), false)).toBe(1);
    expect(await store.countLeft(at(1), true)).toBe(2);
    expect(await store.countLeft(at(10), false)).toBe(2);
  });

  it("stores a Message-ID once", async () => {
    const store = await freshStore();
    await store.enqueue([mail("m", ALICE)], at());
    await store.enqueue([mail("m", "bob@partner.example")], at(1));
    expect(await store.outboxEntries()).toMatchObject([{ to: ALICE }]);
  });

  it("knows no mail that is not there", async () => {
    const store = await freshStore();
    await expect(store.markSent(7, "250", at())).rejects.toMatchObject({
      kind: "not-found",
      code: "store.no-mail",
    });
    expect(await store.claim(7, at(), at(1))).toBeNull();
  });

  it.each([
    ["Alice+News@Partner.Example", "alice@partner.example"],
    ["alice@partner.example", "alice@partner.example"],
    ["+x@partner.example", "+x@partner.example"],
    ["a+b+c@partner.example", "a@partner.example"],
    ['"a@b+c"@partner.example', '"a@b@partner.example'],
  ])("folds %s to %s", (address, expected) => {
    expect(folded(address)).toBe(expected);
  });
});
