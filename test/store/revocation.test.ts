import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Finding, finding, type RevocationAnswer } from "../../src/inspect/index.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { migrate, readMigrations } from "../../src/store/migrate.ts";
import { at, DAY, folder, freshStore, harvest, report } from "./kit.ts";

const ALICE = "alice@partner.example";
const HOUR = 60;

describe("answers of CAs", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const answer = { bytes, renewAt: at(HOUR), validUntil: at(DAY) };

  it("are kept over a restart, each in the place of the one before", async () => {
    const { dir, ...store } = await freshStore();
    await store.cacheAnswer("crl 1", { ...answer, bytes: Uint8Array.of(9) });
    await store.cacheAnswer("crl 1", answer);
    const again = await freshStore({ stateDir: dir });
    expect(await again.cachedAnswer("crl 1", at())).toEqual(answer);
    expect(await again.cachedAnswer("crl 2", at())).toBeNull();
  });

  it("are worth nothing after their time, and go", async () => {
    const store = await freshStore();
    await store.cacheAnswer("old", { ...answer, validUntil: at(-1) });
    await store.cacheAnswer("new", answer);
    expect(await store.cachedAnswer("old", at())).toBeNull();
    await store.forgetAnswers(at());
    expect(await store.cachedAnswer("old", at(-HOUR))).toBeNull();
    expect(await store.cachedAnswer("new", at())).toEqual(answer);
  });
});

describe("a database of the first version", () => {
  it("gets a check for each certificate that it holds, due at once", () => {
    const db = openDatabase(join(folder(), "keybot.db"));
    migrate(db, readMigrations().slice(0, 1));
    db.prepare(
      `INSERT INTO certificate (sha256, spki_sha256, subject, issuer, serial, not_before, not_after, key_algorithm,
         usage_sign, usage_encrypt, addresses, der) VALUES (?, ?, '', '', '', 0, 0, '', 1, 1, '[]', x'00')`,
    ).run("a".repeat(64), "b".repeat(64));
    migrate(db);
    expect(db.prepare("SELECT certificate, due_at FROM revocation_check").all()).toEqual([
      { certificate: 1, due_at: 0 },
    ]);
    db.close();
  });
});

describe("the schedule of checks", () => {
  /** What a mail brought with its CA's answer at noon is due a day later. */
  const later = at(2 * DAY);
  const next = at(3 * DAY);
  const valid = { notAfter: at(365 * DAY) };

  it("gives each certificate that is used out once, with its chain, and not before a day is over", async () => {
    const store = await freshStore();
    const alice = report("alice", valid);
    await harvest(store, alice, ALICE);
    expect(await store.takeDueChecks(at(DAY - 1), next, 5)).toEqual([]);
    const [due] = await store.takeDueChecks(later, next, 5);
    expect(due?.certificate.sha256).toBe(alice.sha256);
    expect(due?.chain).toEqual(alice.path.intermediates);
    expect(await store.takeDueChecks(later, next, 5)).toEqual([]);
    expect(await store.takeDueChecks(next, next, 5)).toHaveLength(1);
  });

  it.each<[string, { readonly findings?: readonly Finding[] }, boolean]>([
    ["was asked when a mail brought it", {}, false],
    ["was silent when a mail brought it", { findings: [finding("revocation.unchecked")] }, true],
  ])("asks at once about a certificate in use whose CA %s: %s", async (_, more, atOnce) => {
    const store = await freshStore();
    await harvest(store, report("alice", { ...valid, ...more }), ALICE);
    expect(await store.takeDueChecks(at(1), next, 5)).toHaveLength(atOnce ? 1 : 0);
    expect(await store.takeDueChecks(later, next, 5)).toHaveLength(atOnce ? 0 : 1);
  });

  it("asks at once about what a person has approved, restored or imported, and about a mailbox's own", async () => {
    const store = await freshStore();
    const [approved, restored, imported, own] = ["a", "b", "c", "d"].map((name) => report(name, valid));
    if (!approved || !restored || !imported || !own) throw new Error("four reports");
    await harvest(store, approved, ALICE, "pending");
    await harvest(store, restored, ALICE);
    const by = { actor: "eve", reason: "x", at: at(5) };
    const change = {
      ...by,
      certificate: approved.sha256,
      address: ALICE,
      status: "active",
      mails: [],
    } as const;
    await store.changeHolding({ ...change, approved: true });
    await store.barKey({ spkiSha256: restored.spkiSha256, ...by });
    const judged = [
      { certificate: restored.sha256, address: ALICE, status: "active", findings: [] },
    ] as const;
    await store.unbarKey({ spkiSha256: restored.spkiSha256, ...by, judged });
    const item = { chain: [], address: ALICE, status: "active", role: "offered", findings: [] } as const;
    await store.importCertificates({ items: [{ ...item, certificate: imported }], source: "x", ...by });
    await store.addMailbox("claims@company.example", [{ ...own, chain: own.path.intermediates }], by);
    const due = await store.takeDueChecks(at(5), next, 9);
    expect(due.map(({ certificate, address }) => [certificate.subject, address])).toEqual([
      ["CN=a", ALICE],
      ["CN=b", ALICE],
      ["CN=c", ALICE],
      ["CN=d", "claims@company.example"],
    ]);
    expect(due[3]?.chain).toEqual(own.path.intermediates);
  });

  it("does not put off what is not in use, so that it is due at once when it comes into use", async () => {
    const store = await freshStore();
    const alice = report("alice", valid);
    await harvest(store, alice, ALICE, "pending");
    expect(await store.takeDueChecks(later, next, 5)).toEqual([]);
    await harvest(
      store,
      report("alice", { ...valid, findings: [finding("revocation.unchecked")] }),
      ALICE,
      "active",
      later,
    );
    expect(await store.takeDueChecks(later, next, 5)).toHaveLength(1);
  });

  it("gives out again what was taken and not noted, and keeps what was said", async () => {
    const store = await freshStore();
    const alice = report("alice", valid);
    await harvest(store, alice, ALICE);
    const until = new Date(later.getTime() + 600_000);
    expect(await store.takeDueChecks(later, until, 5)).toHaveLength(1);
    expect(await store.takeDueChecks(later, until, 5)).toEqual([]);
    expect(await store.takeDueChecks(until, next, 5)).toMatchObject([{ tries: 0 }]);
    const state = async () => {
      const found = await store.findCertificate(alice.sha256, later);
      return found.found === "one" ? found.certificate.revocation : null;
    };
    const answer: RevocationAnswer = {
      status: "good",
      by: "OCSP",
      thisUpdate: at(2 * DAY - 60),
      places: ["http://ocsp.partner.example/"],
    };
    const note = { certificate: alice.sha256, next };
    await store.noteChecks([{ ...note, answer, unanswered: null }], later);
    expect(await state()).toEqual({ answer: { ...answer, askedAt: later }, unanswered: null });
    for (const tries of [1, 2])
      await store.noteChecks([{ ...note, answer: null, unanswered: `try ${tries}` }], next);
    expect(await state()).toEqual({
      answer: { ...answer, askedAt: later },
      unanswered: { since: later, why: "try 2" },
    });
    expect(await store.takeDueChecks(next, at(4 * DAY), 5)).toMatchObject([{ tries: 2 }]);
  });

  it("leaves out what is not used: pending, rejected, expired", async () => {
    const store = await freshStore();
    await harvest(store, report("pending", valid), ALICE, "pending");
    await harvest(store, report("rejected", valid), ALICE, "rejected");
    await harvest(store, report("expired", { notAfter: at(DAY) }), ALICE);
    expect(await store.takeDueChecks(later, next, 5)).toEqual([]);
  });

  it("gives out no more than asked for, those that wait longest first", async () => {
    const store = await freshStore();
    for (const name of ["one", "two", "three"]) await harvest(store, report(name, valid), ALICE);
    const first = await store.takeDueChecks(later, next, 2);
    const second = await store.takeDueChecks(later, next, 2);
    expect([...first, ...second].map(({ certificate }) => certificate.subject)).toEqual([
      "CN=one",
      "CN=two",
      "CN=three",
    ]);
  });
});

