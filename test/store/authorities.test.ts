import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Store } from "../../src/store/index.ts";
import { freshStore, harvest, report } from "./kit.ts";

const ISSUER = "CN=Lower CA";
const [LOWER, UPPER, NEWER] = ["DER of Lower CA", "DER of Upper CA", "DER of the newer Lower CA"].map(
  (text) => Buffer.from(text),
);

/** What the directory has above a certificate that it does not know. */
async function above(store: Store, issuer = ISSUER, sha256 = "f".repeat(64)): Promise<string[]> {
  const found = await store.authoritiesAbove({ sha256, issuer });
  return found.map((der) => Buffer.from(der).toString()).sort();
}

function issued(name: string, intermediates: readonly (Uint8Array | undefined)[], issuer = ISSUER) {
  const chain = intermediates.flatMap((der) => der ?? []);
  return report(name, {
    issuer,
    path: { valid: true, anchor: "a".repeat(64), length: 3, intermediates: chain, authorities: [] },
  });
}

describe("CA certificates that the directory knows", () => {
  it("are those above certificates of the same issuer", async () => {
    const store = await freshStore();
    await harvest(store, issued("alice", [LOWER, UPPER]), "alice@partner.example");
    expect(await above(store)).toEqual(["DER of Lower CA", "DER of Upper CA"]);
    expect(await above(store, "CN=Other CA")).toEqual([]);
  });

  it("are those above the same CA, when it came along itself", async () => {
    const store = await freshStore();
    await harvest(store, issued("alice", [LOWER, UPPER]), "alice@partner.example");
    const lower = createHash("sha256")
      .update(LOWER ?? "")
      .digest("hex");
    expect(await above(store, "CN=Upper CA", lower)).toEqual(["DER of Lower CA", "DER of Upper CA"]);
  });

  it("are all that were seen, when a CA has renewed its certificate", async () => {
    const store = await freshStore();
    await harvest(store, issued("alice", [LOWER, UPPER]), "alice@partner.example");
    await harvest(store, issued("bob", [NEWER, UPPER]), "bob@partner.example");
    expect(await above(store)).toEqual(["DER of Lower CA", "DER of Upper CA", "DER of the newer Lower CA"]);
  });

  it.each(["pending", "rejected"] as const)(
    "never come from a %s certificate, and many of them do not hide those that count",
    async (status) => {
      const store = await freshStore();
      await harvest(store, issued("alice", [LOWER]), "alice@partner.example");
      for (let number = 0; number < 20; number++) {
        const forged = issued(`mallory-${number}`, [Buffer.from(`DER of a forgery ${number}`)]);
        await harvest(store, forged, `m${number}@evil.example`, status);
      }
      expect(await above(store)).toEqual(["DER of Lower CA"]);
    },
  );
});
