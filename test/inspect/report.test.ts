import { describe, expect, it } from "vitest";
import { ranked } from "../../src/inspect/certificate-report.ts";
import {
  type Bench,
  FINDINGS,
  type FindingCode,
  finding,
  inspectCertificateFile,
  inspectMessage,
  type TrustStore,
} from "../../src/inspect/index.ts";
import { anchorFindings, revocationFindings } from "../../src/inspect/trust.ts";
import { toPem } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { readMessage } from "../../src/read/index.ts";
import { Authority, type CertificateOptions, certsOnlyMail, signedMail } from "../lab/openssl.ts";
import { ALICE, codes, decoded, POLICY, scratch } from "./kit.ts";

const folder = scratch();
const root = Authority.root(folder, { name: "Root" });
const issue = (options: CertificateOptions = {}) =>
  root.issue({ addresses: [ALICE], key: "P-256", ...options });
const anchor = { certificate: decoded(root.identity), domains: null, distrustAfter: null };
const TRUST: TrustStore = { anchors: [anchor], intermediates: [], crls: null };
const BENCH: Bench = { policy: POLICY, trust: TRUST, at: new Date(), internalDate: null };
const READING = { ...DEFAULT_POLICY, domains: ["company.example"], robot: ["robot@company.example"] };

function inspected(mail: Buffer, bench: Partial<Bench> = {}) {
  const { facts, offer } = readMessage(mail, READING);
  return inspectMessage(facts, offer, { ...BENCH, ...bench });
}

describe("findings", () => {
  it("are ranked the worst first, each once, else in the order of the checks", () => {
    const found = (
      ["cert.domain", "signature.no-time", "cert.expired", "cert.domain", "cert.ca"] as FindingCode[]
    ).map((code) => finding(code));
    expect(codes(ranked(found))).toEqual(["cert.expired", "cert.ca", "cert.domain", "signature.no-time"]);
    expect(ranked([finding("cert.expired", "a"), finding("cert.expired", "b")])).toHaveLength(2);
  });

  it.each(Object.entries(FINDINGS))(
    "%s names its section and says what it means",
    (code, { section, meaning }) => {
      expect(code).toMatch(/^[a-z]+(\.[a-z]+(-[a-z]+)*)$/);
      expect(section).toMatch(/^(RFC \d{4} §\d+(\.\d+)*|PRODUCT §\d)$/);
      expect(meaning).toMatch(/^[^.]+$/);
    },
  );
});

describe("an anchor and its domains (PRODUCT §3)", () => {
  const result = { valid: true, path: [], anchor: { certificate: anchor.certificate }, problems: [] };
  it.each<[string, readonly string[] | null, string | null, string[]]>([
    ["for all domains", null, ALICE, []],
    ["for this domain", ["partner.example"], ALICE, []],
    ["for the domain above", ["example"], ALICE, []],
    ["for another", ["hospital.example"], ALICE, ["path.anchor-domain"]],
    ["for one that merely ends alike", ["ner.example"], ALICE, ["path.anchor-domain"]],
    ["for a domain below", ["mail.partner.example"], ALICE, ["path.anchor-domain"]],
    ["where no address is judged", ["hospital.example"], null, []],
  ])("%s", (_, domains, address, expected) => {
    const trust = { ...TRUST, anchors: [{ ...anchor, domains }] };
    expect(codes(anchorFindings(result, trust, address))).toEqual(expected);
  });
});

describe("revocation that cannot be asked (PRODUCT §3 6.)", () => {
  const named = decoded(issue({ crlUrl: "http://crl.example/1" }));
  const ocsp = decoded(issue({ ocspUrl: "http://ocsp.example" }));
  const unnamed = decoded(issue());
  it.each<[string, typeof named, typeof POLICY.revocation, string[]]>([
    ["hard-fail, a CRL named", named, "hard-fail", ["revocation.unknown"]],
    ["hard-fail, OCSP named", ocsp, "hard-fail", ["revocation.unknown"]],
    ["soft-fail, a CRL named", named, "soft-fail", ["revocation.unchecked"]],
    ["off", named, "off", []],
    ["hard-fail, nothing named", unnamed, "hard-fail", ["revocation.unnamed"]],
  ])("%s", (_, certificate, revocation, expected) => {
    expect(codes(revocationFindings(certificate, TRUST, { ...POLICY, revocation }))).toEqual(expected);
  });
  it("is not asked for where CRLs are part of the path", () => {
    expect(revocationFindings(named, { ...TRUST, crls: [] }, POLICY)).toEqual([]);
  });
});

