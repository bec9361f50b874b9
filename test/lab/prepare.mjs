#!/usr/bin/env node
// Makes a fresh clone ready for `npm test` and `npm run demo`: npm packages, the build, Dovecot and Postfix. It runs
// before anything is installed, so it is plain JavaScript with Node's own modules. What is done already costs nothing.
import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const DOVECOT_PACKAGES = ["dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "dovecot-sieve"];

/** What a person has to do, in one sentence. */
export class Problem extends Error {}

/** Does everything in order; each step says in one line what it does, and nothing when there is nothing to do. */
export function prepare({ servers = "optional" } = {}) {
  checkNode();
  installPackages();
  build();
  installServers(servers);
}

// ── Node and npm ────────────────────────────────────────────────────────────────────────────────────────────────────

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Problem(`keybot needs Node 20.19 or newer; this is ${process.versions.node}`);
}

function installPackages() {
  const reason = whyInstall();
  needTools(reason === undefined ? ["openssl"] : ["openssl", "c++", "make", "python3"]);
  if (reason === undefined) return;
  say(`installing npm packages (2-3 minutes, SQLite is compiled): ${reason} …`);
  run("npm", ["ci", "--no-audit", "--no-fund"], "the npm packages could not be installed");
  if (!sqliteLoads())
    throw new Problem("SQLite was compiled but does not load: try `rm -rf node_modules` and again");
}

/** Why node_modules has to be made anew, or undefined when it fits the lock file. */
function whyInstall() {
  const installed = readJson("node_modules/.package-lock.json");
  if (installed === undefined) return "there is no node_modules";
  const locked = readJson("package-lock.json");
  if (locked === undefined) throw new Problem("package-lock.json is missing or broken: restore it from git");
  // An optional package is for one kind of machine only, and npm leaves out the others.
  for (const [path, wanted] of Object.entries(locked.packages)) {
    const found = installed.packages[path];
    if (path !== "" && found?.version !== wanted.version && !(found === undefined && wanted.optional)) {
      return `${path.replace("node_modules/", "")} is not the one of package-lock.json`;
    }
  }
  return sqliteLoads() ? undefined : "SQLite does not load in this Node";
}

function sqliteLoads() {
  // In a process of its own: a module compiled for another Node can end the process that loads it.
  return (
    quietly(process.execPath, ["-e", 'new (require("better-sqlite3"))(":memory:").close()']).status === 0
  );
}

function build() {
  const built = newest(join(ROOT, "dist"));
  if (built > newest(join(ROOT, "src")) && built > statSync(join(ROOT, "build.mjs")).mtimeMs) return;
  say("building dist/ …");
  run("npm", ["run", "--silent", "build"], "the build failed");
}

/** When the newest file below a folder changed, in milliseconds; 0 for none. */
function newest(folder) {
  if (!existsSync(folder)) return 0;
  const times = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs;
  });
  return Math.max(0, ...times);
}

// ── tools and servers of the system ─────────────────────────────────────────────────────────────────────────────────

const TOOL_PACKAGES = { openssl: "openssl", "c++": "g++", make: "make", python3: "python3" };

function needTools(tools) {
  const missing = tools.filter((tool) => programPath(tool) === undefined);
  if (missing.length === 0) return;
  const packages = missing.map((tool) => TOOL_PACKAGES[tool]);
  throw new Problem(
    `missing on this machine: ${missing.join(", ")}; on Debian: apt-get install ${packages.join(" ")}`,
  );
}

/** Packages of Dovecot that are not on this machine, by their Debian names. */
export function missingDovecot() {
  const daemon = (name) =>
    ["/usr/lib/dovecot", "/usr/libexec/dovecot"].some((folder) => existsSync(join(folder, name)));
  const found = [
    programPath("dovecot") !== undefined,
    daemon("imap"),
    daemon("lmtp"),
    programPath("sievec") !== undefined,
  ];
  return DOVECOT_PACKAGES.filter((_, index) => !found[index]);
}

/** As `missingDovecot`, for Postfix. */
export function missingPostfix() {
  return programPath("postfix") === undefined ? ["postfix"] : [];
}

