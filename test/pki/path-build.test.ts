import { describe, expect, it } from "vitest";
import { TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/index.ts";
import {
  MAX_COMPUTING,
  MAX_PATH_LENGTH,
  MAX_PATH_STEPS,
  MAX_SIGNATURE_CHECKS,
} from "../../src/pki/limits.ts";
import { searchPath } from "../../src/pki/path.ts";
import { type Expense, fullBudget } from "../../src/pki/path-budget.ts";
import type { PathInput, PathResult } from "../../src/pki/path-result.ts";
import {
  certificatePolicies,
  distinguishedName,
  edKey,
  type Issued,
  issue,
  issueCa,
  type Key,
  NOW,
  nameConstraints,
  subjectAltName,
} from "./path-authority.ts";

const root = issueCa({ subject: "Root" });

/** The result, and what the search has cost. */
function searched(
  target: Issued,
  intermediates: readonly Issued[],
  anchors: readonly Issued[],
): { result: PathResult; cost: (expense: Expense) => number } {
  const budget = fullBudget();
  const input: PathInput = {
    target: target.certificate,
    intermediates: intermediates.map(({ certificate }) => certificate),
    anchors: anchors.map(({ certificate }) => ({ certificate })),
    at: NOW,
    acceptablePolicies: null,
    explicitPolicy: false,
    inhibitAnyPolicy: false,
    inhibitPolicyMapping: false,
    crls: null,
  };
  const result = searchPath(input, budget);
  return { result, cost: (expense) => fullBudget().left[expense] - budget.left[expense] };
}

/** Issuer by issuer, from the top: `names.length` CAs, the last of which issued nothing yet. */
function chainOfCas(top: Issued, names: readonly string[]): readonly Issued[] {
  const cas: Issued[] = [];
  for (const subject of names) cas.push(issueCa({ subject, issuer: cas.at(-1) ?? top }));
  return cas;
}

/** A public key of 16,384 bits with an exponent of 64; nobody knows its factors, and nothing is signed by it. */
function hugeKey(number: number): Key {
  const positive = (octets: Buffer) => encode.tagged(TAG.integer, Buffer.concat([Buffer.of(0), octets]));
  const modulus = Buffer.alloc(2_048, 0xc1);
  modulus.writeUInt16BE(0x8000 + number);
  const rsa = encode.sequence(positive(modulus), positive(Buffer.alloc(8, 0xff)));
  const algorithm = encode.sequence(encode.oid(OID.rsaEncryption), encode.null());
  const spki = encode.sequence(algorithm, encode.tagged(TAG.bitString, Buffer.of(0), rsa));
  return { ...edKey(), spki };
}

function last(cas: readonly Issued[]): Issued {
  return cas.at(-1) ?? root;
}

function reversed<T>(list: readonly T[]): T[] {
  return [...list].reverse();
}

describe("path building finds the path", () => {
  it.each([
    { order: "as issued", arrange: (cas: readonly Issued[]) => cas },
    { order: "in reverse", arrange: reversed },
    { order: "twice", arrange: (cas: readonly Issued[]) => [...cas, ...cas] },
    { order: "with the root among them", arrange: (cas: readonly Issued[]) => [root, ...cas] },
  ])("with the intermediates $order, one check a certificate", ({ arrange }) => {
    const cas = chainOfCas(root, ["A", "B", "C"]);
    const { result, cost } = searched(issue({ subject: "Alice", issuer: last(cas) }), arrange(cas), [root]);
    expect(result.valid).toBe(true);
    expect(result.path.map(({ subject }) => subject.text)).toEqual([
      "CN=Alice",
      "CN=C",
      "CN=B",
      "CN=A",
      "CN=Root",
    ]);
    expect(cost("signatureChecks")).toBe(4);
  });

  it("by the key identifier among CAs of the same name", () => {
    const namesakes = Array.from({ length: 50 }, () => issueCa({ subject: "CA", issuer: root }));
    const ca = issueCa({ subject: "CA", issuer: root });
    const { result, cost } = searched(issue({ subject: "Alice", issuer: ca }), [...namesakes, ca], [root]);
    expect(result.valid).toBe(true);
    expect(cost("signatureChecks")).toBe(2);
  });

  it("around an expired cross-certificate, whichever comes first", () => {
    const otherRoot = issueCa({ subject: "Other Root" });
    const key = edKey();
    const good = issueCa({ subject: "CA", key, issuer: root });
    const expired = issueCa({
      subject: "CA",
      key,
      issuer: otherRoot,
      notAfter: new Date("2026-02-01T00:00:00Z"),
    });
    const target = issue({ subject: "Alice", issuer: good });
    for (const intermediates of [
      [good, expired],
      [expired, good],
    ]) {
      expect(searched(target, intermediates, [otherRoot, root]).result.valid).toBe(true);
    }
  });

  it("although the first one breaks a rule further up", () => {
    const key = edKey();
    const narrow = issueCa({ subject: "Narrow", issuer: root, pathLength: 0 });
    const viaNarrow = issueCa({ subject: "CA", key, issuer: narrow });
    const wide = issueCa({ subject: "Wide", issuer: root });
    const viaWide = issueCa({ subject: "CA", key, issuer: wide });
    const { result } = searched(
      issue({ subject: "Alice", issuer: viaNarrow }),
      [narrow, viaNarrow, wide, viaWide],
      [root],
    );
    expect(result.path.map(({ subject }) => subject.text)).toEqual([
      "CN=Alice",
      "CN=CA",
      "CN=Wide",
      "CN=Root",
    ]);
  });

  it("through a key rollover: the same name with two keys", () => {
    const old = issueCa({ subject: "CA", issuer: root });
    const renewed = issueCa({ subject: "CA", issuer: old });
    expect(searched(issue({ subject: "Alice", issuer: renewed }), [renewed, old], [root]).result.valid).toBe(
      true,
    );
  });
});

describe("path building has an end", () => {
  it("in a circle of two CAs: two checks and no more", () => {
    const [a, b] = [edKey(), edKey()];
    const selfA = issueCa({ subject: "A", key: a });
    const selfB = issueCa({ subject: "B", key: b });
    const crossA = issueCa({ subject: "A", key: a, issuer: selfB });
    const crossB = issueCa({ subject: "B", key: b, issuer: selfA });
    const { result, cost } = searched(issue({ subject: "Alice", issuer: selfA }), [crossA, crossB], [root]);
    expect(result.problems.map(({ rule }) => rule)).toEqual(["unknown-ca"]);
    expect(cost("signatureChecks")).toBe(2);
  });

  it("after as many issuers of 16,384 bits as the mail may compute, however many there are of the name", () => {
    const target = issue({ subject: "alice", issuer: root, issuerName: distinguishedName(["CN", "Huge"]) });
    const huge = Array.from({ length: 40 }, (_, i) =>
      issueCa({ subject: "Huge", issuer: root, key: hugeKey(i) }),
    );
    const { result, cost } = searched(target, huge, [root]);
    expect(result.problems.map(({ rule }) => rule)).toEqual(["budget"]);
    expect(cost("signatureChecks")).toBe(Math.floor(MAX_COMPUTING / 256) + 1);
  });

  it(`after ${MAX_PATH_LENGTH} certificates, however long the chain is`, () => {
    const cas = chainOfCas(
      root,
      Array.from({ length: 200 }, (_, i) => `CA ${i}`),
    );
    const { result, cost } = searched(issue({ subject: "Alice", issuer: last(cas) }), cas, [root]);
    expect(result.problems.map(({ rule }) => rule)).toEqual(["budget"]);
    expect(result.path).toHaveLength(MAX_PATH_LENGTH);
    expect(cost("signatureChecks")).toBe(MAX_PATH_LENGTH);
  });

  it("takes the longest path that is allowed", () => {
    const cas = chainOfCas(
      root,
      Array.from({ length: MAX_PATH_LENGTH - 2 }, (_, i) => `CA ${i}`),
    );
    expect(searched(issue({ subject: "Alice", issuer: last(cas) }), cas, [root]).result.valid).toBe(true);
  });

  it("among 1,000 CAs of the issuer's name, none of which signed", () => {
    const namesakes = Array.from({ length: 1_000 }, () => issueCa({ subject: "CA", issuer: root }));
    const target = issue({ subject: "Alice", issuer: issueCa({ subject: "CA", issuer: root }) });
    const { result, cost } = searched(target, namesakes, [root]);
    expect(result.problems.map(({ rule }) => rule)).toEqual(["budget"]);
    expect(cost("signatureChecks")).toBe(MAX_SIGNATURE_CHECKS);
  });

  it("in a mesh of 12 CAs that all certified each other: bounded steps, each signature computed once", () => {
    const { result, cost } = searched(...mesh(12), [root]);
    expect(result.problems.some(({ rule }) => rule === "budget")).toBe(true);
    expect(cost("pathSteps")).toBe(MAX_PATH_STEPS);
    expect(cost("signatureChecks")).toBeLessThanOrEqual(12 * 11 + 1);
  });

  it("at an anchor in such a mesh, when there is one", () => {
    const [target, crosses] = mesh(6);
    const way = crosses.find(({ certificate }) => certificate.subject.text === "CN=CA 5");
    const exit = issueCa({ subject: "CA 5", issuer: root, ...(way === undefined ? {} : { key: way.key }) });
    expect(searched(target, [...crosses, exit], [root]).result.valid).toBe(true);
  });

  it.each<[string, Expense, readonly Buffer[]]>([
    ["policies", "policySteps", [certificatePolicies(...numbered(1_500, (i) => `1.3.6.${i}`))]],
    [
      "names and name constraints",
      "nameComparisons",
      [
        subjectAltName(...numbered(900, (i) => `email:a@x${i}.example`)),
        nameConstraints(numbered(1_500, (i) => `email:y${i}.example`)),
      ],
    ],
  ])("in a mesh of CAs with thousands of %s, in which every path costs much", (_, expense, more) => {
    const { result, cost } = searched(...mesh(6, more), [root]);
    expect(result.problems.some(({ rule }) => rule === "budget")).toBe(true);
    expect(cost(expense)).toBeLessThanOrEqual(fullBudget().left[expense]);
    expect(cost("pathSteps")).toBeLessThan(MAX_PATH_STEPS);
  });
});

function numbered(count: number, text: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => text(i));
}

/** A certificate of CA 0, and CAs that all certified each other. */
function mesh(size: number, more: readonly Buffer[] = []): [target: Issued, crosses: readonly Issued[]] {
  const cas = Array.from({ length: size }, (_, i) => issueCa({ subject: `CA ${i}` }));
  const crosses = cas.flatMap((issuer) =>
    cas.flatMap(({ key, certificate }, j) =>
      certificate === issuer.certificate ? [] : [issueCa({ subject: `CA ${j}`, key, issuer, more })],
    ),
  );
  return [issue({ subject: "Alice", issuer: cas[0] ?? root }), crosses];
}
