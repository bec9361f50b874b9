import { describe, expect, it } from "vitest";
import type { View, ViewQuery } from "../../src/decide/index.ts";
import type { Decision } from "../../src/store/index.ts";
import {
  at,
  DAY,
  decision,
  freshStore,
  harvest,
  input,
  mail,
  query,
  report,
  sha256,
  storing,
} from "./kit.ts";

const ALICE = "alice@partner.example";

describe("the commit of one message", () => {
  it("writes directory, ledger, outbox, budget and audit trail together", async () => {
    const store = await freshStore();
    const alice = report("alice", { capabilities: new Uint8Array([0x30, 0]) });
    const result = await store.commitMessage(input("k1", ALICE, [alice]), () =>
      decision([storing(alice, ALICE)], {
        replies: [mail("r1", ALICE)],
        buckets: [{ name: `address:${ALICE}`, usedUntil: at(60) }],
      }),
    );
    expect(result).toMatchObject({ known: false, folder: "Processed", newlyActive: 1, newlyPending: 0 });

    const [held] = await store.certificatesOf(ALICE, at());
    expect(held).toMatchObject({
      sha256: alice.sha256,
      status: "active",
      source: "<k1@partner.example>",
      messageKey: "k1",
      decidedBy: "robot",
      capabilities: new Uint8Array([0x30, 0]),
      chain: alice.path.intermediates,
    });
    const [row] = await store.ledgerEntries();
    expect(row).toMatchObject({
      key: "k1",
      from: ALICE,
      outcome: "stored",
      folder: "Processed",
      filedAt: null,
      replies: [{ template: "accepted", to: ALICE, state: "waiting", messageId: "<r1@company.example>" }],
    });
    expect(await store.dueMails(at(), 10)).toHaveLength(1);
    const [event] = await store.history(alice.sha256);
    expect(event).toMatchObject({
      actor: "robot",
      action: "certificate.active",
      address: ALICE,
      messageKey: "k1",
    });
    const view = await store.view(query(ALICE, { buckets: [`address:${ALICE}`] }), at(1));
    expect(view.buckets).toEqual([{ name: `address:${ALICE}`, usedUntil: at(60) }]);
  });

  it("does nothing the second time, and does not even decide", async () => {
    const store = await freshStore();
    const alice = report("alice");
    await store.commitMessage(input("k1", ALICE, [alice]), () => decision([storing(alice, ALICE)]));
    const again = await store.commitMessage(input("k1", ALICE, [alice], at(5)), () => {
      throw new Error("decided twice");
    });
    expect(again).toEqual({ known: true, folder: "Processed", outcome: "stored" });
    expect((await store.certificatesOf(ALICE, at()))[0]?.lastSeen).toEqual(at());
    expect(await store.ledgerEntries()).toHaveLength(1);
  });

  it("writes nothing when the decision throws", async () => {
    const store = await freshStore();
    await expect(
      store.commitMessage(input("k1", ALICE, []), () => {
        throw new Error("a bug in a rule");
      }),
    ).rejects.toThrow("a bug in a rule");
    expect(await store.isKnown("k1")).toBe(false);
  });

  it("writes nothing when the second action of a plan fails", async () => {
    const store = await freshStore();
    const alice = report("alice");
    const stranger = report("stranger");
    await expect(
      store.commitMessage(input("k1", ALICE, [alice]), () =>
        decision([storing(alice, ALICE), storing(stranger, ALICE)], {
          replies: [mail("r1", ALICE)],
          buckets: [{ name: "total", usedUntil: at(9) }],
        }),
      ),
    ).rejects.toThrow(stranger.sha256);
    expect(await store.certificatesOf(ALICE, at())).toEqual([]);
    expect(await store.ledgerEntries()).toEqual([]);
    expect(await store.outboxEntries()).toEqual([]);
    expect(await store.auditEntries()).toEqual([]);
    expect((await store.view(query(ALICE, { buckets: ["total"] }), at())).buckets).toEqual([]);
  });

  it("lets the decision see the directory as it is inside the transaction", async () => {
    const store = await freshStore();
    const alice = report("alice");
    await harvest(store, alice, ALICE);
    let seen: readonly string[] = [];
    await store.commitMessage(input("k2", ALICE, []), (view) => {
      seen = view.held.map(({ sha256: id }) => id);
      return decision([]);
    });
    expect(seen).toEqual([alice.sha256]);
  });
});

