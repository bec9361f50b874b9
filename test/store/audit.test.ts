import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile } from "../../src/store/index.ts";
import { at, freshStore, harvest, report } from "./kit.ts";

const ALICE = "alice@partner.example";

async function three() {
  const store = await freshStore();
  await harvest(store, report("a"), ALICE, "active", at(0));
  await harvest(store, report("b"), ALICE, "pending", at(1));
  await harvest(store, report("c"), "bob@partner.example", "rejected", at(2)); // changes nothing that is trusted
  await store.barKey({ spkiSha256: report("a").spkiSha256, actor: "eve", reason: "stolen", at: at(3) });
  return store;
}

/** Somebody with the database file in hand. */
function tamper(dir: string, sql: string): void {
  const db = openDatabase(databaseFile(dir));
  db.exec("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;");
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
  });

  it("cannot be changed or shortened through SQL", async () => {
    const store = await three();
    const db = openDatabase(databaseFile(store.dir));
    expect(() => db.exec("UPDATE audit SET actor = 'nobody'")).toThrow("append-only");
    expect(() => db.exec("DELETE FROM audit")).toThrow("append-only");
    db.close();
    const check = await store.verifyAudit();
    expect(check).toMatchObject({ entries: 4, fault: null });
    expect(check.head).toBe((await store.auditEntries({ limit: 1 }))[0]?.hash);
  });

  it.each([
    ["a changed row", "UPDATE audit SET reason = 'all well' WHERE id = 3", { id: 3 }],
    ["a removed row", "DELETE FROM audit WHERE id = 2", { id: 3 }],
    ["a removed first row", "DELETE FROM audit WHERE id = 1", { id: 2 }],
    [
      "text moved from one field to the next",
      "UPDATE audit SET message_key = reason, reason = NULL WHERE id = 3",
      { id: 3 },
    ],
  ])("notices %s", async (_name, sql, fault) => {
    const store = await three();
    tamper(store.dir, sql);
    expect((await store.verifyAudit()).fault).toMatchObject(fault);
  });

  it("that was cut off at its end has another head", async () => {
    const store = await three();
    const { head } = await store.verifyAudit();
    tamper(store.dir, "DELETE FROM audit WHERE id = 4");
    const after = await store.verifyAudit();
    expect(after.fault).toBeNull();
    expect(after.head).not.toBe(head);
  });
});
