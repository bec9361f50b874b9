import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, mkdtempSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { databaseFile, openStore } from "../../src/store/index.ts";
import { describeWith } from "../lab/available.ts";
import { cannotMount, type Mounted, mountOver } from "../lab/mount.ts";
import { ROBOT, type Site } from "../lab/site.ts";
import { arrived, type Company, folderCounts, openCompany, submission } from "./company.ts";

const NO_MOUNT = cannotMount();
if (NO_MOUNT !== undefined) console.warn(`skipped: a full and a read-only disk (${NO_MOUNT})`);

const HINT = "\n {2}[^\n]+\n$";
const FULL = "the disk with the database [^\n]*/keybot\\.db is full";
const READ_ONLY = "the database [^\n]*/keybot\\.db cannot be written";
const LOCKED = "the database [^\n]*/keybot\\.db is locked by another process";
const DAMAGED = "the database [^\n]*/keybot\\.db is damaged";

/** One for each fault, so that each mail is to be answered exactly once. */
const PARTNERS = ["alice", "bob", "carol", "dora"].map((name) => `${name}@partner.example`);

let processed = 0;

/** The next partner's signed mail lies in the robot's mailbox. */
async function mailWaits({ site }: Company): Promise<void> {
  const from = PARTNERS[processed] ?? "";
  const signer = site.ca.issue({ addresses: [from] });
  await site.sendFromPartner(submission(signer, { from }), [ROBOT], { from });
  await arrived(site, 1);
}

/** A pass fails with one sentence that names the file, and one that says what to do; the mail stays where it is. */
async function expectRefused(site: Site, sentence: string): Promise<void> {
  const { stderr, stdout } = await site.keybot(["poll"], { expectExit: 1 });
  expect(stderr).toMatch(new RegExp(`^keybot: ${sentence}${HINT}`));
  expect(stdout).toBe("");
  expect(await folderCounts(site)).toMatchObject({ INBOX: 1 });
}

/** The mail is filed and answered once, its certificate is in use, and the database is whole. */
async function expectMended(site: Site): Promise<void> {
  const partner = PARTNERS[processed] ?? "";
  processed += 1;
  expect(await folderCounts(site)).toEqual({ Processed: processed });
  expect(await site.partnerInbox(partner)).toHaveLength(1);
  expect((await site.keybot(["lookup", partner])).stdout).toContain("BEGIN CERTIFICATE");
  expect((await site.keybot(["audit", "verify", "--json"])).records()).toMatchObject([{ ok: true }]);
}

describeWith(["dovecot"], "a database that cannot be used", () => {
  let company: Company;
  beforeAll(async () => {
    company = await openCompany({ addresses: PARTNERS.slice(2) });
  });
  afterAll(() => company?.stop());

  it.skipIf(NO_MOUNT !== undefined)(
    "on a full or read-only disk: nothing is lost, and the mail goes through when there is room",
    async () => {
      const { site } = company;
      const disk: Mounted = mountOver(site.stateFolder, 2);
      try {
        await mailWaits(company);
        disk.fill();
        await expectRefused(site, FULL);
        const { stdout } = await site.keybot(["doctor"], { expectExit: 4 });
        expect(stdout).toMatch(new RegExp(`^FAIL {2}database: +${FULL}\n +free some space`, "m"));
        disk.free();
        disk.readOnly();
        await expectRefused(site, READ_ONLY);
        // What only reads still can.
        expect((await site.keybot(["audit", "verify"])).stdout).toMatch(/^OK/m);
        disk.writable();
        await site.keybot(["poll"]);
        await expectMended(site);
        disk.keep();
      } finally {
        disk.unmount();
      }
    },
    120_000,
  );

  it.skipIf(NO_MOUNT !== undefined)(
    "on a disk that fills up under the daemon: it says so once, and goes on by itself when there is room",
    async () => {
      const { site } = company;
      const disk: Mounted = mountOver(site.stateFolder, 2);
      try {
        const daemon = site.keybotDaemon(["run", "--verbose"]);
        await daemon.says("daemon.ready", 30_000);
        disk.fill();
        await mailWaits(company);
        // Two more tries at least.
        await daemon.says("connection.still-failing", 60_000);
        expect(daemon.stderr().match(/ connection\.failed /g)).toHaveLength(1);
        expect(daemon.stderr()).toMatch(
          /warn {2}connection\.failed error="the disk with the database .* is full"/,
        );
        expect(await folderCounts(site)).toMatchObject({ INBOX: 1 });
        disk.free();
        await daemon.says("message.decided", 60_000);
        await daemon.says("mail.sent", 30_000);
        expect(await daemon.stop()).toBe(0);
        await expectMended(site);
        disk.keep();
      } finally {
        disk.unmount();
      }
    },
    180_000,
  );

  it("that another process holds for longer than anybody waits: the mail goes through afterwards", async () => {
    const { site } = company;
    await mailWaits(company);
    const letGo = await holdLocked(site);
    await expectRefused(site, LOCKED);
    expect((await site.keybot(["list"])).stdout).not.toBe("");
    await letGo();
    await site.keybot(["poll"]);
    await expectMended(site);
  }, 120_000);

  it("that is damaged in its middle: nothing is filed by it, and a good copy takes its place", async () => {
    const { site } = company;
    const safe = mkdtempSync(join(tmpdir(), "keybot-copy-"));
    try {
      const copy = join(safe, "copy.db");
      const store = await openStore({ stateDir: site.stateFolder });
      await store.backup(copy);
      await store.close();
      const daemon = site.keybotDaemon(["run"]);
      await daemon.says("daemon.ready", 30_000);
      overwriteMiddle(databaseFile(site.stateFolder));
      await mailWaits(company);
      await daemon.says("connection.failed", 30_000);
      expect(daemon.stderr()).toMatch(/ error connection\.failed error="the database .* is damaged"/);
      expect(await daemon.stop()).toBe(0);
      await expectRefused(site, DAMAGED);
      const { stdout } = await site.keybot(["doctor"], { expectExit: 4 });
      expect(stdout).toMatch(
        new RegExp(`^FAIL {2}database: +${DAMAGED}\n +stop keybot, put keybot\\.db,`, "m"),
      );
      // As the hint says.
      for (const name of ["keybot.db", "keybot.db-wal", "keybot.db-shm"])
        rmSync(join(site.stateFolder, name), { force: true });
      renameSync(copy, databaseFile(site.stateFolder));
      await site.keybot(["poll"]);
      await expectMended(site);
    } finally {
      rmSync(safe, { recursive: true, force: true });
    }
  }, 120_000);
});

/** All but the first and the last quarter of the file becomes noise. */
function overwriteMiddle(file: string): void {
  const open = openSync(file, "r+");
  const { size } = fstatSync(open);
  const noise = Buffer.alloc(size >> 1, 0xa5);
  writeSync(open, noise, 0, noise.length, size >> 2);
  closeSync(open);
}

const HOLD = `
import Database from "better-sqlite3";
const db = new Database(process.argv[1]);
db.exec("BEGIN EXCLUSIVE");
console.log("held");
process.stdin.resume().on("end", () => db.exec("ROLLBACK"));
`;

/** Another process takes the write lock, until what is returned is called. */
async function holdLocked(site: Site): Promise<() => Promise<void>> {
  const args = ["--input-type=module", "--eval", HOLD, "--", databaseFile(site.stateFolder)];
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  const child = spawn(process.execPath, args, { cwd, stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  await once(child.stdout, "data");
  return async () => {
    child.stdin.end();
    await ended;
  };
}
