import { describe, expect, it } from "vitest";
import { BELOW_AUTHORITY, OF_ISSUER } from "../../src/store/authorities.ts";
import { BY_PREFIX, BY_KEY as CERTIFICATE_BY_KEY, OF_ADDRESS, USABLE } from "../../src/store/directory.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile, type ListingFilter } from "../../src/store/index.ts";
import { BY_KEY as MESSAGE_BY_KEY } from "../../src/store/ledger.ts";
import { listingSql } from "../../src/store/listing.ts";
import { DUE, DUE_LATEST } from "../../src/store/outbox.ts";
import { HELD, PUBLISHED } from "../../src/store/view.ts";
import { at, DAY, freshStore, harvest, mail, query, report } from "./kit.ts";

const ALICE = "alice@partner.example";

describe("what to encrypt to", () => {
  const unfit = [
    ["expired", { notAfter: at(-1) }],
    ["not yet valid", { notBefore: at(6) }],
    ["for signing only", { usage: { sign: true, encrypt: false } }],
  ] as const;
  it.each(unfit)("leaves out a certificate that is %s", async (_why, more) => {
    const store = await freshStore();
    await harvest(store, report("good"), ALICE);
    await harvest(store, report("unfit", more), ALICE);
    expect((await store.usableFor(ALICE, at())).map(({ subject }) => subject)).toEqual(["CN=good"]);
    expect(await store.certificatesOf(ALICE, at())).toHaveLength(2);
  });

  it.each(["pending", "rejected"] as const)("leaves out a certificate that is %s", async (status) => {
    const store = await freshStore();
    await harvest(store, report("a"), ALICE, status);
    expect(await store.usableFor(ALICE, at())).toEqual([]);
  });

  it("counts the first and the last moment of the validity, and five minutes of another clock before it (RFC 5280 §4.1.2.5)", async () => {
    const store = await freshStore();
    await harvest(store, report("a", { notBefore: at(0), notAfter: at(10) }), ALICE);
    const usable = async (minute: number) => (await store.usableFor(ALICE, at(minute))).length;
    const moments = [-6, -5, 0, 10, 11];
    expect(await Promise.all(moments.map(usable))).toEqual([0, 1, 1, 1, 0]);
  });

  it("puts approved ones first, then the latest notBefore", async () => {
    const store = await freshStore();
    const approved = report("approved", { notBefore: at(-90 * DAY) });
    await harvest(store, approved, ALICE, "pending");
    await harvest(store, report("older", { notBefore: at(-20 * DAY) }), ALICE);
    await harvest(store, report("newer", { notBefore: at(-10 * DAY) }), ALICE);
    const change = {
      certificate: approved.sha256,
      address: ALICE,
      actor: "admin",
      reason: null,
      at: at(),
      mails: [],
    };
    await store.changeHolding({ ...change, status: "active", approved: true });
    const best = await store.usableFor("ALICE@partner.example", at());
    expect(best.map(({ subject, approved: pinned }) => [subject, pinned])).toEqual([
      ["CN=approved", true],
      ["CN=newer", false],
      ["CN=older", false],
    ]);
  });
});

describe("finding a certificate by its fingerprint", () => {
  it("needs eight digits and tells none, one or several", async () => {
    const store = await freshStore();
    const one = report("one", { sha256: `aaaaaaaa1${"0".repeat(55)}` });
    const two = report("two", { sha256: `aaaaaaaa2${"0".repeat(55)}` });
    await harvest(store, one, ALICE);
    await harvest(store, two, "bob@partner.example", "pending");
    const find = (prefix: string) => store.findCertificate(prefix, at());
    expect(await find("aaaaaaa")).toEqual({ found: "none" });
    expect(await find("bbbbbbbb")).toEqual({ found: "none" });
    expect(await find("aaaaaaaa%")).toEqual({ found: "none" });
    expect(await find("AAAAAAAA")).toEqual({ found: "several", sha256: [one.sha256, two.sha256] });
    const expected = {
      certificate: { subject: "CN=two", addresses: ["two@partner.example"] },
      holdings: [{ address: "bob@partner.example", status: "pending" }],
      barred: null,
    };
    expect(await find("aaaaaaaa2")).toMatchObject({ found: "one", certificate: expected });
    expect(await find(two.sha256)).toMatchObject({ found: "one", certificate: expected });
  });
});