describe("a revocation by the CA", () => {
  const bad = finding("revocation.revoked", "revoked at noon");
  const revocation = { reason: "revoked by its CA: revoked at noon", finding: bad, at: at(5) };

  it("ends the use of the certificate under every address, in the robot's name, and bars no key", async () => {
    const store = await freshStore();
    const shared = report("shared");
    const sibling = report("sibling", { spkiSha256: shared.spkiSha256 });
    await harvest(store, shared, ALICE);
    await harvest(store, shared, "bob@partner.example", "pending");
    await harvest(store, sibling, ALICE);
    const changed = await store.revokeByCa({ certificate: shared.sha256, ...revocation });
    expect(changed.map(({ address, from, to }) => [address, from, to])).toEqual([
      [ALICE, "active", "revoked"],
      ["bob@partner.example", "pending", "revoked"],
    ]);
    const usable = await store.usableFor(ALICE, at(6));
    expect(usable.map(({ sha256 }) => sha256)).toEqual([sibling.sha256]);
    const [held] = (await store.certificatesOf(ALICE, at(6))).filter(
      ({ sha256 }) => sha256 === shared.sha256,
    );
    expect(held).toMatchObject({ status: "revoked", barred: false, decidedBy: "robot", findings: [bad] });
    const history = await store.history(shared.sha256);
    expect(history.slice(-2)).toMatchObject([
      { actor: "robot", action: "certificate.revoked", reason: revocation.reason, detail: { by: "CA" } },
      { actor: "robot", action: "certificate.revoked", address: "bob@partner.example" },
    ]);
    expect((await store.verifyAudit()).fault).toBeNull();
  });

  it("changes nothing twice, nothing that is rejected, nothing unknown", async () => {
    const store = await freshStore();
    const alice = report("alice");
    await harvest(store, alice, ALICE, "rejected");
    expect(await store.revokeByCa({ certificate: alice.sha256, ...revocation })).toEqual([]);
    expect(await store.revokeByCa({ certificate: "0".repeat(64), ...revocation })).toEqual([]);
  });

  it("is not undone by a mail that brings the certificate again", async () => {
    const store = await freshStore();
    const alice = report("alice");
    await harvest(store, alice, ALICE);
    await store.revokeByCa({ certificate: alice.sha256, ...revocation });
    await harvest(store, alice, ALICE, "active", at(10));
    expect(await store.usableFor(ALICE, at(11))).toEqual([]);
  });
});
