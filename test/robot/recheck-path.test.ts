import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { decodeTrust, reportOn } from "../../src/inspect/index.ts";
import { silentLog } from "../../src/log.ts";
import { type Certificate, isProblem, parseCertificate } from "../../src/pki/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { openRevocationDesk } from "../../src/revocation/index.ts";
import { type Check, checkPaths } from "../../src/robot/health.ts";
import { recheck, startJudge, trustMaterialOf } from "../../src/robot/index.ts";
import type { Store } from "../../src/store/index.ts";
import { Authority, type CertificateOptions, type Identity, selfSigned } from "../lab/openssl.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { decision, freshStore, input, storing } from "../store/kit.ts";

/** The judge process runs what was built. */
const ENTRY = fileURLToPath(new URL("../../dist/robot/judge-process.js", import.meta.url));
const HOUR = 3_600_000;
const ALICE = "alice@partner.example";
const BOB = "bob@partner.example";
const CA = {
  basicConstraints: "critical,CA:TRUE",
  keyUsage: "critical,keyCertSign,cRLSign",
  extendedKeyUsage: null,
} as const;

/** A CA whose certificate is not in the trust store: what is kept of the path decides. */
const web = await new LoopbackServer().start();
const folder = mkdtempSync(join(tmpdir(), "keybot-recheck-path-"));
const root = Authority.root(folder, { name: "Root" });
const ca = root.intermediate({ name: "Mail CA" });
const evil = Authority.root(folder, { name: "Evil Root" });
const cross = evil.issue({ name: "Mail CA", keyFile: ca.identity.keyFile, ...CA });
let store: Store & { readonly dir: string };
let policy: Policy;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  web.requests.length = 0;
  web.pages.clear();
  web.file("/ca.crl", () => ca.crl());
  web.file("/ca.cer", () => ca.identity.der);
  policy = { ...DEFAULT_POLICY, domains: ["company.example"] };
  store = await freshStore();
  const item = {
    der: root.identity.der,
    kind: "anchor",
    origin: "own",
    domains: null,
    distrustAfter: null,
  } as const;
  await store.addTrust(item, { actor: "erika", at: new Date() });
});

function decoded({ der }: Identity): Certificate {
  const certificate = parseCertificate(der);
  if (isProblem(certificate)) throw new Error(certificate.detail);
  return certificate;
}

/** A certificate in use, with what stands above it in the database, whether it leads anywhere or not. */
async function used(
  above: readonly Identity[],
  options: CertificateOptions = {},
  of: Identity = ca.issue({ addresses: [ALICE], key: "P-256", crlUrl: web.url("/ca.crl"), ...options }),
): Promise<Identity> {
  const [address = ALICE] = options.addresses ?? [ALICE];
  const trust = decodeTrust(await trustMaterialOf(store, policy));
  const report = reportOn(decoded(of), {
    ...{ role: "signer", encryptionBeside: false, findings: [], capabilities: null, address },
    ...{ beside: above.map(decoded), trust, policy: policy.certificates, at: new Date() },
  });
  const path = { ...report.path, intermediates: above.map(({ der }) => der) };
  const kept = { ...report, path };
  await store.commitMessage(input(of.sha256, address, [kept], new Date()), () =>
    decision([storing(kept, address, "active", { keepsPath: above.length > 0 })]),
  );
  return of;
}

const judge = startJudge({ seconds: 60, memory: 512 * 1024 * 1024 }, silentLog, ENTRY);
afterAll(() => judge.close());

async function rechecked(hours: number): Promise<number> {
  const now = () => new Date(Date.now() + hours * HOUR);
  const desk = openRevocationDesk({
    ...{ proxy: null, privateAddresses: true, cache: null, weaknessOf: () => null, log: silentLog, now },
  });
  return recheck({ policy, store, judge, desk, log: silentLog, now }, new AbortController().signal);
}

async function chainOf({ sha256 }: Identity): Promise<string[]> {
  const found = await store.findCertificate(sha256, new Date());
  const chain = found.found === "one" ? found.certificate.chain : [];
  return chain.map((der) => createHash("sha256").update(der).digest("hex"));
}

async function doctor(): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for await (const check of checkPaths({ store, now: () => new Date() })) checks.push(check);
  return checks;
}

const withoutPath = () => store.withoutPath(new Date(), 9);

describe("the re-check of a certificate whose path leads nowhere", () => {
  it("takes the CA's certificate that other certificates in use have, keeps it, and asks the CA", async () => {
    const alice = await used([cross, evil.identity]);
    await used([ca.identity], { addresses: [BOB] });
    ca.revoke(alice);
    expect(await rechecked(25)).toBe(1);
    expect(web.requests).toContain("GET /ca.crl");
    expect(await chainOf(alice)).toEqual([ca.identity.sha256]);
    expect((await withoutPath()).count).toBe(0);
  });

  it("fetches it where the certificate says, when trust.fetch_issuers allows it", async () => {
    const extensions = [`authorityInfoAccess = caIssuers;URI:${web.url("/ca.cer")}`];
    const alice = await used([cross, evil.identity], { extensions });
    const certificates = policy.certificates;
    policy = { ...policy, certificates: { ...certificates, fetchIssuers: false } };
    await rechecked(25);
    expect(web.requests).toEqual([]);
    expect(await withoutPath()).toMatchObject({ count: 1, items: [{ code: "path.unknown-ca" }] });
    policy = { ...policy, certificates: { ...certificates, fetchIssuers: true } };
    await rechecked(32);
    expect(web.requests).toEqual(["GET /ca.cer", "GET /ca.crl"]);
    expect(await chainOf(alice)).toEqual([ca.identity.sha256]);
    expect((await withoutPath()).count).toBe(0);
  });

  it("tells the admin when there is none, and tries again before the day is over", async () => {
    const alice = await used([]);
    expect(await rechecked(25)).toBe(0);
    expect(web.requests).toEqual([]);
    expect(await withoutPath()).toMatchObject({
      count: 1,
      items: [{ sha256: alice.sha256, addresses: [ALICE], code: "path.issuer-missing", toldAt: null }],
    });
    expect(await doctor()).toMatchObject([
      {
        ...{ name: "paths", state: "warning" },
        says: expect.stringMatching(
          /^1 certificate in use leads to no trusted CA.* of alice@partner\.example \(path\.issuer-missing\)$/,
        ),
      },
    ]);
    await used([ca.identity], { addresses: [BOB] });
    await rechecked(32);
    expect((await withoutPath()).count).toBe(0);
    expect(await doctor()).toEqual([]);
  });

  it("says nothing of one that its own holder issued: there is nobody to ask", async () => {
    await used([], {}, selfSigned(folder, { addresses: [ALICE], key: "P-256" }));
    await rechecked(25);
    expect((await withoutPath()).count).toBe(0);
  });
});