describe("a person's decision", () => {
  const change = (certificate: string) => ({
    certificate,
    address: null,
    actor: "eve",
    reason: "checked",
    at: at(5),
    mails: [],
  });

  it("changes all holdings, is audited, and puts the mails into the outbox", async () => {
    const store = await freshStore();
    const alice = report("alice");
    await harvest(store, alice, ALICE, "pending");
    await harvest(store, alice, "office@partner.example", "pending");
    const mails = [mail("m", ALICE)];
    const changed = await store.changeHolding({
      ...change(alice.sha256),
      status: "active",
      approved: true,
      mails,
    });
    expect(changed.map(({ address, from, to }) => [address, from, to])).toEqual([
      [ALICE, "pending", "active"],
      ["office@partner.example", "pending", "active"],
    ]);
    expect((await store.outboxEntries())[0]).toMatchObject({ to: ALICE, state: "waiting" });
    expect(await store.auditEntries({ limit: 1 })).toMatchObject([
      {
        actor: "eve",
        action: "certificate.active",
        reason: "checked",
        detail: { from: "pending", approved: true },
      },
    ]);
    expect((await store.view(query(ALICE), at())).held[0]).toMatchObject({
      approved: true,
      decidedByPerson: true,
    });
    expect(await store.changeHolding({ ...change(alice.sha256), status: "active", approved: true })).toEqual(
      [],
    );
  });

  it("that is not allowed changes nothing, not even for other addresses, and sends nothing", async () => {
    const store = await freshStore();
    const alice = report("alice");
    await harvest(store, alice, ALICE, "pending");
    await harvest(store, alice, "office@partner.example", "active");
    const attempt = store.changeHolding({
      ...change(alice.sha256),
      status: "rejected",
      mails: [mail("m", ALICE)],
    });
    await expect(attempt).rejects.toMatchObject({ kind: "usage", code: "store.transition" });
    expect((await store.certificatesOf(ALICE, at()))[0]?.status).toBe("pending");
    expect(await store.outboxEntries()).toEqual([]);
  });

  it("needs a certificate that is stored", async () => {
    const store = await freshStore();
    const alice = report("alice");
    const attempt = (address: string | null) =>
      store.changeHolding({ ...change(alice.sha256), address, status: "revoked" });
    await expect(attempt(null)).rejects.toMatchObject({ kind: "not-found", code: "store.no-holding" });
    await harvest(store, alice, ALICE);
    await expect(attempt("bob@partner.example")).rejects.toMatchObject({ code: "store.no-holding" });
    expect(await attempt("Alice@partner.example")).toHaveLength(1);
  });

  it("to bar a key revokes it everywhere; to lift the bar brings back only what was judged again", async () => {
    const store = await freshStore();
    const alice = report("alice");
    await harvest(store, alice, ALICE);
    await harvest(store, alice, "office@partner.example");
    const spkiSha256 = alice.spkiSha256;
    const revoked = await store.barKey({ spkiSha256, actor: "eve", reason: "stolen", at: at(1) });
    expect(revoked.map(({ address }) => address)).toEqual([ALICE, "office@partner.example"]);
    expect(await store.barKey({ spkiSha256, actor: "eve", reason: "again", at: at(2) })).toEqual([]);
    await expect(store.changeHolding({ ...change(alice.sha256), status: "active" })).rejects.toMatchObject({
      code: "store.barred",
    });
    const judged = [{ certificate: alice.sha256, address: ALICE, status: "pending" as const, findings: [] }];
    await store.unbarKey({ spkiSha256, actor: "eve", reason: "found again", at: at(3), judged });
    const [found] = await store.certificatesOfKey(spkiSha256, at(4));
    expect(found?.barred).toBeNull();
    expect(found?.holdings.map(({ address, status }) => [address, status])).toEqual([
      [ALICE, "pending"],
      ["office@partner.example", "revoked"],
    ]);
    await expect(
      store.unbarKey({ spkiSha256, actor: "eve", reason: null, at: at(5), judged: [] }),
    ).rejects.toMatchObject({ kind: "not-found", code: "store.not-barred" });
  });

  it("to import brings nothing back that was revoked, and leaves out barred keys", async () => {
    const store = await freshStore();
    const [revoked, barred, fresh] = [report("revoked"), report("barred"), report("fresh")];
    await harvest(store, revoked, ALICE);
    await store.changeHolding({ ...change(revoked.sha256), status: "revoked" });
    await store.barKey({ spkiSha256: barred.spkiSha256, actor: "eve", reason: "stolen", at: at(6) });
    const items = [revoked, barred, fresh].map((certificate) => ({
      certificate,
      chain: certificate.path.intermediates,
      address: ALICE,
      status: "active" as const,
      role: "offered" as const,
      findings: [],
    }));
    const source = "import partners.p7b";
    expect(await store.importCertificates({ items, actor: "eve", source, reason: null, at: at(7) })).toEqual({
      active: 1,
      pending: 0,
      rejected: 0,
      known: 1,
      barred: 1,
    });
    expect((await store.usableFor(ALICE, at(8))).map(({ subject, source: from }) => [subject, from])).toEqual(
      [["CN=fresh", source]],
    );
  });
});

