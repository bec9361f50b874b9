import { describe, expect, it } from "vitest";
import {
  type CertificateReport,
  type Finding,
  finding,
  type Inspection,
  inspectMessage,
  judgeRevocation,
  ofFitAnchors,
  type PathToAsk,
  pathsToAsk,
  type RevocationEvidence,
  type TrustStore,
  withRevocation,
} from "../../src/inspect/index.ts";
import { isProblem, parseCrl } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { readMessage } from "../../src/read/index.ts";
import { Authority, alter, certsOnlyMail, type Identity, selfSigned, signedMail } from "../lab/openssl.ts";
import { ALICE, codes, decoded, POLICY, scratch } from "./kit.ts";

const folder = scratch();
const root = Authority.root(folder, { name: "Root" });
const ca = root.intermediate({ name: "Mail CA", crlUrl: "http://crl.example/root" });
const crlUrl = "http://crl.example/ca";
const TRUST: TrustStore = {
  anchors: [{ certificate: decoded(root.identity), domains: null, distrustAfter: null }],
  intermediates: [decoded(ca.identity)],
  crls: null,
};
const alice = ca.issue({ addresses: [ALICE], crlUrl });
const revoked = ca.issue({ addresses: [ALICE], crlUrl });
const silent = ca.issue({ addresses: [ALICE] });
ca.revoke(revoked, "keyCompromise");
const ofCa = crl(ca);
const ofRoot = crl(root);
const HOUR = 3_600_000;

function crl(authority: Authority) {
  const parsed = parseCrl(authority.crl());
  if (isProblem(parsed)) throw new Error(parsed.detail);
  return parsed;
}

function pathOf(identity: Identity): PathToAsk {
  return { certificate: identity.sha256, path: [identity, ca.identity, root.identity].map(({ der }) => der) };
}

function judged(
  identity: Identity,
  more: Partial<RevocationEvidence> = {},
  policy = POLICY,
  at = new Date(),
) {
  const evidence = { ocsp: [], crls: [ofCa, ofRoot], unanswered: [], ...more };
  return judgeRevocation([pathOf(identity)], evidence, [], policy, at)[0]?.findings ?? [];
}

describe("what the answers of CAs mean", () => {
  it.each<[string, readonly Finding[], string[]]>([
    ["good: no finding", judged(alice), []],
    ["on the CRL: an error", judged(revoked), ["revocation.revoked"]],
    ["no CRL of the issuer, hard-fail: a person", judged(alice, { crls: [ofRoot] }), ["revocation.unknown"]],
    [
      "no CRL of the issuer, soft-fail: a note",
      judged(alice, { crls: [ofRoot] }, { ...POLICY, revocation: "soft-fail" }),
      ["revocation.unchecked"],
    ],
    ["none for the CA above", judged(alice, { crls: [ofCa] }), ["revocation.unknown"]],
    ["it names nobody: a note", judged(silent, { crls: [ofRoot] }), ["revocation.unnamed"]],
    ["it names nobody, but a CRL is at hand", judged(silent), []],
    [
      "after nextUpdate a CRL says nothing",
      judged(alice, {}, POLICY, new Date(Date.now() + 30 * 24 * HOUR)),
      ["revocation.unknown"],
    ],
    [
      "rubbish for an OCSP response",
      judged(alice, {
        crls: [],
        ocsp: [{ certificate: alice.sha256, der: Buffer.from("<html>"), nonce: null }],
      }),
      ["revocation.unknown"],
    ],
  ])("%s", (_, findings, expected) => {
    expect([...new Set(codes(findings))]).toEqual(expected);
  });

  it("says when and why it was revoked", () => {
    expect(judged(revoked)[0]?.detail).toMatch(
      /^revoked at \d{4}-.* \(keyCompromise\), says the CRL of .*Mail CA/,
    );
  });

  it("names the CA above that is revoked, and what was tried in vain", () => {
    const below = root.intermediate({ name: "Fallen CA", crlUrl: "http://crl.example/root" });
    const leaf = below.issue({ addresses: [ALICE], crlUrl });
    root.revoke(below.identity, "cACompromise");
    const path = [leaf, below.identity, root.identity].map(({ der }) => der);
    const attempts = [{ url: crlUrl, why: "unreachable", detail: "connection refused", lasting: false }];
    const evidence: RevocationEvidence = {
      ocsp: [],
      crls: [crl(root)],
      unanswered: [{ certificate: leaf.sha256, attempts }],
    };
    const [result] = judgeRevocation([{ certificate: leaf.sha256, path }], evidence, [], POLICY, new Date());
    expect(codes(result?.findings ?? [])).toEqual(["revocation.revoked", "revocation.unknown"]);
    expect(result?.findings[0]?.detail).toMatch(/^the CA certificate .*Fallen CA.*: revoked at/);
    expect(result?.findings[1]?.detail).toContain("http://crl.example/ca: connection refused");
  });

  it.each<[string, readonly boolean[] | null, string, RegExp]>([
    [
      "no place at all that may be asked",
      [],
      "revocation.unaskable",
      /names only http:\/\/crl\.example\/ca$/,
    ],
    ["only places that a rule forbids", [true, true], "revocation.unaskable", /names only http:.*: why 0/],
    ["a place that may answer later", [true, false], "revocation.unknown", /why 0.*why 1/],
    ["nothing that is known of the asking", null, "revocation.unknown", /./],
  ])("tells what nobody can ever be asked from what was not answered: %s", (_what, lasting, code, detail) => {
    const attempts = (lasting ?? []).map((lasts, n) => ({ url: crlUrl, detail: `why ${n}`, lasting: lasts }));
    const unanswered = lasting === null ? [] : [{ certificate: alice.sha256, attempts }];
    const found = judged(alice, { crls: [ofRoot], unanswered });
    expect(codes(found)).toEqual([code]);
    expect(found[0]?.detail).toMatch(detail);
    const soft = judged(alice, { crls: [ofRoot], unanswered }, { ...POLICY, revocation: "soft-fail" });
    expect(codes(soft)).toEqual(["revocation.unchecked"]);
  });
});

