import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mail } from "../store/kit.ts";
import { NOON, Office } from "./office.ts";

const [ALICE, BOB, CAROL] = ["alice@partner.example", "bob@partner.example", "carol@partner.example"];
let office: Office;

/** Alice's was given up, Bob's was put off, Carol's was never tried. */
beforeAll(async () => {
  office = new Office();
  await office.store(async (store) => {
    await store.enqueue([mail("a", ALICE), mail("b", BOB), mail("c", CAROL, { sendAfter: NOON })], NOON);
    await store.claim(1, NOON, NOON);
    await store.markFailed(1, "550 5.7.1 no\u001b[31m empty sender");
    await store.claim(2, NOON, NOON);
    await store.markRetry(2, "451 later", new Date(NOON.getTime() + 3_600_000));
  });
});
afterAll(() => office.close());

describe("keybot outbox", () => {
  it("lists what is not sent yet, with the server's words, escaped", async () => {
    const { stdout } = await office.run(["outbox", "list"], { isTTY: true });
    expect(stdout).toContain("carol@partner.");
    expect(stdout.split("\n")[0]).toMatch(/^ID +STATE +WRITTEN +WHAT +TO +TRIES +THE SERVER SAID$/);
    expect(stdout).not.toContain("\u001b");
    const records = await office.records(["outbox", "list", "--state", "failed"]);
    expect(records).toMatchObject(
      [{ id: 1, to: ALICE, state: "failed", attempts: 1, nextAttempt: null, error: /empty sender/ }].map(
        (record) => ({ ...record, error: expect.stringMatching(record.error) }),
      ),
    );
    expect(await office.records(["outbox", "list", "--state", "sent"])).toEqual([]);
  });

  it("retry wants to know which, and says what is not there", async () => {
    expect((await office.run(["outbox", "retry"])).code).toBe(2);
    expect((await office.run(["outbox", "retry", "1", "--all"])).code).toBe(2);
    expect((await office.run(["outbox", "retry", "x"])).code).toBe(2);
    expect(await office.run(["outbox", "retry", "99"])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("no such mail 99"),
    });
  });

  it("retry --all has tried again what was given up or put off, and not what is due in its own time", async () => {
    const changed = await office.records(["outbox", "retry", "--all", "--reason", "sender mended"]);
    expect(changed.map(({ id, from }) => [id, from])).toEqual([
      [1, "failed"],
      [2, "waiting"],
    ]);
    const left = await office.records(["outbox", "list"]);
    expect(left.map(({ id, state, nextAttempt }) => [id, state, nextAttempt])).toEqual([
      [3, "waiting", "2026-06-01T12:00:00Z"],
      [2, "waiting", "2026-06-01T12:00:00Z"],
      [1, "waiting", "2026-06-01T12:00:00Z"],
    ]);
    expect(await office.records(["audit", "list", "--action", "mail.retried"])).toMatchObject([
      { address: BOB, reason: "sender mended" },
      { address: ALICE, reason: "sender mended" },
    ]);
  });

  it("drop asks, gives up for good, and knows no mail that is gone", async () => {
    expect((await office.run(["outbox", "drop", "3"])).code).toBe(2);
    const { code, stdout } = await office.run(["outbox", "drop", "3", "--yes"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining(CAROL)]);
    expect((await office.run(["outbox", "drop", "3", "--yes"])).code).toBe(3);
    expect((await office.records(["outbox", "list"])).map(({ id }) => id)).toEqual([2, 1]);
  });
});