describe("the list of certificates", () => {
  async function filled() {
    const store = await freshStore();
    const shared = report("shared", { notAfter: at(20 * DAY), issuer: "CN=Other CA" });
    await harvest(store, shared, "office@b.example", "active", at(1));
    await harvest(store, shared, "boss@b.example", "active", at(2));
    await harvest(store, shared, "deputy@b.example", "pending", at(3));
    await harvest(store, report("lapsed", { notAfter: at(-1) }), "old@a.example", "active", at(4));
    await harvest(store, report("doubtful"), "New@a.example", "pending", at(5));
    await harvest(store, report("refused"), "zoe@a.example", "rejected", at(6));
    const names = async (filter: ListingFilter) =>
      (await store.listCertificates(filter, at(10))).map(
        ({ subject, status }) => `${subject.slice(3)} ${status}`,
      );
    return { store, names };
  }

  it("has one record for a certificate and status, with the addresses that hold it so", async () => {
    const { store, names } = await filled();
    const [first] = await store.listCertificates({ status: "active" }, at(10));
    expect(first).toMatchObject({
      addresses: ["boss@b.example", "office@b.example"],
      firstSeen: at(2),
      reason: null,
    });
    expect(await names({})).toEqual([
      "shared active",
      "shared pending",
      "doubtful pending",
      "lapsed expired",
      "refused rejected",
    ]);
  });

  const filters: readonly (readonly [string, ListingFilter, readonly string[]])[] = [
    ["status pending", { status: "pending" }, ["shared pending", "doubtful pending"]],
    ["status expired", { status: "expired" }, ["lapsed expired"]],
    ["status active", { status: "active" }, ["shared active"]],
    [
      "an address pattern",
      { address: "*@A.example" },
      ["doubtful pending", "lapsed expired", "refused rejected"],
    ],
    ["one of several addresses", { address: "office@*", status: "active" }, ["shared active"]],
    ["a part of the issuer", { issuer: "other" }, ["shared active", "shared pending"]],
    ["what lapses soon", { expiringBefore: at(30 * DAY) }, ["shared active"]],
    ["by expiry", { sort: "expiry", status: "pending" }, ["shared pending", "doubtful pending"]],
    ["by last seen", { sort: "seen", limit: 2 }, ["refused rejected", "doubtful pending"]],
    ["a page", { limit: 2, offset: 1 }, ["shared pending", "doubtful pending"]],
  ];
  it.each(filters)("by %s", async (_name, filter, expected) => {
    expect(await (await filled()).names(filter)).toEqual(expected);
  });

  it.each(["address", "expiry", "seen"] as const)(
    "is read to the end in pages, sorted by %s",
    async (sort) => {
      const store = await freshStore();
      const items = Array.from({ length: 1_203 }, (_, index) => ({
        certificate: report(`n${index}`, { notAfter: at(DAY + (index % 7)) }),
        chain: [],
        address: `user${index % 400}@partner.example`,
        status: "active" as const,
        role: "offered" as const,
        findings: [],
      }));
      await store.importCertificates({ items, actor: "eve", source: "import", reason: null, at: at() });
      const all = (await store.listCertificates({ sort }, at())).map((record) => record.sha256);
      const paged: string[] = [];
      for await (const record of store.eachCertificate({ sort }, at())) paged.push(record.sha256);
      expect(paged).toEqual(all);
      expect(new Set(paged).size).toBe(1_203);
      const some: string[] = [];
      for await (const record of store.eachCertificate({ sort, offset: 3, limit: 700 }, at()))
        some.push(record.sha256);
      expect(some).toEqual(all.slice(3, 703));
    },
  );
});

