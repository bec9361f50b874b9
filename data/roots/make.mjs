#!/usr/bin/env node
// Writes email-roots.pem beside this file: the CAs that Mozilla trusts for e-mail, read out of the built-in module of
// Debian's NSS library (libnssckbi.so of the package libnss3) with NSS's own tools.
//
//   apt-get install libnss3 libnss3-tools
//   node data/roots/make.mjs
//
// It needs nothing but Node, installs nothing and connects to nothing. A system's list of CAs for web servers will not
// do: of the CAs that vouch for mail addresses many vouch for nothing else, and some for web servers only.
// docs/TRUST.md says how keybot uses the file, and how an installation gets a newer list than this one.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const OUTPUT = join(dirname(fileURLToPath(import.meta.url)), "email-roots.pem");
const PACKAGE = "libnss3";
/** The name of NSS's built-in token, which stands before each of its certificates' nicknames. */
const TOKEN = "Builtin Object Token:";

/** What a person has to do, in one sentence. */
class Problem extends Error {}

function main() {
  const module = modulePath();
  const folder = mkdtempSync(join(tmpdir(), "keybot-roots-"));
  try {
    const database = `sql:${folder}`;
    run("certutil", ["-N", "--empty-password", "-d", database]);
    // -force: without it modutil waits for somebody to press Enter.
    run("modutil", ["-force", "-dbdir", database, "-add", "roots", "-libfile", module]);
    const roots = nicknamesIn(database).flatMap((nickname) => rootsNamed(nickname, database));
    const text = render(roots, sourceOf(database));
    // Never half a list: the new one takes the old one's place as a whole.
    writeFileSync(`${OUTPUT}.new`, text);
    renameSync(`${OUTPUT}.new`, OUTPUT);
    process.stdout.write(`wrote ${OUTPUT}: ${roots.length} CAs that are trusted for e-mail\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The built-in module, as the package manager knows it. */
function modulePath() {
  const files = run("dpkg", ["-L", PACKAGE]).split("\n");
  const found = files.find((file) => file.endsWith("/libnssckbi.so"));
  if (found === undefined) throw new Problem(`the package ${PACKAGE} has no libnssckbi.so`);
  return found;
}

/** Which list it is: NSS's own number of it, the package, and the day when that version came into Debian. */
function sourceOf(database) {
  const module = run("modutil", ["-dbdir", database, "-list", "roots"]);
  const builtins = /^Library Version: *(\S+)/m.exec(module)?.[1];
  // p11-kit can stand in for the module; its list is the machine's, not Mozilla's.
  if (builtins === undefined || !/^Manufacturer: *Mozilla/m.test(module)) {
    throw new Problem("libnssckbi.so of this machine is not Mozilla's (p11-kit in its place?)");
  }
  const version = /^Version: (.*)$/m.exec(run("dpkg-query", ["-s", PACKAGE]))?.[1] ?? "";
  return { builtins, version, dated: dateOf(version) };
}

/**
 * The day when Debian took this version of NSS. A security update of the package brings no newer list, so its own date
 * (and that of this file) would make the list look younger than it is.
 */
function dateOf(version) {
  // 2:3.87.1-1+deb12u4 → 2:3.87.1-1
  const base = version.replace(/\+deb\d+u\d+.*$/, "");
  const changelog = gunzipSync(readFileSync(`/usr/share/doc/${PACKAGE}/changelog.Debian.gz`)).toString(
    "utf8",
  );
  const entry = changelog.slice(Math.max(0, changelog.indexOf(`nss (${base})`)));
  const signed = /^ -- .*> {2}(.*)$/m.exec(entry)?.[1];
  const date = new Date(signed ?? "");
  if (Number.isNaN(date.getTime()))
    throw new Problem(`the changelog of ${PACKAGE} does not say when ${base} came`);
  return date.toISOString().slice(0, 10);
}

/** The nicknames under which there is a CA that is trusted for e-mail. Two CAs can share one. */
function nicknamesIn(database) {
  const names = new Set();
  // "Builtin Object Token:GlobalSign Root CA                      C,C, ": TLS, e-mail, code signing; C is a trusted CA.
  for (const line of run("certutil", ["-L", "-h", "all", "-d", database]).split("\n")) {
    const [, nickname, email] = /^(\S.*?) +[A-Za-z]*,([A-Za-z]*),[A-Za-z]* *$/.exec(line) ?? [];
    if (nickname?.startsWith(TOKEN) && email.includes("C")) names.add(nickname);
  }
  if (names.size === 0) throw new Problem("certutil lists no CA that is trusted for e-mail");
  return [...names];
}

/** The CAs of one nickname with what certutil says of each; without -h, which would make it list them all. */
function rootsNamed(nickname, database) {
  const pem = run("certutil", ["-L", "-d", database, "-n", nickname, "-a"]);
  const printed = run("certutil", ["-L", "-d", database, "-n", nickname]);
  const said = new Map(
    printed
      .split(/^Certificate:$/m)
      .slice(1)
      .map((text) => [fingerprintIn(text), text]),
  );
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)].flatMap(
    ([, body]) => {
      const der = Buffer.from(body, "base64");
      const sha256 = createHash("sha256").update(der).digest("hex");
      const text = said.get(sha256);
      if (text === undefined)
        throw new Problem(`certutil prints another certificate than it exports: ${nickname}`);
      if (!isTrusted(text)) return [];
      return [{ label: nickname.slice(TOKEN.length), sha256, der, distrustAfter: distrustIn(text) }];
    },
  );
}

function fingerprintIn(text) {
  return (/Fingerprint \(SHA-256\):\s+([0-9A-F:]+)/.exec(text)?.[1] ?? "").replaceAll(":", "").toLowerCase();
}

/** "Email Flags:" is followed by further-indented lines, one a flag. */
function isTrusted(text) {
  return /^ +Email Flags:\n(?: {12}.*\n)*? {12}Trusted CA$/m.test(text);
}

/** "E-mail Distrust After: Mon Mar 01 00:00:00 2021", in UTC: mail certificates that were issued later do not count. */
function distrustIn(text) {
  const date = /E-mail Distrust After: *(.*)$/m.exec(text)?.[1];
  if (date === undefined) return null;
  const time = new Date(`${date} UTC`);
  if (Number.isNaN(time.getTime())) throw new Problem(`certutil prints a date that cannot be read: ${date}`);
  return `${time.toISOString().slice(0, 19)}Z`;
}

function render(roots, { builtins, version, dated }) {
  const header = `\
# The public CAs that Mozilla trusts for e-mail. Written by data/roots/make.mjs; do not edit. docs/TRUST.md tells more.
#
# List: NSS built-in roots ${builtins}
# Dated: ${dated}
# Source: Debian ${PACKAGE} ${version}, read on ${new Date().toISOString().slice(0, 10)}
# Roots: ${roots.length}
#
# This list is part of NSS and subject to the terms of the Mozilla Public License, v. 2.0, a copy of which can be had
# at https://mozilla.org/MPL/2.0/. Its source form is lib/ckfw/builtins/certdata.txt of NSS.
`;
  const entries = roots.map(
    ({ label, sha256, der, distrustAfter }) => `
# Label: ${label}
# SHA-256: ${sha256}
# E-mail: trusted${distrustAfter === null ? "" : `, for certificates issued until ${distrustAfter}`}
-----BEGIN CERTIFICATE-----
${der
  .toString("base64")
  .match(/.{1,64}/g)
  .join("\n")}
-----END CERTIFICATE-----
`,
  );
  return header + entries.join("");
}

/** Standard output of a command that must succeed. */
function run(command, args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error?.code === "ENOENT") {
    throw new Problem(`${command} is missing; on Debian: apt-get install libnss3 libnss3-tools`);
  }
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Problem(`${command} ${args.join(" ")} failed: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

try {
  main();
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
