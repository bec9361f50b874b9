import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openRobot } from "../../src/cli/installation.ts";
import { loadConfig } from "../../src/config/index.ts";
import { silentLog } from "../../src/log.ts";
import { poll, type Robot, runDaemon, type Summary, startJudge } from "../../src/robot/index.ts";
import { openStore } from "../../src/store/index.ts";
import {
  addCertificates,
  addSigner,
  cmsOf,
  open,
  operate,
  setSignature,
  signerAt,
} from "../attacks/cms-surgery.ts";
import { describeWith } from "../lab/available.ts";
import type { ConfigOverrides } from "../lab/keybot-configuration.ts";
import { type CertificateOptions, type Identity, selfSigned } from "../lab/openssl.ts";
import { ROBOT } from "../lab/site.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { type Company, folderCounts, openCompany, submission } from "./company.ts";

const HOUR = 3_600_000;

/** The judge process runs what was built. */
const ENTRY = fileURLToPath(new URL("../../dist/robot/judge-process.js", import.meta.url));

/** The CA's web server: its CRL, and `openssl ocsp` behind its OCSP address. Fails while it is `down`. */
class CaServer {
  readonly web = new LoopbackServer();
  down = false;
  #crl: () => Buffer = () => Buffer.alloc(0);
  #ocsp: (request: Buffer) => Buffer = () => Buffer.alloc(0);

