#!/usr/bin/env node
// `npm run test:node -- 24`: the whole suite under another major version of Node, in a copy, so that this checkout's
// node_modules (with SQLite compiled for this Node) stay as they are. Arguments after the version go to vitest.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** What a person has to do, in one sentence. */
class Problem extends Error {}

function main([version = "", ...vitestArguments]) {
  if (!/^\d+(\.\d+){0,2}$/.test(version)) {
    throw new Problem(
      "usage: npm run test:node -- VERSION [vitest arguments], for example: npm run test:node -- 24",
    );
  }
  const node = fetchNode(version);
  const copy = mkdtempSync(join(tmpdir(), `keybot-node${version}-`));
  // Ctrl-C reaches the running step too; with a listener the copy is still removed.
  process.once("SIGINT", () => {});
  try {
    copyCheckout(copy);
    return testUnder(node, copy, vitestArguments);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** npm has a package of each release of Node for each kind of machine, C headers included; returns the program in it. */
function fetchNode(version) {
  say(`fetching Node ${version} …`);
  const asked = [
    "-y",
    "-p",
    `node-${process.platform}-${process.arch}@${version}`,
    "node",
    "-p",
    "process.execPath",
  ];
  const { status, stdout, stderr } = spawnSync("npx", asked, { cwd: tmpdir(), encoding: "utf8" });
  const program = stdout?.trim().split("\n").pop() ?? "";
  if (status === 0 && existsSync(program)) return program;
  throw new Problem(`Node ${version} cannot be had from the registry: ${stderr?.trim().split("\n").pop()}`);
}

/** All that git knows or would add: what a clone of the next commit has. */
function copyCheckout(copy) {
  const { status, stdout } = spawnSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    {
      cwd: ROOT,
      encoding: "utf8",
      maxBuffer: 64 << 20,
    },
  );
  if (status !== 0) throw new Problem("git cannot tell which files are part of the project");
  for (const file of stdout.split("\0").filter((name) => name !== "" && existsSync(join(ROOT, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
}

/** Installs, builds and tests; returns the exit code of the tests. */
function testUnder(node, copy, vitestArguments) {
  const step = (program, args, more = {}) =>
    spawnSync(program, args, { cwd: copy, stdio: "inherit", env: environment(node, more) }).status ?? 1;
  step(node, [
    "-p",
    "'Node ' + process.version + ', SQLite is compiled against ABI ' + process.versions.modules",
  ]);
  // `npm ci` builds as well (the script `prepare`).
  if (step("npm", ["ci", "--no-audit", "--no-fund"], headersOf(node)) !== 0)
    throw new Problem("the npm packages could not be installed, or the build failed");
  const result = step(node, [join("node_modules", "vitest", "vitest.mjs"), "run", ...vitestArguments]);
  const version = spawnSync(node, ["-v"], { encoding: "utf8" }).stdout.trim();
  say(result === 0 ? `all tests pass under Node ${version}` : `tests FAIL under Node ${version}`);
  return result;
}

/** This Node comes first, for npm, node-gyp and the tests' own children alike. */
function environment(node, more) {
  const corpora = process.env.KEYBOT_CORPORA ?? join(ROOT, "..", "shared", "corpora");
  return {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    KEYBOT_CORPORA: corpora,
    ...more,
  };
}

/** The package has Node's C headers beside the program; without them node-gyp would load them from the Internet. */
function headersOf(node) {
  const folder = join(dirname(node), "..");
  return existsSync(join(folder, "include", "node", "node.h")) ? { npm_config_nodedir: folder } : {};
}

function say(line) {
  process.stdout.write(`other-node: ${line}\n`);
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  process.stderr.write(`other-node: ${error.message}\n`);
  process.exitCode = 1;
}