describe("several messages in one transaction", () => {
  it("one that fails leaves no trace and the others stay", async () => {
    const store = await freshStore();
    const [alice, bob, carol] = [report("alice"), report("bob"), report("carol")];
    const one = (key: string, certificate: typeof alice, fails: boolean) => ({
      input: input(key, `${key}@partner.example`, [certificate]),
      decide: () =>
        decision([
          storing(certificate, `${key}@partner.example`),
          ...(fails ? [storing(report("nobody"), ALICE)] : []),
        ]),
    });
    const attempts = await store.commitMessages([
      one("a", alice, false),
      one("b", bob, true),
      one("c", carol, false),
    ]);
    expect(attempts.map(({ done }) => done)).toEqual([true, false, true]);
    expect((await store.ledgerEntries()).map(({ key }) => key)).toEqual(["c", "a"]);
    expect(await store.certificatesOf("b@partner.example", at())).toEqual([]);
    expect((await store.verifyAudit()).fault).toBeNull();
  });

  it("a copy of a message later in the list is known", async () => {
    const store = await freshStore();
    const alice = report("alice");
    const one = { input: input("k", ALICE, [alice]), decide: () => decision([storing(alice, ALICE)]) };
    const [first, second] = await store.commitMessages([one, one]);
    expect(first).toMatchObject({ done: true, result: { known: false } });
    expect(second).toMatchObject({ done: true, result: { known: true } });
  });
});

describe("a certificate that is seen again", () => {
  const rows = [
    { known: "active", brought: "active", becomes: "active", why: "seen again" },
    {
      known: "active",
      brought: "pending",
      becomes: "active",
      why: "anybody's mail changes nothing",
      seen: 0,
    },
    {
      known: "active",
      brought: "rejected",
      becomes: "active",
      why: "anybody's mail changes nothing",
      seen: 0,
    },
    { known: "pending", brought: "active", becomes: "active", why: "its CA is trusted by now" },
    {
      known: "pending",
      brought: "rejected",
      becomes: "pending",
      why: "a broken mail does not decide for a person",
    },
    { known: "rejected", brought: "pending", becomes: "pending", why: "this time it was signed properly" },
    { known: "rejected", brought: "active", becomes: "active", why: "this time it was signed properly" },
  ] as const;
  it.each(rows)(
    "$known, brought as $brought: $becomes ($why)",
    async ({ known, brought, becomes, ...row }) => {
      const store = await freshStore();
      const alice = report("alice");
      await harvest(store, alice, ALICE, known);
      await harvest(store, alice, ALICE, brought, at(10));
      const held = await store.certificatesOf(ALICE, at(20));
      expect(held).toHaveLength(1);
      expect(held[0]).toMatchObject({
        status: becomes,
        firstSeen: at(),
        lastSeen: at("seen" in row ? row.seen : 10),
      });
    },
  );

  it("never comes out of revoked, whatever a replayed mail says", async () => {
    const store = await freshStore();
    const alice = report("alice");
    await harvest(store, alice, ALICE);
    await store.changeHolding({
      certificate: alice.sha256,
      address: null,
      status: "revoked",
      actor: "admin",
      reason: "lost",
      at: at(1),
      mails: [],
    });
    // What is decided says so: its sender is not told of what stands not here.
    await expect(harvest(store, alice, ALICE, "active", at(2))).rejects.toThrow("which is revoked");
    for (const status of ["pending", "rejected"] as const) await harvest(store, alice, ALICE, status, at(2));
    expect((await store.certificatesOf(ALICE, at(3)))[0]?.status).toBe("revoked");
    expect(await store.usableFor(ALICE, at(3))).toEqual([]);
  });

  it("is not put before a person again who rejected it, but counts once it is beyond doubt", async () => {
    const store = await freshStore();
    const alice = report("alice");
    await harvest(store, alice, ALICE, "pending");
    const change = {
      certificate: alice.sha256,
      address: ALICE,
      actor: "admin",
      reason: "unknown person",
      mails: [],
    };
    await store.changeHolding({ ...change, status: "rejected", at: at(1) });
    await harvest(store, alice, ALICE, "pending", at(2));
    const view = await store.view(query(ALICE), at(3));
    expect(view.held[0]).toMatchObject({ status: "rejected", decidedByPerson: true });
    await harvest(store, alice, ALICE, "active", at(4));
    expect((await store.view(query(ALICE), at(5))).held[0]).toMatchObject({
      status: "active",
      decidedByPerson: false,
    });
  });

  it("keeps the capabilities of a good mail against those of a doubtful or a broken one", async () => {
    const store = await freshStore();
    const told = (value: number) => report("alice", { capabilities: new Uint8Array([value]) });
    const now = async () => (await store.certificatesOf(ALICE, at(9)))[0]?.capabilities;
    await harvest(store, told(1), ALICE, "rejected");
    await harvest(store, told(2), ALICE, "pending", at(1));
    expect(await now()).toBeNull();
    await harvest(store, told(3), ALICE, "active", at(2));
    await harvest(store, told(4), ALICE, "pending", at(3));
    await harvest(store, told(5), ALICE, "rejected", at(4));
    expect(await now()).toEqual(new Uint8Array([3]));
  });
});

