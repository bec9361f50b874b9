import { describe, expect, it } from "vitest";
import type { TrustItem } from "../../src/store/index.ts";
import { at, freshStore, sha256 } from "./kit.ts";

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
    const result = await store.replaceTrust("public", [ca("b", open), ca("c", open), ca("own", open)], by);
    expect(result).toEqual({ added: 1, removed: 1 });
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
});
