import { describe, expect, it } from "vitest";
import { askAgainAt, emptyView, isWorthWaiting, type View, viewQuery } from "../../src/decide/index.ts";
import type { CertificateReport } from "../../src/inspect/index.ts";
import { ALICE, evidence, NOW, offering, POLICY, report } from "./kit.ts";

const SOFT = { ...POLICY, certificates: { ...POLICY.certificates, revocation: "soft-fail" } } as const;
const silent = report("alice", ["revocation.unknown"]);
const { keyIdentity, issuer, notBefore, notAfter } = silent;
const key = {
  ...{ keyIdentity, issuer, notBefore, notAfter },
  ...{ since: NOW, approved: false, decidedByPerson: false },
} as const;
const held = (status: "active" | "pending", more = {}) => ({
  held: [{ sha256: silent.sha256, status, ...key, ...more }],
});

describe("a mail waits for its CA when that is all that is missing (PRODUCT §3 6.)", () => {
  it.each<[string, boolean, readonly CertificateReport[], Partial<View>?, typeof POLICY?, object?]>([
    ["nothing else against it", true, [silent]],
    ["with notes beside", true, [report("alice", ["revocation.unknown", "signature.no-time"])]],
    ["one of two certificates", true, [report("bob"), silent]],
    ["the CA has answered", false, [report("alice")]],
    ["the CA has revoked it", false, [report("alice", ["revocation.revoked"])]],
    ["a person must decide anyway", false, [report("alice", ["revocation.unknown", "signature.replay"])]],
    ["it can never be right", false, [report("alice", ["revocation.unknown", "cert.expired"])]],
    ["nobody can ever be asked", false, [report("alice", ["revocation.unaskable"])]],
    [
      "of a CA above it, nobody can",
      false,
      [report("alice", ["revocation.unknown", "revocation.unaskable"])],
    ],
    ["soft-fail", false, [silent], {}, SOFT],
    ["it is known and used", false, [silent], held("active")],
    ["it is pending for that reason", true, [silent], held("pending")],
    ["its key is barred", false, [silent], { barred: new Set([silent.spkiSha256]) }],
    [
      "another key is pinned",
      false,
      [silent],
      held("active", { sha256: "other", keyIdentity: "other", approved: true }),
    ],
    ["DMARC failed: an answer would still accept it", true, [silent], {}, POLICY, { authenticated: false }],
    ["nothing is offered", false, []],
  ])("%s: %s", (_, expected, certificates, view = {}, policy = POLICY, facts = {}) => {
    const of = evidence({ from: { kind: "one", address: ALICE }, ...facts }, offering(...certificates));
    const whole = { ...emptyView(viewQuery(of, policy)), ...view };
    expect(isWorthWaiting(of, whole, policy, NOW)).toBe(expected);
  });

  it("not when it cannot be read at all", () => {
    const of = { kind: "unreadable", problem: "judge.died", facts: null } as const;
    expect(isWorthWaiting(of, emptyView(viewQuery(of, POLICY)), POLICY, NOW)).toBe(false);
  });

  it.each([
    [1, 5],
    [2, 15],
    [3, 60],
    [4, 60],
    [1000, 60],
  ])("after try %i it is asked again in %i minutes", (attempts, minutes) => {
    expect(askAgainAt(NOW, attempts).getTime() - NOW.getTime()).toBe(minutes * 60_000);
  });
});
