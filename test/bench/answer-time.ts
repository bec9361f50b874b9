import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createTransport } from "nodemailer";
import { requestMail } from "../lab/openssl.ts";
import { freePorts } from "../lab/port.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";
import { tapImap } from "./announcements.ts";
import { connectTo } from "./imap.ts";

/** How long requests took, in milliseconds, one figure a request. */
export interface AnswerTimes {
  /** From the IMAP server's announcement to the SMTP server's 250, as the robot's log tells it. */
  readonly announced: readonly number[];
  /** From the delivery into the mailbox to the 250. */
  readonly delivered: readonly number[];
  /** The same for the bare script: IDLE, fetch, send the same bytes back. */
  readonly echo: readonly number[];
}

const MAILBOX = "anna@company.example";
const ECHO = "echo@company.example";
const PATIENCE_MS = 10_000;

/** Sends requests one by one to a running `keybot run`, then as many mails to an echo script on the same servers. */
export async function answerTimes(requests: number): Promise<AnswerTimes> {
  const [tapPort = 0] = await freePorts(1);
  const askers = Array.from({ length: requests }, (_, n) => `asker@office-${n}.partner.example`);
  const site = await startSite({
    addresses: [ECHO, ...askers],
    // Without TLS, so that the tap hears the announcement; on this machine the robot allows it.
    config: { imap: { port: tapPort, security: "none" } },
  });
  const tap = await tapImap(tapPort, site.dovecot.imapPort);
  try {
    const anna = site.ca.issue({ addresses: [MAILBOX] });
    await site.keybot(["trust", "add", site.root.identity.certFile, "--any-domain"]);
    await site.keybot(["mailbox", "add", MAILBOX, anna.certFile, ...anna.chain]);
    return { ...(await robotTimes(site, askers, tap.announced)), echo: await echoTimes(site, askers) };
  } finally {
    tap.close();
    await site.stop();
  }
}

async function robotTimes(
  site: Site,
  askers: readonly string[],
  announcements: readonly number[],
): Promise<Pick<AnswerTimes, "announced" | "delivered">> {
  const robot = site.keybotDaemon(["run"]);
  await robot.says("daemon.ready", PATIENCE_MS);
  const announced: number[] = [];
  const delivered: number[] = [];
  for (const [index, asker] of askers.entries()) {
    await sleep(quiet(index));
    const start = Date.now();
    await site.dovecot.deliver(ROBOT, request(asker), { from: asker });
    const sent = await until("an answer", () => sentAt(robot.stderr())[index]);
    const announcement = announcements.find((time) => time >= start);
    if (announcement === undefined) throw new Error("a mail was answered that was never announced");
    announced.push(sent - announcement);
    delivered.push(sent - start);
  }
  await robot.stop();
  return { announced, delivered };
}

/** A request as the border hands it on. */
function request(asker: string): Buffer {
  return requestMail({
    from: asker,
    to: MAILBOX,
    extraHeaders: [
      [
        "Received",
        "from mail.partner.example (unknown [192.0.2.1]) by mx.company.example (Postfix) with ESMTPS",
      ],
    ],
  });
}

/** When the robot has noted each 250: the time that its log line begins with. */
function sentAt(log: string): number[] {
  return [...log.matchAll(/^(\S+) \w+ +mail\.sent /gm)].map(([, time]) => Date.parse(time ?? ""));
}

async function echoTimes(site: Site, askers: readonly string[]): Promise<number[]> {
  const client = await connectTo(site, ECHO);
  const mailer = createTransport({
    host: "127.0.0.1",
    port: site.postfix?.submissionPort ?? site.sink?.port ?? 0,
    requireTLS: true,
    tls: { ca: readFileSync(site.serverCa.certFile, "utf8") },
    auth: { user: ROBOT, pass: site.passwordOf(ROBOT) },
    pool: true,
    maxConnections: 1,
    maxMessages: Number.POSITIVE_INFINITY,
  });
  try {
    const times: number[] = [];
    for (const [index, asker] of askers.entries()) {
      const announced = new Promise((resolve) => client.once("exists", resolve));
      const idling = client.idle();
      await sleep(quiet(index));
      const start = Date.now();
      await site.dovecot.deliver(ECHO, request(asker), { from: asker });
      await announced;
      const mail = await client.fetchOne("*", { source: true });
      if (mail === false) throw new Error("the mail that was announced is not there");
      await mailer.sendMail({ envelope: { from: "", to: [asker] }, raw: mail.source ?? "" });
      times.push(Date.now() - start);
      await idling;
    }
    return times;
  } finally {
    mailer.close();
    await client.logout();
  }
}

/** The mailbox is quiet before each mail, never for the same time: Dovecot looks at the folder at intervals. */
function quiet(index: number): number {
  return 300 + ((index * 137) % 500);
}

async function until<T>(what: string, ask: () => T | undefined): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(1);
  }
}