function inspected(raw: Buffer, policy = POLICY, trust = TRUST): Inspection {
  const { facts, offer } = readMessage(raw, { ...DEFAULT_POLICY, certificates: policy });
  return inspectMessage(facts, offer, { policy, trust, at: new Date(), internalDate: null });
}

const mailOf = (signer: Identity, more = {}) =>
  signedMail({ signer, from: ALICE, to: "robot@company.example", ...more });

describe("about which certificates a CA is asked (PRODUCT §5)", () => {
  const expired = ca.issue({
    addresses: [ALICE],
    crlUrl,
    notBefore: new Date(Date.now() - 48 * HOUR),
    notAfter: new Date(Date.now() - HOUR),
  });
  const stranger = ca.issue({ addresses: ["mallory@partner.example"], crlUrl });
  const own = selfSigned(folder, { addresses: [ALICE], crlUrl });
  const off = { ...POLICY, revocation: "off" } as const;
  const soft = { ...POLICY, revocation: "soft-fail" } as const;
  it.each<[string, Buffer, readonly Identity[], typeof POLICY?, TrustStore?]>([
    ["signed, with a path: asked", mailOf(alice), [alice]],
    ["soft-fail asks too", mailOf(alice), [alice], soft],
    ["the policy asks nobody", mailOf(alice), [], off],
    ["CRLs were given (inspect --crl)", mailOf(alice), [], POLICY, { ...TRUST, crls: [ofCa, ofRoot] }],
    ["a broken signature", alter(mailOf(alice)), []],
    ["expired: no answer can help", mailOf(expired), []],
    ["somebody else's", mailOf(stranger), []],
    ["no path to an anchor", mailOf(own), []],
    ["unsigned", certsOnlyMail({ from: ALICE, to: "robot@company.example", certificates: [alice] }), []],
    ["it names nobody, but the CA above does", mailOf(silent), [silent]],
  ])("%s", (_, mail, expected, policy = POLICY, trust = TRUST) => {
    const paths = pathsToAsk(inspected(mail, policy, trust), trust, policy);
    expect(paths.map(({ certificate }) => certificate)).toEqual(expected.map(({ sha256 }) => sha256));
  });

  it("hands out the whole path, the certificate first and its anchor last", () => {
    const [path] = pathsToAsk(inspected(mailOf(alice)), TRUST, POLICY);
    expect(path?.path.map((der) => Buffer.from(der).toString("hex"))).toEqual(
      pathOf(alice).path.map((der) => Buffer.from(der).toString("hex")),
    );
  });

  it("asks nobody where the whole path names nobody", () => {
    const plain = root.issue({ addresses: [ALICE] });
    expect(pathsToAsk(inspected(mailOf(plain)), TRUST, POLICY)).toEqual([]);
  });
});

