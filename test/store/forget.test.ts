import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/index.ts";
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
