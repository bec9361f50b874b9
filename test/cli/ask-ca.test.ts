import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runKeybot } from "../lab/keybot.ts";
import type { Issued } from "../pki/path-authority.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { Authorities } from "../robot/authorities.ts";
import { Bench } from "../robot/recheck-bench.ts";

const web = await new LoopbackServer().start();
const PROGRAM = join(import.meta.dirname, "..", "..", "bin", "keybot");
const ALICE = "alice@partner.example";
const CLAIMS = "claims@company.example";
const folder = mkdtempSync(join(tmpdir(), "keybot-ask-ca-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let installations = 0;

/** The program as it is built, in a folder of its own, with CAs on loopback whose time is today's. */
async function installed() {
  installations += 1;
  const dir = join(folder, String(installations));
  mkdirSync(join(dir, "state"), { recursive: true, mode: 0o700 });
  const file = join(dir, "keybot.toml");
  writeFileSync(file, CONFIGURATION);
  const bench = await Bench.open(new Authorities(web, new Date()), join(dir, "state"));
  const env = { KEYBOT_IMAP_PASSWORD: "x", KEYBOT_SMTP_PASSWORD: "x", SUDO_USER: "erika" };
  const run = (...args: readonly string[]) => runKeybot(file, args, { expectExit: "any", env });
  const start = (...args: readonly string[]) => {
    const child = spawn(process.execPath, [PROGRAM, "--config", file, ...args], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("utf8");
    });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    return { interrupt: () => child.kill("SIGINT"), ended, stderr: () => stderr };
  };
  /** The certificate with the CA above it, as a file. */
  const pem = ({ certificate }: Issued): string => {
    const path = join(dir, "own.pem");
    const all = [certificate, bench.authorities.ca.certificate].map(({ der }) => pemOf(der));
    writeFileSync(path, all.join(""));
    return path;
  };
  return { bench, run, start, pem };
}

function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

describe("the program, before a person's decision", () => {
  it("refuses to approve what its CA has revoked, with exit code 2, and shows what the CA said", async () => {
    const { bench, run } = await installed();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, ALICE, "pending");
    bench.authorities.revoke(alice);
    const { sha256 } = alice.certificate;
    const ran = await run("approve", sha256.slice(0, 12));
    expect(ran).toMatchObject({
      exit: 2,
      stdout: "",
      stderr: expect.stringMatching(
        /^keybot: the CA of [0-9a-f]{16} says: revoked at .* \(keyCompromise\), says the OCSP responder; it was not approved\n {2}the partner must send another one\n$/,
      ),
    });
    const [shown] = (await run("show", sha256, "--json")).records();
    expect(shown).toMatchObject({ status: "revoked", used: false, revokedByCa: { by: "OCSP", reason: 1 } });
    expect((await run("show", sha256)).stdout).toMatch(
      /CA revoked +revoked at \S+ \(keyCompromise\), says the OCSP responder of \S+\n/,
    );
    expect((await run("lookup", ALICE)).exit).toBe(3);
  });

  it("approves without an answer, and says so", async () => {
    const { bench, run } = await installed();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, ALICE, "pending");
    bench.authorities.isUp = () => false;
    const ran = await run("approve", alice.certificate.sha256, "--json");
    expect(ran.records()).toMatchObject([{ action: "approved", to: "active", revocation: "unanswered" }]);
    expect(ran.exit).toBe(0);
    expect(ran.stderr).toMatch(
      /\nkeybot: warning: nobody says whether [0-9a-f]{16} is revoked \(.*503.*\); its CA is asked again at once/,
    );
  });

  it("decides nothing when it is ended while it asks", async () => {
    const { bench, start } = await installed();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, ALICE, "pending");
    const asked = new Promise<void>((resolve) => {
      web.pages.set("/ocsp", () => resolve());
    });
    const running = start("approve", alice.certificate.sha256);
    await asked;
    running.interrupt();
    expect(await running.ended).toBe(130);
    expect(running.stderr()).toContain("nothing was changed");
    expect((await bench.found(alice)).statuses).toEqual(["pending"]);
  });

  it("approves what its CA clears, and shows what it said, when, and who was asked", async () => {
    const { bench, run } = await installed();
    const alice = bench.authorities.issue("alice", "OCSP");
    await bench.keep(alice, ALICE, "pending");
    const ran = await run("approve", alice.certificate.sha256);
    expect(ran.exit).toBe(0);
    expect(ran.stderr).not.toContain("nobody says whether");
    const places = [web.url("/ocsp")];
    const [shown] = (await run("show", ALICE, "--json")).records();
    expect(shown).toMatchObject({
      revocation: { answer: { status: "good", by: "OCSP", places }, unanswered: null },
    });
    expect((await run("show", ALICE)).stdout).toMatch(
      /\n {2}CA says {7}good, on \d{4}-\d\d-\d\d \d\d:\d\d by OCSP of .*, asked at http:\/\/127\.0\.0\.1:\d+\/ocsp\n/,
    );
  });

  it("publishes no revoked certificate for a mailbox, and shows one that was revoked later", async () => {
    const { bench, run, pem } = await installed();
    const own = bench.authorities.issue("claims", "OCSP");
    bench.authorities.revoke(own);
    const refused = await run("mailbox", "add", CLAIMS, pem(own), "--force");
    expect(refused).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/says: revoked at .*; nothing was published\n/),
    });
    expect((await run("mailbox", "list", "--json")).records()).toEqual([]);
    const other = bench.authorities.issue("claims-2", "OCSP");
    expect(await run("mailbox", "add", CLAIMS, pem(other), "--force", "--json")).toMatchObject({ exit: 0 });
    bench.authorities.revoke(other);
    await bench.go(25);
    expect((await run("mailbox", "show", CLAIMS)).stdout).toMatch(
      /\n {2}state {6}revoked by its CA, not published \(revoked at .*\)\n/,
    );
    expect((await run("mailbox", "list")).stdout).toMatch(/^claims@company\.example\t0\tnone valid\t\t1\n$/);
    const [listed] = (await run("mailbox", "list", "--json")).records();
    expect(listed).toMatchObject({
      certificates: [{ revoked: { why: expect.stringMatching(/^revoked at/) } }],
    });
    const checks = (await run("doctor", "--json")).records();
    expect(checks).toContainEqual(expect.objectContaining({ name: "mailboxes", state: "fault" }));
  });
});

const CONFIGURATION = `
domains = ["company.example"]
state_dir = "state"

[imap]
host = "127.0.0.1"
port = 9
security = "none"
user = "key-management@company.example"

[smtp]
host = "127.0.0.1"
port = 9
security = "none"
user = "key-management@company.example"

[trust]
public_roots = false

[network]
private_addresses = true
`;
