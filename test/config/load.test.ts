import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { findConfigFile, loadConfig, requireSecrets, Secret } from "../../src/config/index.ts";
import { openTo } from "../../src/config/secret.ts";
import { KeybotError } from "../../src/errors.ts";

const TEXT = `domains = ["company.example"]
[imap]
host = "imap.company.example"
user = "robot@company.example"
password_file = "secrets/imap"
[smtp]
host = "mail.company.example"
user = "robot@company.example"
`;

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keybot-config-"));
  mkdirSync(join(folder, "secrets"), { mode: 0o700 });
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

async function faultOf(work: () => unknown): Promise<readonly [string, string | null]> {
  try {
    await work();
  } catch (error) {
    if (error instanceof KeybotError && error.kind === "config") return [error.message, error.hint];
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("secrets", () => {
  it("come from a file, without the newline at its end", async () => {
    write("secrets/imap", " pass word \r\n");
    const config = await loadConfig(write("keybot.toml", TEXT), {});
    expect(config.imap.password.reveal()).toBe(" pass word ");
  });

  it("come from the environment first", async () => {
    write("secrets/imap", "from the file\n");
    const env = { KEYBOT_IMAP_PASSWORD: "from the environment", KEYBOT_SMTP_PASSWORD: "too" };
    const config = await loadConfig(write("keybot.toml", TEXT), env);
    expect(config.imap.password.reveal()).toBe("from the environment");
    expect(config.smtp.login?.password.reveal()).toBe("too");
    expect(() => requireSecrets(config)).not.toThrow();
  });

  it("are read anew each time, so that a changed password counts at the next connection", async () => {
    write("secrets/imap", "old");
    const config = await loadConfig(write("keybot.toml", TEXT), {});
    expect(config.imap.password.reveal()).toBe("old");
    write("secrets/imap", "new");
    expect(config.imap.password.reveal()).toBe("new");
  });

  it("do not hinder commands that need none", async () => {
    const config = await loadConfig(write("keybot.toml", TEXT), {});
    expect(config.policy.domains).toEqual(["company.example"]);
    expect(await faultOf(() => requireSecrets(config))).toEqual([
      `imap.password_file: there is no ${join(folder, "secrets/imap")}`,
      `write the password into it and run: chmod 600 ${join(folder, "secrets/imap")}`,
    ]);
  });

  it("must be named when there is a user", async () => {
    write("secrets/imap", "x");
    const config = await loadConfig(write("keybot.toml", TEXT), {});
    expect(await faultOf(() => requireSecrets(config))).toEqual([
      "smtp.password_file is not set",
      "name a file that holds nothing but the password, or set KEYBOT_SMTP_PASSWORD",
    ]);
  });

  it.each([
    ["open to everybody", "x", 0o604, "is open to everybody", "run: chmod 600 "],
    ["writable by its group", "x", 0o620, "is open to its group", "run: chmod 600 "],
    ["empty", "\n", 0o600, "is empty", "write the password into it"],
    ["too long", "x".repeat(5000), 0o600, "is too long for a password", null],
  ])("are refused when the file is %s", async (_what, text, mode, rest, hint) => {
    const file = write("secrets/imap", text, mode);
    const config = await loadConfig(write("keybot.toml", TEXT), {});
    expect(await faultOf(() => config.imap.password.reveal())).toEqual([
      `imap.password_file: ${file} ${rest}`,
      hint?.endsWith(" ") ? hint + file : hint,
    ]);
  });

  it("show themselves nowhere", () => {
    const secret = new Secret(() => "hunter2");
    const shown = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }), String(secret)];
    expect(shown).toEqual(["[secret]", '{"secret":"[secret]"}', "{ secret: [secret] }", "[secret]"]);
    expect(Object.keys(secret)).toEqual([]);
    expect(inspect(secret, { showHidden: true, customInspect: false, depth: 9 })).not.toContain("hunter2");
  });
});

