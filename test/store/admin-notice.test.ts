import { describe, expect, it } from "vitest";
import type { AdminNews, MessageNews, NoticeKind } from "../../src/decide/index.ts";
import { finding } from "../../src/inspect/index.ts";
import { ANY_NEWS } from "../../src/store/admin-notice.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile, type NewsQuery, type Store } from "../../src/store/index.ts";
import { at, DAY, decision, freshStore, harvest, input, mail, report, sha256 } from "./kit.ts";

const ALICE = "alice@partner.example";
const ADMIN = "postmaster@company.example";

function query(minutes = 0, more: Partial<NewsQuery> = {}): NewsQuery {
  return {
    now: at(minutes),
    stuckBefore: at(minutes - 240),
    noPathToldBefore: at(minutes - 30 * DAY),
    unansweredBefore: at(minutes - 3 * DAY),
    limit: 10,
    ...more,
  };
}

/** The news, as an admin would have to be told. */
function news(store: Store, minutes = 0, more: Partial<NewsQuery> = {}): Promise<AdminNews | null> {
  return store.adminNews(query(minutes, more));
}

let mails = 0;

function tell(store: Store, minutes: number, ...kinds: readonly NoticeKind[]): Promise<number> {
  return store.tellAdmin(query(minutes), () =>
    kinds.map((kind) => {
      mails += 1;
      return { kind, mail: mail(`notice-${mails}`, ADMIN, { template: "notice" }) };
    }),
  );
}

/** A message with one reply, and what of it is news. */
async function message(
  store: Store,
  key: string,
  more: readonly MessageNews[] = [],
  minutes = 0,
): Promise<void> {
  await store.commitMessage(input(key, ALICE, [], at(minutes)), () =>
    decision([], { replies: [mail(key, ALICE, { template: "certificate" })], news: more }),
  );
}

async function outboxId(store: Store, messageId: string): Promise<number> {
  const found = (await store.outboxEntries()).find((entry) => entry.messageId === messageId);
  return found?.id ?? 0;
}

async function bounce(store: Store, key: string, error: string | null, minutes = 0): Promise<void> {
  await store.commitMessage(
    input(`bounce of ${key} ${minutes}`, "mailer-daemon@x.example", [], at(minutes)),
    () => decision([{ action: "bounce", messageId: `<${key}@company.example>`, to: ALICE, error }]),
  );
}

async function sent(store: Store, key: string): Promise<void> {
  await store.markSent(await outboxId(store, `<${key}@company.example>`), "250 ok", at());
}

