import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inspectCertificateFile, type TrustStore, withGivenAnswers } from "../../src/inspect/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { explainMessage } from "../../src/robot/index.ts";
import { Authority, type Identity, signedMail } from "../lab/openssl.ts";
import { issueResponder, ocspPlace, ocspSigning, respond, type Said } from "../pki/ocsp-authority.ts";
import { type Issued, issue, issueCa, issueCrl, NOW } from "../pki/path-authority.ts";
import { ALICE, codes, decoded, POLICY, scratch } from "./kit.ts";

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root });
const place = ocspPlace("http://ocsp.example/");
const alice = issue({ subject: "Alice", issuer: ca, extensions: [place] });
/** It names nobody who could be asked. */
const silent = issue({ subject: "Silent", issuer: ca });
const delegate = issueResponder({ issuer: ca, extensions: [ocspSigning(), place] });
const TRUST: TrustStore = {
  anchors: [{ certificate: root.certificate, domains: null, distrustAfter: null }],
  intermediates: [ca.certificate],
  crls: null,
};
const REVOKED = { status: { revoked: NOW, reason: 1 } } as const;

function about({ certificate }: Issued, said: Partial<Said> = {}, signer = ca): Buffer {
  return respond(signer, { answers: [{ certificate, issuer: ca.certificate, ...said }] });
}

describe("answers about revocation that a person has at hand", () => {
  it.each<[string, Issued, readonly Buffer[], readonly string[]]>([
    ["good", alice, [about(alice)], []],
    ["revoked", alice, [about(alice, REVOKED)], ["revocation.revoked"]],
    [
      "revoked beside good, in any order",
      alice,
      [about(alice), about(alice, REVOKED)],
      ["revocation.revoked"],
    ],
    ["about somebody else", alice, [about(silent)], ["revocation.unknown"]],
    ["none that can be read", alice, [Buffer.from("<html>")], ["revocation.unknown"]],
    ["a delegate who is to be asked about", alice, [about(alice, {}, delegate)], ["revocation.unknown"]],
    ["and the CA's answer about him", alice, [about(delegate), about(alice, {}, delegate)], []],
    [
      "and he is revoked",
      alice,
      [about(delegate, REVOKED), about(alice, {}, delegate)],
      ["revocation.unknown"],
    ],
    [
      "about a certificate that names nobody: revoked",
      silent,
      [about(silent, REVOKED)],
      ["revocation.revoked"],
    ],
    ["about the CA above", alice, [about(alice), aboutCa()], ["revocation.revoked"]],
  ])("%s", (_, { certificate }, ocsp, expected) => {
    const bench = { policy: POLICY, trust: TRUST, at: NOW, internalDate: null };
    const inspection = inspectCertificateFile({ name: null, bytes: certificate.der }, bench);
    const answers = { ocsp, crls: [], unreadableCrls: [] };
    const [report] = withGivenAnswers(inspection, answers, TRUST, POLICY, NOW).certificates;
    const found = codes(report?.findings ?? []).filter(
      (code) => code.startsWith("revocation.") && code !== "revocation.unnamed",
    );
    expect(found).toEqual(expected);
    expect(report?.path.valid).toBe(expected.length === 0);
  });

  it("CRLs beside them count too", () => {
    const bench = { policy: POLICY, trust: TRUST, at: NOW, internalDate: null };
    const inspection = inspectCertificateFile({ name: null, bytes: alice.certificate.der }, bench);
    const crls = [issueCrl(ca)];
    const [report] = withGivenAnswers(
      inspection,
      { ocsp: [], crls, unreadableCrls: [] },
      TRUST,
      POLICY,
      NOW,
    ).certificates;
    expect(report?.path.valid).toBe(true);
  });
});

function aboutCa(): Buffer {
  const answer = { certificate: ca.certificate, issuer: root.certificate, ...REVOKED };
  return respond(root, { answers: [answer] });
}

describe("a mail, and what `openssl ocsp` has answered about its signer", () => {
  const folder = scratch();
  const anchor = Authority.root(folder, { name: "Root" });
  const signer = anchor.issue({ addresses: [ALICE], ocspUrl: "http://ocsp.example/" });
  const mail = signedMail({ signer, from: ALICE, to: "robot@company.example" });

  it.each([
    ["V\t301231235959Z\t", "active"],
    ["R\t301231235959Z\t260101000000Z,keyCompromise", "rejected"],
    ["", "pending"],
  ])("its database says '%s': %s", async (state, status) => {
    const certificate = decoded(anchor.identity);
    const plan = await explainMessage(mail, {
      policy: { ...DEFAULT_POLICY, certificates: { ...POLICY, revocation: "hard-fail" } },
      trust: {
        anchors: [{ certificate, domains: null, distrustAfter: null }],
        intermediates: [],
        crls: null,
      },
      at: new Date(),
      answers: { ocsp: [opensslOcsp(folder, anchor.identity, signer, state)], crls: [], unreadableCrls: [] },
    }).then((explained) => explained.plan);
    expect(plan.actions).toContainEqual(expect.objectContaining({ action: "store", status }));
  });
});

/** @param state the beginning of the certificate's line in the CA's database; empty: it is not there */
function opensslOcsp(folder: string, issuer: Identity, { der, certFile }: Identity, state: string): Buffer {
  const serial = new X509Certificate(der).serialNumber;
  const file = (name: string) => join(folder, name);
  writeFileSync(file("ocsp.txt"), state === "" ? "" : `${state}\t${serial}\tunknown\t/CN=alice\n`);
  const asked = ["-issuer", issuer.certFile, "-cert", certFile, "-no_nonce", "-reqout", file("asked.der")];
  execFileSync("openssl", ["ocsp", ...asked], { stdio: "pipe" });
  const own = ["-index", file("ocsp.txt"), "-CA", issuer.certFile, "-ndays", "7"];
  const by = ["-rsigner", issuer.certFile, "-rkey", issuer.keyFile];
  const files = ["-reqin", file("asked.der"), "-respout", file("said.der")];
  execFileSync("openssl", ["ocsp", ...own, ...by, ...files], { stdio: "pipe" });
  return readFileSync(file("said.der"));
}
