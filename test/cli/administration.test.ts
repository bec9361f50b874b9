import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Identity } from "../lab/authority.ts";
import { Office } from "./office.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BUILT = existsSync(join(ROOT, "dist", "cli", "main.js"));
if (!BUILT) console.warn("bin/keybot is not run: there is no dist/, npm run build makes it");

const DAY = 86_400_000;
let office: Office;
let alice: Identity;

// The built program lives in the present, so its certificates do too.
beforeAll(async () => {
  office = new Office();
  const now = Date.now();
  const span = { notBefore: new Date(now - DAY), notAfter: new Date(now + 90 * DAY) };
  alice = office.certificate("alice@partner.example", span);
  await office.harvest("alice@partner.example", alice, { at: new Date(now) });
});
afterAll(() => office.close());

function keybot(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "bin", "keybot"), ...args], {
    cwd: office.folder,
    env: { ...process.env, SUDO_USER: "erika" },
  });
  return { status, stdout: stdout.toString("latin1"), stderr: stderr.toString() };
}

describe.skipIf(!BUILT)("a pending certificate, through the built program", () => {
  it("is listed, approved, looked up, revoked and restored", () => {
    expect(keybot("list", "--status", "pending", "--json")).toMatchObject({ status: 0, stderr: "" });
    expect(keybot("lookup", "alice@partner.example")).toMatchObject({ status: 3, stdout: "" });
    expect(keybot("approve", alice.sha256.slice(0, 8), "--reason", "by telephone")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("a mail to alice@partner.example waits in the outbox"),
    });
    const found = keybot("lookup", "alice@partner.example", "--der");
    expect(
      new X509Certificate(Buffer.from(found.stdout, "latin1")).checkEmail("alice@partner.example"),
    ).toBeDefined();
    expect(keybot("revoke", "alice@partner.example")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("there is nobody to ask"),
    });
    expect(keybot("revoke", "alice@partner.example", "--yes")).toMatchObject({ status: 0 });
    expect(keybot("trust", "add", office.root.identity.certFile, "--any-domain")).toMatchObject({
      status: 0,
    });
    expect(keybot("restore", alice.sha256)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("under alice@partner.example again: active"),
    });
    const [record] = JSON.parse(`[${keybot("--json", "show", "alice@partner.example").stdout}]`) as [
      { history: { actor: string; action: string }[] },
    ];
    expect(record.history.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
      "robot certificate.pending",
      "erika certificate.active",
      "erika certificate.revoked",
      "erika certificate.active",
    ]);
  });

  it("says what is missing without a configuration", () => {
    const ran = spawnSync(process.execPath, [join(ROOT, "bin", "keybot"), "list"], {
      cwd: join(office.folder, "secrets"),
      encoding: "utf8",
      env: {},
    });
    expect([ran.status, ran.stdout]).toEqual([2, ""]);
  });
});

describe("every command of administration", () => {
  const COMMANDS = [
    ...["list", "show", "lookup", "approve", "reject", "revoke", "restore", "log"].map((name) => [name]),
    ...["add", "list", "show", "remove", "alias"].map((name) => ["mailbox", name]),
    ...["add", "list", "remove"].map((name) => ["trust", name]),
  ];

  it.each(COMMANDS)("explains itself with an example: %s %s", async (...names) => {
    const { code, stdout } = await office.run(["help", ...names.filter((name) => name !== undefined)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nExamples:\n {2}\$ keybot /);
  });
});
