import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authority } from "../lab/authority.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";
import { runKeybot, startKeybot } from "../lab/keybot.ts";
import { type ConfigOverrides, siteConfiguration } from "../lab/keybot-configuration.ts";
import { alter, plainMail, requestMail, signedMail } from "../lab/openssl.ts";
import { noRoots } from "./root.ts";
import { type Exim, PASSWORD, startCourier, startCyrus, startExim, USER } from "./servers.ts";

const ROBOT = "key-management@company.example";
const ANNA = "anna@company.example";
const KILLED_WITH = 40;

const reason = noRoots();
if (reason !== undefined) process.stderr.write(`skipped: other mail servers (${reason})\n`);

describe.skipIf(reason !== undefined)("other mail servers", () => {
  let folder: LabFolder;
  let ca: Authority;
  let robots = 0;
  beforeAll(() => {
    folder = openFolder();
    ca = Authority.root(join(folder.path, "ca"), { name: "Lab Root" });
  });
  afterAll(() => folder?.remove());

  /** A robot of these servers, set up as an admin sets it up. */
  async function robotOf(imap: number, smtp: number, config: ConfigOverrides = {}) {
    const home = join(folder.path, `k${robots++}`);
    mkdirSync(join(home, "secrets"), { recursive: true });
    writeFileSync(join(home, "secrets/password"), PASSWORD, { mode: 0o600 });
    const file = join(home, "keybot.toml");
    const configure = (more: ConfigOverrides) => {
      const places = { robot: ROBOT, imapPort: imap, smtpPort: smtp, caFile: ca.identity.certFile };
      const login = { user: USER, security: "none" };
      const text = siteConfiguration(places, {
        ...more,
        imap: { ...login, ...more.imap },
        smtp: { ...login, ...more.smtp },
        trust: { public_roots: false, revocation: "off" },
        requests: { own_hosts: [], own_networks: ["127.0.0.1/32"], mailbox_source: "to" },
      });
      writeFileSync(file, text);
    };
    configure(config);
    const anna = ca.issue({ addresses: [ANNA] });
    await runKeybot(file, ["trust", "add", ca.identity.certFile, "--any-domain"]);
    await runKeybot(file, ["mailbox", "add", ANNA, anna.certFile]);
    return {
      configure,
      run: (args: readonly string[], expectExit: number | "any" = 0) =>
        runKeybot(file, args, { expectExit, timeout: 120_000 }),
      start: (args: readonly string[]) => startKeybot(file, args, folder),
    };
  }

  const connect = async (port: number, user = USER) => {
    const auth = { user, pass: PASSWORD };
    const client = new ImapFlow({
      host: "127.0.0.1",
      port,
      secure: false,
      doSTARTTLS: false,
      auth,
      logger: false,
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  };

  /** Puts mails into a mailbox, named as the server names it. */
  async function fill(port: number, path: string, mails: readonly Buffer[]): Promise<void> {
    const client = await connect(port);
    client.namespace = { prefix: "", delimiter: client.namespace?.delimiter ?? "/" };
    for (const mail of mails) expect(await client.append(path, mail)).not.toBe(false);
    await client.logout();
  }

  /** How many mails lie where. */
  async function counts(port: number): Promise<Record<string, number>> {
    const client = await connect(port);
    client.namespace = { prefix: "", delimiter: client.namespace?.delimiter ?? "/" };
    const listed = await client.list({ statusQuery: { messages: true } });
    await client.logout();
    return Object.fromEntries(
      listed.flatMap(({ path, status }) => (status?.messages ? [[path, status.messages]] : [])),
    );
  }

  const submission = (name: string) =>
    signedMail({
      from: `${name}@partner.example`,
      to: ROBOT,
      signer: ca.issue({ addresses: [`${name}@partner.example`] }),
    });
  const request = (name: string) => requestMail({ from: `${name}@partner.example`, to: ANNA });

  /** A mail for each folder but Pending, and a request. */
  function baseSet(): readonly Buffer[] {
    return [
      submission("alice"),
      alter(submission("mallory")),
      request("bob"),
      plainMail({ from: "carol@partner.example", to: ROBOT }),
    ];
  }

  const answered = (exim: Exim, name: string) =>
    exim.delivered().filter((address) => address === `${name}@partner.example`).length;

  async function expectBase(
    port: number,
    robot: Awaited<ReturnType<typeof robotOf>>,
    exim: Exim,
    parent: string,
  ) {
    const poll = await robot.run(["poll", "--json"]);
    expect(poll.records()).toMatchObject([{ seen: 4, stored: 1, rejected: 1, failed: 0, givenUp: 0 }]);
    const { INBOX = 0, ...found } = await counts(port);
    expect(INBOX).toBe(0);
    expect(found).toMatchObject({
      [`${parent}Processed`]: 2,
      [`${parent}Rejected`]: 1,
      [`${parent}Unhandled`]: 1,
    });
    await expect
      .poll(() => [answered(exim, "alice"), answered(exim, "bob")], { timeout: 20_000 })
      .toEqual([1, 1]);
    expect((await robot.run(["poll", "--json"])).records()).toMatchObject([
      { seen: 0, answered: 0, failed: 0 },
    ]);
  }

  /** Killed in the middle, then polled: each mail is filed once and answered once. */
  async function expectWholeAfterKill(
    port: number,
    robot: Awaited<ReturnType<typeof robotOf>>,
    exim: Exim,
    parent: string,
  ) {
    const names = Array.from({ length: KILLED_WITH }, (_, number) => `k${number}`);
    const before = (await counts(port))[`${parent}Processed`] ?? 0;
    const daemon = robot.start(["run", "--verbose"]);
    await daemon.says("daemon.ready", 30_000);
    await fill(port, "INBOX", names.map(request));
    await daemon.says("mail.sent", 90_000);
    expect(await daemon.stop("SIGKILL"), "it was killed while it worked").toBe(-1);
    for (let polls = 0; polls < 5 && (await robot.run(["poll"], "any")).exit !== 0; polls += 1);
    const { INBOX = 0, ...found } = await counts(port);
    expect([INBOX, found[`${parent}Processed`]]).toEqual([0, before + KILLED_WITH]);
    // One may have gone out twice: when its 250 came and the note of it did not (docs/PRODUCT.md).
    await expect
      .poll(() => names.filter((name) => answered(exim, name) === 0), { timeout: 30_000 })
      .toEqual([]);
    expect(names.reduce((sum, name) => sum + answered(exim, name), 0)).toBeLessThanOrEqual(KILLED_WITH + 1);
  }

  it.each([
    { server: "Cyrus, default namespace", start: () => startCyrus(folder, false), parent: "INBOX." },
    { server: "Courier", start: () => startCourier(folder), parent: "INBOX." },
  ])(
    "$server with Exim: doctor, the base set, a kill",
    async ({ start, parent, server }) => {
      const [imap, exim] = [await start(), await startExim(folder, false)];
      try {
        if (server.startsWith("Cyrus")) await createUsers(imap.port);
        const robot = await robotOf(imap.port, exim.port);
        const doctor = await robot.run(["doctor", "--json"]);
        expect(doctor.stdout).toContain(`files into ${parent}Processed`);
        await fill(imap.port, "INBOX", baseSet());
        await expectBase(imap.port, robot, exim, parent);
        await expectWholeAfterKill(imap.port, robot, exim, parent);
      } finally {
        await imap.stop();
        await exim.stop();
      }
    },
    900_000,
  );

  /** Makes the users' mailboxes and lets the robot into that of sales (RFC 4314), as an admin does. */
  async function createUsers(port: number, users: readonly string[] = [USER, "sales"]): Promise<void> {
    const admin = await connect(port, "cyrus");
    // The admin has no mailbox, so no personal namespace (RFC 2342 §5) and no delimiter of one.
    const { delimiter = "." } =
      (admin.namespaces?.other || []).find(({ prefix }) => prefix.startsWith("user")) ?? {};
    admin.namespace = { prefix: "", delimiter };
    for (const user of users) await admin.mailboxCreate(`user${delimiter}${user}`);
    const { exec } = admin as unknown as {
      exec(command: string, attributes: readonly object[]): Promise<{ next(): void }>;
    };
    const atoms = [`user${delimiter}sales`, USER, "lrswipkxte"].map((value) => ({ type: "ATOM", value }));
    (await exec.call(admin, "SETACL", atoms)).next();
    await admin.logout();
  }

  it.each([
    { alt: false, own: true, mailbox: "user.sales", inside: "user.sales." },
    { alt: true, own: true, mailbox: "Other Users/sales", inside: "Other Users/sales/" },
    // A log-in without a mailbox of its own gets NIL for its namespace (RFC 2342 §5).
    { alt: true, own: false, mailbox: "Other Users/sales", inside: "Other Users/sales/" },
  ])(
    "Cyrus, another user's mailbox $mailbox (and one of its own: $own): folders inside it",
    async ({ alt, own, mailbox, inside }) => {
      const [imap, exim] = [await startCyrus(folder, alt), await startExim(folder, false)];
      try {
        await createUsers(imap.port, own ? [USER, "sales"] : ["sales"]);
        const robot = await robotOf(imap.port, exim.port, { imap: { mailbox } });
        expect((await robot.run(["doctor", "--json"])).stdout).toContain(`files into ${inside}Processed`);
        await fill(imap.port, mailbox, baseSet());
        await expectBase(imap.port, robot, exim, inside);
      } finally {
        await imap.stop();
        await exim.stop();
      }
    },
    900_000,
  );

  it("Exim that refuses the null sender: nothing is lost, and all goes out when bounce_address is set", async () => {
    const [imap, exim] = [await startCyrus(folder, false), await startExim(folder, true)];
    try {
      await createUsers(imap.port);
      const robot = await robotOf(imap.port, exim.port);
      const doctor = await robot.run(["doctor"], 4);
      expect(doctor.stdout).toMatch(/FAIL +smtp: .*no empty sender here/);
      await fill(imap.port, "INBOX", baseSet());
      const poll = await robot.run(["poll"], 1);
      expect(poll.stderr).toContain("sender.refused");
      const waiting = (await robot.run(["outbox", "list", "--json"])).records();
      expect(waiting.length).toBeGreaterThanOrEqual(2);
      for (const mail of waiting) expect(mail).toMatchObject({ state: "waiting" });
      robot.configure({ smtp: { bounce_address: ROBOT } });
      await robot.run(["doctor"]);
      await robot.run(["poll"]);
      await expect
        .poll(() => [answered(exim, "alice"), answered(exim, "bob")], { timeout: 20_000 })
        .toEqual([1, 1]);
    } finally {
      await imap.stop();
      await exim.stop();
    }
  }, 900_000);
});
