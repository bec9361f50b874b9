import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, closeSync, cpSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
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

/** Types keys at the first question of a command, on a terminal of its own; its exit code and all that it wrote. */
const AT_A_TERMINAL = `
import os, pty, select, sys
keys, command = sys.argv[1].encode().decode("unicode_escape").encode(), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
seen, typed = b"", False
while True:
    ready, _, _ = select.select([terminal], [], [], 60)
    try:
        part = os.read(terminal, 4096) if ready else b""
    except OSError:
        part = b""
    if not part:
        break
    seen += part
    if not typed and (b": " in seen or b"? [" in seen):
        typed = True
        os.write(terminal, keys)
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status) if status >= 0 else 99)
`;
const PYTHON = spawnSync("python3", ["--version"]).status === 0;

describe.skipIf(!BUILT || !PYTHON)("a question at a terminal", () => {
  const config = ["--config", join(folder, "made", "keybot.toml")];
  const questions: Readonly<Record<string, () => readonly string[]>> = {
    init: () => ["init", "asked"],
    "trust remove": () => {
      const [first = ""] = run(join(ROOT, "bin", "keybot"), [
        ...config,
        "--json",
        "trust",
        "list",
      ]).stdout.split("\n");
      const { sha256 } = JSON.parse(first) as { readonly sha256: string };
      return [...config, "trust", "remove", sha256];
    },
  };
  it.each(
    Object.entries(questions).flatMap(([name, args]) => [
      { name, args, key: "Ctrl-C", typed: "\\x03", code: 130 },
      { name, args, key: "Ctrl-D", typed: "\\x04", code: 2 },
    ]),
  )("keybot $name: $key ends it with $code, a new line and nothing changed", ({ args, typed, code }) => {
    const keybot = [process.execPath, join(ROOT, "bin", "keybot"), ...args()];
    const { status, stdout } = spawnSync("python3", ["-c", AT_A_TERMINAL, typed, ...keybot], {
      encoding: "utf8",
      cwd: folder,
      env: { ...process.env, KEYBOT_IMAP_PASSWORD: "x", KEYBOT_SMTP_PASSWORD: "x" },
    });
    expect(stdout).toMatch(/\r\nkeybot: nothing was changed\r\n$/);
    expect(stdout).not.toMatch(/bug|at .*\.js|Error/);
    expect(status).toBe(code);
    expect(existsSync(join(folder, "asked"))).toBe(false);
  });
});

/** A user without rights, where this one may become him and he may read this project. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const CAN_BE_NOBODY =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, [join(ROOT, "bin", "keybot"), "--version"], NOBODY).status === 0;

describe.skipIf(!BUILT || !CAN_BE_NOBODY)("a database that root has left in the folder of keybot", () => {
  it("is named as what keeps keybot out, not its folder", () => {
    const place = mkdtempSync(join(tmpdir(), "keybot-root-"));
    const args = ["init", place, "--domain", "company.example", "--no-public-roots", "--yes"];
    expect(run(join(ROOT, "bin", "keybot"), args).status).toBe(0);
    for (const name of ["", "keybot.toml", "state"]) chownSync(join(place, name), NOBODY.uid, NOBODY.gid);
    const command = [join(ROOT, "bin", "keybot"), "--config", join(place, "keybot.toml"), "list"];
    const { status, stderr } = spawnSync(process.execPath, command, { ...NOBODY, encoding: "utf8" });
    const database = join(place, "state", "keybot.db");
    expect(status).toBe(1);
    expect(stderr).toContain(
      `the database ${database} cannot be opened: ${database} belongs to root, and this is `,
    );
    rmSync(place, { recursive: true });
  });
});

describe.skipIf(!BUILT)("a working directory that is gone", () => {
  it.each([["list"], ["init", "x"]])("keybot %s says so", (...args) => {
    const gone = mkdtempSync(join(tmpdir(), "keybot-gone-"));
    const script = 'rmdir "$PWD"; exec "$@"';
    const command = [process.execPath, join(ROOT, "bin", "keybot"), ...args];
    const { status, stdout, stderr } = spawnSync("sh", ["-c", script, "sh", ...command], {
      encoding: "utf8",
      cwd: gone,
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: "",
      stderr:
        "keybot: the working directory is not there any more, or must not be read\n  go to another one: cd /\n",
    });
  });
});
