/** Which of several paths is taken: whole accepted ⇔ one of its paths accepted, in any order (RFC 5280 §6, RFC 4158 §2.4). */
import { describe, expect, it } from "vitest";
import { reportOn } from "../../src/inspect/certificate-report.ts";
import { gravity } from "../../src/inspect/index.ts";
import type { TrustedAnchor } from "../../src/inspect/trust.ts";
import { type Certificate, type Computing, fullComputing } from "../../src/pki/index.ts";
import { Authority, type CertificateOptions } from "../lab/openssl.ts";
import { ALICE, codes, decoded, POLICY, scratch } from "./kit.ts";

const DAY = 86_400_000;
const days = (count: number): Date => new Date(Date.now() + count * DAY);

const folder = scratch();
const root = Authority.root(folder, { name: "Root" });
const other = Authority.root(folder, { name: "Other Root" });
const weakRoot = Authority.root(folder, { name: "Weak Root", key: "rsa:1024" });
const issuing = root.intermediate({ name: "Issuing" });
const lower = issuing.intermediate({ name: "Lower" });

/** The same CA, name and key, certified once more. */
function twinOf(
  authority: Authority,
  name: string,
  by: Authority,
  options: CertificateOptions = {},
): Certificate {
  return decoded(
    by.issue({
      name,
      keyFile: authority.identity.keyFile,
      basicConstraints: "critical,CA:TRUE",
      keyUsage: "critical,keyCertSign,cRLSign",
      extendedKeyUsage: null,
      ...options,
    }),
  );
}

const NO_LIMIT = { domains: null, distrustAfter: null };
const anchors: readonly TrustedAnchor[] = [
  { certificate: decoded(root.identity), ...NO_LIMIT },
  { certificate: decoded(other.identity), domains: ["hospital.example"], distrustAfter: null },
  { certificate: decoded(weakRoot.identity), ...NO_LIMIT },
];

function judged(
  target: Certificate,
  beside: readonly Certificate[],
  intermediates: readonly Certificate[] = [],
  computing: Computing = fullComputing(),
) {
  const { findings, path } = reportOn(target, {
    role: "signer",
    address: ALICE,
    beside,
    encryptionBeside: false,
    trust: { anchors, intermediates, crls: null },
    policy: { ...POLICY, revocation: "off" },
    at: new Date(),
    findings: [],
    capabilities: null,
    computing,
  });
  return { weight: gravity(findings), codes: codes(findings), path };
}

/** All orders of a set that nobody sorted. */
function orders<T>(set: readonly T[]): T[][] {
  if (set.length < 2) return [[...set]];
  return set.flatMap((first) => orders(set.filter((one) => one !== first)).map((rest) => [first, ...rest]));
}

const leaf = decoded(issuing.issue({ addresses: [ALICE], key: "P-256" }));
const good = decoded(issuing.identity);
const TWINS: readonly [string, Certificate, string][] = [
  ["signed with SHA-1", twinOf(issuing, "Issuing", root, { digest: "sha1" }), "path.weak"],
  ["for servers only", twinOf(issuing, "Issuing", root, { extendedKeyUsage: "serverAuth" }), "path.usage"],
  [
    "that has run out",
    twinOf(issuing, "Issuing", root, { notBefore: days(-30), notAfter: days(-1) }),
    "path.expired",
  ],
  ["below a weak root", twinOf(issuing, "Issuing", weakRoot), "path.weak"],
  ["below a root for another domain", twinOf(issuing, "Issuing", other), "path.anchor-domain"],
];

describe.each(TWINS)("an issuing CA with a twin %s", (_, twin, code) => {
  it("is refused by the twin alone, for what the twin is", () => {
    expect(judged(leaf, [twin]).codes).toContain(code);
  });

  it.each([
    ["in the mail", (all: Certificate[]) => judged(leaf, all)],
    ["in the trust store", (all: Certificate[]) => judged(leaf, [], all)],
  ])("is accepted with the good one beside it, %s, in any order", (_where, judge) => {
    for (const order of orders([good, twin])) expect(judge(order)).toMatchObject({ weight: 0, codes: [] });
  });

  it("is accepted with the good one in the mail and the twin in the trust store, and the other way round", () => {
    expect(judged(leaf, [good], [twin]).weight).toBe(0);
    expect(judged(leaf, [twin], [good]).weight).toBe(0);
  });
});

describe("several paths", () => {
  const all = [good, ...TWINS.map(([, twin]) => twin)];

  it("one without an objection among six is found, wherever it stands", () => {
    for (const [index] of all.entries()) {
      expect(judged(leaf, [...all.slice(index), ...all.slice(0, index)]).codes).toEqual([]);
    }
  });

  it("without one, that with the mildest verdict is told, in any order", () => {
    const twins = TWINS.map(([, twin]) => twin);
    for (const [index] of twins.entries()) {
      const { weight, codes: told } = judged(leaf, [...twins.slice(index), ...twins.slice(0, index)]);
      expect([weight, told]).toEqual([1, ["path.anchor-domain"]]);
    }
  });

  it("over three levels: a bad twin on each, and a good way between them", () => {
    const target = decoded(lower.issue({ addresses: [ALICE], key: "P-256" }));
    const set = [
      good,
      twinOf(issuing, "Issuing", root, { digest: "sha1" }),
      decoded(lower.identity),
      twinOf(lower, "Lower", issuing, { extendedKeyUsage: "serverAuth" }),
    ];
    for (const order of orders(set)) expect(judged(target, order).codes).toEqual([]);
    const bad = set.slice(1);
    for (const order of orders(bad)) expect(judged(target, order).weight).toBe(2);
  });

  it("what the certificate itself is like is told once, and no other path is looked for because of it", () => {
    const weak = decoded(issuing.issue({ addresses: [ALICE], key: "rsa:1024" }));
    expect(judged(weak, all).codes).toEqual(["cert.weak-key"]);
  });

  it("a search that ran out while it looked for a better one says so", () => {
    const many = [8, 9, 10, 11].map((months) =>
      twinOf(issuing, "Issuing", root, { digest: "sha1", notAfter: days(30 * months) }),
    );
    const computing = { ...fullComputing(), left: 18 };
    const { codes: told } = judged(leaf, many, [], computing);
    expect(told).toEqual(expect.arrayContaining(["path.budget", "path.weak"]));
  });
});