describe("news for the admin", () => {
  it("is null when there is none, and found without reading a table", async () => {
    const store = await freshStore();
    await harvest(store, report("alice"), ALICE);
    await message(store, "m");
    expect(await news(store)).toBeNull();
    const db = openDatabase(databaseFile(store.dir), { readonly: true });
    const plan = db.prepare<[object], { detail: string }>(`EXPLAIN QUERY PLAN ${ANY_NEWS}`);
    const asked = { stuck_before: 0, now: 0, told_before: 0, unanswered_before: 0 };
    const steps = plan.all(asked).map(({ detail }) => detail);
    db.close();
    expect(steps.filter((step) => /(SCAN|SEARCH) (?!CONSTANT)/.test(step))).toEqual([
      expect.stringMatching(/admin_news/),
      expect.stringMatching(/revoked_news/),
      expect.stringMatching(/outbox_due/),
      expect.stringMatching(/revocation_check_no_path/),
      expect.stringMatching(/certificate|PRIMARY KEY/),
      expect.stringMatching(/holding_certificate/),
      expect.stringMatching(/revocation_check_unanswered/),
      expect.stringMatching(/certificate|PRIMARY KEY/),
    ]);
  });

  it("is a certificate that becomes pending, by a mail or by a person, until it is decided", async () => {
    const store = await freshStore();
    const doubtful = report("alice", { findings: [finding("path.unknown-ca")] });
    await harvest(store, doubtful, ALICE, "pending");
    await harvest(store, report("bob"), "bob@partner.example", "rejected");
    expect((await news(store))?.pending).toEqual({
      count: 1,
      items: [
        {
          address: ALICE,
          sha256: doubtful.sha256,
          notBefore: doubtful.notBefore,
          notAfter: doubtful.notAfter,
          findings: doubtful.findings,
          authenticated: false,
        },
      ],
    });
    const change = { certificate: doubtful.sha256, address: ALICE, actor: "eve", reason: null, at: at(1) };
    await store.changeHolding({ ...change, status: "active", approved: true, mails: [] });
    expect(await news(store)).toBeNull();
  });

  it("is a certificate once, however often it is offered", async () => {
    const store = await freshStore();
    for (let times = 0; times < 3; times++) await harvest(store, report("alice"), ALICE, "pending");
    expect((await news(store))?.pending.count).toBe(1);
    expect(await tell(store, 0, "pending")).toBe(1);
    await harvest(store, report("alice"), ALICE, "pending");
    expect(await news(store)).toBeNull();
  });

  it("is a reply that is given up or comes back, with the reason and by the message that caused it", async () => {
    const store = await freshStore();
    for (const key of ["refused", "returned", "fine"]) await message(store, key);
    await store.markFailed(await outboxId(store, "<refused@company.example>"), "550 no such user");
    await sent(store, "returned");
    await sent(store, "fine");
    await bounce(store, "returned", "5.2.2 full", 7);
    const told = { to: ALICE, template: "certificate", createdAt: at() };
    expect(await news(store)).toMatchObject({
      failed: { count: 1, items: [{ ...told, error: "550 no such user" }] },
      bounced: { count: 1, items: [{ ...told, error: "5.2.2 full" }] },
    });
    const states = async (key: string) =>
      (await store.ledgerEntry(key))?.replies.map(({ state, error }) => [state, error]);
    expect(await states("refused")).toEqual([["failed", "550 no such user"]]);
    expect(await states("returned")).toEqual([["bounced", "5.2.2 full"]]);
    expect(await states("fine")).toEqual([["sent", null]]);
    expect(await store.outboxEntries({ state: "bounced" })).toMatchObject([{ bouncedAt: at(7) }]);
    expect(await store.outboxEntries({ state: "sent" })).toHaveLength(1);
  });

  it("is a bounce only of a mail that was sent, and once", async () => {
    const store = await freshStore();
    for (const key of ["waiting", "twice"]) await message(store, key);
    await bounce(store, "waiting", "x");
    await bounce(store, "unknown", "x");
    expect(await news(store)).toBeNull();
    await sent(store, "twice");
    await bounce(store, "twice", "the first", 1);
    await bounce(store, "twice", "the second", 2);
    expect((await news(store))?.bounced).toMatchObject({ count: 1, items: [{ error: "the first" }] });
    expect((await store.dueMails(at(), 10)).map(({ messageId }) => messageId)).toEqual([
      "<waiting@company.example>",
    ]);
  });

  it("is what a message's decision says, counted", async () => {
    const store = await freshStore();
    await message(store, "killer", ["unhandled"]);
    await message(store, "a", ["delayed", "withheld"]);
    await message(store, "b", ["delayed"]);
    expect(await news(store)).toMatchObject({
      unhandled: { count: 1, items: [{ key: "killer", seenAt: at() }] },
      delayed: 2,
      withheld: 1,
    });
  });

  it("is never about a mail to the admin himself", async () => {
    const store = await freshStore();
    await store.enqueue(
      [mail("note", ADMIN, { template: "notice" }), mail("back", ADMIN, { template: "notice" })],
      at(),
    );
    await sent(store, "back");
    await bounce(store, "back", "5.1.1 no such user");
    // Waiting for ever, and then given up.
    expect(await news(store, 10 * DAY)).toBeNull();
    await store.markFailed(await outboxId(store, "<note@company.example>"), "550 no such user");
    expect(await news(store, 10 * DAY)).toBeNull();
    expect(await store.outboxEntries({ state: "bounced" })).toHaveLength(1);
  });

  it("goes with the partner who is forgotten", async () => {
    const store = await freshStore();
    await harvest(store, report("alice"), ALICE, "pending");
    await message(store, "refused");
    await store.markFailed(await outboxId(store, "<refused@company.example>"), "550 no");
    await store.forgetPartner(ALICE, { actor: "eve", reason: null, at: at() });
    expect(await news(store)).toBeNull();
  });
});

