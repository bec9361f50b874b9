/**
 * `npm run bench`: the figures of the product on this machine, against real servers. It measures and never fails over a
 * figure; compare the ratios, which were taken in one run, not the absolute figures of two machines.
 *
 *   npm run bench -- [--messages 2000] [--requests 40] [--glue 50]
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { ROBOT, type Site, startSite } from "../lab/site.ts";
import { answerTimes } from "./answer-time.ts";
import { bareFetch } from "./bare-fetch.ts";
import { type Figure, figureTable, percentile } from "./figure.ts";
import { glueRate } from "./glue.ts";
import { growthFigures } from "./growth.ts";
import { fill } from "./imap.ts";
import { largeCrl } from "./large-crl.ts";
import { crowd } from "./partner.ts";
import { timedPoll } from "./poll.ts";

const MEGABYTE = 1024 * 1024;

/** Entries of a large CRL. */
const CRL_ENTRIES = 100_000;

/** Partners share so many keys: each costs a tenth of a second to make. */
const KEYS = 8;

interface Options {
  readonly messages: number;
  readonly requests: number;
  readonly glue: number;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      messages: { type: "string", default: "2000" },
      requests: { type: "string", default: "40" },
      glue: { type: "string", default: "50" },
    },
  });
  const whole = (name: "messages" | "requests" | "glue") => {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} takes a whole number from 1`);
    return number;
  };
  const messages = whole("messages");
  return { messages, requests: whole("requests"), glue: Math.min(messages, whole("glue")) };
}

/** Runs `scene` in a company that trusts its partners' CA. */
async function withSite<T>(scene: (site: Site) => Promise<T>): Promise<T> {
  const site = await startSite();
  try {
    await site.keybot(["trust", "add", site.root.identity.certFile, "--any-domain"]);
    return await scene(site);
  } finally {
    await site.stop();
  }
}

function crowdOf(site: Site) {
  const keys = Array.from({ length: KEYS }, () => site.ca.issue({ name: "key" }).keyFile);
  return crowd(site.ca, keys);
}

/** Harvest, bare fetch and glue script on the same mails. */
async function harvest({ messages, glue }: Options): Promise<Figure[]> {
  return withSite(async (site) => {
    say(`harvest: ${messages} signed mails of as many partners …`);
    const partners = crowdOf(site);
    await fill(
      site,
      ROBOT,
      mailsOf(messages, (number) => partners.mail(number)),
    );
    const idle = await timedPollOfNothing();
    const fetched = await bareFetch(site);
    if (fetched.mails !== messages) throw new Error(`${fetched.mails} mails of ${messages} were fetched`);
    const glueSpeed = await glueRate(site, glue);
    const run = await timedPoll(site);
    if (run.summary.stored !== messages) throw new Error(`stored: ${JSON.stringify(run.summary)}`);
    const bare = (messages * 1000) / fetched.milliseconds;
    const whole = (messages * 1000) / run.milliseconds;
    const running = (messages * 1000) / Math.max(1, run.milliseconds - idle);
    return [
      {
        name: `bare fetch, same library (${(fetched.bytes / messages / 1000).toFixed(1)} kB a mail)`,
        goal: null,
        measured: `${bare.toFixed(0)}/s`,
      },
      { name: "glue script", goal: null, measured: `${glueSpeed.toFixed(1)}/s` },
      { name: "keybot poll, start to end", goal: null, measured: `${whole.toFixed(0)}/s` },
      { name: "  an empty poll takes", goal: null, measured: `${idle.toFixed(0)} ms` },
      { name: "harvest : bare fetch", goal: "≥ 0.60", measured: (whole / bare).toFixed(2) },
      { name: "  without the start", goal: null, measured: (running / bare).toFixed(2) },
      { name: "harvest : glue script", goal: "≥ 30", measured: (whole / glueSpeed).toFixed(0) },
      {
        name: `memory, ${messages} mails (PSS, with children)`,
        goal: "< 250 MB",
        measured: megabytes(run.peak),
      },
    ];
  });
}

/** What starting, connecting and ending cost, in milliseconds: a poll of a mailbox that is empty. */
async function timedPollOfNothing(): Promise<number> {
  return withSite(async (site) => (await timedPoll(site)).milliseconds);
}

async function largeMail(): Promise<Figure[]> {
  return withSite(async (site) => {
    say("memory: one signed mail of 50 MB …");
    await fill(site, ROBOT, [crowdOf(site).mail(0, { size: 50 * MEGABYTE })]);
    const run = await timedPoll(site);
    if (run.summary.stored !== 1) throw new Error(`stored: ${JSON.stringify(run.summary)}`);
    return [{ name: "memory, one mail of 50 MB", goal: "< 250 MB", measured: megabytes(run.peak) }];
  });
}

async function answers({ requests }: Options): Promise<Figure[]> {
  say(`answers: ${requests} requests, one by one …`);
  const { announced, delivered, echo } = await answerTimes(requests);
  const both = (times: readonly number[]) => `${percentile(times, 0.5)} / ${percentile(times, 0.95)} ms`;
  const ratio = percentile(delivered, 0.5) / percentile(echo, 0.5);
  return [
    { name: "announcement to 250, p50 / p95", goal: "p95 ≤ 50 ms", measured: both(announced) },
    { name: "delivery to 250, p50 / p95", goal: null, measured: both(delivered) },
    { name: "  a bare IDLE + SMTP echo script", goal: null, measured: both(echo) },
    { name: "delivery to 250 : echo script (p50)", goal: "≤ 1.10", measured: ratio.toFixed(2) },
  ];
}

async function revocation(): Promise<Figure[]> {
  say(`revocation: a CRL of ${CRL_ENTRIES} entries …`);
  const { bytes, first, next, openssl } = await largeCrl(CRL_ENTRIES);
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    {
      name: `a CRL of ${CRL_ENTRIES} entries (${size}), first`,
      goal: "< 500 ms",
      measured: `${first.toFixed(0)} ms`,
    },
    { name: "  the next certificate", goal: null, measured: `${next.toFixed(1)} ms` },
    { name: "  openssl verify -crl_check", goal: null, measured: `${openssl.toFixed(0)} ms` },
    { name: "large CRL, first : openssl", goal: "≤ 1.00", measured: (first / openssl).toFixed(2) },
  ];
}

function* mailsOf(count: number, mail: (number: number) => Buffer): Generator<Buffer> {
  for (let number = 0; number < count; number++) yield mail(number);
}

function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(0)} MB`;
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

/** How the cost of what strangers send grows with its octets. */
function growth(): Figure[] {
  say("growth: what strangers send, from 10 kB to 10 MB …");
  return growthFigures();
}

const chosen = options();
const figures = [
  ...(await harvest(chosen)),
  ...(await largeMail()),
  ...(await answers(chosen)),
  ...(await revocation()),
  ...growth(),
];
process.stdout.write(`\nNode ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? "CPU"}\n\n`);
process.stdout.write(figureTable(figures));
