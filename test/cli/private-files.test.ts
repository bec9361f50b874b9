import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkFiles, fileFaults, type Guarded } from "../../src/cli/private-files.ts";
import { loadConfig } from "../../src/config/index.ts";
import { Office } from "./office.ts";

let folder = "";
const KEYBOT = process.geteuid?.() ?? 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keybot-files-"));
  const office = new Office();
  const text = office.configuration
    .replace("[smtp]", 'password_file = "secrets/imap"\n\n[smtp]')
    .replace("[requests]", 'password_file = "secrets/smtp"\n\n[requests]');
  office.close();
  writeFileSync(join(folder, "keybot.toml"), text, { mode: 0o640 });
  for (const name of ["state", "secrets"]) mkdirSync(join(folder, name), { mode: 0o700 });
  for (const name of ["state/keybot.db", "state/keybot.db-wal", "secrets/imap", "secrets/smtp"]) {
    writeFileSync(join(folder, name), "x", { mode: 0o600 });
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

const checked = async () => {
  const config = await loadConfig(join(folder, "keybot.toml"), {});
  return checkFiles(config, KEYBOT).map(({ state, says, mend }) =>
    `${state} ${says} | ${mend ?? ""}`.replaceAll(`${folder}/`, ""),
  );
};

describe("keybot doctor on files", () => {
  it("is content with what init makes", async () => {
    expect(await checked()).toEqual(["ok nobody else can change state, secrets or configuration | "]);
  });

  it.each([
    ["state", 0o777, "state can be changed by everybody", "chmod 700 state"],
    ["state", 0o770, "state can be changed by its group", "chmod 700 state"],
    ["state", 0o755, "state is open to everybody", "chmod 700 state"],
    ["state", 0o1777, "state can be changed by everybody", "chmod 700 state"],
    ["state/keybot.db", 0o666, "state/keybot.db can be changed by everybody", "chmod 600 state/keybot.db"],
    ["state/keybot.db", 0o640, "state/keybot.db is open to its group", "chmod 600 state/keybot.db"],
    [
      "state/keybot.db-wal",
      0o644,
      "state/keybot.db-wal is open to everybody",
      "chmod 600 state/keybot.db-wal",
    ],
    ["secrets", 0o777, "secrets can be changed by everybody", "chmod go-w secrets"],
    ["keybot.toml", 0o666, "keybot.toml can be changed by everybody", "chmod go-w keybot.toml"],
    ["keybot.toml", 0o660, "keybot.toml can be changed by its group", "chmod go-w keybot.toml"],
  ])("%s with mode %o is a fault, with the chmod that mends it", async (name, mode, says, mend) => {
    chmodSync(join(folder, name), mode);
    expect(await checked()).toEqual([`fault ${says} | run: ${mend}`]);
  });

  it.each([
    ["secrets", 0o755],
    ["keybot.toml", 0o644],
    ["secrets", 0o1777], // a folder where nobody can take away what is another's
  ])("%s with mode %o can be changed by nobody else", async (name, mode) => {
    chmodSync(join(folder, name), mode);
    expect(await checked()).toHaveLength(1);
    expect((await checked())[0]).toMatch(/^ok/);
  });
});

describe("the owner", () => {
  const STATE = "/s";
  const own = (uid: number, stateUid = uid): readonly Guarded[] => [
    { path: STATE, must: "private", folder: true, uid: stateUid, mode: 0o700 },
    { path: "/s/keybot.db", must: "private", folder: false, uid, mode: 0o600 },
  ];
  const config = (uid: number): Guarded => ({
    path: "/k.toml",
    must: "kept",
    folder: false,
    uid,
    mode: 0o640,
  });
  const faults = (files: readonly Guarded[], user: number) =>
    fileFaults(files, STATE, user).map(({ says, mend }) => `${says} | ${mend ?? ""}`);

  it.each([
    ["its own files", [...own(990), config(990)], 990],
    ["a configuration of root", [...own(990), config(0)], 990],
    ["another user's installation, as root sees it", [...own(990), config(0)], 0],
    ["root's own", [...own(0), config(0)], 0],
  ])("%s is right", (_, files, user) => {
    expect(faults(files, user)).toEqual([]);
  });

  it("of the database must be keybot, also when root looks", () => {
    const fault =
      "/s/keybot.db belongs to root, and keybot runs as user 990 | as root: chown 990 /s/keybot.db";
    expect(faults(own(0, 990), 990)).toEqual([fault]);
    expect(faults(own(0, 990), 0)).toEqual([fault]);
  });

  it("of the configuration may be nobody else", () => {
    expect(faults([...own(990), config(1000)], 990)).toEqual([
      "/k.toml belongs to user 1000, and keybot runs as user 990 | as root: chown 990 /k.toml",
    ]);
  });
});
