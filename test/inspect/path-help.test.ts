import { describe, expect, it } from "vitest";
import {
  inspectMessage,
  issuersToFind,
  NO_HELP,
  type PathHelp,
  type TrustStore,
  withHelp,
} from "../../src/inspect/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { readMessage } from "../../src/read/index.ts";
import { Authority, alter, certsOnlyMail, type Identity, selfSigned, signedMail } from "../lab/openssl.ts";
import { ALICE, codes, decoded, POLICY, scratch } from "./kit.ts";

const DAY = 86_400_000;
const folder = scratch();
const root = Authority.root(folder, { name: "Root" });
const upper = root.intermediate({ name: "Upper CA" });
const lower = upper.intermediate({ name: "Lower CA" });
const foreign = Authority.root(folder, { name: "Foreign Root" });
const stranger = foreign.intermediate({ name: "Foreign CA" });
const lapsed = new Date(Date.now() - DAY);
const expired = root.issue({
  name: "Upper CA",
  keyFile: upper.identity.keyFile,
  basicConstraints: "critical,CA:TRUE",
  keyUsage: "critical,keyCertSign",
  notBefore: new Date(Date.now() - 30 * DAY),
  notAfter: lapsed,
});
const TRUST: TrustStore = {
  anchors: [{ certificate: decoded(root.identity), domains: null, distrustAfter: null }],
  intermediates: [],
  crls: null,
};
const alice = lower.issue({ addresses: [ALICE] });
const direct = upper.issue({ addresses: [ALICE] });
const bob = lower.issue({ addresses: ["bob@partner.example"] });
const outside = stranger.issue({ addresses: [ALICE] });
const weak = lower.issue({ addresses: [ALICE], key: "rsa:1024" });
const alone = selfSigned(folder, { addresses: [ALICE] });

function mailOf(signer: Identity, chain: readonly Identity[] = []): Buffer {
  const files = chain.map(({ certFile }) => certFile);
  return signedMail({ from: ALICE, to: "robot@company.example", signer, chain: files });
}

function inspected(raw: Buffer, help: PathHelp = NO_HELP) {
  const { facts, offer } = readMessage(raw, DEFAULT_POLICY);
  const trust = withHelp(TRUST, help);
  return inspectMessage(facts, offer, { policy: POLICY, trust, at: new Date(), internalDate: null });
}

/** Names of the certificates whose issuers are looked for. */
function wanted(raw: Buffer): string[] {
  const known = { alice, bob, outside, direct, weak, alone, lower: lower.identity, upper: upper.identity };
  const named = { ...known, expired, stranger: stranger.identity, foreign: foreign.identity };
  return issuersToFind(inspected(raw)).map((der) => {
    const [name] = Object.entries(named).find(([, one]) => one.der.equals(der)) ?? ["?"];
    return name;
  });
}

describe("issuers are looked for", () => {
  it.each<[string, Buffer, string[]]>([
    ["of the certificate, when no CA came along", mailOf(alice), ["alice"]],
    ["of the CA nearest to an anchor first", mailOf(alice, [lower.identity]), ["lower", "alice"]],
    ["of a CA that is trusted by nobody", mailOf(outside, [stranger.identity]), ["stranger", "outside"]],
    [
      "of what leads to a root that is trusted by nobody",
      mailOf(outside, [stranger.identity, foreign.identity]),
      ["stranger", "outside"],
    ],
    ["of what an expired CA issued", mailOf(direct, [expired]), ["expired", "direct"]],
  ])("%s", (_what, mail, names) => {
    expect(wanted(mail)).toEqual(names);
  });

  it.each<[string, Buffer]>([
    ["the path is valid", mailOf(alice, [lower.identity, upper.identity])],
    ["the signature is broken (PRODUCT §5)", alter(mailOf(alice))],
    ["the address is another's", mailOf(bob)],
    ["the key is too weak for any path", mailOf(weak)],
    ["it is signed by itself", mailOf(alone)],
    [
      "nobody signed the mail",
      certsOnlyMail({ from: ALICE, to: "robot@company.example", certificates: [alice] }),
    ],
    [
      "there are two From addresses",
      signedMail({ from: `${ALICE}, bob@x.example`, to: "r@c.example", signer: alice, chain: [] }),
    ],
  ])("never when %s", (_why, mail) => {
    expect(wanted(mail)).toEqual([]);
  });
});

describe("help", () => {
  const codesWith = (raw: Buffer, help: PathHelp) =>
    codes(inspected(raw, help).certificates.flatMap(({ findings }) => findings)).filter((code) =>
      code.startsWith("path."),
    );
  const issuers = [lower.identity.der, upper.identity.der];

  it("completes a path, and is trusted no more than what came with the mail", () => {
    expect(codesWith(mailOf(alice), NO_HELP)).toEqual(["path.issuer-missing"]);
    expect(codesWith(mailOf(alice), { ...NO_HELP, issuers })).toEqual([]);
    const untrusted = { ...NO_HELP, issuers: [stranger.identity.der, foreign.identity.der] };
    expect(codesWith(mailOf(outside), untrusted)).toEqual(["path.unknown-ca"]);
  });

  it("that is no certificate does no harm", () => {
    const garbage = { ...NO_HELP, issuers: [Buffer.from("garbage"), ...issuers] };
    expect(codesWith(mailOf(alice), garbage)).toEqual([]);
  });

  it("keeps a CA that counts no longer off every path, also one that came with the mail", () => {
    const whole = mailOf(alice, [lower.identity, upper.identity]);
    expect(codesWith(whole, NO_HELP)).toEqual([]);
    expect(codesWith(whole, { ...NO_HELP, withdrawn: [upper.identity.sha256] })).toEqual([
      "path.issuer-missing",
    ]);
  });
});
