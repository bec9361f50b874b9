import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, cpSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BUILT = existsSync(join(ROOT, "dist", "cli", "main.js"));
if (!BUILT) console.warn("bin/keybot is not run: there is no dist/, npm run build makes it");

const folder = mkdtempSync(join(tmpdir(), "keybot-bin-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(bin: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    encoding: "utf8",
    cwd: folder,
  });
  return { status, stdout, stderr };
}

describe("bin/keybot", () => {
  it("says so when it is not built", () => {
    cpSync(join(ROOT, "bin"), join(folder, "bin"), { recursive: true });
    expect(run(join(folder, "bin", "keybot"), ["--version"])).toEqual({
      status: 1,
      stdout: "",
      stderr: `keybot: it is not built yet; run npm ci in ${folder}\n`,
    });
  });

  it.skipIf(!BUILT)("ends with the exit code of the command", () => {
    expect(run(join(ROOT, "bin", "keybot"), ["help", "exit-codes"]).status).toBe(0);
    expect(run(join(ROOT, "bin", "keybot"), ["no-such-command"])).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/^keybot: unknown command 'no-such-command'\n/),
    });
  });

  it.skipIf(!BUILT)("writes a configuration from options alone", () => {
    const args = ["init", "made", "--domain", "company.example", "--yes", "--json"];
    const { status, stdout } = run(join(ROOT, "bin", "keybot"), args);
    expect([status, JSON.parse(stdout)]).toMatchObject([
      0,
      { file: expect.stringMatching(/made\/keybot\.toml$/) },
    ]);
  });

  it.skipIf(!BUILT)("bears a reader that goes away", async () => {
    const child = spawn(process.execPath, [join(ROOT, "bin", "keybot"), "help"]);
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
    const [status] = await once(child, "close");
    expect([status, stderr]).toEqual([0, ""]);
  });

  it.skipIf(!BUILT || !existsSync("/dev/full"))("fails when its output cannot be written", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "bin", "keybot"), "help"], {
      encoding: "utf8",
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    expect([status, stderr]).toEqual([
      1,
      "keybot: standard output: ENOSPC: no space left on device, write\n",
    ]);
  });
});
