import { afterEach, describe, expect, it } from "vitest";
import type { Log, LogFields } from "../../src/log.ts";
import { Deliverer } from "../../src/robot/deliver-outbox.ts";
import { checkQueues } from "../../src/robot/health.ts";
import type { Robot } from "../../src/robot/robot.ts";
import { createMailer, type Mailer } from "../../src/smtp/index.ts";
import type { Store } from "../../src/store/index.ts";
import { ScriptedSmtp, type SmtpAnswer } from "../servers/scripted-smtp.ts";
import { smtpSettings } from "../smtp/settings.ts";
import { at, DAY, freshStore, mail } from "../store/kit.ts";

const [ALICE, BOB] = ["alice@partner.example", "bob@partner.example"];
const NO_EMPTY_SENDER: SmtpAnswer = (line) => (line.includes("<>") ? "550 5.7.1 no empty sender" : null);

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

interface Bench {
  readonly server: ScriptedSmtp;
  readonly store: Store;
  readonly said: string[];
  /** One pass over the outbox, as a poll makes it, at a time and as a sender. */
  pass(now?: Date, envelopeFrom?: string): Promise<Deliverer>;
}

async function bench(answers: Readonly<Record<string, SmtpAnswer>> = {}): Promise<Bench> {
  const server = await ScriptedSmtp.start({ answers });
  const store = await freshStore();
  const said: string[] = [];
  const log = logInto(said);
  const mailer: Mailer = createMailer(smtpSettings(server), log);
  running.push({ stop: () => mailer.close() }, server);
  return {
    server,
    store,
    said,
    pass: async (now = at(), envelopeFrom = "") => {
      const robot = {
        store,
        mailer,
        log,
        holder: "test",
        now: () => now,
        sender: { envelopeFrom, address: "robot@company.example" },
      } as unknown as Robot;
      const deliverer = new Deliverer(robot, AbortSignal.timeout(60_000));
      await deliverer.finish();
      return deliverer;
    },
  };
}

function logInto(said: string[]): Log {
  const line = (level: string) => (event: string, fields?: LogFields) => {
    if (level !== "debug") said.push(`${level} ${event} ${fields?.error ?? ""}`.trim());
  };
  const log: Log = {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    with: () => log,
  };
  return log;
}

const states = async (store: Store) =>
  (await store.outboxEntries()).map(({ to, state, attempts }) => `${to} ${state} ${attempts}`).sort();

describe("a server that refuses our sender refuses the installation, and no mail is lost by it", () => {
  it("all wait untried, one error says so, and they go out as whom the configuration names then", async () => {
    const { server, store, said, pass } = await bench({ MAIL: NO_EMPTY_SENDER });
    await store.enqueue([mail("a", ALICE), mail("b", BOB)], at());
    const refused = await pass();
    expect(refused.senderRefused).toBe(true);
    expect(await refused.left()).toBe(2);
    expect(await states(store)).toEqual([`${ALICE} waiting 0`, `${BOB} waiting 0`]);
    expect(said).toEqual([
      expect.stringMatching(/^error sender\.refused .* refused the sender .*550 5\.7\.1 no empty sender/),
    ]);

    const mended = await pass(at(60), "bounce@company.example");
    expect(mended.sent).toBe(2);
    expect(server.mails.map(({ from }) => from)).toEqual([
      "bounce@company.example",
      "bounce@company.example",
    ]);
  });

  it("also when it begins to in the middle, and for longer than a mail may be put off", async () => {
    const { server, store, pass } = await bench();
    await store.enqueue([mail("a", ALICE)], at());
    await pass();
    // Taken when it was asked, and no longer when the mail comes.
    let asked = 0;
    server.answers.set("MAIL", () => (++asked === 1 ? null : "550 5.7.1 no"));
    await store.enqueue([mail("b", BOB)], at());
    expect((await pass(at(1))).senderRefused).toBe(true);
    expect((await pass(at(6 * DAY))).givenUp).toBe(0);
    server.answers.delete("MAIL");
    server.answers.set("RCPT", (line) => (line.includes(BOB) ? "450 4.2.0 greylisted" : null));
    expect((await pass(at(7 * DAY))).givenUp).toBe(0);
    expect(await store.outboxEntries({ state: "waiting" })).toMatchObject([
      { to: BOB, putOffSince: at(7 * DAY) },
    ]);
    expect((await pass(at(13 * DAY))).givenUp).toBe(1);
  });

  it("and words about a sender that a stranger's address brought hold back that one mail alone", async () => {
    const { server, store, pass } = await bench({
      RCPT: (line) => (line.includes(ALICE) ? "550 5.7.1 Sender address rejected, says partner" : null),
    });
    await store.enqueue([mail("a", ALICE), mail("b", BOB)], at());
    const passed = await pass();
    expect(passed.senderRefused).toBe(false);
    expect(server.mails.map(({ to }) => to)).toEqual([BOB]);
    expect(await store.outboxEntries({ state: "waiting" })).toMatchObject([{ to: ALICE, putOffSince: at() }]);
  });

  it("while a recipient who is refused is given up, and doctor warns with the command that sends again", async () => {
    const { server, store, pass } = await bench({
      RCPT: (line) => (line.includes(ALICE) ? "550 5.1.1 no such user" : null),
    });
    await store.enqueue([mail("a", ALICE), mail("b", BOB)], at());
    const passed = await pass();
    expect([passed.sent, passed.givenUp]).toEqual([1, 1]);
    expect(await checkQueues({ store })).toMatchObject({
      state: "warning",
      says: expect.stringContaining("1 were refused for good"),
      mend: expect.stringContaining("keybot outbox retry --all"),
    });
    server.answers.delete("RCPT");
    await store.retryNow(null, { actor: "eve", reason: null, at: at(60) });
    expect((await pass(at(60))).sent).toBe(1);
  });
});
