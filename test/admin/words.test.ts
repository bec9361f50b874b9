import { describe, expect, it } from "vitest";
import { meansAddress, parseAddress, parseOwnAddress, sameStored } from "../../src/admin/address.ts";
import { changeBy } from "../../src/admin/change.ts";
import { parseFingerprint } from "../../src/admin/find-certificate.ts";
import { whyUntold } from "../../src/admin/letter.ts";
import { type Reason, reason } from "../../src/decide/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import type { Holding, LedgerEntry } from "../../src/store/index.ts";

const NOW = new Date("2026-06-01T12:00:00Z");

describe("a fingerprint as it was typed", () => {
  it.each([
    ["3f2a9c1d", "3f2a9c1d"],
    [" 3F:2A:9C:1D:00 ", "3f2a9c1d00"],
    ["A".repeat(64), "a".repeat(64)],
  ])("%s is understood", (typed, hex) => {
    expect(parseFingerprint(typed)).toBe(hex);
  });

  it.each([
    ["3f2a9c1", "3f2a9c1 is too short: at least 8 digits of a SHA-256 are needed"],
    ["", '"" is not a SHA-256 fingerprint'],
    ["alice", '"alice" is not a SHA-256 fingerprint'],
    ["a".repeat(65), `"${"a".repeat(65)}" is not a SHA-256 fingerprint`],
  ])("%j is refused", (typed, message) => {
    expect(() => parseFingerprint(typed)).toThrow(expect.objectContaining({ kind: "usage", message }));
  });
});

describe("an address as it was typed", () => {
  it.each([
    ["alice@partner.example", "alice@partner.example"],
    ["Alice@PARTNER.example", "Alice@partner.example"],
    ["info@müller.example", "info@xn--mller-kva.example"],
  ])("%s is stored as %s", (typed, address) => {
    expect(parseAddress(typed)).toBe(address);
  });

  it.each(["alice", "Alice <alice@partner.example>", "@partner.example", "a@b@c"])("%s is none", (typed) => {
    expect(() => parseAddress(typed)).toThrow(expect.objectContaining({ kind: "usage" }));
  });

  it("is our own only in an own domain, not in one below it", () => {
    expect(parseOwnAddress("claims@COMPANY.example", ["company.example"])).toBe("claims@company.example");
    for (const foreign of ["claims@partner.example", "claims@sub.company.example"]) {
      expect(() => parseOwnAddress(foreign, ["company.example"])).toThrow(
        `${foreign} is not in an own domain`,
      );
    }
  });

  it("means what is stored under another case of ASCII, unless the policy is exact", () => {
    expect(meansAddress("Alice@partner.example", "alice@partner.example", false)).toBe(true);
    expect(meansAddress("Alice@partner.example", "alice@partner.example", true)).toBe(false);
    expect(meansAddress("alice@partner.example", "alice@partner.example", true)).toBe(true);
    expect(sameStored("ALICE@x.example", "alice@x.example")).toBe(true);
    expect(sameStored("Ä@x.example", "ä@x.example")).toBe(false);
  });
});

describe("who changes something", () => {
  it("is never taken for the robot, whose decisions a mail may overrule", () => {
    expect(changeBy("robot", null, NOW).actor).toBe("user robot");
    expect(changeBy("erika", "  ", NOW)).toEqual({ actor: "erika", reason: null, at: NOW });
  });

  it("gives a reason that fits on a line or two", () => {
    expect(() => changeBy("erika", "x".repeat(1001), NOW)).toThrow("the reason has 1001 characters");
  });
});

describe("whom a decision is not told", () => {
  const holding = (address: string) => ({ address }) as Holding;
  const message = (...reasons: readonly Reason[]) => ({ reasons }) as unknown as LedgerEntry;
  const told = message(reason("submission.pending"));

  it.each([
    ["a person whose mail was answered", "alice@partner.example", told, null],
    [
      "one who was told the same before",
      "alice@partner.example",
      message(reason("no-reply.told-before")),
      null,
    ],
    ["one who never wrote (an import)", "alice@partner.example", null, "it did not come by mail"],
    ["a local part of robots (RFC 3834 §2)", "NoReply@partner.example", told, "no person reads that address"],
    [
      "the sender of an automatic mail (RFC 3834 §2)",
      "alice@partner.example",
      message(reason("submission.pending"), reason("no-reply.automatic", "Precedence: list")),
      "an automatic mail is never answered",
    ],
    [
      "an address whose authentication failed (PRODUCT §5)",
      "alice@partner.example",
      message(reason("no-reply.authentication-failed")),
      "the sender's authentication failed",
    ],
  ])("%s", (_name, address, entry, why) => {
    expect(whyUntold(holding(address), entry, DEFAULT_POLICY.replies)).toBe(why);
  });
});
