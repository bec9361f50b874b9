import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { connectTo } from "../bench/imap.ts";
import { describeWith } from "../lab/available.ts";
import { requestMail } from "../lab/openssl.ts";
import { ROBOT } from "../lab/site.ts";
import { MAILBOX } from "../long/mixed-mails.ts";
import { finishAndCheck } from "./cutting.ts";
import { type LogLine, type RobotHere, robotHere } from "./robot.ts";
import { everythingOnce, Stage } from "./stage.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let stage: Stage;
let here: RobotHere;

async function open(options: Parameters<typeof Stage.open>[0] = {}): Promise<void> {
  stage = await Stage.open(options);
  here = await robotHere(stage.site);
}

async function closeAll(): Promise<void> {
  await here?.close();
  await stage?.close();
}

/** What needs attention in the log. */
function complaints(): readonly LogLine[] {
  return here.log.filter(({ level }) => level === "warn" || level === "error");
}

const UNFILED = "SELECT count(*) FROM ledger WHERE filed_at IS NULL";

const failed = (result: unknown): string =>
  result instanceof Error && "code" in result ? `${result.code}` : "";

interface Refusal {
  readonly name: string;
  readonly make: () => Promise<void>;
  readonly mend: () => Promise<void>;
  /** What a poll ends with; "" where it goes on without the server. */
  readonly code: RegExp;
  /** What `doctor` says of it. */
  readonly doctor: RegExp;
  /** Warnings in all of these polls. */
  readonly said: number;
}

const postfix = (...lines: string[]) => stage.site.postfix?.configure(lines) ?? Promise.resolve();
/** Changes the robot's line in Dovecot's list of users. */
async function changeUser(from: string, to: string): Promise<void> {
  const file = join(stage.site.folder, "d", "users");
  const before = readFileSync(file, "utf8");
  const after = before.replace(/^key-management@.*$/m, (line) => line.replace(from, to));
  if (after === before) throw new Error(`nothing to change: ${from}`);
  writeFileSync(file, after);
  // It keeps what it has read for a while.
  await stage.site.dovecot.restart();
}

const password = (from: string, to: string) => changeUser(`{PLAIN}${from}`, `{PLAIN}${to}`);

/** Somebody else's connection to the robot's mailbox. */
let other: Awaited<ReturnType<typeof connectTo>> | null = null;

async function connections(limit: number): Promise<void> {
  await other?.logout();
  other = null;
  await stage.site.dovecot.configure(`mail_max_userip_connections = ${limit}`);
  await stage.site.dovecot.restart();
  if (limit === 1) other = await connectTo(stage.site, ROBOT);
}

const REFUSALS: readonly Refusal[] = [
  {
    name: "IMAP: the password is refused",
    make: () => password("password", "another password"),
    mend: () => password("another password", "password"),
    // Dovecot lets somebody with wrong passwords wait longer and longer, up to a quarter of a minute.
    code: /^imap\.(authentication|unreachable)$/,
    doctor: /^FAIL {2}imap: .*refused the password/m,
    said: 0,
  },
  {
    name: "IMAP: too many connections",
    make: () => connections(1),
    mend: () => connections(100),
    code: /^imap\.busy$/,
    doctor: /^FAIL {2}imap: .*Maximum number of connections/m,
    said: 0,
  },
  {
    name: "SMTP: the server is down",
    make: async () => {
      stage.smtp.target = 1;
    },
    mend: async () => {
      stage.smtp.target = stage.site.postfix?.port ?? 0;
    },
    code: /^$/,
    doctor: /^WARN {2}outbox: +\d mails wait; the last try said: /m,
    said: 1,
  },
  {
    name: "SMTP: no log-in is offered",
    make: () => postfix("smtpd_sasl_auth_enable = no"),
    mend: () => postfix("smtpd_sasl_auth_enable = yes"),
    code: /^$/,
    doctor: /^WARN {2}outbox: +\d mails wait; the last try said: .*no way to log in/m,
    said: 1,
  },
  {
    name: "SMTP: 450 at RCPT, as by a greylist",
    make: () => postfix("smtpd_recipient_restrictions = check_client_access static:{450 4.2.0 greylisted}"),
    mend: () => postfix("smtpd_recipient_restrictions ="),
    code: /^$/,
    doctor: /^WARN {2}outbox: +\d mails wait; the last try said: .*greylisted/m,
    // Each mail's own word, once; two of them tell the admin what waits.
    said: 5,
  },
  {
    name: "SMTP: 451 after the mail",
    make: () => postfix("smtpd_end_of_data_restrictions = check_client_access static:{451 4.3.0 disk full}"),
    mend: () => postfix("smtpd_end_of_data_restrictions ="),
    code: /^$/,
    doctor: /^WARN {2}outbox: +\d mails wait; the last try said: .*disk full/m,
    said: 5,
  },
];