describe("the plan of every look-up that must be fast uses an index", () => {
  const statements: readonly (readonly [string, string])[] = [
    ["certificates of an address", OF_ADDRESS],
    ["usable certificates of an address", USABLE],
    ["held certificates of the From address", HELD],
    ["a fingerprint's beginning", BY_PREFIX],
    ["a public key", CERTIFICATE_BY_KEY],
    ["a ledger key", MESSAGE_BY_KEY],
    ["due mails", DUE],
    ["due mails, latest first", DUE_LATEST],
    ["published certificates", PUBLISHED],
    ["chains of an issuer", OF_ISSUER],
    ["chains with a CA", BELOW_AUTHORITY],
    ["a page by address", listingSql("address", false)],
    ["a page by expiry", listingSql("expiry", false)],
    ["a page by last seen", listingSql("seen", false)],
    ["a page of one status", listingSql("address", true)],
  ];
  it.each(statements)("%s", async (_name, sql) => {
    const { dir } = await freshStore();
    const db = openDatabase(databaseFile(dir), { readonly: true });
    const values = {
      address: "a",
      now: 1,
      at: 1,
      prefix: "a",
      limit: 1,
      offset: 0,
      after0: "",
      after1: 1,
      after2: "",
    };
    const more = { stored: "active", expired: null, issuer: null, before: null };
    const explain = db.prepare(`EXPLAIN QUERY PLAN ${sql}`);
    const steps = (sql.includes("?") ? explain.all("a") : explain.all({ ...values, ...more })) as {
      detail: string;
    }[];
    const plan = steps.map(({ detail }) => detail);
    db.close();
    expect(plan.filter((detail) => /^SCAN (c|h|m|mc|a|ledger|outbox|holding)\b/.test(detail))).toEqual([]);
    expect(plan.some((detail) => detail.startsWith("SEARCH"))).toBe(true);
  });

  it("and no page of the list is sorted as a whole", async () => {
    const { dir } = await freshStore();
    const db = openDatabase(databaseFile(dir), { readonly: true });
    const values = { address: null, now: 1, limit: 1, offset: 0, after0: "", after1: 1, after2: "" };
    for (const sort of ["address", "seen"] as const) {
      const steps = db
        .prepare(`EXPLAIN QUERY PLAN ${listingSql(sort, false)}`)
        .all({ ...values, expired: null, issuer: null, before: null }) as {
        id: number;
        parent: number;
        detail: string;
      }[];
      expect(steps.filter(({ parent, detail }) => parent === 0 && detail.includes("TEMP B-TREE"))).toEqual(
        [],
      );
    }
    db.close();
  });
});
