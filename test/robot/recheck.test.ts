import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { lookUp } from "../../src/admin/index.ts";
import { answerWeakness, decodeTrust, reportOn } from "../../src/inspect/index.ts";
import { silentLog } from "../../src/log.ts";
import { encode } from "../../src/pki/der-write.ts";
import { isProblem, OID, parseCertificate } from "../../src/pki/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { openRevocationDesk } from "../../src/revocation/index.ts";
import { type Judge, recheck, startJudge, trustMaterialOf } from "../../src/robot/index.ts";
import type { Inquirer } from "../../src/robot/robot.ts";
import type { Store } from "../../src/store/index.ts";
import { Authority, type CertificateOptions, type Identity } from "../lab/openssl.ts";
import { basicConstraints, extension, generalName, issue, issueCa, issueCrl } from "../pki/path-authority.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { freshStore, harvest, report } from "../store/kit.ts";

/** The judge process runs what was built. */
const ENTRY = fileURLToPath(new URL("../../dist/robot/judge-process.js", import.meta.url));
const HOUR = 3_600_000;
const ALICE = "alice@partner.example";

/** OpenSSL's CA, its CRLs on a web server, certificates of it in a database on disk, and the judge in its own process. */
const web = await new LoopbackServer().start();
const folder = mkdtempSync(join(tmpdir(), "keybot-recheck-"));
const root = Authority.root(folder, { name: "Root" });
const ca = root.intermediate({ name: "Mail CA" });
let store: Store & { readonly dir: string };
let policy: Policy;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  web.requests.length = 0;
  web.pages.clear();
  policy = { ...DEFAULT_POLICY, domains: ["company.example"] };
  store = await freshStore();
  for (const [identity, kind] of [
    [root.identity, "anchor"],
    [ca.identity, "intermediate"],
  ] as const) {
    const item = { der: identity.der, kind, origin: "own", domains: null, distrustAfter: null } as const;
    await store.addTrust(item, { actor: "erika", at: new Date() });
  }
});

/** A certificate of the CA's under an address, judged and stored as the robot would. */
async function stored(options: CertificateOptions = {}, address = ALICE): Promise<Identity> {
  const identity = ca.issue({ addresses: [address], key: "P-256", crlUrl: web.url("/ca.crl"), ...options });
  await keep(identity, address);
  return identity;
}

/** The CA has answered when it came, or nobody had one to give. */
async function keep(identity: Identity, address: string, answered = true): Promise<void> {
  const certificate = parseCertificate(identity.der);
  if (isProblem(certificate)) throw new Error(certificate.detail);
  const trust = decodeTrust(await trustMaterialOf(store, policy));
  const at = new Date();
  const circumstances = {
    role: "signer",
    encryptionBeside: false,
    findings: [],
    capabilities: null,
  } as const;
  const own = { address, beside: [], trust, policy: policy.certificates, at };
  const report = reportOn(certificate, { ...circumstances, ...own });
  const findings = report.findings.filter(({ code }) => !answered || code !== "revocation.unknown");
  await harvest(store, { ...report, findings }, address, "active", at);
}

function robot(hours: number, judge: Judge, of: Store = store): Inquirer {
  const now = () => new Date(Date.now() + hours * HOUR);
  const weaknessOf = answerWeakness(policy.certificates);
  const desk = openRevocationDesk({
    ...{ proxy: null, privateAddresses: true, cache: null, weaknessOf, log: silentLog, now },
  });
  return { policy, store: of, judge, desk, log: silentLog, now };
}

function judge(): Judge {
  const started = startJudge({ seconds: 20, memory: 512 * 1024 * 1024 }, silentLog, ENTRY);
  onTestFinished(() => started.close());
  return started;
}

/** One go, so many hours from now; a new certificate is due after 24. */
async function rechecked(hours: number): Promise<number> {
  return recheck(robot(hours, judge()), new AbortController().signal);
}

function publish(path = "/ca.crl", authority = ca): void {
  const crl = authority.crl();
  web.file(path, () => crl);
}

async function statusOf({ sha256 }: Identity, address = ALICE): Promise<string | undefined> {
  const all = await store.certificatesOf(address, new Date());
  return all.find((one) => one.sha256 === sha256)?.status;
}

async function found(address = ALICE): Promise<readonly string[]> {
  const all = await lookUp(store, address, { exactLocalPart: false, now: new Date() }).catch(() => []);
  return all.map(({ record }) => record.sha256);
}