describeWith(["dovecot", "postfix"], "a server that refuses", () => {
  afterEach(closeAll);

  it.each(REFUSALS)(
    "$name: said once, nothing lost, and all done when it is over",
    async (refusal) => {
      await open();
      await stage.bring(8);
      await refusal.make();
      for (let hours = 0; hours < 3; hours++) {
        here.ahead += HOUR;
        expect(failed(await here.poll())).toMatch(refusal.code);
      }
      const said = complaints();
      expect(said.length, JSON.stringify(said)).toBeLessThanOrEqual(refusal.said);
      const { stdout } = await stage.site.keybot(["doctor"], { expectExit: "any" });
      expect(stdout).toMatch(refusal.doctor);
      await refusal.mend();
      await finishAndCheck(stage, here);
    },
    120_000,
  );

  it("SMTP: 550 for one partner gives up that reply alone, and the ledger says so", async () => {
    await open();
    const [, person] = await stage.bring(8);
    const to = /^From: (.*)$/m.exec(person?.raw.toString("latin1") ?? "")?.[1]?.trim() ?? "";
    await postfix(
      `smtpd_recipient_restrictions = check_recipient_access inline:{{${to} = 550 5.1.1 no such user}}`,
    );
    for (let hours = 0; hours < 6; hours++) {
      here.ahead += HOUR;
      await here.poll();
    }
    expect(complaints().map(({ event }) => event)).toEqual(["mail.given-up"]);
    const { records } = await stage.site.keybot(["log", "--json", "--from", to]);
    expect(records()).toEqual([
      expect.objectContaining({ replies: [expect.objectContaining({ to, state: "failed" })] }),
    ]);
    expect(await stage.outcome()).toMatchObject({
      ...everythingOnce(stage),
      unanswered: [person?.id],
      replies: 2,
      unsent: 1,
    });
  }, 120_000);

  it("a daemon waits longer and longer, says so once, and goes on by itself", async () => {
    await open();
    await stage.bring(8);
    await password("password", "another password");
    const daemon = here.run();
    await until(() => here.log.filter(({ event }) => event.startsWith("connection.")).length >= 3);
    const tries = here.log.filter(({ event }) => event.startsWith("connection."));
    expect(tries[0]).toMatchObject({ event: "connection.failed", failures: 1 });
    expect(tries.map(({ failures }) => failures).slice(0, 3)).toEqual([1, 2, 3]);
    // The refusal, and that a server which lets us wait for it does not answer in time: each once.
    const causes = complaints()
      .filter(({ event }) => event === "connection.failed")
      .map(({ error }) => error);
    expect(new Set(causes).size).toBe(causes.length);
    expect(causes.length).toBeLessThanOrEqual(2);
    await password("another password", "password");
    await until(() => here.log.filter(({ event }) => event === "message.decided").length === 8);
    await until(() => here.log.filter(({ event }) => event === "mail.sent").length === 3);
    await daemon.stop();
    await finishAndCheck(stage, here);
  }, 120_000);
});

