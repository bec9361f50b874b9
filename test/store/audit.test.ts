import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile } from "../../src/store/index.ts";
import { at, freshStore, harvest, report } from "./kit.ts";

const ALICE = "alice@partner.example";
const BOB = "bob@partner.example";
const BY_EVE = { actor: "eve", reason: "asked", at: at(9) };
const TEXT = "salt, actor, address, certificate, message_key, reason, detail";
const BLANK = TEXT.split(", ")
  .map((column) => `${column} = NULL`)
  .join(", ");

async function three() {
  const store = await freshStore();
  await harvest(store, report("a"), ALICE, "active", at(0));
  await harvest(store, report("b"), ALICE, "pending", at(1));
  await harvest(store, report("c"), BOB, "rejected", at(2)); // changes nothing that is trusted
  await store.barKey({ spkiSha256: report("a").spkiSha256, actor: "eve", reason: "stolen", at: at(3) });
  return store;
}

/** The same, and then Alice is forgotten: rows 1 to 4 are blank, 5 is Bob's, 6 the tombstone. */
async function forgotten() {
  const store = await three();
  await harvest(store, report("c"), BOB, "active", at(4));
  await store.forgetPartner(ALICE, BY_EVE);
  return store;
}

/** Somebody with the database file in hand. */
function tamper(dir: string, sql: string): void {
  const db = openDatabase(databaseFile(dir));
  db.exec("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_replace;");
  db.pragma("ignore_check_constraints = ON");
  db.exec(sql);
  db.close();
}

