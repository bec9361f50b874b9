import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Ran, runSync } from "./command.ts";

// A project with the real prepare.mjs and an npm that only notes what it was asked and makes what `npm ci` would make.
const NPM = `#!/bin/sh
echo "$*" >>npm.log
case "$1" in
  ci) mkdir -p node_modules/better-sqlite3 && cp package-lock.json node_modules/.package-lock.json &&
    echo "module.exports = class { close() {} };" >node_modules/better-sqlite3/index.js ;;
esac
mkdir -p dist && touch dist/main.js
`;

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "keybot-prepare-"));
  for (const folder of ["bin", "src", "test/lab"]) mkdirSync(join(project, folder), { recursive: true });
  cpSync(join(import.meta.dirname, "prepare.mjs"), join(project, "test/lab/prepare.mjs"));
  writeFileSync(join(project, "build.mjs"), "");
  writeFileSync(join(project, "src/main.ts"), "");
  lock({
    "": {},
    "node_modules/a": { version: "1.0.0" },
    "node_modules/b": { version: "2.0.0", optional: true },
  });
  writeFileSync(join(project, "bin/npm"), NPM, { mode: 0o755 });
  // The test installs nothing, whatever this machine lacks.
  writeFileSync(join(project, "bin/apt-get"), "#!/bin/sh\nexit 100\n", { mode: 0o755 });
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

describe("prepare", () => {
  it("installs and builds in a fresh clone, and has nothing to do the second time", () => {
    expect(prepare().stdout.toString()).toMatch(/^prepare: installing npm packages \(2-3 minutes/);
    expect(npmCalls()).toEqual(["ci --no-audit --no-fund"]);
    prepare();
    expect(npmCalls()).toHaveLength(1);
  });

  it("installs again when the lock file names another version, and says which package", () => {
    prepare();
    lock({ "": {}, "node_modules/a": { version: "1.0.1" } });
    expect(prepare().stdout.toString()).toContain("a is not the one of package-lock.json");
    expect(npmCalls()).toHaveLength(2);
  });

  it("installs again when SQLite does not load", () => {
    prepare();
    writeFileSync(join(project, "node_modules/better-sqlite3/index.js"), "throw new Error('other Node');");
    expect(prepare().stdout.toString()).toContain("SQLite does not load");
    expect(npmCalls()).toHaveLength(2);
  });

  it("builds when a source is newer than the build", () => {
    prepare();
    const soon = Date.now() / 1000 + 60;
    utimesSync(join(project, "src/main.ts"), soon, soon);
    expect(prepare().stdout.toString()).toContain("building dist/");
    expect(npmCalls().at(-1)).toBe("run --silent build");
  });

  it("names everything that is missing in one go, with the command that gets it", () => {
    const ran = runSync(process.execPath, [join(project, "test/lab/prepare.mjs")], {
      env: { PATH: join(project, "src") },
      check: false,
    });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toBe(
      "prepare: missing on this machine: openssl, c++, make, python3; on Debian: apt-get install openssl g++ make python3\n",
    );
  });

  it("refuses an option that it does not know", () => {
    expect(prepare("--server=required").stderr).toContain("usage: ");
  });
});

function prepare(...args: string[]): Ran {
  return runSync(process.execPath, [join(project, "test/lab/prepare.mjs"), ...args], {
    env: { PATH: `${join(project, "bin")}:${process.env.PATH ?? ""}`, CI: "" },
    check: false,
  });
}

function npmCalls(): string[] {
  return readFileSync(join(project, "npm.log"), "utf8").trim().split("\n");
}

function lock(packages: object): void {
  writeFileSync(join(project, "package-lock.json"), JSON.stringify({ packages }));
}
