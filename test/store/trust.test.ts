import { describe, expect, it } from "vitest";
import type { TrustItem } from "../../src/store/index.ts";
import { at, freshStore, sha256 } from "./kit.ts";

const LIST = { name: "a list", sha256: sha256("its bytes"), dated: at(-60) };
const by = { actor: "eve", at: at() };

function ca(name: string, more: Partial<TrustItem> = {}): TrustItem {
  const der = new TextEncoder().encode(name);
  return { der, kind: "anchor", origin: "own", domains: ["broker.example"], distrustAfter: null, ...more };
}

describe("the trust store", () => {
  it("lists what was added, own ones first", async () => {
    const store = await freshStore();
    await store.addTrust(ca("public", { origin: "public", domains: null, distrustAfter: at(9) }), by);
    await store.addTrust(ca("own"), by);
    expect(await store.listTrust()).toEqual([
      { ...ca("own"), sha256: sha256("own"), enabled: true, addedAt: at(), addedBy: "eve" },
      {
        ...ca("public", { origin: "public", domains: null, distrustAfter: at(9) }),
        sha256: sha256("public"),
        enabled: true,
        addedAt: at(),
        addedBy: "eve",
      },
    ]);
  });

  it("raises its version with each change, and only then", async () => {
    const store = await freshStore();
    const other = await freshStore({ stateDir: store.dir });
    const version = () => other.trustVersion();
    const steps: number[] = [await version()];
    await store.addTrust(ca("own"), by);
    steps.push(await version());
    await store.addTrust(ca("own"), by);
    steps.push(await version());
    await store.addTrust(ca("own", { domains: null }), by);
    steps.push(await version());
    expect(await store.removeTrust(sha256("own"), by)).toBe(true);
    steps.push(await version());
    expect(await store.removeTrust(sha256("own"), by)).toBe(false);
    steps.push(await version());
    expect(steps).toEqual([0, 1, 1, 2, 3, 3]);
    expect(
      (await store.history(sha256("own"))).map(({ action, detail }) => [action, detail.domains]),
    ).toEqual([
      ["trust.added", ["broker.example"]],
      ["trust.added", "any"],
      ["trust.removed", undefined],
    ]);
  });

  it("replaces the public CAs as a whole and leaves own ones alone", async () => {
    const store = await freshStore();
    const open = { origin: "public", domains: null } as const;
    await store.addTrust(ca("own"), by);
    await store.replaceTrust("public", [ca("a", open), ca("b", open)], by, LIST);
    const second = [ca("b", open), ca("c", open), ca("own", open)];
    const result = await store.replaceTrust("public", second, by, LIST);
    expect(result).toEqual({ added: 1, changed: 0, removed: 1 });
    const names = (await store.listTrust()).map(({ der, domains }) => [
      new TextDecoder().decode(der),
      domains,
    ]);
    expect(names).toEqual([
      ["own", ["broker.example"]],
      ["b", null],
      ["c", null],
    ]);
  });

  it("replaces nothing by the same list: no version, one row in the audit trail all the same", async () => {
    const store = await freshStore();
    const list = [ca("a", { origin: "public", distrustAfter: at(1) })];
    expect(await store.lastTrustList("public")).toBeNull();
    await store.replaceTrust("public", list, by, LIST);
    const again = { ...by, at: at(5) };
    const newer = { ...LIST, name: "a newer list", dated: null };
    expect(await store.replaceTrust("public", list, again, newer)).toEqual({
      added: 0,
      changed: 0,
      removed: 0,
    });
    expect(await store.trustVersion()).toBe(1);
    expect(await store.lastTrustList("public")).toEqual({ ...newer, loadedAt: at(5), loadedBy: "eve" });
    expect(await store.lastTrustList("own")).toBeNull();
    const rows = await store.auditEntries();
    expect(rows.map(({ action, detail }) => [action, detail.list ?? detail.distrustAfter])).toEqual([
      ["trust.updated", "a newer list"],
      ["trust.updated", "a list"],
      ["trust.added", at(1).toISOString()],
    ]);
    expect(await store.verifyAudit()).toMatchObject({ fault: null });
  });

  it("changes what a list tells otherwise", async () => {
    const store = await freshStore();
    await store.replaceTrust("public", [ca("a", { distrustAfter: null })], by, LIST);
    const result = await store.replaceTrust("public", [ca("a", { distrustAfter: at(3) })], by, LIST);
    expect(result).toEqual({ added: 0, changed: 1, removed: 0 });
    expect(await store.listTrust()).toMatchObject([{ origin: "public", distrustAfter: at(3) }]);
  });

  it("switches a CA off and on, once, and an update leaves it off; adding it by hand does not", async () => {
    const store = await freshStore();
    const off = (enabled: boolean) => store.switchTrust(sha256("a"), enabled, { ...by, reason: "why" });
    const isOn = async () => (await store.listTrust())[0]?.enabled;
    expect(await off(false)).toBe(false);
    await store.replaceTrust("public", [ca("a")], by, LIST);
    expect([await off(false), await off(false), await isOn()]).toEqual([true, false, false]);
    expect(await store.trustVersion()).toBe(2);
    await store.replaceTrust("public", [ca("a")], by, LIST);
    await store.replaceTrust("public", [ca("a", { distrustAfter: at(3) })], by, LIST);
    expect(await isOn()).toBe(false);
    expect([await off(true), await off(true), await isOn()]).toEqual([true, false, true]);
    await off(false);
    await store.addTrust(ca("a"), by);
    expect(await store.listTrust()).toMatchObject([{ origin: "own", enabled: true }]);
    const history = await store.history(sha256("a"));
    expect(history.filter(({ reason }) => reason === "why").map(({ action }) => action)).toEqual([
      "trust.disabled",
      "trust.enabled",
      "trust.disabled",
    ]);
  });
});