describeWith(["dovecot", "postfix"], "a mailbox of its own kind", () => {
  afterEach(closeAll);

  /** Dovecot's capabilities after the log-in, but for these. */
  async function without(...missing: string[]): Promise<void> {
    const client = await connectTo(stage.site, ROBOT);
    const offered = [...client.capabilities.keys()].filter((name) => !missing.includes(name));
    await client.logout();
    await stage.site.dovecot.configure(`imap_capability = ${offered.join(" ")}`);
    await stage.site.dovecot.restart();
  }

  it("without MOVE and IDLE is worked through by a daemon, each mail once", async () => {
    await open();
    await without("MOVE", "IDLE");
    const daemon = here.run();
    await until(() => here.log.some(({ event }) => event === "daemon.ready"));
    await stage.bring(8);
    await until(() => here.log.filter(({ event }) => event === "message.decided").length === 8);
    await until(
      () => stage.imap.commands.filter((command) => command.startsWith("UID EXPUNGE")).length === 3,
    );
    await daemon.stop();
    expect(stage.imap.commands.filter((command) => /^(IDLE|UID MOVE)/.test(command))).toEqual([]);
    await finishAndCheck(stage, here);
  }, 120_000);

  it("without MOVE may have a mail twice in its folder, only where the connection was lost between COPY and EXPUNGE", async () => {
    await open();
    await without("MOVE");
    await stage.bring(4);
    stage.imap.arm({ command: /^UID COPY .*Processed/, moment: "unanswered" }, "reset");
    expect(failed(await here.poll())).toBe("imap.closed");
    const copied = stage.mails.filter(({ expected }) => expected.folder === "Processed").map(({ id }) => id);
    for (let polls = 0; polls < 3; polls++) await here.poll();
    const outcome = await stage.outcome();
    expect(outcome.misplaced).toEqual(copied.map((id) => `${id}: Processed+Processed`));
    expect(outcome).toMatchObject({ ...everythingOnce(stage), misplaced: outcome.misplaced });
  }, 120_000);

  it("that is full keeps nobody's request waiting: what cannot be filed is left, the rest goes on", async () => {
    await open({ quotaKilobytes: { [ROBOT]: 100_000 } });
    await without("MOVE");
    await stage.bring(60);
    await changeUser("storage=100000k", "storage=10k");
    for (let polls = 0; polls < 6; polls++) {
      here.ahead += HOUR;
      await here.poll();
    }
    expect(here.log.filter(({ event }) => event === "message.decided")).toHaveLength(60);
    const events = complaints().map(({ event }) => event);
    expect(new Set(events)).toEqual(new Set(["message.not-filed"]));
    // Once a connection for each folder; a poll has one connection. Dovecot's own words differ each time.
    expect(events.length).toBeLessThanOrEqual(3 * 6);
    await changeUser("storage=10k", "storage=100000k");
    await finishAndCheck(stage, here);
  }, 120_000);

  it.each([
    { name: "between two runs", held: null },
    { name: "while the mails are fetched", held: /^UID FETCH .*BODY\.PEEK\[\]/ },
    { name: "before they are moved", held: /^UID MOVE/ },
  ])(
    "whose UIDVALIDITY changes $name is worked through all the same",
    async ({ held }) => {
      await open();
      await stage.bring(8);
      const change = async (): Promise<void> => {
        await stage.site.dovecot.doveadm([
          "mailbox",
          "update",
          "--uid-validity",
          "424242",
          "-u",
          ROBOT,
          "INBOX",
        ]);
      };
      if (held !== null) {
        stage.imap.arm({ command: held, moment: "unsent" }, { hold: change });
        await here.poll();
      } else {
        stage.imap.arm({ command: /^UID MOVE/, moment: "unsent" }, "reset");
        await here.poll();
        await change();
      }
      await stage.bring(4);
      await finishAndCheck(stage, here);
    },
    120_000,
  );

  it("that was restored from a backup is filed again, and nobody is answered or stored twice", async () => {
    await open();
    await stage.bring(16);
    await here.poll();
    expect(await stage.outcome()).toMatchObject(everythingOnce(stage));
    await stage.append(stage.mails.map(({ raw }) => raw));
    expect(await here.poll()).toMatchObject({ seen: 16, stored: 0, answered: 0, failed: 0 });
    const outcome = await stage.outcome();
    const twice = stage.mails.map(({ id, expected: { folder } }) => `${id}: ${folder}+${folder}`);
    expect(outcome).toMatchObject({ ...everythingOnce(stage), misplaced: twice });
  }, 120_000);

  it("with another mail under the same Message-ID takes it for the new mail that it is", async () => {
    await open();
    const asked = (id: string, from: string) => ({
      id,
      raw: Buffer.concat([
        Buffer.from(`X-Lab: ${id}\r\n`),
        requestMail({ from, to: MAILBOX, messageId: "<the-same@partner.example>" }),
      ]),
      expected: { folder: "Processed", partner: null, answered: true } as const,
    });
    await stage.bring(0, [
      asked("one", "one@branch-1.partner.example"),
      asked("two", "two@branch-2.partner.example"),
    ]);
    expect(await here.poll()).toMatchObject({ seen: 2, answered: 2, failed: 0 });
    expect(await stage.outcome()).toMatchObject({ ...everythingOnce(stage), replies: 2, ledger: 2 });
  }, 120_000);
});

describeWith(["dovecot", "postfix"], "servers that are restarted", () => {
  afterEach(closeAll);

  it("in the middle of the work, both, again and again, keep a daemon from nothing", async () => {
    await open();
    const daemon = here.run();
    await until(() => here.log.some(({ event }) => event === "daemon.ready"));
    for (const restart of [stage.site.dovecot.restart, () => stage.site.postfix?.restart()]) {
      const moved = stage.imap.commands.length;
      await stage.bring(40);
      await until(() => stage.imap.commands.slice(moved).some((command) => command.startsWith("UID FETCH")));
      await restart();
    }
    await stage.bring(4);
    await until(() => here.log.filter(({ event }) => event === "message.decided").length === 84);
    await daemon.stop();
    await finishAndCheck(stage, here);
  }, 120_000);
});

