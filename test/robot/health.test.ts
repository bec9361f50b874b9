import { describe, expect, it } from "vitest";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { checkAdmin, checkAudit, checkMailboxes, checkTrust } from "../../src/robot/health.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile, type TrustItem } from "../../src/store/index.ts";
import { at, DAY, freshStore, report, sha256 } from "../store/kit.ts";

const by = { actor: "eve", at: at() };

function ca(name: string, more: Partial<TrustItem> = {}): TrustItem {
  const der = new TextEncoder().encode(name);
  return { der, kind: "anchor", origin: "own", domains: null, distrustAfter: null, ...more };
}

describe("the trust store, as doctor sees it", () => {
  it.each<[string, readonly TrustItem[], number | null, boolean, number, string, RegExp]>([
    ["nobody", [], null, true, 0, "warning", /^no CA is trusted/],
    [
      "an intermediate alone",
      [ca("a", { kind: "intermediate" })],
      null,
      true,
      0,
      "warning",
      /^no CA is trusted/,
    ],
    ["own CAs alone", [ca("a")], null, true, 0, "ok", /^1 trust anchors$/],
    ["a fresh list", [ca("a")], 2, true, 30, "ok", /^3 trust anchors; .* \(a list\) is 30 days old$/],
    ["an old one", [], 2, true, 200, "warning", /^2 trust anchors; .* \(a list\) is 200 days old$/],
    ["a list that the policy does not want", [ca("a")], 2, false, 200, "ok", /^1 trust anchors$/],
    ["only such a list", [], 2, false, 0, "warning", /^no CA is trusted/],
  ])("%s", async (_, own, listed, publicRoots, days, state, says) => {
    const store = await freshStore();
    for (const item of own) await store.addTrust(item, by);
    if (listed !== null) {
      const items = ["p", "q", "r"].slice(0, listed).map((name) => ca(name));
      const list = { name: "a list", sha256: sha256("list"), dated: null };
      await store.replaceTrust("public", items, by, list);
    }
    const policy = {
      ...DEFAULT_POLICY,
      certificates: { ...DEFAULT_POLICY.certificates, publicRoots },
    };
    const check = await checkTrust({ store, policy, now: () => at(days * DAY) });
    expect(check).toMatchObject({ name: "trust", state, says: expect.stringMatching(says) });
    expect(check.mend === null).toBe(state === "ok");
  });

  it("counts the age of a list from the day that it names", async () => {
    const store = await freshStore();
    const list = { name: "a list", sha256: sha256("list"), dated: at(-300 * DAY) };
    await store.replaceTrust("public", [ca("p")], by, list);
    const check = await checkTrust({ store, policy: DEFAULT_POLICY, now: () => at() });
    expect(check.says).toMatch(/300 days old$/);
  });
});

describe("the audit trail, as doctor sees it", () => {
  it("is fine while its newest entries hold, and a fault when one does not", async () => {
    const store = await freshStore();
    expect(await checkAudit({ store })).toMatchObject({ state: "ok", says: "the newest 0 entries hold" });
    await store.addTrust(ca("a"), by);
    await store.addTrust(ca("b"), by);
    expect(await checkAudit({ store })).toMatchObject({ state: "ok", says: "the newest 2 entries hold" });
    const db = openDatabase(databaseFile(store.dir));
    db.exec("DROP TRIGGER audit_no_update; UPDATE audit SET reason = 'all well' WHERE id = 2");
    db.close();
    expect(await checkAudit({ store })).toMatchObject({
      state: "fault",
      says: "entry 2: the text of this row was changed after it was written",
      mend: expect.stringContaining("keybot audit verify"),
    });
  });
});

describe("the admin, as doctor sees him", () => {
  const policy = { ...DEFAULT_POLICY, robot: ["robot@company.example"] };
  it.each([
    [null, "warning", /not set: nobody is told/],
    ["robot@company.example", "warning", /the robot's own/],
    ["Robot+notes@company.example", "warning", /the robot's own/],
    ["postmaster@company.example", "ok", /^postmaster@company\.example$/],
  ])("%s", (adminAddress, state, says) => {
    expect(checkAdmin({ adminAddress, policy })).toMatchObject({ state, says: expect.stringMatching(says) });
  });
});

describe("what is published, as doctor sees it", () => {
  const [junk] = [new TextEncoder().encode("no CA certificate")];
  it.each<[string, Partial<ReturnType<typeof report>>, readonly Uint8Array[], string, RegExp]>([
    ["nothing above what its own holder issued", { issuer: "CN=claims" }, [], "ok", /^1 published$/],
    [
      "no CA certificate",
      {},
      [],
      "warning",
      /^published without the certificate of its CA.*: claims@company\.example$/,
    ],
    [
      "what is no path",
      {},
      [junk],
      "warning",
      /because those that are stored are not its path: claims@company\.example$/,
    ],
    ["an expired one", { notAfter: at(-1) }, [], "warning", /^expired: claims@company\.example$/],
  ])("%s", async (_, more, chain, state, says) => {
    const store = await freshStore();
    await store.addMailbox("claims@company.example", [{ ...report("claims", more), chain }], by);
    const check = await checkMailboxes({ store, now: () => at() });
    expect(check).toMatchObject({ name: "mailboxes", state, says: expect.stringMatching(says) });
    expect(check.mend === null).toBe(state === "ok");
  });
});
