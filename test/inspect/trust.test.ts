import { describe, expect, it } from "vitest";
import { reportOn } from "../../src/inspect/certificate-report.ts";
import { decodeTrust, type TrustedAnchor, type TrustStore, trustMaterial } from "../../src/inspect/index.ts";
import { anchorFindings } from "../../src/inspect/trust.ts";
import type { Certificate } from "../../src/pki/index.ts";
import { Authority } from "../lab/openssl.ts";
import { ALICE, codes, decoded, POLICY, scratch } from "./kit.ts";

const DAY = 86_400_000;
/** One moment for the whole file, in whole seconds as certificates have them. */
const NOW = Math.floor(Date.now() / 1000) * 1000;
const days = (count: number): Date => new Date(NOW + count * DAY);

const folder = scratch();
const root = Authority.root(folder, { name: "Root" });
const alice = decoded(root.issue({ addresses: [ALICE], key: "P-256", notBefore: days(-10) }));
const NO_LIMIT = { domains: null, distrustAfter: null };

function anchor(certificate: Certificate, more: Partial<TrustedAnchor> = {}): TrustedAnchor {
  return { certificate, ...NO_LIMIT, ...more };
}

function trusting(anchors: readonly TrustedAnchor[], intermediates: readonly Certificate[] = []): TrustStore {
  return { anchors, intermediates, crls: null };
}

/** What is found on a certificate, the notes apart, and the anchor that its path ends in. */
function judged(certificate: Certificate, trust: TrustStore, address: string | null = ALICE) {
  const report = reportOn(certificate, {
    role: "signer",
    address,
    beside: [],
    encryptionBeside: false,
    trust,
    policy: { ...POLICY, revocation: "off" },
    at: new Date(),
    findings: [],
    capabilities: null,
  });
  return {
    anchor: report.path.anchor,
    findings: report.findings.filter(({ severity }) => severity !== "info"),
  };
}

describe("an anchor with a last day (PRODUCT §3)", () => {
  const certificate = decoded(root.identity);
  it.each<[string, Date | null, string[]]>([
    ["none", null, []],
    ["that is still to come", days(1), []],
    ["that is past, the certificate is older", days(-5), []],
    ["of the very second in which the certificate begins", alice.notBefore, []],
    ["a second earlier", new Date(alice.notBefore.getTime() - 1000), ["path.anchor-distrusted"]],
    ["long past", days(-20), ["path.anchor-distrusted"]],
  ])("%s", (_, distrustAfter, expected) => {
    expect(codes(judged(alice, trusting([anchor(certificate, { distrustAfter })])).findings)).toEqual(
      expected,
    );
  });

  it("asks a person, and says which days they are", () => {
    const trust = trusting([anchor(certificate, { distrustAfter: days(-20) })]);
    const [issued, limit] = [days(-10), days(-20)].map((day) => day.toISOString().slice(0, 10));
    expect(judged(alice, trust).findings).toEqual([
      {
        code: "path.anchor-distrusted",
        severity: "warning",
        section: "PRODUCT §3",
        detail: `issued on ${issued}; the CA is trusted for what it issued until ${limit} only`,
      },
    ]);
  });

  it("holds where no address is judged, and beside the domains", () => {
    const limited = anchor(certificate, { distrustAfter: days(-20), domains: ["hospital.example"] });
    expect(codes(judged(alice, trusting([limited]), null).findings)).toEqual(["path.anchor-distrusted"]);
    expect(codes(judged(alice, trusting([limited])).findings)).toEqual([
      "path.anchor-distrusted",
      "path.anchor-domain",
    ]);
  });

  it("is silent where the path is broken anyway", () => {
    const trust = trusting([anchor(certificate, { distrustAfter: days(-20) })]);
    const result = { valid: false, path: [alice], anchor: { certificate }, problems: [] };
    expect(anchorFindings(result, trust, ALICE)).toEqual([]);
  });
});

describe("a certificate with paths to two anchors", () => {
  // One issuing CA below two roots: by its own certificate, and by a cross-certificate of the same name and key.
  const other = Authority.root(folder, { name: "Other Root" });
  const issuing = root.intermediate({ name: "Issuing" });
  const cross = other.issue({
    name: "Issuing",
    keyFile: issuing.identity.keyFile,
    basicConstraints: "critical,CA:TRUE",
    keyUsage: "critical,keyCertSign,cRLSign",
    extendedKeyUsage: null,
    notBefore: days(-30),
    notAfter: days(300),
  });
  const leaf = decoded(issuing.issue({ addresses: [ALICE], key: "P-256" }));
  const intermediates = [decoded(issuing.identity), decoded(cross)];
  const [first, second] = [decoded(root.identity), decoded(other.identity)];
  const past = { distrustAfter: days(-20) };
  const elsewhere = { domains: ["hospital.example"] };

  it.each<[string, readonly TrustedAnchor[], string, string[]]>([
    ["takes the one that is not past its last day", [anchor(first, past), anchor(second)], second.sha256, []],
    ["whichever comes first", [anchor(first), anchor(second, past)], first.sha256, []],
    [
      "takes the one that speaks for the domain",
      [anchor(first, elsewhere), anchor(second)],
      second.sha256,
      [],
    ],
    [
      "takes one that may not speak when there is no other, and says so",
      [anchor(first, past)],
      first.sha256,
      ["path.anchor-distrusted"],
    ],
  ])("%s", (_, anchors, expected, findings) => {
    const result = judged(leaf, trusting(anchors, intermediates));
    expect([result.anchor, codes(result.findings)]).toEqual([expected, findings]);
  });

  it("an own CA below a public one does not stand in its way", () => {
    const own = anchor(decoded(issuing.identity), elsewhere);
    const result = judged(leaf, trusting([own, anchor(first)], intermediates));
    expect([result.anchor, codes(result.findings)]).toEqual([first.sha256, []]);
  });
});

describe("the trust store as bytes", () => {
  const { der } = root.identity;
  const entry = { der, kind: "anchor", origin: "own", enabled: true, ...NO_LIMIT } as const;
  const distrusted = { ...entry, origin: "public", distrustAfter: days(-1) } as const;

  it("keeps domains and last days on its way to the judge", () => {
    const material = trustMaterial(7, [{ ...entry, domains: ["a.example"] }, distrusted], {
      publicRoots: true,
    });
    const anchors = decodeTrust(structuredClone(material)).anchors;
    expect(anchors.map(({ domains, distrustAfter }) => [domains, distrustAfter])).toEqual([
      [["a.example"], null],
      [null, days(-1)],
    ]);
  });

  it.each([
    ["with trust.public_roots", true, 2],
    ["without it only what was added by hand", false, 1],
  ])("%s", (_, publicRoots, count) => {
    const intermediate = { ...entry, kind: "intermediate" } as const;
    const off = { ...entry, enabled: false };
    const material = trustMaterial(1, [entry, distrusted, intermediate, off], { publicRoots });
    expect([material.anchors.length, material.intermediates.length]).toEqual([count, 1]);
  });
});