describe("what a CA has revoked", () => {
  const revoked = (name: string, minutes = 1) => ({
    certificate: report(name).sha256,
    reason: "revoked by its CA: revoked at noon",
    finding: finding("revocation.revoked", "revoked at noon"),
    at: at(minutes),
  });

  it("is news once, with each address that used it; what was not in use is none", async () => {
    const store = await freshStore();
    await harvest(store, report("alice"), ALICE);
    await harvest(store, report("alice"), "alice@firm.example");
    await harvest(store, report("bob"), "bob@partner.example", "pending");
    await tell(store, 0, "pending");
    for (const name of ["alice", "bob"]) await store.revokeByCa(revoked(name));
    const told = { sha256: report("alice").sha256, at: at(1), why: "revoked at noon" };
    expect(await news(store)).toMatchObject({
      revoked: {
        count: 2,
        items: [
          { ...told, address: "alice@firm.example" },
          { ...told, address: ALICE },
        ],
      },
      withdrawn: { count: 0 },
    });
    expect((await news(store, 0, { limit: 1 }))?.revoked).toMatchObject({ count: 2, items: [told] });
    await tell(store, 2, "revoked");
    expect(await news(store)).toBeNull();
    await store.revokeByCa(revoked("alice", 5));
    expect(await news(store)).toBeNull();
  });

  it("is none of a partner who was forgotten", async () => {
    const store = await freshStore();
    await harvest(store, report("alice"), ALICE);
    await harvest(store, report("alice"), "alice@firm.example");
    await store.revokeByCa(revoked("alice"));
    await store.forgetPartner(ALICE, { actor: "eve", reason: null, at: at(2) });
    expect((await news(store))?.revoked.items.map(({ address }) => address)).toEqual(["alice@firm.example"]);
  });
});

describe("a CA that does not answer", () => {
  const asked = (why: string | null, minutes: number) =>
    ({ certificate: report("alice").sha256, answer: null, unanswered: why, next: at(minutes + 60) }) as const;

  it("is news when nobody has answered for so many days, once until somebody does", async () => {
    const store = await freshStore();
    await harvest(store, report("alice"), ALICE);
    const items = async (day: number) => (await news(store, day * DAY))?.unanswered.items ?? [];
    expect(await items(9)).toEqual([]);
    for (const day of [1, 2])
      await store.noteChecks([asked(`no answer on day ${day}`, day * DAY)], at(day * DAY));
    expect(await items(2.9)).toEqual([]);
    const item = {
      sha256: report("alice").sha256,
      addresses: [ALICE],
      since: at(),
      why: "no answer on day 2",
    };
    expect(await items(3)).toEqual([item]);
    await tell(store, 3 * DAY, "daily");
    await store.noteChecks([asked("no answer on day 8", 8 * DAY)], at(8 * DAY));
    expect(await items(9)).toEqual([]);
    // Still to be seen by who looks.
    const before = { now: at(9 * DAY), before: at(6 * DAY) };
    expect(await store.unanswered(before, 5)).toMatchObject({
      count: 1,
      items: [{ why: "no answer on day 8" }],
    });
    await store.noteChecks([asked(null, 10 * DAY)], at(10 * DAY));
    expect(await store.unanswered({ now: at(20 * DAY), before: at(17 * DAY) }, 5)).toMatchObject({
      count: 0,
    });
    await store.noteChecks([asked("gone again", 11 * DAY)], at(11 * DAY));
    expect(await items(12.9)).toEqual([]);
    expect(await items(13)).toMatchObject([{ since: at(10 * DAY) }]);
  });

  it("is none of a certificate that is used no more", async () => {
    const store = await freshStore();
    await harvest(store, report("alice"), ALICE);
    await store.noteChecks([asked("no answer", DAY)], at(DAY));
    const { spkiSha256 } = report("alice");
    await store.barKey({ spkiSha256, actor: "eve", reason: "x", at: at(2 * DAY) });
    expect((await news(store, 9 * DAY))?.unanswered.items ?? []).toEqual([]);
  });
});

