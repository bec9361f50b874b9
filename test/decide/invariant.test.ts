/** What must hold of every plan: active ⇒ the signature is right ⇒ who can be asked was asked. */
import { describe, expect, it } from "vitest";
import { assertProven } from "../../src/decide/invariant.ts";
import type { StoreAction } from "../../src/decide/plan.ts";
import type { SignatureReport } from "../../src/inspect/index.ts";

const signature = (valid: boolean | null): SignatureReport => ({
  form: "detached",
  valid,
  signers: [],
  findings: [],
});
const store = (status: StoreAction["status"]): StoreAction => ({
  action: "store",
  certificate: "a1",
  status,
  address: "alice@partner.example",
  role: "signer",
  findings: [],
  believed: true,
  keepsPath: true,
  signedAt: null,
});
const RIGHT = { signature: signature(true), unasked: [] };

describe("a plan", () => {
  it.each([
    ["by a signature that is not right", { ...RIGHT, signature: signature(false) }],
    ["by certificates alone", { ...RIGHT, signature: signature(null) }],
    ["by a file", { ...RIGHT, signature: null }],
    ["of which nobody was asked", { ...RIGHT, unasked: ["a1"] }],
  ])("never makes a certificate active %s", (_, inspection) => {
    const asserted = (held: Parameters<typeof assertProven>[2], status: StoreAction["status"] = "active") => {
      return () => assertProven([store(status)], inspection, held);
    };
    expect(asserted([])).toThrow(expect.objectContaining({ code: "decide.unproven", kind: "fault" }));
    expect(asserted([{ sha256: "a1", status: "pending" }])).toThrow();
    expect(asserted([{ sha256: "b2", status: "active" }])).toThrow();
    // What is in use is seen again; what does not become active may wait, or be refused.
    expect(asserted([{ sha256: "a1", status: "active" }])).not.toThrow();
    expect(asserted([], "pending")).not.toThrow();
    expect(asserted([], "rejected")).not.toThrow();
  });

  it("does by a right signature, when nobody is left to be asked about it", () => {
    expect(() => assertProven([store("active")], { ...RIGHT, unasked: ["b2"] }, [])).not.toThrow();
    expect(() => assertProven([store("active")], { signature: signature(true) }, [])).not.toThrow();
  });
});