describe("the re-check of stored certificates (PRODUCT §3 6.)", () => {
  it("revokes what its CA has revoked: lookup does not return it any more, the audit trail says why", async () => {
    const [gone, kept] = [await stored(), await stored()];
    ca.revoke(gone, "superseded");
    publish();
    expect(await found()).toContain(gone.sha256);
    expect(await rechecked(25)).toBe(1);
    expect([await statusOf(gone), await statusOf(kept)]).toEqual(["revoked", "active"]);
    expect(await found()).toEqual([kept.sha256]);
    expect((await store.history(gone.sha256)).at(-1)).toMatchObject({
      action: "certificate.revoked",
      actor: "robot",
      address: ALICE,
      certificate: gone.sha256,
      reason: expect.stringMatching(
        /^revoked by its CA: revoked at .* \(superseded\), says the CRL of .*Mail CA/,
      ),
      detail: { from: "active", by: "CA" },
    });
    expect((await store.verifyAudit()).fault).toBeNull();
  });

  it("does not bar the key: the CA speaks of one certificate", async () => {
    const first = await stored();
    const second = await stored({ keyFile: first.keyFile });
    ca.revoke(first);
    publish();
    await rechecked(25);
    expect(await found()).toEqual([second.sha256]);
    expect((await store.certificatesOf(ALICE, new Date())).map(({ barred }) => barred)).toEqual([
      false,
      false,
    ]);
  });

  it.each<[string, () => void]>([
    ["no answer", () => {}],
    ["an answer that is no CRL", () => web.file("/ca.crl", () => Buffer.from("<html>"))],
    [
      "the CRL of a namesake",
      () => {
        const namesake = Authority.root(folder, { name: "Root" }).intermediate({ name: "Mail CA" });
        publish("/ca.crl", namesake);
      },
    ],
  ])("%s changes nothing", async (_, put) => {
    const alice = await stored();
    ca.revoke(alice);
    put();
    expect(await rechecked(25)).toBe(0);
    expect(web.requests).toEqual(["GET /ca.crl"]);
    expect(await found()).toEqual([alice.sha256]);
    expect((await store.history(alice.sha256)).map(({ action }) => action)).not.toContain(
      "certificate.revoked",
    );
  });

  it("one CA that does not answer keeps no other back", async () => {
    const silent = await stored({ crlUrl: web.url("/missing.crl") });
    const gone = await stored();
    ca.revoke(gone);
    publish();
    expect(await rechecked(25)).toBe(1);
    expect([await statusOf(silent), await statusOf(gone)]).toEqual(["active", "revoked"]);
  });

  it("asks about each once a day: not before it is due, and not again until the next day", async () => {
    const alice = await stored();
    publish();
    await rechecked(23);
    expect(web.requests).toEqual([]);
    await rechecked(25);
    await rechecked(48);
    expect(web.requests).toEqual(["GET /ca.crl"]);
    ca.revoke(alice);
    publish();
    expect(await rechecked(50)).toBe(1);
    expect(await rechecked(75)).toBe(0);
  });

  it("asks about nobody when the policy says so", async () => {
    const alice = await stored();
    ca.revoke(alice);
    publish();
    policy = { ...policy, certificates: { ...policy.certificates, revocation: "off" } };
    expect(await rechecked(25)).toBe(0);
    expect(await found()).toEqual([alice.sha256]);
    expect(web.requests).toEqual([]);
  });

  it("asks nobody about a certificate that names nobody", async () => {
    const silent = ca.issue({ addresses: [ALICE], key: "P-256" });
    await keep(silent, ALICE);
    publish();
    expect(await rechecked(25)).toBe(0);
    expect(web.requests).toEqual([]);
  });

  it("goes through more than one batch in one go, a few at a time, and fetches their CRL once", async () => {
    const all = [];
    for (let number = 0; number < 12; number++) all.push(await stored({}, `p${number}@partner.example`));
    for (const [index, identity] of all.entries()) if (index % 3 === 0) ca.revoke(identity);
    publish();
    expect(await rechecked(25)).toBe(4);
    expect(web.requests).toEqual(["GET /ca.crl"]);
    const states = await Promise.all(all.map((one, index) => statusOf(one, `p${index}@partner.example`)));
    expect(states.map((status) => status === "revoked")).toEqual(all.map((_, index) => index % 3 === 0));
  });

  it("two processes share the work: each certificate is asked about by one of them", async () => {
    const all = [];
    for (let number = 0; number < 12; number++) {
      const url = web.url(`/${number}.crl`);
      all.push(await stored({ crlUrl: url }, `p${number}@partner.example`));
    }
    ca.revoke(all[3] as Identity);
    for (let number = 0; number < 12; number++) publish(`/${number}.crl`);
    const second = await freshStore({ stateDir: store.dir });
    const signal = new AbortController().signal;
    const revoked = await Promise.all([store, second].map((one) => recheck(robot(25, judge(), one), signal)));
    expect([...revoked].sort()).toEqual([0, 1]);
    expect([...web.requests].sort()).toEqual(all.map((_, number) => `GET /${number}.crl`).sort());
  });

  it("stops at the end of the program: what is not asked stays due only for the next day, and nothing is written", async () => {
    const alice = await stored();
    ca.revoke(alice);
    publish();
    const end = new AbortController();
    const crl = web.pages.get("/ca.crl");
    web.pages.set("/ca.crl", (...exchange) => {
      end.abort();
      crl?.(...exchange);
    });
    expect(await recheck(robot(25, judge()), end.signal)).toBe(0);
    expect(await statusOf(alice)).toBe("active");
  });
});