describe("the audit trail", () => {
  it("has one row for a change of trust, and tells the history of a certificate and of an address", async () => {
    const store = await three();
    expect((await store.auditEntries()).map(({ action, actor }) => `${actor} ${action}`)).toEqual([
      "eve certificate.revoked",
      "eve key.barred",
      "robot certificate.pending",
      "robot certificate.active",
    ]);
    expect((await store.history(report("a").sha256)).map(({ action }) => action)).toEqual([
      "certificate.active",
      "certificate.revoked",
    ]);
    expect(await store.history("ALICE@partner.example")).toHaveLength(3);
    expect(await store.auditEntries({ since: at(1), address: ALICE, limit: 1, offset: 1 })).toMatchObject([
      { action: "certificate.pending", at: at(1) },
    ]);
    const prefix = report("a").sha256.slice(0, 8);
    expect(await store.auditEntries({ certificate: prefix, action: "certificate.active" })).toMatchObject([
      { id: 1, certificate: report("a").sha256, blanked: false },
    ]);
  });

  it("salts each of many rows with 16 bytes that no other row has", async () => {
    const store = await three();
    for (let row = 0; row < 150; row++)
      await store.barKey({
        spkiSha256: `${row}`.padStart(64, "0"),
        actor: "eve",
        reason: "stolen",
        at: at(4),
      });
    const db = openDatabase(databaseFile(store.dir));
    const salts = db.prepare<[], string>("SELECT hex(salt) FROM audit").pluck().all();
    db.close();
    expect(salts.length).toBeGreaterThan(150);
    expect(salts.every((salt) => /^[0-9A-F]{32}$/.test(salt))).toBe(true);
    expect(new Set(salts).size).toBe(salts.length);
  });

  it("chains time, action and a salted commitment to the rest, as the document for other tools says", async () => {
    const store = await three();
    const db = openDatabase(databaseFile(store.dir));
    const rows = db.prepare("SELECT * FROM audit ORDER BY id").all() as Record<string, string | Buffer>[];
    db.close();
    const sha256 = (...parts: readonly (string | Buffer)[]) =>
      parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
    let previous = "0".repeat(64);
    for (const row of rows) {
      const { at: time, action, salt = "", actor, address, certificate, message_key, reason, detail } = row;
      const text = JSON.stringify([actor, address, certificate, message_key, reason, detail]);
      expect(row.commitment).toBe(sha256(salt, text));
      expect(row.hash).toBe(sha256(JSON.stringify([previous, time, action, row.commitment])));
      previous = String(row.hash);
    }
    expect(new Set(rows.map(({ salt }) => String(salt))).size).toBe(rows.length);
  });

  it.each<readonly [string, string]>([
    ["is rewritten", "UPDATE audit SET actor = 'nobody' WHERE id = 5"],
    ["gets another time", "UPDATE audit SET at = 0"],
    ["gets another hash", `UPDATE audit SET hash = '${"0".repeat(64)}', ${BLANK}`],
    ["is moved", `UPDATE OR REPLACE audit SET id = 2, ${BLANK} WHERE id = 1`],
    ["is deleted", "DELETE FROM audit"],
    [
      "is replaced",
      `INSERT OR REPLACE INTO audit SELECT id, 0, action, commitment, previous, hash, ${TEXT}
        FROM audit WHERE id = 5`,
    ],
    ["gets its text back", `UPDATE audit SET salt = zeroblob(16), actor = 'x', detail = '{}' WHERE id = 1`],
    ["that is a tombstone is blanked", `UPDATE audit SET ${BLANK} WHERE action = 'partner.forgotten'`],
  ])("refuses through SQL that a row %s", async (_name, sql) => {
    const store = await forgotten();
    const before = await store.auditEntries();
    const db = openDatabase(databaseFile(store.dir));
    expect(() => db.exec(sql)).toThrow("append-only");
    db.close();
    expect(await store.auditEntries()).toEqual(before);
  });

  it("lets through SQL that a row is blanked, wholly and not in part", async () => {
    const store = await three();
    const db = openDatabase(databaseFile(store.dir));
    expect(() => db.exec("UPDATE audit SET salt = NULL, actor = NULL")).toThrow("CHECK");
    expect(() => db.exec("UPDATE audit SET reason = NULL WHERE id = 3")).toThrow("append-only");
    db.exec(`UPDATE audit SET ${BLANK} WHERE id = 3`);
    db.close();
    // The one hole that triggers leave; the check sees that nobody was forgotten.
    expect((await store.verifyAudit()).fault).toMatchObject({ id: 3 });
  });

  it("is whole, and says where its head is", async () => {
    const store = await three();
    const check = await store.verifyAudit();
    expect(check).toMatchObject({ entries: 4, blanked: 0, noted: null, fault: null });
    expect(check.head).toBe((await store.auditEntries({ limit: 1 }))[0]?.hash);
  });

  it("bears text that the database cannot keep as it is", async () => {
    const store = await freshStore();
    const reason = "half a pair \ud800, a zero \0, ü";
    await store.barKey({ spkiSha256: report("a").spkiSha256, actor: "eve\udc00", reason, at: at() });
    expect(await store.verifyAudit()).toMatchObject({ entries: 1, fault: null });
    expect(await store.auditEntries()).toMatchObject([{ reason: "half a pair \ufffd, a zero \0, ü" }]);
  });

  const changed = "this row was changed after it was written";
  const text = "the text of this row was changed after it was written";
  const gone = "a row before this one was removed or replaced";
  it.each<readonly [string, string, number, string]>([
    ["changed text", "UPDATE audit SET reason = 'all well' WHERE id = 3", 3, text],
    ["a changed time", "UPDATE audit SET at = at + 1 WHERE id = 3", 3, changed],
    ["another salt", "UPDATE audit SET salt = zeroblob(16) WHERE id = 3", 3, text],
    [
      "text with a commitment to it",
      `UPDATE audit SET commitment = '${"0".repeat(64)}' WHERE id = 3`,
      3,
      changed,
    ],
    ["a removed row", "DELETE FROM audit WHERE id = 2", 3, gone],
    ["a removed first row", "DELETE FROM audit WHERE id = 1", 2, gone],
    [
      "text moved from one field to the next",
      "UPDATE audit SET message_key = reason, reason = NULL WHERE id = 3",
      3,
      text,
    ],
    ["a part of the text gone", "UPDATE audit SET salt = NULL WHERE id = 3", 3, "a part of this row's text"],
    [
      "a blanked row that nobody accounts for",
      `UPDATE audit SET ${BLANK} WHERE id = 3`,
      3,
      "no later row says",
    ],
  ])("notices %s", async (_name, sql, id, sentence) => {
    const store = await three();
    tamper(store.dir, sql);
    const { fault, entries } = await store.verifyAudit();
    expect(fault).toEqual({ id, sentence: expect.stringContaining(sentence) });
    expect(entries).toBeLessThanOrEqual(4);
  });

  it("that was cut off at its end, or written anew, has not the head that was noted", async () => {
    const store = await three();
    const { head } = await store.verifyAudit();
    await harvest(store, report("d"), BOB, "active", at(4));
    expect(await store.verifyAudit({ noted: head })).toMatchObject({ entries: 5, noted: 4, fault: null });
    tamper(store.dir, "DELETE FROM audit WHERE id >= 4");
    expect(await store.verifyAudit({ noted: head })).toMatchObject({ entries: 3, noted: null, fault: null });
    await harvest(store, report("e"), BOB, "active", at(3));
    expect(await store.verifyAudit({ noted: head })).toMatchObject({ entries: 4, noted: null, fault: null });
  });

  it("that is empty has a head too, which every later trail goes on from", async () => {
    const store = await freshStore();
    const empty = await store.verifyAudit();
    expect(empty).toMatchObject({ entries: 0, head: "0".repeat(64), fault: null });
    await harvest(store, report("a"), ALICE);
    expect(await store.verifyAudit({ noted: empty.head })).toMatchObject({ entries: 1, noted: 0 });
  });

  it.each<readonly [string, number, string, object]>([
    ["whole", 2, "SELECT 1", { entries: 2, fault: null }],
    ["longer than there are rows", 9, "SELECT 1", { entries: 4, fault: null }],
    ["broken among them", 2, "UPDATE audit SET at = 0 WHERE id = 3", { entries: 0, fault: { id: 3 } }],
    ["broken before them", 2, "UPDATE audit SET at = 0 WHERE id = 1", { entries: 2, fault: null }],
    [
      "from the first row on, which is gone",
      9,
      "DELETE FROM audit WHERE id = 1",
      { entries: 3, fault: null },
    ],
  ])("is looked at by its last rows alone: %s", async (_name, last, sql, expected) => {
    const store = await three();
    tamper(store.dir, sql);
    expect(await store.verifyAudit({ last })).toMatchObject(expected);
  });
});

