import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile, openStore } from "../../src/store/index.ts";
import { at, decision, folder, freshStore, harvest, input, mail, report, storing } from "./kit.ts";

const ALICE = "alice@partner.example";

describe("forgetting a partner", () => {
  it("removes certificates, mails and what the ledger says of him; bars, keys and a tombstone stay", async () => {
    const store = await freshStore();
    const [own, shared, lost] = [report("own"), report("shared"), report("lost")];
    await store.commitMessage(input("k1", ALICE, [own]), () =>
      decision([storing(own, ALICE)], {
        replies: [mail("r", ALICE)],
        plan: {
          kind: "submission",
          actions: [storing(own, ALICE)],
          reasons: [{ code: "submission.accepted", rule: "rule", detail: "of Alice" }],
          judged: [],
          buckets: [],
        },
      }),
    );
    await harvest(store, shared, ALICE);
    await harvest(store, shared, "bob@partner.example");
    await harvest(store, lost, ALICE);
    await store.barKey({ spkiSha256: lost.spkiSha256, actor: "eve", reason: "lost", at: at(1) });

    const forgotten = await store.forgetPartner("Alice@partner.example", {
      actor: "eve",
      reason: "asked",
      at: at(2),
    });
    expect(forgotten.certificates).toBe(3);
    expect(forgotten.messages[0]).toEqual({ messageId: "<k1@partner.example>", folder: "Processed" });
    expect(await store.certificatesOf(ALICE, at())).toEqual([]);
    expect(await store.findCertificate(own.sha256, at())).toEqual({ found: "none" });
    expect(await store.usableFor("bob@partner.example", at(3))).toHaveLength(1);
    expect(await store.ledgerEntry("k1")).toMatchObject({
      from: null,
      messageId: null,
      replies: [],
      reasons: [{ code: "submission.accepted", rule: "rule", detail: null }],
    });
    expect(await store.isKnown("k1")).toBe(true);
    await expect(harvest(store, lost, ALICE)).rejects.toMatchObject({ code: "store.barred" });
    expect(await store.auditEntries({ limit: 1 })).toMatchObject([
      { action: "partner.forgotten", reason: "asked" },
    ]);
    expect((await store.verifyAudit()).fault).toBeNull();
  });

  it("leaves what names him in no file of the database, neither in free pages nor in the journal", async () => {
    const store = await freshStore();
    const [own, lost] = [report("own"), report("lost", { subject: "CN=Alice Example" })];
    await harvest(store, report("bob"), "bob@partner.example");
    for (const certificate of [own, lost]) await harvest(store, certificate, ALICE, "pending");
    const bar = { spkiSha256: lost.spkiSha256, actor: "eve", reason: "Alice lost it", at: at(1) };
    await store.barKey(bar);
    const content = () =>
      readdirSync(store.dir)
        .map((name) => readFileSync(join(store.dir, name), "latin1"))
        .join("");
    const traces = [ALICE, "Alice", own.sha256, own.spkiSha256, "CN=lost", "DER of own"];
    const known = traces.filter((trace) => content().includes(trace));
    expect(known).toEqual(traces.filter((trace) => trace !== "CN=lost"));

    const change = { actor: "eve", reason: "asked", at: at(2) };
    expect(await store.forgetPartner(ALICE, change)).toMatchObject({ overwritten: true });
    expect(traces.filter((trace) => content().includes(trace))).toEqual([]);
    expect(content()).toContain("bob@partner.example");
    expect((await store.verifyAudit()).fault).toBeNull();
    // The bar itself holds on; whose key it was and why is not said any more.
    await expect(harvest(store, lost, ALICE)).rejects.toMatchObject({ code: "store.barred" });
  });

  it("leaves alone the rows of those who share a key with him, and what we publish under the address", async () => {
    const store = await freshStore();
    const [shared, published] = [report("shared"), report("published")];
    await harvest(store, shared, ALICE, "active", at(0));
    await harvest(store, shared, "bob@partner.example", "active", at(1));
    await store.addMailbox(ALICE, [{ ...published, chain: [] }], { actor: "eve", at: at(2) });
    const bar = { spkiSha256: shared.spkiSha256, actor: "eve", reason: "lost", at: at(3) };
    await store.barKey(bar);
    expect(await store.forgetPartner(ALICE, { actor: "eve", reason: null, at: at(4) })).toMatchObject({
      auditEntries: 2,
    });
    const left = (await store.auditEntries()).filter(({ blanked }) => !blanked);
    expect(left.map(({ action, address }) => [action, address])).toEqual([
      ["partner.forgotten", null],
      ["certificate.revoked", "bob@partner.example"],
      ["key.barred", null],
      ["mailbox.added", ALICE],
      ["certificate.active", "bob@partner.example"],
    ]);
    expect(await store.verifyAudit()).toMatchObject({ entries: 7, blanked: 2, fault: null });
  });

  it("says when another process still reads the old pages", async () => {
    const store = await freshStore({ busyTimeoutMs: 20 });
    await harvest(store, report("own"), ALICE);
    const reader = openDatabase(databaseFile(store.dir), { readonly: true });
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM audit").get();
    const change = { actor: "eve", reason: null, at: at(1) };
    expect(await store.forgetPartner(ALICE, change)).toMatchObject({ overwritten: false, auditEntries: 1 });
    reader.exec("COMMIT");
    reader.close();
    expect(await store.certificatesOf(ALICE, at())).toEqual([]);
  });
});

describe("a backup", () => {
  it("is a whole database that opens, readable to its owner only, and never overwrites a file", async () => {
    const store = await freshStore();
    await harvest(store, report("a"), ALICE);
    const dir = folder();
    const file = join(dir, "keybot.db");
    await store.backup(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const content = readFileSync(file);
    await expect(store.backup(file)).rejects.toMatchObject({ kind: "usage", code: "store.backup" });
    expect(readFileSync(file)).toEqual(content);
    const copy = await openStore({ stateDir: dir });
    expect(await copy.usableFor(ALICE, at())).toHaveLength(1);
    expect(await copy.secret()).toEqual(await store.secret());
    await copy.close();
  });
});
