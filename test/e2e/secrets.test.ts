import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { run, runSync } from "../lab/command.ts";
import { ROBOT } from "../lab/site.ts";
import { arrived, type Company, folderCounts, openCompany, submission } from "./company.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "bin", "keybot");

/** Words of a mail that nobody may read who reads the log. */
const WRONG = "no-such-password";
const WORDS = "the-merger-is-on-monday";

interface Needle {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Bytes as they are, and as base64 holds them at each of its three alignments. */
function hiding(name: string, secret: Buffer): Needle[] {
  const inBase64 = [0, 1, 2].map((shift) => {
    const whole = secret.subarray(shift, secret.length - ((secret.length - shift) % 3));
    return { name: `${name}, base64 ${shift}`, bytes: Buffer.from(whole.toString("base64")) };
  });
  return [{ name, bytes: secret }, ...inBase64];
}

/** A password, and how SASL sends it. */
function logIn(password: string): Needle[] {
  return [
    ...hiding("a password", Buffer.from(password)),
    ...hiding("a log-in", Buffer.from(`\0${ROBOT}\0${password}`)),
  ];
}

/** Two dozen octets out of the middle of a key: nothing else has them. */
function middle(bytes: Buffer): Buffer {
  return bytes.subarray(bytes.length >> 1, (bytes.length >> 1) + 24);
}

describeWith(["dovecot"], "what nobody may find in the log or on the disk", () => {
  let company: Company;
  let keys: readonly Needle[];
  let said = "";
  let onDisk: Buffer;
  let refused = "";

  beforeAll(async () => {
    company = await openCompany({ withoutPostfix: true, config: { schedule: { cron: "" } } });
    const { site, alice, bob } = company;
    const pem = readFileSync(alice.keyFile, "utf8");
    const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
    const p12 = runSync("openssl", [
      ...["pkcs12", "-export", "-in", bob.certFile, "-inkey", bob.keyFile, "-passout", "pass:winter"],
    ]).stdout;
    keys = [
      ...hiding("the key", middle(der)),
      { name: "a line of its PEM", bytes: Buffer.from(pem.split("\n")[5] ?? pem) },
      ...hiding("the PKCS#12", middle(p12)),
    ];
    const file = (name: string, bytes: Buffer) => ({ name, type: "application/octet-stream", bytes });
    const mails = [
      submission(alice, { text: WORDS, attachment: file("my.key", Buffer.from(pem)) }),
      submission(alice, { text: `${WORDS}\r\n${pem}` }),
      submission(bob, { from: "bob@partner.example", attachment: file("bob.p12", p12) }),
    ];
    for (const mail of mails) await site.dovecot.deliver(ROBOT, mail);
    await arrived(site, mails.length);
    // Left running, so that the journal files beside the database are there too.
    const daemon = site.keybotDaemon(["run", "--verbose"]);
    for (let tries = 0; tries < 300 && (await folderCounts(site)).INBOX !== undefined; tries++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    // Whose key it is cannot be read from a PKCS#12: a person looks at that one.
    expect(await folderCounts(site)).toEqual({ Rejected: 2, Pending: 1 });
    expect(filesBelow(site.stateFolder).map((name) => name.replace(/.*\//, ""))).toContain("keybot.db-wal");
    onDisk = contents(site.stateFolder);
    await daemon.stop();
    const again = [
      await site.keybot(["doctor", "--verbose"], { expectExit: "any" }),
      await site.keybot(["log", "--json", "--verbose"]),
    ];
    const env = { KEYBOT_IMAP_PASSWORD: WRONG };
    refused = (await site.keybot(["poll", "--verbose"], { env, expectExit: 1 })).stderr;
    said = [daemon.stdout(), daemon.stderr(), ...again.map(({ stdout, stderr }) => stdout + stderr)].join(
      "\n",
    );
  }, 120_000);
  afterAll(() => company?.stop());

  it("the log tells of the mails, and none of their words, no password and no key", () => {
    expect(said).toContain("message.decided");
    const needles = [
      { name: "words of a mail", bytes: Buffer.from(WORDS) },
      ...logIn(company.site.passwordOf(ROBOT)),
      ...keys,
    ];
    const bytes = Buffer.from(said);
    expect(needles.filter((needle) => bytes.includes(needle.bytes)).map(({ name }) => name)).toEqual([]);
  });

  it("an error about a password does not show it", () => {
    expect(refused).toContain("refused the password of");
    const bytes = Buffer.from(refused);
    expect(
      logIn(WRONG)
        .filter((needle) => bytes.includes(needle.bytes))
        .map(({ name }) => name),
    ).toEqual([]);
  });

  it("the database, its journal and the outbox hold no private key of a partner, and no words of his", () => {
    // What is public is there, so it is the right place that was searched.
    expect(onDisk.includes("alice@partner.example")).toBe(true);
    const needles = [{ name: "words of a mail", bytes: Buffer.from(WORDS) }, ...keys];
    expect(needles.filter(({ bytes }) => onDisk.includes(bytes)).map(({ name }) => name)).toEqual([]);
    const after = contents(company.site.stateFolder);
    expect(needles.filter(({ bytes }) => after.includes(bytes)).map(({ name }) => name)).toEqual([]);
  });

  it("the replies do not send it back either", async () => {
    const { site } = company;
    const inboxes = await Promise.all(
      ["alice", "bob"].map((who) => site.partnerInbox(`${who}@partner.example`)),
    );
    const replies = Buffer.concat(inboxes.flat().map(({ raw }) => raw));
    expect(replies.length).toBeGreaterThan(0);
    expect(keys.filter(({ bytes }) => replies.includes(bytes)).map(({ name }) => name)).toEqual([]);
  });
});

describeWith(["dovecot"], "what keybot writes", () => {
  let company: Company;
  beforeAll(async () => {
    company = await openCompany({ withoutPostfix: true });
  });
  afterAll(() => company?.stop());

  it("is closed to other users, however open the umask is", async () => {
    const { site } = company;
    const home = join(site.folder, "fresh");
    await openly([
      ...["init", home, "--yes", "--no-public-roots", "--domain", "company.example", "--robot", ROBOT],
      ...["--imap-host", "imap.company.example", "--smtp-host", "mail.company.example"],
    ]);
    await openly(["--config", site.configFile, "poll"]);
    const files = [...filesBelow(home), ...filesBelow(site.stateFolder)];
    expect(files.map((file) => file.replace(`${site.folder}/`, ""))).toEqual(
      expect.arrayContaining(["fresh/keybot.toml", "k/state/keybot.db"]),
    );
    // The configuration holds no secret and may be read by a group; nobody else may read or change anything.
    const open = files.filter((file) => (statSync(file).mode & (/\.db/.test(file) ? 0o077 : 0o027)) !== 0);
    expect(open).toEqual([]);
  });
});

/** Runs keybot under a umask that closes nothing. */
async function openly(args: readonly string[]): Promise<void> {
  const command = ["-c", 'umask 000; exec "$0" "$@"', process.execPath, PROGRAM, ...args];
  await run("sh", command, { timeout: 60_000 });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function contents(folder: string): Buffer {
  return Buffer.concat(filesBelow(folder).map((file) => readFileSync(file)));
}