  async start(): Promise<this> {
    await this.web.start();
    this.web.pages.set("/ca.crl", (_request, response) =>
      this.down ? response.writeHead(503).end() : response.end(this.#crl()),
    );
    this.web.pages.set("/ocsp", (_request, response, body) =>
      this.down ? response.writeHead(503).end() : response.end(this.#ocsp(body)),
    );
    return this;
  }

  serve({ ca, folder }: Company["site"]): void {
    this.#crl = () => ca.crl();
    this.#ocsp = (request) => {
      const { certFile, keyFile } = ca.identity;
      const files = [join(folder, "ocsp-request.der"), join(folder, "ocsp-response.der")] as const;
      writeFileSync(files[0], request);
      const own = [
        "-index",
        indexOf(folder, certFile),
        "-CA",
        certFile,
        "-rsigner",
        certFile,
        "-rkey",
        keyFile,
      ];
      execFileSync("openssl", ["ocsp", ...own, "-ndays", "7", "-reqin", files[0], "-respout", files[1]], {
        stdio: "pipe",
      });
      return readFileSync(files[1]);
    };
  }
}

/** The database of the CA that has issued for partners: the folder of a CA is not told by the lab. */
function indexOf(folder: string, certFile: string): string {
  const subject = "/CN=alice-ocsp";
  const candidates = readdirSync(join(folder, "ca"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("index.txt"))
    .map((name) => join(folder, "ca", name));
  const found = candidates.find((file) => readFileSync(file, "utf8").includes(subject));
  if (found === undefined) throw new Error(`no database of ${dirname(certFile)}`);
  return found;
}

describeWith(["dovecot"], "revocation, asked at the CA", () => {
  let server: CaServer;
  let company: Company;
  let people: Record<"good" | "ocsp" | "ldap" | "revoked" | "late" | "never" | "later", Identity>;

  beforeAll(async () => {
    server = await new CaServer().start();
    company = await openCompany({ config: { network: { private_addresses: true } } });
    const { ca } = company.site;
    const crlUrl = server.web.url("/ca.crl");
    const issue = (name: string, more = {}) =>
      ca.issue({ name, addresses: ["alice@partner.example"], crlUrl, ...more });
    people = {
      good: issue("alice-crl"),
      ocsp: issue("alice-ocsp", { crlUrl: undefined, ocspUrl: server.web.url("/ocsp") }),
      ldap: issue("alice-ldap", { crlUrl: "ldap://dir.example/cn=CA" }),
      revoked: issue("alice-revoked"),
      // Each with a CRL of its own URL, so that nobody's answer is kept for another.
      late: issue("alice-late", { crlUrl: server.web.url("/late.crl") }),
      never: issue("alice-never", { crlUrl: server.web.url("/never.crl") }),
      later: issue("alice-later", { crlUrl: server.web.url("/later.crl") }),
    };
    for (const name of ["/late.crl", "/never.crl", "/later.crl"]) {
      const page = server.web.pages.get("/ca.crl");
      if (page !== undefined) server.web.pages.set(name, page);
    }
    ca.revoke(people.revoked);
    server.serve(company.site);
  });
  afterAll(() => company?.stop());
  beforeEach(() => {
    server.down = false;
    server.web.requests.length = 0;
  });

  async function brings(identity: Identity): Promise<void> {
    await company.site.sendFromPartner(submission(identity), [ROBOT]);
  }

  /** One pass of the very code of `keybot poll`, at a later time. */
  async function pollAt(hours: number): Promise<Summary> {
    return await installed(hours, (robot) => poll(robot, new AbortController().signal));
  }

  /** Works with the company's own robot, whose clock is ahead. */
  async function installed<T>(hours: number, work: (robot: Robot) => Promise<T>): Promise<T> {
    const config = await loadConfig(company.site.configFile, {});
    const store = await openStore({ stateDir: config.stateDir });
    const now = () => new Date(Date.now() + hours * HOUR);
    const { robot, close } = await openRobot(config, store, silentLog, now);
    const { judgeSeconds: seconds, judgeBytes: memory } = config.limits;
    const judge = startJudge({ seconds, memory }, silentLog, ENTRY);
    try {
      return await work({ ...robot, judge });
    } finally {
      judge.close();
      await close();
      await store.close();
    }
  }

  async function statusOf(identity: Identity): Promise<unknown> {
    const records = (await company.site.keybot(["list", "--json"])).records() as Record<string, unknown>[];
    return records.find(({ sha256 }) => sha256 === identity.sha256)?.status;
  }

  async function newestLog(): Promise<Record<string, unknown>> {
    const log = await company.site.keybot(["log", "--json", "--limit", "1"]);
    return log.records()[0] as Record<string, unknown>;
  }

  it("accepts a certificate that the CA's CRL does not list, and asks once for two mails", async () => {
    await brings(people.good);
    await company.site.keybot(["poll"]);
    expect(await statusOf(people.good)).toBe("active");
    expect(server.web.requests).toEqual(["GET /ca.crl"]);
    await brings(people.good);
    await company.site.keybot(["poll"]);
    // The answer is in the database: another process does not ask again.
    expect(server.web.requests).toEqual(["GET /ca.crl"]);
  });

  it("accepts a certificate that OpenSSL's responder calls good", async () => {
    await brings(people.ocsp);
    await company.site.keybot(["poll"]);
    expect(await statusOf(people.ocsp)).toBe("active");
    expect(server.web.requests).toEqual(["POST /ocsp"]);
  });

  it("rejects one that is revoked and tells its owner", async () => {
    const before = (await company.site.partnerInbox("alice@partner.example")).length;
    await brings(people.revoked);
    await company.site.keybot(["poll"]);
    expect(await statusOf(people.revoked)).toBe("rejected");
    expect(await newestLog()).toMatchObject({ outcome: "rejected", folder: "Rejected" });
    const [reply] = (await company.site.partnerInbox("alice@partner.example")).slice(before);
    expect(reply?.raw.toString("latin1")).toMatch(/revoked|widerrufen/);
  });

  it("leaves a mail in the mailbox while the CA does not answer, and accepts it when it does", async () => {
    server.down = true;
    const before = await folderCounts(company.site);
    await brings(people.late);
    const first = await company.site.keybot(["poll", "--json"], { expectExit: 1 });
    expect(first.records()).toEqual([expect.objectContaining({ seen: 1, failed: 1, stored: 0 })]);
    expect(await folderCounts(company.site)).toEqual({ ...before, INBOX: 1 });
    expect(await newestLog()).toMatchObject({
      outcome: "waiting",
      folder: null,
      reasons: [expect.objectContaining({ code: "submission.waiting" })],
      replies: [],
    });
    expect(await statusOf(people.late)).toBeUndefined();

    // Before its time it is not asked again, though the CA could answer now.
    server.down = false;
    server.web.requests.length = 0;
    await company.site.keybot(["poll"], { expectExit: 1 });
    expect(server.web.requests).toEqual([]);

    expect(await pollAt(0.2)).toMatchObject({ failed: 0, stored: 1 });
    expect(server.web.requests).toContain("GET /late.crl");
    expect(await statusOf(people.late)).toBe("active");
    expect(await newestLog()).toMatchObject({ outcome: "stored", folder: "Processed" });
  });

  it("asks a person at once where only a directory is named, and tells the partner", async () => {
    const before = (await company.site.partnerInbox("alice@partner.example")).length;
    await brings(people.ldap);
    const poll = await company.site.keybot(["poll", "--json"]);
    expect(poll.records()).toEqual([expect.objectContaining({ seen: 1, failed: 0, pending: 1 })]);
    expect(await statusOf(people.ldap)).toBe("pending");
    expect(await newestLog()).toMatchObject({ outcome: "pending", folder: "Pending" });
    const shown = await company.site.keybot(["show", people.ldap.sha256]);
    expect(shown.stdout).toMatch(/revocation\.unaskable.*ldap:\/\/dir\.example/s);
    expect((await company.site.partnerInbox("alice@partner.example")).length).toBe(before + 1);
    expect(server.web.requests).toEqual([]);
  });

  it("asks a person after 24 hours without an answer", async () => {
    server.down = true;
    await brings(people.never);
    await company.site.keybot(["poll"], { expectExit: 1 });
    expect(await pollAt(23)).toMatchObject({ failed: 1, pending: 0 });
    expect(await pollAt(24.1)).toMatchObject({ failed: 0, pending: 1 });
    expect(await statusOf(people.never)).toBe("pending");
    expect(await newestLog()).toMatchObject({ outcome: "pending", folder: "Pending" });
  });

  it("revokes what is stored when its CA has revoked it, without a mail and without barring the key", async () => {
    await brings(people.later);
    await company.site.keybot(["poll"]);
    expect(await statusOf(people.later)).toBe("active");
    company.site.ca.revoke(people.later, "superseded");
    await pollAt(25);
    expect(await statusOf(people.later)).toBe("revoked");
    const usable = (await company.site.keybot(["lookup", "alice@partner.example", "--json"])).records();
    expect(usable.map((one) => (one as { sha256: string }).sha256)).not.toContain(people.later.sha256);
    const shown = await company.site.keybot(["show", people.later.sha256]);
    expect(shown.stdout).toMatch(/revoked by its CA.*superseded/s);
    expect(shown.stdout).not.toMatch(/barred/);
  });

  it("is asked by the daemon too: a mail waits, others go on, and what is stored is checked at each tick", async () => {
    const { site } = company;
    // Nothing of hers was ever revoked: what is older than a revoked certificate would wait for a person.
    const carol = { from: "carol@partner.example" };
    const plain = site.ca.issue({ addresses: [carol.from] });
    const used = site.ca.issue({ addresses: ["bob@partner.example"], crlUrl: server.web.url("/used.crl") });
    const silent = site.ca.issue({
      addresses: ["bob@partner.example"],
      crlUrl: server.web.url("/missing.crl"),
    });
    const bob = { from: "bob@partner.example" };
    server.web.file("/used.crl", () => site.ca.crl());
    await site.sendFromPartner(submission(used, bob), [ROBOT], bob);
    await site.keybot(["poll"]);
    expect(await statusOf(used)).toBe("active");
    site.ca.revoke(used, "superseded");
    const before = await folderCounts(site);

    const end = new AbortController();
    const running = installed(25, (robot) =>
      runDaemon(robot, { cron: "* * * * * *", idle: true }, end.signal),
    );
    try {
      await site.sendFromPartner(submission(silent, bob), [ROBOT], bob);
      await until(async () => (await newestLog())?.outcome === "waiting");
      await until(async () => (await statusOf(used)) === "revoked");
      await site.sendFromPartner(submission(plain, carol), [ROBOT], carol);
      await until(async () => (await statusOf(plain)) === "active");
    } finally {
      end.abort();
      await running;
    }
    expect(server.web.requests.filter((request) => request.endsWith("/missing.crl"))).toHaveLength(1);
    expect(await folderCounts(site)).toEqual({ ...before, INBOX: 1, Processed: (before.Processed ?? 0) + 1 });
  }, 60_000);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 30; tries++) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error("it never came to that");
}

/** A company of its own for another configuration; its CA names the same CRL. */
describeWith(["dovecot"], "revocation under another configuration", () => {
  const web = new LoopbackServer();
  beforeAll(async () => {
    await web.start();
  });
  beforeEach(() => {
    web.requests.length = 0;
  });

  async function polled(
    config: ConfigOverrides,
    expectExit: number,
    mailOf: (alice: Identity, site: Company["site"]) => Buffer = (alice) => submission(alice),
    places: Pick<CertificateOptions, "crlUrl" | "ocspUrl"> = { crlUrl: web.url("/ca.crl") },
  ): Promise<{ readonly status: unknown; readonly log: Record<string, unknown>; readonly shown: string }> {
    const { site, stop } = await openCompany({ config });
    try {
      const alice = site.ca.issue({ addresses: ["alice@partner.example"], ...places });
      await site.sendFromPartner(mailOf(alice, site), [ROBOT]);
      await site.keybot(["poll"], { expectExit });
      const [record] = (await site.keybot(["list", "--json"])).records() as Record<string, unknown>[];
      const [log] = (await site.keybot(["log", "--json"])).records() as Record<string, unknown>[];
      const shown = record === undefined ? "" : (await site.keybot(["show", alice.sha256])).stdout;
      return { status: record?.status, log: log ?? {}, shown };
    } finally {
      await stop();
    }
  }

  it("soft-fail accepts without an answer, and notes it", async () => {
    const { status, shown } = await polled(
      { trust: { revocation: "soft-fail" }, network: { private_addresses: true } },
      0,
    );
    expect(status).toBe("active");
    expect(shown).toContain("revocation.unchecked");
    expect(web.requests).toEqual(["GET /ca.crl"]);
  });

  // Whoever has a stolen key can put a second signature of the sender's name beside his own.
  it.each(["soft-fail", "hard-fail"] as const)(
    "%s never accepts a revoked certificate, with a broken signature beside its own or without",
    async (revocation) => {
      const config = { trust: { revocation }, network: { private_addresses: true } };
      const revoking = (mailOf: (alice: Identity, site: Company["site"]) => Buffer) =>
        polled(config, 0, (alice, site) => {
          site.ca.revoke(alice);
          const crl = site.ca.crl();
          web.pages.set("/ca.crl", (_request, response) => response.end(crl));
          return mailOf(alice, site);
        });
      try {
        const control = await revoking((alice) => submission(alice));
        expect([control.status, control.log.outcome]).toEqual(["rejected", "rejected"]);
        expect(web.requests).toEqual(["GET /ca.crl"]);

        const beside = await revoking((alice, site) => {
          const fake = selfSigned(site.folder, { addresses: ["alice@partner.example"] });
          return operate(submission(alice), (cms) => {
            addSigner(cms, open(cmsOf(submission(fake))), "last");
            addCertificates(cms, fake);
            setSignature(signerAt(cms, 1), Buffer.alloc(256));
          });
        });
        expect([beside.status, beside.log.outcome]).toEqual(["rejected", "rejected"]);
      } finally {
        web.pages.delete("/ca.crl");
      }
    },
  );

  /** `openssl ocsp` with this database of the CA, signed by a delegate without nocheck. */
  function answering({ ca, folder }: Company["site"], index: string): void {
    const delegate = ca.issue({ name: "responder", addresses: [], extendedKeyUsage: "OCSPSigning" });
    const file = (name: string) => join(folder, name);
    writeFileSync(file("responder.txt"), index);
    const own = ["-index", file("responder.txt"), "-CA", ca.identity.certFile, "-ndays", "7"];
    const signer = ["-rsigner", delegate.certFile, "-rkey", delegate.keyFile];
    web.pages.set("/ocsp", (_request, response, body) => {
      writeFileSync(file("asked.der"), body);
      const files = ["-reqin", file("asked.der"), "-respout", file("said.der")];
      execFileSync("openssl", ["ocsp", ...own, ...signer, ...files], { stdio: "pipe" });
      response.end(readFileSync(file("said.der")));
    });
  }

  it.each([
    ["a delegate without nocheck says revoked", "revoked", "rejected", "revocation.revoked"],
    ["a delegate without nocheck says good", "good", "active", ""],
    [
      "the responder does not know the certificate, which is no silence",
      "unknown",
      "pending",
      "revocation.unknown",
    ],
  ])("soft-fail, OCSP alone: %s (RFC 6960 §2.2, §4.2.2.2.1)", async (_, said, becomes, code) => {
    const config = { trust: { revocation: "soft-fail" }, network: { private_addresses: true } } as const;
    const told = (alice: Identity, site: Company["site"]): Buffer => {
      const serial = new X509Certificate(alice.der).serialNumber;
      const state = said === "good" ? "V\t301231235959Z\t" : "R\t301231235959Z\t260101000000Z,keyCompromise";
      answering(site, said === "unknown" ? "" : `${state}\t${serial}\tunknown\t/CN=alice\n`);
      return submission(alice);
    };
    const { status, shown } = await polled(config, 0, told, { ocspUrl: web.url("/ocsp") });
    expect(status).toBe(becomes);
    expect(shown).toContain(code);
    expect(web.requests).toEqual(["POST /ocsp"]);
  });

  it("off asks nobody", async () => {
    const { status } = await polled({ trust: { revocation: "off" } }, 0);
    expect(status).toBe("active");
    expect(web.requests).toEqual([]);
  });

  it("never fetches from a private address unless it may, and asks a person at once", async () => {
    const { log, status } = await polled({}, 0);
    expect(log).toMatchObject({ outcome: "pending" });
    expect(status).toBe("pending");
    expect(web.requests).toEqual([]);
  });
});