describe("the answers in the findings", () => {
  const sign = ca.issue({ addresses: [ALICE], crlUrl, keyUsage: "critical,digitalSignature" });
  const encrypt = ca.issue({ addresses: [ALICE], crlUrl, keyUsage: "critical,keyEncipherment" });
  const dual = inspected(mailOf(sign, { chain: [encrypt.certFile] }));
  const bad = finding("revocation.revoked", "gone");
  const of = ({ certificates }: Inspection, { sha256 }: Identity): CertificateReport | undefined =>
    certificates.find((report) => report.sha256 === sha256);
  const revocationCodes = (report: CertificateReport | undefined) =>
    codes(report?.findings ?? []).filter((code) => code.startsWith("revocation."));

  it("stand in the place of what was noted before anybody was asked", () => {
    const before = inspected(mailOf(alice));
    expect(revocationCodes(of(before, alice))).toEqual(["revocation.unknown"]);
    const after = withRevocation(before, [{ certificate: alice.sha256, findings: [] }]);
    expect(revocationCodes(of(after, alice))).toEqual([]);
  });

  it("of the signer count for the certificate beside his (RFC 5652 §5.4)", () => {
    const both = pathsToAsk(dual, TRUST, POLICY).map(({ certificate }) => certificate);
    expect(both.sort()).toEqual([sign.sha256, encrypt.sha256].sort());
    const after = withRevocation(dual, [
      { certificate: sign.sha256, findings: [bad] },
      { certificate: encrypt.sha256, findings: [] },
    ]);
    expect(revocationCodes(of(after, encrypt))).toEqual(["revocation.revoked"]);
    expect(of(after, encrypt)?.findings[0]?.detail).toBe("the certificate that signed: gone");
  });

  it("of the certificate beside say nothing of the signer", () => {
    const after = withRevocation(dual, [
      { certificate: sign.sha256, findings: [] },
      { certificate: encrypt.sha256, findings: [bad] },
    ]);
    expect([revocationCodes(of(after, sign)), revocationCodes(of(after, encrypt))]).toEqual([
      [],
      ["revocation.revoked"],
    ]);
  });

  it("take back what was taken over from the signer before he was asked", () => {
    const quiet = ca.issue({ addresses: [ALICE], keyUsage: "critical,keyEncipherment" });
    const before = inspected(mailOf(sign, { chain: [quiet.certFile] }));
    expect(revocationCodes(of(before, quiet)).sort()).toEqual(["revocation.unknown", "revocation.unnamed"]);
    const after = withRevocation(before, [{ certificate: sign.sha256, findings: [] }]);
    expect(revocationCodes(of(after, quiet))).toEqual(["revocation.unnamed"]);
  });
});

describe("what CAs say along a path to an anchor that may not vouch for the certificate", () => {
  const report = { sha256: alice.sha256, findings: [] } as unknown as CertificateReport;
  const judgement = {
    certificate: alice.sha256,
    findings: [finding("revocation.revoked")],
    doubtful: [],
    answer: null,
    silent: [],
  };
  it.each([
    ["one that may", [], 1],
    ["one that may, of a doubtful mail", [finding("signature.partial")], 1],
    ["one for other domains", [finding("path.anchor-domain")], 0],
    ["one that is wound down", [finding("path.anchor-distrusted")], 0],
  ] as const)("%s", (_, findings, counts) => {
    const other = { ...judgement, certificate: revoked.sha256 };
    const kept = ofFitAnchors({ certificates: [{ ...report, findings }] }, [judgement, other]);
    expect(kept).toEqual(counts === 1 ? [judgement, other] : [other]);
  });
});
