import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRootList } from "../../src/admin/index.ts";
import { main } from "../../src/cli/main.ts";
import { shippedRoots } from "../../src/cli/shipped-roots.ts";
import { loadConfig } from "../../src/config/index.ts";
import { openStore } from "../../src/store/index.ts";
import { FakeTerminal, outside } from "./fake-terminal.ts";

let folder = "";
const SHIPPED = readRootList(await shippedRoots());
/** The shipped list, as a person is told of it. */
const LIST = `${SHIPPED.list.name}, ${SHIPPED.list.dated?.toISOString().slice(0, 10)}`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keybot-init-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function init(args: readonly string[], answers: readonly string[] | null = null) {
  const terminal = new FakeTerminal(answers);
  const code = await main(["init", ...args], outside(terminal, folder, { SUDO_USER: "erika" }));
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

const PASSWORDS = { KEYBOT_IMAP_PASSWORD: "x", KEYBOT_SMTP_PASSWORD: "x" };
/** Everything that must be given when nobody can be asked, but for the domain. */
const GIVEN = [
  ...["--robot", "keys@company.example", "--imap-host", "imap.company.example"],
  ...["--smtp-host", "mail.company.example"],
];
/** Everything else that is asked on a terminal, but for the public CAs. */
const SAID = ["--own-host", "mx.company.example", "--admin", "admin@company.example", "--tag", "[CERT]"];

const mode = (name: string) => (statSync(join(folder, name)).mode & 0o777).toString(8);

describe("keybot init", () => {
  it("writes what its options say, and a file that loads", async () => {
    const { code, stdout } = await init([
      ...["--domain", "company.example", "--domain", "company.test", "--robot", "keys@company.example"],
      ...[
        "--imap-host",
        "imap.company.test",
        "--smtp-host",
        "smtp.company.test",
        "--own-host",
        "mx.company.test",
      ],
      ...["--admin", "admin@company.example", "--tag", "[CERT]"],
    ]);
    expect([code, stdout]).toEqual([
      0,
      `wrote ${folder}/keybot.toml\nmade ${folder}/state and ${folder}/secrets, private to this user\n` +
        `trusted the ${SHIPPED.roots.length} public e-mail CAs of Mozilla (${LIST})\n`,
    ]);
    expect([mode("state"), mode("secrets")]).toEqual(["700", "700"]);
    expect(readdirSync(join(folder, "secrets"))).toEqual(["README"]);
    const config = await loadConfig(join(folder, "keybot.toml"), {});
    expect(config).toMatchObject({
      stateDir: join(folder, "state"),
      policy: {
        tag: "[CERT]",
        domains: ["company.example", "company.test"],
        robot: ["keys@company.example"],
        border: { ownHosts: ["mx.company.test"] },
      },
      imap: { host: "imap.company.test", user: "keys@company.example" },
      smtp: { host: "smtp.company.test", from: { name: "Key Management", address: "keys@company.example" } },
      admin: { address: "admin@company.example" },
    });
  });

  it("takes the usual names with --yes", async () => {
    const { code } = await init(["new", "--domain", "company.example", "--yes"]);
    expect(code).toBe(0);
    expect(await loadConfig(join(folder, "new", "keybot.toml"), {})).toMatchObject({
      policy: { tag: "[AXAZERTIFIKAT]", robot: ["key-management@company.example"], border: { ownHosts: [] } },
      imap: { host: "imap.company.example" },
      smtp: { host: "mail.company.example" },
      admin: { address: "postmaster@company.example" },
    });
  });

  it("asks on a terminal, and asks again after a wrong answer", async () => {
    const { code, stderr } = await init(
      [],
      [
        "",
        "@company.example",
        "company.example, company.test",
        "",
        "imap:993",
        "imap.company.test",
        "",
        "",
        "",
        "",
        "yep",
        "",
      ],
    );
    expect(code).toBe(0);
    expect(stderr.slice(0, stderr.indexOf("\nNext:"))).toBe(`Own mail domains: 
  it is needed
Own mail domains: @company.example
  it has "@company.example" in its list; each entry must be a domain such as "company.example" (write it without the "@")
Own mail domains: company.example, company.test
Address of the robot [key-management@company.example]: 
IMAP server [imap.company.example]: imap:993
  it must be a host name such as "mail.company.example", or an IP address (the port is a key of its own)
IMAP server [imap.company.example]: imap.company.test
SMTP server [mail.company.example]: 
Own servers, as Received lines name them: 
Who is told of pending certificates [postmaster@company.example]: 
Subject that asks for a certificate [[AXAZERTIFIKAT]]: 
Trust the ${SHIPPED.roots.length} public e-mail CAs of Mozilla (${LIST})? [Y/n] yep
  it must be y or n
Trust the ${SHIPPED.roots.length} public e-mail CAs of Mozilla (${LIST})? [Y/n] 
`);
    expect((await loadConfig(join(folder, "keybot.toml"), {})).imap.host).toBe("imap.company.test");
  });

  it("says the next commands, which name the file when it lies elsewhere", async () => {
    expect((await init(["--domain", "company.example", "--yes"])).stderr).toBe(`
Next:
  1. write each password into its file (end with Enter and Ctrl-D):
       (umask 077; cat > ${folder}/secrets/imap)
       (umask 077; cat > ${folder}/secrets/smtp)
  2. say whom to trust: Mozilla's newest list of public CAs (a file or an https URL; docs/TRUST.md
     says where it is), and the own CAs of partners, each for their domains alone:
       keybot trust update certdata.txt
       keybot trust add CA.pem --domain partner.example
  3. check everything:
       keybot doctor
`);
    const { stderr } = await init(["it's here", "--domain", "company.example", "--yes"]);
    expect(stderr).toContain(`keybot --config '${folder}/it'\\''s here/keybot.toml' doctor\n`);
  });

  it("makes the database where --state-dir says, and names that folder in the file", async () => {
    const state = join(folder, "var", "lib", "keybot");
    const args = ["etc", "--domain", "company.example", "--state-dir", "var/lib/keybot", "--yes"];
    expect((await init(args)).code).toBe(0);
    expect((await loadConfig(join(folder, "etc", "keybot.toml"), {})).stateDir).toBe(state);
    expect(readdirSync(state)).toContain("keybot.db");
    expect([mode("var/lib/keybot"), readdirSync(join(folder, "etc")).sort()]).toEqual([
      "700",
      ["keybot.toml", "secrets"],
    ]);
  });

  it("makes the database also without public CAs, so that the reading commands have one", async () => {
    await init(["--domain", "company.example", "--yes", "--no-public-roots"]);
    expect(readdirSync(join(folder, "state"))).toContain("keybot.db");
  });

  // Node's recursive mkdir asks again for ever where the system says ENOENT though the folder above is there.
  it.each([[["/proc/x"]], [["/proc/x/y/z"]], [["here", "--state-dir", "/proc/x/y"]]])(
    "ends where no folder can be made: %j",
    async (args) => {
      const { code, stderr } = await init([...args, "--domain", "company.example", "--yes"]);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^keybot: E[A-Z]+: .*mkdir '\/proc\/x'\n$/)]);
    },
  );

  it("prints JSON alone with --json, and nothing besides with --quiet", async () => {
    const { stdout, stderr } = await init(["--domain", "company.example", "--yes", "--json", "--quiet"]);
    expect([JSON.parse(stdout), stderr]).toEqual([
      {
        file: join(folder, "keybot.toml"),
        stateDir: join(folder, "state"),
        secretsDir: join(folder, "secrets"),
        publicRoots: SHIPPED.roots.length,
      },
      "",
    ]);
  });

  it.each<[string, readonly string[], readonly string[] | null, boolean]>([
    ["takes them with --yes", ["--yes"], null, true],
    ["takes them when nobody can be asked and all else is given", GIVEN, null, true],
    ["takes them with --public-roots", [...GIVEN, "--public-roots"], null, true],
    ["does not with --no-public-roots", ["--yes", "--no-public-roots"], null, false],
    ["takes them when the person says yes", [...GIVEN, ...SAID], ["Y"], true],
    ["does not when he says no", [...GIVEN, ...SAID], ["no"], false],
  ])("offers the public CAs: %s", async (_, args, answers, trusted) => {
    const { code, stdout } = await init(["--domain", "company.example", ...args], answers);
    expect([code, stdout.includes("trusted no CA\n")]).toEqual([0, !trusted]);
    const { stateDir, policy } = await loadConfig(join(folder, "keybot.toml"), PASSWORDS);
    expect(policy.certificates.publicRoots).toBe(trusted);
    const store = await openStore({ stateDir });
    try {
      const cas = await store.listTrust();
      expect(cas.map(({ sha256 }) => sha256).sort()).toEqual(
        trusted ? SHIPPED.roots.map(({ certificate }) => certificate.sha256).sort() : [],
      );
      expect(cas.filter(({ distrustAfter }) => distrustAfter !== null)).toHaveLength(
        trusted ? SHIPPED.roots.filter(({ distrustAfter }) => distrustAfter !== null).length : 0,
      );
      const [newest] = await store.auditEntries({ limit: 1 });
      expect(newest?.action).toBe(trusted ? "trust.updated" : undefined);
      if (trusted) expect(newest).toMatchObject({ actor: "erika", reason: "keybot init" });
    } finally {
      await store.close();
    }
  });

  it("never overwrites a file", async () => {
    writeFileSync(join(folder, "keybot.toml"), "mine");
    expect(await init(["--domain", "company.example", "--yes"])).toEqual({
      code: 2,
      stdout: "",
      stderr: `keybot: ${folder}/keybot.toml is there already; nothing was changed\n  name another folder, or move that file away\n`,
    });
    expect(readFileSync(join(folder, "keybot.toml"), "utf8")).toBe("mine");
    expect(readdirSync(folder)).toEqual(["keybot.toml"]);
  });

  it.each([
    [[], "--domain is missing, and there is nobody to ask\n  keybot init --help shows an example\n"],
    [
      ["--domain", "company.example"],
      "--robot is missing, and there is nobody to ask\n" +
        '  name it, or take "key-management@company.example" and all other usual answers with --yes\n',
    ],
    [
      ["--domain", "company.example", "--yes", "--imap-host", "imap:993"],
      '--imap-host must be a host name such as "mail.company.example", or an IP address (the port is a key of its own)\n',
    ],
    [
      ["--domain", "company example", "--yes"],
      '--domain has "company example" in its list; each entry must be a domain such as "company.example"\n',
    ],
  ])("refuses %j", async (args, stderr) => {
    expect(await init(args)).toEqual({ code: 2, stdout: "", stderr: `keybot: ${stderr}` });
    expect(readdirSync(folder)).toEqual([]);
  });
});
