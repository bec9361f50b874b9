import { describe, expect, it } from "vitest";
import { byGravity, isBetterPath } from "../../src/pki/path-rank.ts";
import type { PathProblem, PathResult, PathRule } from "../../src/pki/path-result.ts";
import { issueCa } from "./path-authority.ts";

const { certificate } = issueCa({ subject: "Root" });

/** A result as short as the ranking needs it: what is wrong, whether it reached an anchor, how long it is. */
function result(rules: readonly PathRule[], { anchored = true, length = 3 } = {}): PathResult {
  return {
    valid: rules.length === 0,
    path: Array.from({ length }, () => certificate),
    anchor: anchored ? { certificate } : null,
    problems: rules.map((rule) => problem(rule)),
  };
}

function problem(rule: PathRule, depth = 0): PathProblem {
  return { rule, section: "RFC 5280 §6.1", certificate: certificate.sha256, depth, detail: "" };
}

/** As the caller weighs it: by default, whether it is valid. */
function weighed(of: PathResult, gravity = of.valid ? 0 : 1) {
  return { result: of, gravity };
}

const loose = { anchored: false };

describe("between two paths the better one is shown", () => {
  it.each<[string, PathResult, PathResult]>([
    ["a valid one before any other", result([]), result(["expired"])],
    ["one to an anchor before one without", result(["signature"]), result(["issuer-missing"], loose)],
    ["a CRL that is missing before a date", result(["revocation-unknown"]), result(["expired"])],
    ["a date before a rule that the CA broke", result(["expired"]), result(["not-a-ca"])],
    ["a rule that the CA broke before a revocation", result(["name-constraints"]), result(["revoked"])],
    ["fewer problems of the same kind", result(["expired"]), result(["expired", "expired"])],
    [
      "the smaller worst problem, however many small ones",
      result(["expired", "policy"]),
      result(["not-a-ca"]),
    ],
    ["the smaller second problem", result(["revoked", "expired"]), result(["revoked", "length"])],
    [
      "an issuer to be fetched before an unknown CA",
      result(["issuer-missing"], loose),
      result(["unknown-ca"], loose),
    ],
    ["an unknown CA before another's name", result(["unknown-ca"], loose), result(["issuer-key"], loose)],
    ["another's name before a forged signature", result(["issuer-key"], loose), result(["signature"], loose)],
    ["the shorter one to an anchor", result(["expired"], { length: 3 }), result(["expired"], { length: 4 })],
    [
      "the longer one without an anchor",
      result(["issuer-missing"], { anchored: false, length: 3 }),
      result(["issuer-missing"], { anchored: false, length: 2 }),
    ],
  ])("%s", (_, better, worse) => {
    expect(isBetterPath(weighed(better), weighed(worse))).toBe(true);
    expect(isBetterPath(weighed(worse), weighed(better))).toBe(false);
  });

  it.each([
    [
      "the milder verdict before the valid one",
      weighed(result(["revocation-unknown"]), 1),
      weighed(result([]), 2),
    ],
    ["of one verdict the valid one", weighed(result([]), 2), weighed(result(["expired"]), 2)],
    [
      "an anchor before the milder verdict",
      weighed(result(["revoked"]), 2),
      weighed(result(["issuer-missing"], loose), 1),
    ],
  ])("%s", (_, better, worse) => {
    expect(isBetterPath(better, worse)).toBe(true);
    expect(isBetterPath(worse, better)).toBe(false);
  });

  it("the one that was found first, when they are equal", () => {
    expect(isBetterPath(weighed(result(["expired"])), weighed(result(["expired"])))).toBe(false);
  });
});

it("the gravest problem of a path comes first, then the one nearest to the target", () => {
  const sorted = byGravity([problem("expired", 2), problem("expired", 0), problem("revoked", 1)]);
  expect(sorted.map(({ rule, depth }) => `${rule} ${depth}`)).toEqual([
    "revoked 1",
    "expired 0",
    "expired 2",
  ]);
});
