import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authority } from "../lab/authority.ts";

/**
 * The shell lines of docs/OPERATIONS.md, played word for word in a root of their own. What would change this machine (users,
 * owners) is a shell function here; what talks to servers is left out.
 */
const PROJECT = resolve(import.meta.dirname, "../..");
const KEYBOT = join(PROJECT, "bin", "keybot");
const BUILT = existsSync(join(PROJECT, "dist", "cli", "main.js"));
const OPERATIONS = readFileSync(join(PROJECT, "docs", "OPERATIONS.md"), "utf8");

/** The shell blocks of a section, as they stand there. */
function shellLines(section: string): string {
  const from = OPERATIONS.indexOf(`\n## ${section}\n`);
  const text = OPERATIONS.slice(from, OPERATIONS.indexOf("\n## ", from + 4));
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  if (from < 0 || blocks.length === 0) throw new Error(`OPERATIONS.md has no shell lines in ${section}`);
  return blocks.join("");
}

describe.skipIf(!BUILT)("docs/OPERATIONS.md, followed word for word", () => {
  let root = "";
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "keybot-operations-"));
    spawnSync("mkdir", ["-p", join(root, "etc"), join(root, "var", "lib"), join(root, "work")]);
    const now = Date.now();
    const validity = { notBefore: new Date(now - 86_400_000), notAfter: new Date(now + 31_536_000_000) };
    const broker = Authority.root(join(root, "broker"), { name: "Broker CA", ...validity });
    writeFileSync(join(root, "work", "broker-ca.pem"), broker.identity.pem);
    const issuing = broker.intermediate({ name: "Issuing CA", ...validity });
    writeFileSync(join(root, "work", "issuing-ca.pem"), issuing.identity.pem);
    const address = "claims@company.example";
    const claims = issuing.issue({ addresses: [address], name: "Claims", key: "P-256", ...validity });
    writeFileSync(join(root, "work", "claims.pem"), claims.pem);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const play = (lines: string) => {
    const script = `set -eu
      useradd() { :; }
      chown() { :; }
      runuser() { while [ "$1" != -- ]; do shift; done; shift; "$@"; }
      keybot() { "${process.execPath}" "${KEYBOT}" "$@"; }
      ${lines.replaceAll("/etc/keybot", `${root}/etc/keybot`).replaceAll("/var/lib/keybot", `${root}/var/lib/keybot`)}`;
    return spawnSync("sh", ["-c", script], {
      encoding: "utf8",
      cwd: join(root, "work"),
      input: "secret\n",
      env: { ...process.env, KEYBOT_CONFIG: `${root}/etc/keybot/keybot.toml` },
    });
  };

  it("installs with the public CAs in the database that is used, and modes that doctor likes", () => {
    const { status, stderr } = play(
      `${shellLines("User, files, modes")}keybot trust list --json | wc -l >trusted\n`,
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(Number(readFileSync(join(root, "work", "trusted"), "utf8"))).toBeGreaterThan(100);
    expect(existsSync(join(root, "etc", "keybot", "state"))).toBe(false);
    expect(statSync(join(root, "var", "lib", "keybot")).mode & 0o777).toBe(0o700);
    expect(play("keybot doctor").stdout).toMatch(/^ok {4}files: /m);
  });

  it("takes the first steps", () => {
    const offline = shellLines("First steps").replace(/^keybot poll\n/m, "");
    expect(play(offline)).toMatchObject({ status: 0 });
    expect(play("keybot trust list").stdout).toContain("broker.example");
    expect(play("keybot mailbox list").stdout).toContain("schaden@company.example");
  });
});