describe("the mode of a secret file", () => {
  it.each([
    [1000, 0o600, "/srv/secret", null],
    [1000, 0o400, "/srv/secret", null],
    [1000, 0o640, "/srv/secret", "its group"],
    [1000, 0o604, "/srv/secret", "everybody"],
    [1000, 0o602, "/srv/secret", "everybody"],
    [0, 0o640, "/srv/secret", null],
    [0, 0o440, "/run/credentials/keybot.service/imap", null],
    [0, 0o660, "/srv/secret", "its group"],
    [0, 0o644, "/srv/secret", "everybody"],
    [0, 0o444, "/run/secrets/imap", null],
    [1000, 0o644, "/run/secrets/..2026_11_26_12_00_00.1/imap", null],
    [0, 0o446, "/run/secrets/imap", "everybody"],
    [0, 0o464, "/run/secrets/imap", "its group"],
    [0, 0o644, "/etc/keybot/secrets/..2026_11_26_12_00_00.1/imap", "everybody"],
    [0, 0o444, "/run/secrets-of-mine/imap", "everybody"],
  ])("owner %i, mode %o, at %s: open to %s", (uid, mode, path, expected) => {
    expect(openTo({ uid, mode: 0o100000 | mode }, path)).toBe(expected);
  });
});

describe("the signing identity", () => {
  const SIGNING = `${TEXT}[signing]\ncertificate_file = "robot.pem"\nkey_file = "secrets/robot.key"\n`;

  it("is two files, the key private", async () => {
    write("robot.pem", "certificate");
    const key = write("secrets/robot.key", "key");
    const config = await loadConfig(write("keybot.toml", SIGNING), { KEYBOT_SIGNING_KEY_PASSWORD: "x" });
    expect(config.signing).toMatchObject({ certificateFile: join(folder, "robot.pem"), keyFile: key });
    expect(config.signing?.keyPassword?.reveal()).toBe("x");
  });

  it("has no password when none is named", async () => {
    write("robot.pem", "certificate");
    write("secrets/robot.key", "key");
    expect((await loadConfig(write("keybot.toml", SIGNING), {})).signing?.keyPassword).toBeNull();
  });

  it("is refused when others can read the key", async () => {
    write("robot.pem", "certificate");
    const key = write("secrets/robot.key", "key", 0o644);
    const file = write("keybot.toml", SIGNING);
    expect(await faultOf(() => loadConfig(file, {}))).toEqual([
      `signing.key_file: ${key} is open to everybody`,
      `run: chmod 600 ${key}`,
    ]);
  });

  it("is refused without its key", async () => {
    write("robot.pem", "certificate");
    const file = write("keybot.toml", SIGNING.replace(/key_file.*\n/, ""));
    expect(await faultOf(() => loadConfig(file, {}))).toEqual([
      `${file}:9: signing.key_file is missing; a signature needs both files`,
      null,
    ]);
  });
});

describe("where the file is looked for", () => {
  it("is --config, then KEYBOT_CONFIG, then the working directory", () => {
    const here = write("keybot.toml", TEXT);
    expect(findConfigFile("a.toml", { KEYBOT_CONFIG: "b.toml" }, folder)).toBe(join(folder, "a.toml"));
    expect(findConfigFile(null, { KEYBOT_CONFIG: "b.toml" }, folder)).toBe(join(folder, "b.toml"));
    expect(findConfigFile(null, { KEYBOT_CONFIG: "" }, folder)).toBe(here);
  });

  it("is told when there is none", async () => {
    expect(await faultOf(() => findConfigFile(null, {}, folder))).toEqual([
      `there is no configuration: neither ${join(folder, "keybot.toml")} nor /etc/keybot/keybot.toml`,
      "keybot init writes one; --config FILE or KEYBOT_CONFIG names another",
    ]);
  });

  it("is told when the named one is not there", async () => {
    const file = join(folder, "none.toml");
    expect(await faultOf(() => loadConfig(file, {}))).toEqual([
      `there is no ${file}`,
      "keybot init writes one",
    ]);
  });
});