describeWith(["dovecot", "postfix"], "a submission server that is slow", () => {
  afterEach(closeAll);

  it("keeps no message from being read and filed; who asks last is answered before the backlog", async () => {
    await open();
    const daemon = stage.site.keybotDaemon(["run"]);
    await daemon.says("daemon.ready", 60_000);
    let answer: () => void = () => {};
    const silence = new Promise<void>((resolve) => {
      answer = resolve;
    });
    stage.smtp.arm({ command: /^MAIL/, moment: "unsent" }, { hold: () => silence });
    const unfiled = () => stage.database((db) => db.prepare(UNFILED).pluck().get());
    const filed = (count: number) => until(() => ledgerSize() === count && unfiled() === 0, 20_000);
    await stage.bring(60);
    await filed(60);
    const id = "asks-last";
    const raw = requestMail({ from: `${id}@branch-1.partner.example`, to: MAILBOX });
    const expected = { folder: "Processed", partner: null, answered: true } as const;
    await stage.bring(0, [{ id, raw: Buffer.concat([Buffer.from(`X-Lab: ${id}\r\n`), raw]), expected }]);
    await filed(61);
    expect(stage.smtp.accepted).toEqual([]);
    answer();
    await until(() => stage.smtp.accepted.length >= 10);
    const last = stage.database((db) =>
      db.prepare("SELECT message_id FROM outbox ORDER BY id DESC").pluck().get(),
    );
    const order = stage.smtp.accepted.map(({ messageId }) => messageId);
    // One had been begun, the next one may be the oldest.
    expect(order.indexOf(`${last}`)).toBeGreaterThanOrEqual(0);
    expect(order.indexOf(`${last}`)).toBeLessThanOrEqual(2);
    expect(await daemon.stop()).toBe(0);
    await finishAndCheck(stage, here);
  }, 120_000);

  it("or away sends what waits as soon as it is there, also while the IMAP server is down", async () => {
    await open();
    const port = stage.smtp.target;
    stage.smtp.target = 1;
    const daemon = here.run();
    await stage.bring(8);
    await until(() => ledgerSize() === 8);
    stage.imap.target = 1;
    stage.imap.cutAll();
    await until(() => here.log.some(({ event }) => event === "connection.failed"));
    stage.smtp.target = port;
    here.ahead += HOUR;
    const answered = stage.mails.filter(({ expected }) => expected.answered).length;
    await until(() => stage.smtp.accepted.length === answered);
    await daemon.stop();
    stage.imap.target = stage.site.dovecot.imapPort;
    await finishAndCheck(stage, here);
  }, 120_000);
});

describeWith(["dovecot", "postfix"], "a clock that jumps", () => {
  afterEach(closeAll);

  it.each([
    { name: "a day ahead", jump: DAY },
    { name: "an hour back", jump: -HOUR },
  ])(
    "$name, in the middle of a round, keeps no mail from being handled in it",
    async ({ jump }) => {
      await open();
      await stage.bring(80);
      stage.imap.arm(
        { command: /^UID MOVE/, moment: "unsent" },
        {
          hold: async () => {
            here.ahead += jump;
          },
        },
      );
      // A reply that was due before a clock is set back is due again when the clock has come there.
      expect(await here.poll()).toMatchObject({ seen: 80 });
      expect(await stage.outcome()).toMatchObject({ misplaced: [], ledger: 80 });
      await finishAndCheck(stage, here);
    },
    120_000,
  );
});

describeWith(["dovecot", "postfix"], "two robots on one database", () => {
  afterEach(closeAll);

  it("two daemons and two polls share the work; one of them is killed and nothing is lost or doubled", async () => {
    await open();
    const daemons = [stage.site.keybotDaemon(["run"]), stage.site.keybotDaemon(["run"])] as const;
    for (const daemon of daemons) await daemon.says("daemon.ready", 60_000);
    const polls = [stage.site.keybotDaemon(["poll"]), stage.site.keybotDaemon(["poll"])];
    const seen = stage.imap.commands.length;
    await stage.bring(40);
    await until(() => stage.imap.commands.slice(seen).some((command) => command.startsWith("UID MOVE")));
    const [first, second] = daemons;
    await first.stop("SIGKILL");
    await stage.bring(20);
    for (const poll of polls) await until(() => poll.exit() !== undefined);
    expect(polls.map((poll) => poll.exit())).toEqual([0, 0]);
    await until(() => ledgerSize() === 60);
    expect(await second.stop()).toBe(0);
    await finishAndCheck(stage, here);
  }, 120_000);
});

function ledgerSize(): unknown {
  return stage.database((db) => db.prepare("SELECT count(*) FROM ledger").pluck().get());
}

async function until(reached: () => boolean, milliseconds = 60_000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!reached()) {
    if (Date.now() > end)
      throw new Error(`not in ${milliseconds} ms: ${reached}\n${JSON.stringify(here.log.slice(-5))}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