describe("the bar on a public key", () => {
  it("of a plan revokes every holding of that key, in every certificate and under every address", async () => {
    const store = await freshStore();
    const spki = sha256("one key");
    const first = report("alice", { spkiSha256: spki });
    const renewed = report("alice renewed", { spkiSha256: spki });
    await harvest(store, first, ALICE);
    await harvest(store, renewed, "office@partner.example");
    await store.commitMessage(input("leak", ALICE, [first], at(1)), () =>
      decision([
        {
          action: "bar",
          certificate: first.sha256,
          spkiSha256: spki,
          keyIdentity: spki,
          reason: "its private key was sent along",
        },
        storing(first, ALICE, "rejected"),
      ]),
    );
    expect((await store.certificatesOf(ALICE, at(2)))[0]).toMatchObject({ status: "revoked", barred: true });
    expect((await store.certificatesOf("office@partner.example", at(2)))[0]?.status).toBe("revoked");
    expect((await store.view(query(ALICE, { spkis: [spki, sha256("other")] }), at(2))).barred).toEqual(
      new Set([spki]),
    );
    expect((await store.auditEntries()).map(({ action }) => action)).toEqual([
      "certificate.revoked",
      "certificate.revoked",
      "key.barred",
      "certificate.active",
      "certificate.active",
    ]);
  });

  it("holds for other addresses and fresh certificates: such a plan is refused as a whole", async () => {
    const store = await freshStore();
    const spki = sha256("one key");
    await store.barKey({ spkiSha256: spki, actor: "admin", reason: "stolen", at: at() });
    const fresh = report("bob", { spkiSha256: spki });
    await expect(harvest(store, fresh, "bob@partner.example")).rejects.toMatchObject({
      code: "store.barred",
    });
    expect(await store.certificatesOf("bob@partner.example", at())).toEqual([]);
    await harvest(store, fresh, "bob@partner.example", "rejected");
    expect(await store.usableFor("bob@partner.example", at())).toEqual([]);
  });
});

