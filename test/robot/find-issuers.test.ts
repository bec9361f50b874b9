import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { PathHelp, TrustStore } from "../../src/inspect/index.ts";
import { isProblem, parseCertificate } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { type IssuerSource, withIssuers } from "../../src/robot/find-issuers.ts";
import { type Gathered, gather } from "../../src/robot/gather.ts";
import { Authority, type Identity, signedMail } from "../lab/openssl.ts";

const folder = mkdtempSync(join(tmpdir(), "keybot-issuers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ALICE = "alice@partner.example";
const root = Authority.root(folder, { name: "Root" });
const authorities = [root];
for (let depth = 1; depth <= 6; depth++) {
  authorities.push(authorities[depth - 1]?.intermediate({ name: `CA ${depth}` }) ?? root);
}
const [, , , , , , deepest = root] = authorities;
const alice = deepest.issue({ addresses: [ALICE] });
const trust: TrustStore = {
  anchors: [{ certificate: decoded(root.identity), domains: null, distrustAfter: null }],
  intermediates: [],
  crls: null,
};
const mail = signedMail({ from: ALICE, to: "robot@company.example", signer: alice, chain: [] });

function decoded({ der }: Identity) {
  const parsed = parseCertificate(der);
  if (isProblem(parsed)) throw new Error(parsed.detail);
  return parsed;
}

function gathered(help?: PathHelp): Gathered {
  const bench = { policy: DEFAULT_POLICY.certificates, trust, at: new Date(), internalDate: null };
  return gather(mail, DEFAULT_POLICY, bench, help);
}

/** Knows the issuer of everything, one at a time, and notes whom it was asked about. */
function source(name: string, asked: string[], knows: (depth: number) => boolean = () => true): IssuerSource {
  return async ({ sha256, issuer }) => {
    const of = sha256 === alice.sha256 ? "alice" : issuer.text.replace(/^CN=([^,]*).*/, "below $1");
    asked.push(`${name}: ${of}`);
    const depth = authorities.findIndex(
      ({ identity }) => decoded(identity).subject.canonical === issuer.canonical,
    );
    return knows(depth) && depth >= 0 ? [authorities[depth]?.identity.der ?? Buffer.alloc(0)] : [];
  };
}

const valid = ({ evidence }: Gathered) =>
  evidence.kind === "read" && evidence.inspection.certificates[0]?.path.valid;

describe("the search for issuers", () => {
  it("climbs to an anchor, one certificate after the other", async () => {
    const asked: string[] = [];
    const found = await withIssuers(gathered(), [source("directory", asked)], async (help) => gathered(help));
    expect(valid(found.gathered)).toBe(true);
    expect(asked[0]).toBe("directory: alice");
    expect(asked).toHaveLength(6);
    expect(found.help.issuers).toHaveLength(6);
  });

  it("asks a source only what the ones before did not know", async () => {
    const asked: string[] = [];
    const sources = [source("directory", asked, (depth) => depth > 3), source("url", asked)];
    const found = await withIssuers(gathered(), sources, async (help) => gathered(help));
    expect(valid(found.gathered)).toBe(true);
    expect(asked.filter((one) => one.startsWith("url"))).toHaveLength(3);
    expect(asked.filter((one) => one === "url: alice")).toEqual([]);
  });

  it("ends when nobody knows anything, each asked once about each certificate", async () => {
    const asked: string[] = [];
    const nothing = () => false;
    const sources = [source("directory", asked, nothing), source("url", asked, nothing)];
    const first = gathered();
    expect((await withIssuers(first, sources, async (help) => gathered(help))).gathered).toBe(first);
    expect(asked).toEqual(["directory: alice", "url: alice"]);
  });

  it("ends when a source tells the same for ever", async () => {
    let questions = 0;
    const stubborn: IssuerSource = async () => {
      questions += 1;
      return [alice.der];
    };
    const found = await withIssuers(gathered(), [stubborn], async (help) => gathered(help));
    expect(valid(found.gathered)).toBe(false);
    expect(questions).toBe(1);
  });

  it("keeps what was known when judging again is given up", async () => {
    const first = gathered();
    const found = await withIssuers(first, [source("directory", [])], async () => null);
    expect(found.gathered).toBe(first);
  });
});