describe("an outbox that does not empty", () => {
  it.each<[string, number, number, boolean]>([
    ["not when a mail has waited for less than four hours", 239, 0, false],
    ["when one has waited for four hours", 240, 0, true],
    ["not when it waits for its budget", 240, 600, false],
    ["when its budget was free four hours ago", 840, 600, true],
  ])("is news %s", async (_, minutes, sendAfter, expected) => {
    const store = await freshStore();
    await store.enqueue([mail("m", ALICE, { sendAfter: at(sendAfter) })], at());
    expect((await news(store, minutes))?.stuck ?? null).toEqual(
      expected ? { count: 1, since: at(sendAfter), error: null } : null,
    );
  });

  it("says what the server last said, also when the next try is due later", async () => {
    const store = await freshStore();
    await store.enqueue([mail("m", ALICE), mail("n", ALICE)], at());
    const id = await outboxId(store, "<m@company.example>");
    await store.claim(id, at(), at(10));
    await store.markRetry(id, "451 later", at(300));
    expect((await news(store, 250))?.stuck).toEqual({ count: 2, since: at(), error: "451 later" });
  });
});

describe("telling the admin", () => {
  it("puts the mail into the outbox and notes what it tells of, both or neither", async () => {
    const store = await freshStore();
    await harvest(store, report("alice"), ALICE, "pending");
    const died = store.tellAdmin(query(), () => {
      throw new Error("the process dies here");
    });
    await expect(died).rejects.toThrow("dies here");
    expect((await news(store))?.pending.count).toBe(1);
    expect(await store.outboxEntries()).toEqual([]);

    expect(await tell(store, 3, "pending")).toBe(1);
    expect(await store.outboxEntries()).toMatchObject([{ to: ADMIN, template: "notice", state: "waiting" }]);
    expect(await news(store)).toBeNull();
  });

  it("tells each kind by itself, and remembers when", async () => {
    const store = await freshStore();
    await harvest(store, report("alice"), ALICE, "pending");
    await message(store, "a", ["delayed"]);
    expect((await news(store))?.told).toEqual({
      pending: null,
      daily: null,
      stuck: null,
      revoked: null,
      withdrawn: null,
    });
    await tell(store, 3, "pending");
    expect(await news(store)).toMatchObject({
      told: { pending: at(3), daily: null },
      pending: { count: 0 },
      delayed: 1,
    });
    await tell(store, 4, "daily");
    await message(store, "b", ["delayed"]);
    expect(await news(store)).toMatchObject({ told: { pending: at(3), daily: at(4) }, delayed: 1 });
  });

  it("is done by one of two robots: the other finds nothing left", async () => {
    const one = await freshStore();
    const two = await freshStore({ stateDir: one.dir });
    await harvest(one, report("alice"), ALICE, "pending");
    const write = (found: AdminNews) =>
      found.pending.count === 0
        ? []
        : [{ kind: "pending" as const, mail: mail(sha256("notice"), ADMIN, { template: "notice" }) }];
    const told = await Promise.all([one, two, one].map((store) => store.tellAdmin(query(), write)));
    expect(told.sort()).toEqual([0, 0, 1]);
    expect(await one.outboxEntries()).toHaveLength(1);
  });

  it("reads so many pieces in full and counts all, and numbers never come again", async () => {
    const store = await freshStore();
    for (const name of ["a", "b", "c"])
      await harvest(store, report(name), `${name}@partner.example`, "pending");
    const before = await news(store, 0, { limit: 2 });
    expect(before?.pending.items.map(({ address }) => address)).toEqual([
      "a@partner.example",
      "b@partner.example",
    ]);
    expect(before?.pending.count).toBe(3);
    await tell(store, 0, "pending");
    await harvest(store, report("d"), "d@partner.example", "pending");
    expect((await news(store))?.newest).toBeGreaterThan(before?.newest ?? 0);
  });
});
