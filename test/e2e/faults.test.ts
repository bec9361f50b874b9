import { appendFileSync, chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase } from "../../src/store/driver.ts";
import { describeWith } from "../lab/available.ts";
import { freePorts } from "../lab/port.ts";
import { type Site, startSite } from "../lab/site.ts";

/** What an admin's mistake, or a server's, must look like: one sentence, one hint, the right exit code, no stack. */
interface Fault {
  readonly name: string;
  readonly exit: number;
  readonly says: RegExp;
  /** The command that meets the fault; default `poll`. */
  readonly args?: readonly string[];
  readonly make: (site: Site) => Promise<void> | void;
}

const FAULTS: readonly Fault[] = [
  {
    name: "a wrong password",
    exit: 1,
    says: /refused the password of key-management@company\.example/,
    make: (site) => secret(site, "wrong"),
  },
  {
    name: "a password that others can read",
    exit: 2,
    says: /chmod 600/,
    make: (site) => chmodSync(passwordFile(site), 0o644),
  },
  {
    name: "an unreachable server",
    exit: 1,
    says: /refuses connections\n {2}.*imap\.port/,
    make: async (site) => {
      const [nobody] = await freePorts(1);
      configure(site, (text) => text.replace(/(\[imap\][^[]*?\nport = )\d+/, `$1${nobody}`));
    },
  },
  {
    name: "a server whose certificate nobody here vouches for",
    exit: 1,
    says: /certificate/,
    make: (site) => configure(site, (text) => text.replace(/(\[imap\][^[]*?)\nca_file = .*/, "$1")),
  },
  {
    name: "an unknown key",
    exit: 2,
    says: /keybot\.toml:\d+: .*pasword_file[\s\S]*password_file/,
    make: (site) => configure(site, (text) => text.replace("password_file", "pasword_file")),
  },
  {
    name: "a database of a newer version",
    exit: 2,
    says: /newer/,
    make: async (site) => {
      await site.keybot(["poll"]);
      const db = openDatabase(join(site.stateFolder, "keybot.db"));
      db.pragma("user_version = 999");
      db.close();
    },
  },
  {
    name: "a database that is none",
    exit: 1,
    says: /database/,
    args: ["list"],
    make: async (site) => {
      await site.keybot(["poll"]);
      writeFileSync(
        join(site.stateFolder, "keybot.db"),
        "this is no database, but it is long enough to look like one. ".repeat(100),
      );
    },
  },
];

const passwordFile = (site: Site) => join(site.configFile, "..", "secrets", "password");
const secret = (site: Site, password: string) => writeFileSync(passwordFile(site), password, { mode: 0o600 });

function configure(site: Site, change: (text: string) => string): void {
  const before = readFileSync(site.configFile, "utf8");
  const after = change(before);
  if (after === before) throw new Error("the configuration did not change");
  writeFileSync(site.configFile, after);
}

describeWith(["dovecot"], "faults of servers and settings", () => {
  it.each(FAULTS)(
    "$name: one sentence with what to do, exit $exit, no stack",
    async ({ exit, says, args, make }) => {
      const site = await startSite();
      try {
        await make(site);
        const { stdout, stderr } = await site.keybot(args ?? ["poll"], { expectExit: exit });
        expect(stderr).toMatch(says);
        expect(stderr).toMatch(/^keybot: [^\n]+\n( {2}[^\n]+\n)?$/);
        expect(stderr).not.toMatch(/\n\s+at |node:internal/);
        expect(stdout).toBe("");
        const verbose = await site.keybot([...(args ?? ["poll"]), "--verbose"], { expectExit: exit });
        expect(verbose.stderr).toMatch(/\n\s+at /);
      } finally {
        await site.stop();
      }
    },
  );
});

describeWith(["dovecot"], "a server that goes away", () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite();
  });
  afterAll(() => site?.stop());

  it("does not end the daemon, which takes up its work when the server is back", async () => {
    const daemon = site.keybotDaemon(["run"]);
    await daemon.says("daemon.ready");
    await site.dovecot.restart();
    await daemon.says("connection.failed", 20_000);
    await site.dovecot.deliver(
      "key-management@company.example",
      Buffer.from("From: bob@partner.example\r\n\r\nhello\r\n"),
    );
    await daemon.says("message.decided", 30_000);
    expect(await daemon.stop()).toBe(0);
  }, 60_000);

  it("goes on with the configuration it has when SIGHUP finds a wrong one", async () => {
    const daemon = site.keybotDaemon(["run"]);
    await daemon.says("daemon.ready");
    const good = readFileSync(site.configFile, "utf8");
    appendFileSync(site.configFile, "\n[nonsense]\n");
    process.kill(daemon.pid, "SIGHUP");
    await daemon.says("config.refused");
    writeFileSync(site.configFile, good);
    process.kill(daemon.pid, "SIGHUP");
    await daemon.says("daemon.reloads");
    expect(await daemon.stop()).toBe(0);
  }, 60_000);
});

describeWith(["dovecot"], "keybot doctor", () => {
  it("finds nothing that keeps a fresh site from working, and says what is still missing", async () => {
    const site = await startSite();
    try {
      // Without a database all else is looked at all the same.
      const before = await site.keybot(["doctor"], { expectExit: 4 });
      expect(before.stdout).toMatch(/^FAIL {2}database: .*there is no database.*\n.*keybot init/m);
      expect(before.stdout).toMatch(/^ok {4}imap: .*0 mails wait/m);
      await site.keybot(["poll"]);
      const { stdout } = await site.keybot(["doctor"]);
      expect(stdout).toMatch(/^ok {4}imap: .*0 mails wait/m);
      expect(stdout).toMatch(/^ok {4}smtp: .*logged in/m);
      expect(stdout).toMatch(/^WARN {2}trust: .*\n.*keybot trust add/m);
      expect(stdout).toMatch(/^WARN {2}mailboxes: .*\n.*keybot mailbox add/m);
    } finally {
      await site.stop();
    }
  });

  it("ends with 4 and says how to mend what fails", async () => {
    const site = await startSite();
    try {
      secret(site, "wrong");
      const { stdout } = await site.keybot(["doctor"], { expectExit: 4 });
      expect(stdout).toMatch(/^FAIL {2}imap: .*refused the password.*\n {2,}\S/m);
    } finally {
      await site.stop();
    }
  });
});