describe("the view", () => {
  it("tells held certificates with their status as of now", async () => {
    const store = await freshStore();
    await harvest(store, report("old", { notAfter: at(5) }), ALICE);
    expect((await store.view(query("Alice@partner.example"), at(5))).held[0]?.status).toBe("active");
    expect((await store.view(query(ALICE), at(6))).held[0]?.status).toBe("expired");
  });

  it("knows our own Message-IDs", async () => {
    const store = await freshStore();
    await store.enqueue([mail("ours", ALICE)], at());
    const refers = async (references: string[]) =>
      (await store.view(query(ALICE, { references }), at())).refersToUs;
    expect(await refers(["<ours@company.example>", "<x@y.example>"])).toBe(true);
    expect(await refers(["<x@y.example>"])).toBe(false);
  });

  it("tells what a person was told in 30 days, plus forms folded, without failed mails and notices", async () => {
    const store = await freshStore();
    await store.enqueue([mail("old", ALICE)], at(-31 * DAY));
    await store.enqueue([mail("plus", "Alice+x@partner.example", { template: "hint" })], at(-DAY));
    await store.enqueue([mail("failed", ALICE, { template: "rejected" })], at(-1));
    await store.enqueue([mail("notice", ALICE, { template: "notice" })], at(-1));
    await store.enqueue([mail("new", ALICE, { template: "pending" })], at());
    const [failed] = (await store.outboxEntries()).filter(({ template }) => template === "rejected");
    await store.markFailed(failed?.id ?? 0, "550 no such user");
    expect((await store.view(query("alice+new@partner.example"), at())).told).toEqual([
      { template: "pending", at: at(), said: null },
      { template: "hint", at: at(-DAY), said: null },
    ]);
  });

  it("tells what authenticated senders of an address were told apart from what others were", async () => {
    const store = await freshStore();
    await store.enqueue([mail("forged", ALICE, { authenticated: false, said: "rejected x" })], at(-3));
    await store.enqueue([mail("real", ALICE, { authenticated: true, template: "hint" })], at(-2));
    await store.enqueue([mail("by hand", ALICE, { template: "rejected" })], at(-1));
    const told = async (authenticated: boolean) =>
      (await store.view(query(ALICE, { authenticated }), at())).told.map(({ template }) => template);
    expect(await told(true)).toEqual(["rejected", "hint"]);
    expect(await told(false)).toEqual(["rejected", "accepted"]);
    const [, first] = (await store.view(query(ALICE), at())).told;
    expect(first?.said).toBe("rejected x");
  });

  it("knows whether all that a mail refers to of ours is a hint to its sender", async () => {
    const store = await freshStore();
    await store.enqueue([mail("hint", "Alice+x@partner.example", { template: "hint" })], at(-1));
    await store.enqueue([mail("answer", ALICE, { template: "certificate" })], at(-1));
    const refers = async (from: string, ...ids: string[]) => {
      const references = ids.map((id) => `<${id}@company.example>`);
      return (await store.view(query(from, { references }), at())).refersToHint;
    };
    expect(await refers(ALICE, "hint", "unknown")).toBe(true);
    expect(await refers(ALICE, "hint", "answer")).toBe(false);
    expect(await refers(ALICE, "unknown")).toBe(false);
    expect(await refers("bob@partner.example", "hint")).toBe(false);
  });

  it("tells of a message that waited since when it does and what its sender was told", async () => {
    const store = await freshStore();
    const until = at(120);
    const waits = () => ({
      ...decision([], {
        outcome: "waiting",
        folder: null,
        replies: [mail("later", ALICE, { template: "pending" })],
      }),
      plan: { ...decision([]).plan, actions: [{ action: "wait" as const, until }] },
    });
    const offered = input("k", ALICE, []);
    const waiting = { ...offered, query: { ...offered.query, pendingOf: "partner.example" } };
    const seen: (View["waited"] | undefined)[] = [];
    const commit = (minutes: number, decide: () => Decision) =>
      store.commitMessage({ ...waiting, at: at(minutes) }, (view) => {
        seen.push(view.waited);
        return decide();
      });
    expect(await commit(0, waits)).toMatchObject({ known: false, outcome: "waiting", until });
    expect(await store.waiting("k")).toMatchObject({ since: at(0), askAgainAt: until, attempts: 1 });
    expect(await store.isKnown("k")).toBe(false);
    const room = async (pendingOf: string) => {
      const { waitingOfDomain, waitingOfAll } = await store.view(query(ALICE, { pendingOf }), at());
      return [waitingOfDomain, waitingOfAll];
    };
    expect([await room("partner.example"), await room("other.example")]).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(await commit(120, () => decision([]))).toMatchObject({ known: false, folder: "Processed" });
    expect(await store.isKnown("k")).toBe(true);
    expect(await room("partner.example")).toEqual([0, 0]);
    expect(seen).toEqual([null, { since: at(0), told: ["pending"], forRoom: true }]);
    expect(await store.outboxEntries()).toHaveLength(1);
  });

  it("tells apart what another plus form of the address was told, and what is referred to of it", async () => {
    const store = await freshStore();
    await store.enqueue([mail("one", "alice+1@partner.example", { template: "accepted" })], at(-2));
    await store.enqueue([mail("two", "alice+2@partner.example", { template: "rejected" })], at(-1));
    await store.enqueue([mail("bob", "bob@partner.example", { template: "accepted" })], at(-1));
    await store.enqueue([mail("notice", ALICE, { template: "notice" })], at(-1));
    const references = ["one", "two", "bob", "notice"].map((id) => `<${id}@company.example>`);
    const view = await store.view(query("Alice+2@partner.example", { references }), at());
    expect(view.told).toHaveLength(2);
    expect(view.toldOtherForms).toEqual([{ template: "accepted", at: at(-2), said: null }]);
    expect(view.refersToOtherForm).toEqual(["accepted"]);
    const plain = await store.view(query(ALICE, { references }), at());
    expect(plain.toldOtherForms).toEqual(plain.told);
    expect(plain.refersToOtherForm).toEqual(["accepted", "rejected"]);
    expect((await store.view(query(null, { references }), at())).refersToOtherForm).toEqual([]);
  });

  it("counts what became pending under a domain in the last day, also when it is decided by now", async () => {
    const store = await freshStore();
    const cap = { authenticated: true, pendingOf: "partner.example" };
    const offer = async (
      name: string,
      status: "pending" | "active" | "rejected",
      minutes: number,
      of: Partial<ViewQuery> = cap,
    ) => {
      const from = `${name}@host.partner.example`;
      const certificate = report(name);
      const mail = input(`${name} ${status}`, from, [certificate], at(minutes));
      const message = { ...mail.message, authenticated: of.authenticated ?? null };
      await store.commitMessage({ ...mail, message, query: { ...mail.query, ...of } }, () =>
        decision([storing(certificate, from, status)]),
      );
    };
    await offer("a", "pending", -2 * DAY);
    await offer("b", "pending", -60);
    await offer("c", "pending", -30);
    await offer("c", "active", -20);
    await offer("d", "pending", -20, { ...cap, pendingOf: "other.example" });
    await offer("e", "active", -20);
    for (const name of ["f", "g", "h"]) await offer(name, "pending", -10, { ...cap, authenticated: false });
    // Turned away as one cap was full, pending in the other.
    await offer("i", "rejected", -10, { ...cap, authenticated: false });
    await offer("i", "pending", -5);
    expect(await store.view(query(ALICE, cap), at())).toMatchObject({ pendingOfDomain: 3, pendingOfAll: 4 });
    expect(await store.view(query(ALICE, { ...cap, authenticated: false }), at())).toMatchObject({
      pendingOfDomain: 3,
      pendingOfAll: 3,
    });
    expect(await store.view(query(null), at())).toMatchObject({ pendingOfDomain: 0, pendingOfAll: 3 });
  });

  it("forgets a reply budget that is full again", async () => {
    const store = await freshStore();
    const spend = (key: string, name: string, usedUntil: Date, when: Date) =>
      store.commitMessage(input(key, ALICE, [], when), () =>
        decision([], { buckets: [{ name, usedUntil }] }),
      );
    await spend("k1", "one", at(10), at(0));
    await spend("k2", "two", at(30), at(20));
    expect((await store.view(query(ALICE, { buckets: ["one", "two"] }), at(0))).buckets).toEqual([
      { name: "two", usedUntil: at(30) },
    ]);
  });
});
