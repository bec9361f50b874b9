import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { run } from "../lab/command.ts";
import type { KeybotDaemon } from "../lab/keybot.ts";
import { ROBOT } from "../lab/site.ts";
import { type Random, randomNumbers } from "../long/mutate.ts";
import { cutsAnywhere, finish } from "../reliability/cutting.ts";
import { robotHere } from "../reliability/robot.ts";
import { everythingOnce, expectWork, figures, Stage } from "../reliability/stage.ts";
import type { Armed } from "../servers/fault-proxy.ts";
import { childrenOf, weightOf } from "./memory.ts";

const MAILS = Number(process.env.KEYBOT_SOAK_MAILS ?? 20_000);
const BATCH = 200;

/** The daemon pauses longer after each connection that is lost within a minute (`robot/daemon.ts`); so not more often. */
const IMAP_FAULT_EVERY_MS = 65_000;

/** Longer than a robot needs to note a 250, shorter than the pause before a mail is sent again. */
const NOTED_AFTER_MS = 10_000;

/** A daemon that handles nothing for so long will not go on; its pauses after a lost connection are shorter. */
const STANDSTILL_MS = 400_000;

const MEGABYTE = 2 ** 20;

describeWith(["dovecot", "postfix"], "a soak", () => {
  it(`of ${MAILS} mixed mails in one daemon, with faults all the time: memory and handles stay flat`, async ({
    task,
  }) => {
    const stage = await Stage.open();
    const random = randomNumbers(1);
    try {
      const daemon = stage.site.keybotDaemon(["run"]);
      await daemon.says("daemon.ready", 60_000);
      const samples: Sample[] = [];
      const sampling = setInterval(() => {
        samples.push(sampleOf(daemon.pid));
        void stage.count(Date.now() - NOTED_AFTER_MS);
      }, 1_000);
      let others = 0;
      const armed: Armed[] = [];
      let imapFaultAt = Date.now();
      try {
        for (let batch = 0; batch * BATCH < MAILS; batch++) {
          await stage.bring(Math.min(BATCH, MAILS - batch * BATCH));
          if (daemon.exit() !== undefined) throw new Error(`the daemon ended:\n${daemon.stderr()}`);
          armed.push(...smtpFault(stage, random, batch));
          if (batch % 10 === 5) others += killJudge(daemon.pid);
          if (batch % 40 === 20) {
            await stage.site.postfix?.restart();
            others += 1;
          }
          if (Date.now() - imapFaultAt > IMAP_FAULT_EVERY_MS) {
            await imapFault(stage, random, others);
            others += 1;
            imapFaultAt = Date.now();
          }
          await until(() => handled(stage) >= (batch - 1) * BATCH, daemon);
        }
        await until(() => handled(stage) === MAILS, daemon);
      } finally {
        clearInterval(sampling);
      }
      const faults = others + armed.filter(({ happened }) => happened).length;
      stage.smtp.fault = null;
      stage.imap.fault = null;
      expect(await daemon.stop()).toBe(0);
      await stage.smtp.settled();
      await sleep(NOTED_AFTER_MS / 10);
      await stage.count();
      const here = await robotHere(stage.site);
      const outcome = await finish(stage, here).finally(() => here.close());

      // Faults of both kinds did happen, mails did wait for them, and the daemon was looked at all the while.
      expect(armed.filter(({ happened }) => happened).length).toBeGreaterThan(0);
      expect(samples.length).toBeGreaterThan(8);
      expect(Math.min(...samples.map(({ handles }) => handles))).toBeGreaterThan(0);
      if (MAILS >= 10 * BATCH) expect(others).toBeGreaterThan(0);
      expectWork(stage);

      const weight = quarters(samples.map(({ bytes }) => bytes));
      const open = quarters(samples.map(({ handles }) => handles));
      const complaints = daemon.stderr().match(/^\S+ (warn|error) /gm)?.length ?? 0;
      const megabytes = (bytes: number) => `${(bytes / MEGABYTE).toFixed(0)} MB`;
      task.meta.faults = figures(stage, outcome, faults);
      task.meta.counts = {
        "memory, second quarter of the time (PSS with children, mean)": megabytes(weight[1] ?? 0),
        "memory, last quarter (mean)": megabytes(weight[3] ?? 0),
        "memory at its highest": megabytes(Math.max(...samples.map(({ bytes }) => bytes))),
        "open handles, second quarter (the robot and one judge, mean)": Math.round(open[1] ?? 0),
        "open handles, last quarter": Math.round(open[3] ?? 0),
        "lines of warning or error in the log": complaints,
      };
      expect(outcome).toMatchObject(everythingOnce(stage));
      expect(Math.max(...samples.map(({ bytes }) => bytes))).toBeLessThan(250 * MEGABYTE);
      // The heap takes its size in the first minutes; the rest is room for the noise of its collector.
      expect(weight[3] ?? 0).toBeLessThan(1.25 * (weight[1] ?? 0) + 16 * MEGABYTE);
      expect(open[3] ?? 0).toBeLessThan((open[1] ?? 0) + 5);
      expect(complaints).toBeLessThanOrEqual(2 * faults);
    } finally {
      await stage.close();
    }
  }, 2_400_000);
});