describe("the audit trail after a partner was forgotten", () => {
  it("keeps time, action and chain of each row, and nothing of him", async () => {
    const store = await three();
    const { head } = await store.verifyAudit();
    await harvest(store, report("c"), BOB, "active", at(4));
    const forgottenNow = await store.forgetPartner(ALICE, BY_EVE);
    expect(forgottenNow).toMatchObject({ auditEntries: 4, overwritten: true });
    expect(await store.verifyAudit({ noted: head })).toMatchObject({
      entries: 6,
      blanked: 4,
      noted: 4,
      fault: null,
    });
    const entries = [...(await store.auditEntries())].reverse();
    expect(entries.map(({ action, blanked }) => [action, blanked])).toEqual([
      ["certificate.active", true],
      ["certificate.pending", true],
      ["key.barred", true],
      ["certificate.revoked", true],
      ["certificate.active", false],
      ["partner.forgotten", false],
    ]);
    expect(entries[0]).toMatchObject({
      at: at(0),
      actor: null,
      address: null,
      certificate: null,
      detail: {},
    });
    expect(entries[4]).toMatchObject({ address: BOB });
    expect(entries[5]).toMatchObject({
      actor: "eve",
      address: null,
      reason: "asked",
      detail: { certificates: 2, entries: 4 },
    });
    expect(await store.history(ALICE)).toEqual([]);
  });

  it("is blanked a second time only for what came after the first", async () => {
    const store = await forgotten();
    await harvest(store, report("n"), ALICE, "active", at(10));
    expect(await store.forgetPartner(ALICE, BY_EVE)).toMatchObject({ auditEntries: 1 });
    expect(await store.verifyAudit()).toMatchObject({ entries: 8, blanked: 5, fault: null });
  });

  it.each<readonly [string, string, object]>([
    ["more rows blanked than it says", `UPDATE audit SET ${BLANK} WHERE id = 5`, { id: 1 }],
    [
      "the tombstone cut off with the rows after it",
      "DELETE FROM audit WHERE id = 6",
      { id: 1, sentence: expect.stringContaining("no later row") },
    ],
    ["the tombstone's own text gone", `UPDATE audit SET ${BLANK} WHERE id = 6`, { id: 6 }],
    [
      "text put back",
      "UPDATE audit SET actor = 'eve', salt = zeroblob(16), detail = '{}' WHERE id = 2",
      { id: 2 },
    ],
  ])("notices %s", async (_name, sql, fault) => {
    const store = await forgotten();
    tamper(store.dir, sql);
    expect((await store.verifyAudit()).fault).toMatchObject(fault);
  });
});
