import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/log.ts";
import { openRevocationDesk } from "../../src/revocation/index.ts";
import { Asking, type Mailbox, type ToAsk } from "../../src/robot/asking.ts";
import type { Prepared } from "../../src/robot/complete.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const MAILBOX: Mailbox = { uidValidity: 7n, trustVersion: 1 };
const WAITS: Prepared = { kind: "waiting", until: NOW };

const now = () => NOW;
const desk = openRevocationDesk({ proxy: null, privateAddresses: true, cache: null, log: silentLog, now });

/** A mail whose answer comes when the test says so. */
class Mail implements ToAsk {
  readonly kind = "unasked";
  readonly size: number;
  asked = 0;
  readonly uid: number;
  readonly whom: ToAsk["whom"];
  answer: (prepared: Prepared) => void = () => {};
  fail: (error: Error) => void = () => {};

  constructor(uid: number, whom: ToAsk["whom"] = "authorities", size = 1_000) {
    this.uid = uid;
    this.whom = whom;
    this.size = size;
  }

  readonly ask: ToAsk["ask"] = () => {
    this.asked += 1;
    return new Promise((resolve, reject) => {
      this.answer = resolve;
      this.fail = reject;
    });
  };
}

function opened() {
  const end = new AbortController();
  const asking = new Asking({ desk, log: silentLog, now }, end.signal);
  asking.look(MAILBOX, []);
  return { asking, end };
}

const all = (...mails: readonly Mail[]) => mails.map(({ uid }) => ({ uid }));
const uids = ({ answered }: ReturnType<Asking["look"]>) => answered.map(({ uid }) => uid);

describe("a mail that is asked about beside the rounds", () => {
  it("is settled by one round, once, and left alone until then", async () => {
    const { asking } = opened();
    const mail = new Mail(1);
    asking.take(mail);
    asking.take(mail);
    expect(mail.asked).toBe(1);
    expect(asking.has(1)).toBe(true);
    expect(uids(asking.look(MAILBOX, all(mail)))).toEqual([]);
    mail.answer(WAITS);
    expect(await asking.news(1_000, new AbortController().signal)).toBe(true);
    expect(asking.has(1)).toBe(true);
    expect(uids(asking.look(MAILBOX, all(mail)))).toEqual([1]);
    expect(asking.has(1)).toBe(false);
    expect(uids(asking.look(MAILBOX, all(mail)))).toEqual([]);
    expect(asking.left).toBe(0);
  });

  it.each<{ readonly name: string; readonly mailbox: Mailbox; readonly present: readonly Mail[] }>([
    { name: "another robot has filed it", mailbox: MAILBOX, present: [] },
    {
      name: "its number means another mail",
      mailbox: { ...MAILBOX, uidValidity: 8n },
      present: [new Mail(1)],
    },
    {
      name: "the trust store has changed since it was judged",
      mailbox: { ...MAILBOX, trustVersion: 2 },
      present: [new Mail(1)],
    },
  ])("is forgotten when $name, whether its answer is there or comes later", async ({ mailbox, present }) => {
    for (const isEarly of [true, false]) {
      const { asking } = opened();
      const mail = new Mail(1);
      asking.take(mail);
      if (isEarly) mail.answer(WAITS);
      await sleep(5);
      expect(uids(asking.look(mailbox, all(...present)))).toEqual([]);
      expect(asking.has(1)).toBe(false);
      // The mail that has the number now is judged anew, and the late answer of the other is not taken for its own.
      const next = new Mail(1);
      asking.take(next);
      mail.answer(WAITS);
      await sleep(5);
      expect(uids(asking.look(mailbox, all(next)))).toEqual([]);
      next.answer(WAITS);
      await sleep(5);
      expect(uids(asking.look(mailbox, all(next)))).toEqual([1]);
    }
  });

  it("has one of a few seats among strangers' mails, and none of theirs keeps a CA from being asked", async () => {
    const { asking } = opened();
    const strangers = Array.from({ length: 10 }, (_, n) => new Mail(n + 1, "strangers"));
    for (const mail of strangers) asking.take(mail);
    const ours = new Mail(11);
    asking.take(ours);
    expect(strangers.filter(({ asked }) => asked > 0)).toHaveLength(4);
    expect(ours.asked).toBe(1);
    // Nobody is admitted before a seat is free; then as many as there are seats, the oldest first.
    expect([...asking.look(MAILBOX, all(...strangers, ours)).admitted]).toEqual([]);
    strangers[0]?.answer({ kind: "left" });
    strangers[1]?.answer({ kind: "left" });
    await sleep(5);
    expect([...asking.look(MAILBOX, all(...strangers, ours)).admitted]).toEqual([5, 6]);
    expect(asking.has(5)).toBe(false);
  });

  it("is one of many that end together without Node warning of a leak", async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.message);
    process.on("warning", note);
    const { asking } = opened();
    for (let uid = 1; uid <= 20; uid++) asking.take(new Mail(uid));
    await sleep(20);
    process.off("warning", note);
    expect(warnings).toEqual([]);
  });

  it("is alone when it is large: the bytes in memory have a limit", () => {
    const { asking } = opened();
    const [small, large] = [new Mail(1), new Mail(2, "authorities", 40 * 1024 * 1024)];
    asking.take(large);
    asking.take(small);
    expect([large.asked, small.asked]).toEqual([1, 0]);
  });

  it("rests when asking fails by a fault of ours, and is nobody's when the robot is to end", async () => {
    const { asking, end } = opened();
    const [faulty, open] = [new Mail(1), new Mail(2)];
    asking.take(faulty);
    asking.take(open);
    faulty.fail(new Error("the database is away"));
    await sleep(5);
    expect(asking.look(MAILBOX, all(faulty, open)).answered).toEqual([
      { uid: 1, kind: "waiting", until: new Date(NOW.getTime() + 60_000) },
    ]);
    end.abort();
    open.fail(new Error("given up"));
    const began = performance.now();
    await asking.stop();
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(uids(asking.look(MAILBOX, all(faulty, open)))).toEqual([]);
    // Nothing new is begun then.
    const late = new Mail(3);
    asking.take(late);
    expect([late.asked, asking.has(3)]).toEqual([0, false]);
  });

  it("is not waited for longer than a few seconds at the end", async () => {
    const { asking } = opened();
    asking.take(new Mail(1));
    const began = performance.now();
    await asking.stop();
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