interface Sample {
  readonly bytes: number;
  readonly handles: number;
}

function sampleOf(pid: number): Sample {
  // A judge that was killed is started anew when it is needed, so how many there are says nothing: the fullest counts.
  const handles = handlesOf(pid) + Math.max(0, ...childrenOf(pid).map(handlesOf));
  return { bytes: weightOf(pid), handles };
}

function handlesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** Means over the four quarters of the time. */
function quarters(values: readonly number[]): readonly number[] {
  const size = Math.max(1, Math.floor(values.length / 4));
  return [0, 1, 2, 3].map((quarter) => {
    const part = values.slice(quarter * size, (quarter + 1) * size);
    return part.reduce((sum, value) => sum + value, 0) / Math.max(1, part.length);
  });
}

/** Messages that are in the ledger, whatever became of them. */
function handled(stage: Stage): number {
  return stage.database((db) => db.prepare<[], number>("SELECT count(*) FROM ledger").pluck().get() ?? 0);
}

const SMTP_CUTS = cutsAnywhere(64).filter(({ server }) => server === "smtp");

/** The next fault, when the last one has happened. */
function smtpFault(stage: Stage, random: Random, batch: number): readonly Armed[] {
  const cut = SMTP_CUTS[batch % SMTP_CUTS.length];
  if (cut === undefined || stage.smtp.fault !== null) return [];
  return [stage.smtp.arm(cut.point(random), cut.doing)];
}

/** Native code in a judge may end it at any time. */
function killJudge(pid: number): number {
  const [judge] = childrenOf(pid);
  if (judge === undefined) return 0;
  process.kill(judge, "SIGKILL");
  return 1;
}

async function imapFault(stage: Stage, random: Random, number: number): Promise<void> {
  if (number % 4 === 0) await stage.site.dovecot.doveadm(["kick", ROBOT]).catch(() => {});
  else if (number % 4 === 1) await stage.site.dovecot.restart();
  else stage.imap.arm({ bytes: Math.floor(random() * 1_000_000), from: "server" }, "reset");
}

async function until(reached: () => boolean, daemon: KeybotDaemon): Promise<void> {
  const end = Date.now() + STANDSTILL_MS;
  while (!reached()) {
    if (Date.now() > end) throw new Error(`nothing more was handled:\n${await stateOf(daemon)}`);
    await sleep(50);
  }
}

/** What a daemon that stands still said last, and what it has open. */
async function stateOf(daemon: KeybotDaemon): Promise<string> {
  const sockets = await run("ss", ["-tnpo"], { check: false });
  const mine = sockets.stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line.includes(`pid=${daemon.pid},`));
  const lines = daemon.stderr().split("\n").slice(-60);
  return [...lines, ...mine, `children: ${childrenOf(daemon.pid).join(" ")}`].join("\n");
}