/** The list of somebody else, in which the CA's certificates stand under its name. OpenSSL makes none: the authority of `test/pki` does. */
describe("the re-check by an indirect CRL (RFC 5280 §5.2.5)", () => {
  const times = {
    notBefore: new Date(Date.now() - 48 * HOUR),
    notAfter: new Date(Date.now() + 9_000 * HOUR),
  };
  const updates = { thisUpdate: times.notBefore, nextUpdate: times.notAfter };
  const top = issueCa({ subject: "Indirect Root", ...times });
  const point = (path: string, ...more: readonly Buffer[]) => {
    const name = encode.tagged(0xa0, encode.tagged(0xa0, generalName(`uri:${web.url(path)}`)));
    return extension(OID.crlDistributionPoints, encode.sequence(encode.sequence(name, ...more)));
  };
  const issuing = issueCa({ subject: "Issuing", issuer: top, more: [point("/top.crl")], ...times });
  const lister = issueCa({ subject: "Lister", issuer: top, ...times });
  const byLister = encode.tagged(0xa2, generalName("dn:Lister"));
  const alice = issue({
    subject: "Alice",
    issuer: issuing,
    extensions: [basicConstraints(false), point("/all.crl", byLister)],
    ...times,
  }).certificate;

  beforeEach(async () => {
    const said = { actor: "erika", at: new Date() };
    const item = { der: top.certificate.der, kind: "anchor", origin: "own" } as const;
    await store.addTrust({ ...item, domains: null, distrustAfter: null }, said);
    const topCrl = issueCrl(top, updates).der;
    web.file("/top.crl", () => topCrl);
  });

  /** Keeps Alice's certificate; the lister's is in the trust store, came with her mail, or is nowhere. */
  async function listed(by: "trust" | "mail" | "nobody", ofIssuer: string): Promise<number> {
    const said = { actor: "erika", at: new Date() };
    const item = { der: lister.certificate.der, kind: "intermediate", origin: "own" } as const;
    if (by === "trust") await store.addTrust({ ...item, domains: null, distrustAfter: null }, said);
    const intermediates = [issuing, ...(by === "mail" ? [lister] : [])].map(
      ({ certificate }) => certificate.der,
    );
    const path = { valid: true, anchor: top.certificate.sha256, length: 3, intermediates };
    const { sha256, spkiSha256, der } = alice;
    const own = { sha256, spkiSha256, der, path, notAfter: times.notAfter };
    await harvest(store, report("alice", own), ALICE, "active", new Date());
    const named = extension(OID.certificateIssuer, encode.sequence(generalName(`dn:${ofIssuer}`)), true);
    const scope = encode.sequence(encode.tagged(0x84, Buffer.of(0xff)));
    const crl = issueCrl(lister, {
      ...updates,
      revoked: [{ serial: alice.serial, extensions: [named] }],
      extensions: [extension(OID.issuingDistributionPoint, scope, true)],
    }).der;
    web.file("/all.crl", () => crl);
    const revoked = await rechecked(25);
    expect([...web.requests].sort()).toEqual(["GET /all.crl", "GET /top.crl"]);
    return revoked;
  }

  it.each<["trust" | "mail" | "nobody", string, number]>([
    ["trust", "Issuing", 1],
    ["mail", "Issuing", 1],
    ["trust", "Somebody Else", 0],
    ["nobody", "Issuing", 0],
  ])("its signer known by the %s, listed under %s: %i revoked", async (by, ofIssuer, revoked) => {
    expect(await listed(by, ofIssuer)).toBe(revoked);
  });
});
