import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import type { KeybotDaemon } from "../lab/keybot.ts";
import { Authority, requestMail, signedMail } from "../lab/openssl.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";
import { Tarpit } from "../servers/tarpit.ts";
import { percentile } from "./figure.ts";

const FLOOD = Number(process.env.KEYBOT_FLOOD_MAILS ?? 200);
const REQUESTS = 20;
const MAILBOX = "anna@company.example";

describeWith(["dovecot"], "a flood of mails whose certificates name silent servers", () => {
  it("keeps no request from its answer; how fast each is stands in the report", async ({ task }) => {
    const askers = Array.from({ length: 2 * REQUESTS }, (_, n) => `asker@office-${n}.partner.example`);
    const site = await startSite({
      addresses: askers,
      config: { network: { private_addresses: true }, schedule: { cron: "" } },
    });
    const tarpits = await Promise.all(
      Array.from({ length: 20 }, (_, n) => new Tarpit().start(`127.0.1.${n + 1}`)),
    );
    try {
      const anna = site.ca.issue({ addresses: [MAILBOX] });
      await site.keybot(["trust", "add", site.root.identity.certFile, "--any-domain"]);
      await site.keybot(["mailbox", "add", MAILBOX, anna.certFile, ...anna.chain]);
      const mails = hostileMails(site, tarpits);
      const robot = site.keybotDaemon(["run"]);
      await robot.says("daemon.ready");
      await answerTimes(site, robot, askers.slice(0, 3));
      const idle = await answerTimes(site, robot, askers.slice(0, REQUESTS));
      const flood = deliverAll(site, mails);
      const behind = await answerTimes(site, robot, askers.slice(REQUESTS));
      await flood;
      const figures = {
        "request, idle, p50 / p95 ms": both(idle),
        "request, behind the flood, p50 / p95 ms": both(behind),
      };
      task.meta.counts = { "hostile mails": FLOOD, ...figures };
      console.info(JSON.stringify(figures), behind.join(" "));
      expect(tarpits.reduce((sum, { connections }) => sum + connections, 0)).toBeGreaterThan(20);
      // Each was answered, or `answerTimes` had thrown. How fast stands in the report: a busy machine is no fault.
      expect(behind).toHaveLength(REQUESTS);
    } finally {
      for (const tarpit of tarpits) tarpit.stop();
      await site.stop();
    }
  }, 600_000);
});

/** Each with a certificate, a sender domain and places of its own. */
function hostileMails(site: Site, tarpits: readonly Tarpit[]): readonly Buffer[] {
  const root = Authority.root(`${site.folder}/foreign`, { name: "Foreign Root" });
  const foreign = root.intermediate({ name: "Foreign CA" });
  return Array.from({ length: FLOOD }, (_, n) => {
    const from = `mallory@hostile-${n}.example`;
    const tarpit = tarpits[n % tarpits.length];
    const places = ["a", "b"].map((name) => `caIssuers;URI:${tarpit?.url(`/${n}/${name}`)}`);
    const signer = foreign.issue({
      addresses: [from],
      key: "P-256",
      extensions: [`authorityInfoAccess = ${places.join(",")}`],
    });
    return signedMail({ from, to: ROBOT, signer, chain: [], text: `mail ${n}` });
  });
}

async function deliverAll(site: Site, mails: readonly Buffer[]): Promise<void> {
  for (const mail of mails) await site.dovecot.deliver(ROBOT, mail);
}

/** From the delivery of each request to the SMTP server's 250 of its answer, as the log tells it; milliseconds. */
async function answerTimes(site: Site, robot: KeybotDaemon, askers: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const [index, asker] of askers.entries()) {
    await sleep(100 + ((index * 137) % 300));
    const before = robot.stderr().length;
    const start = Date.now();
    const mail = requestMail({
      from: asker,
      to: MAILBOX,
      extraHeaders: [
        [
          "Received",
          "from mail.partner.example (unknown [192.0.2.1]) by mx.company.example (Postfix) with ESMTPS",
        ],
      ],
    });
    await site.dovecot.deliver(ROBOT, mail, { from: asker });
    times.push((await sentAt(robot, before, asker)) - start);
  }
  return times;
}

async function sentAt(robot: KeybotDaemon, from: number, to: string): Promise<number> {
  const until = Date.now() + 60_000;
  const line = new RegExp(`^(\\S+) \\w+ +mail\\.sent .*\\bto="?${to}\\b`, "m");
  for (;;) {
    const [, time] = line.exec(robot.stderr().slice(from)) ?? [];
    if (time !== undefined) return Date.parse(time);
    if (Date.now() > until) throw new Error(`${to} was not answered:\n${robot.stderr().slice(-2_000)}`);
    await sleep(2);
  }
}

function both(times: readonly number[]): string {
  return `${percentile(times, 0.5)} / ${percentile(times, 0.95)}`;
}