function installServers(servers) {
  const missing = [...missingDovecot(), ...missingPostfix()];
  const problem = missing.length === 0 ? wrongDovecot() : (tryInstall(missing) ?? wrongDovecot());
  if (problem === undefined) return;
  if (servers === "required") throw new Problem(problem);
  say(`${problem}; the tests that need them are skipped`);
}

/** Installs the packages, or returns the sentence that says why it cannot and what to do. */
function tryInstall(packages) {
  const command = `apt-get install ${packages.join(" ")}`;
  if (programPath("apt-get") === undefined)
    return `not on this machine, which has no apt-get: ${packages.join(", ")}`;
  if (process.getuid?.() !== 0)
    return `mail servers are missing and only root may install them: sudo ${command}`;
  say(`installing ${packages.join(" ")} with apt-get; no service is started …`);
  const installed = withoutServices(() => {
    if (packages.includes("postfix")) {
      const answer = "postfix postfix/main_mailer_type select No configuration\n";
      if (quietly("debconf-set-selections", [], { input: answer }).status !== 0)
        return "debconf-set-selections failed";
    }
    // An update that fails in part (one mirror of many) may still be good enough; the install says.
    quietly("apt-get", ["-q", "update"], APT);
    const { status, stderr } = quietly(
      "apt-get",
      ["-q", "-y", "--no-install-recommends", "-o", "Dpkg::Lock::Timeout=120", "install", ...packages],
      APT,
    );
    return status === 0 ? undefined : (stderr.trim().split("\n").pop() ?? "apt-get failed");
  });
  return installed === undefined
    ? undefined
    : `mail servers are missing and "${command}" failed: ${installed}`;
}

const APT = { env: { DEBIAN_FRONTEND: "noninteractive" } };
const POLICY = "/usr/sbin/policy-rc.d";

/** Runs `work` while invoke-rc.d may start nothing: the lab has servers of its own, the machine shall not get one. */
function withoutServices(work) {
  if (existsSync(POLICY)) return work();
  writeFileSync(POLICY, "#!/bin/sh\nexit 101\n");
  chmodSync(POLICY, 0o755);
  // Ctrl-C reaches apt-get too; with a listener it does not end this process before the file is removed.
  const interrupted = () => process.exit(130);
  process.once("SIGINT", interrupted);
  try {
    return work();
  } finally {
    rmSync(POLICY, { force: true });
    process.removeListener("SIGINT", interrupted);
  }
}

/** Why the Dovecot of this machine does not serve (2.4 has another configuration language), or undefined. */
export function wrongDovecot() {
  const version = quietly("dovecot", ["--version"]).stdout.trim().split(" ")[0];
  return version.startsWith("2.3.")
    ? undefined
    : `the lab is written for Dovecot 2.3 and this machine has ${version}`;
}

// ── processes and files ─────────────────────────────────────────────────────────────────────────────────────────────

// Debian keeps the servers in sbin, which is not on the PATH of an ordinary user.
const PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

function programPath(name) {
  const candidates = PATH.split(delimiter).map((folder) => join(folder, name));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function run(program, args, problem) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0)
    throw new Problem(`${problem} (${program} ${args.join(" ")}: ${error?.message ?? `exit ${status}`})`);
}

function quietly(program, args, { env = {}, input = "" } = {}) {
  return spawnSync(program, args, {
    cwd: ROOT,
    encoding: "utf8",
    input,
    env: { ...process.env, PATH, ...env },
  });
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), "utf8"));
  } catch {
    return undefined;
  }
}

function say(line) {
  process.stdout.write(`prepare: ${line}\n`);
}

function serversWanted(args) {
  const ci = !["", "0", "false", undefined].includes(process.env.CI);
  const known = { "--servers=required": "required", "--servers=optional": ci ? "required" : "optional" };
  const [asked = "--servers=optional", ...more] = args;
  const wanted = known[asked];
  if (wanted === undefined || more.length > 0) {
    throw new Problem("usage: node test/lab/prepare.mjs [--servers=required|optional]");
  }
  return wanted;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    prepare({ servers: serversWanted(process.argv.slice(2)) });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`prepare: ${error.message}\n`);
    process.exitCode = 1;
  }
}