describe("one report a certificate", () => {
  const alice = issue();

  it("also where it came twice: in the signature and as a file", () => {
    const attachment = { name: "me.cer", type: "application/pkix-cert", bytes: alice.der };
    const { certificates } = inspected(
      signedMail({ signer: alice, from: ALICE, to: "robot@company.example", attachment }),
    );
    expect(certificates.map(({ sha256, role }) => [sha256, role])).toEqual([[alice.sha256, "signer"]]);
  });

  it("none for the CAs that came along, nor for the same certificate again", () => {
    const mail = certsOnlyMail({
      from: ALICE,
      to: "robot@company.example",
      certificates: [alice, alice, root.identity],
    });
    const { signature, certificates } = inspected(mail);
    expect(certificates.map(({ sha256 }) => sha256)).toEqual([alice.sha256]);
    expect(signature).toMatchObject({ form: "certs-only", valid: null, signers: [] });
  });

  it("tells the path, its length and its anchor", () => {
    const below = root.intermediate({ name: "Below" });
    const leaf = below.issue({ addresses: [ALICE], key: "P-256" });
    const [report] = inspected(
      signedMail({ signer: leaf, from: ALICE, to: "robot@company.example" }),
    ).certificates;
    expect(report?.path).toEqual({
      valid: true,
      anchor: root.identity.sha256,
      length: 3,
      intermediates: [decoded(below.identity).der],
      authorities: [below.identity.sha256],
    });
    expect(report).toMatchObject({
      keyAlgorithm: "P-256",
      usage: { sign: true, encrypt: true },
      addresses: [ALICE],
    });
    expect(report?.capabilities).not.toBeNull();
  });

  it("is plain data, twice the same", () => {
    const mail = signedMail({ signer: alice, from: ALICE, to: "robot@company.example" });
    const once = inspected(mail);
    expect(() => structuredClone(once)).not.toThrow();
    expect(inspected(mail)).toEqual(once);
  });

  it("judges as of the time it is given", () => {
    const mail = signedMail({ signer: alice, from: ALICE, to: "robot@company.example" });
    const at = (days: number) =>
      codes(
        inspected(mail, { at: new Date(Date.now() + days * 86_400_000) }).certificates[0]?.findings ?? [],
      );
    expect(at(0)).not.toContain("cert.expired");
    expect(at(400)).toContain("cert.expired");
    expect(at(-3)).toContain("cert.not-yet-valid");
  });

  it("holds the signing time against INTERNALDATE where the mail has no border", () => {
    const mail = signedMail({ signer: alice, from: ALICE, to: "robot@company.example" });
    const with_ = (internalDate: Date | null) =>
      codes(inspected(mail, { internalDate }).certificates[0]?.findings ?? []);
    expect(with_(new Date(Date.now() + 20 * 86_400_000))).toContain("signature.replay");
    expect(with_(null)).not.toContain("signature.replay");
  });
});

describe("a certificate file on its own", () => {
  const alice = issue();
  const file = (text: string | Uint8Array) =>
    inspectCertificateFile({ name: null, bytes: Buffer.from(text) }, BENCH);

  it("is judged without an address, at most pending", () => {
    const { certificates, signature } = file(alice.pem);
    expect(signature).toBeNull();
    expect(
      certificates.map(({ role, findings }) => [
        role,
        codes(findings.filter(({ severity }) => severity !== "info")),
      ]),
    ).toEqual([["offered", ["signature.none"]]]);
  });

  it("of CA certificates alone is judged as such; beside an end entity they are its path", () => {
    expect(file(root.identity.pem).certificates.map(({ sha256 }) => sha256)).toEqual([root.identity.sha256]);
    expect(file(`${root.identity.pem}\n${alice.pem}`).certificates.map(({ sha256 }) => sha256)).toEqual([
      alice.sha256,
    ]);
  });

  it.each<[string, string | Uint8Array]>([
    ["nothing", ""],
    ["text", "no certificate"],
    ["a broken PEM block", toPem(new Uint8Array([1, 2, 3]), "CERTIFICATE")],
    ["broken DER", alice.der.subarray(0, 100)],
  ])("that holds none has no report: %s", (_, bytes) => expect(file(bytes).certificates).toEqual([]));
});

describe("any CMS bytes", () => {
  it("are judged without a throw, each byte of a good mail changed in turn", () => {
    const mail = signedMail({ signer: issue(), from: ALICE, to: "robot@company.example", form: "opaque" });
    const body = mail.indexOf("\r\n\r\n") + 4;
    const der = Buffer.from(mail.subarray(body).toString("latin1"), "base64");
    for (let at = 0; at < der.length; at += 3) {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      const base64 = changed.toString("base64").replace(/.{1,76}/g, "$&\r\n");
      const { signature, certificates } = inspected(
        Buffer.concat([mail.subarray(0, body), Buffer.from(base64)]),
      );
      const accepted = certificates.filter(({ findings }) =>
        findings.every(({ severity }) => severity === "info"),
      );
      // Bytes that no signature covers may change (padding of the certificate set); then all must be as it was.
      expect(accepted.length === 0 || signature?.valid === true, `byte ${at}`).toBe(true);
    }
  });
});
