import { setTimeout as sleep } from "node:timers/promises";
import { KeybotError, messageOf } from "../errors.ts";
import type { ImapSession } from "../imap/index.ts";
import { Asking } from "./asking.ts";
import { Deliverer } from "./deliver-outbox.ts";
import { recheck } from "./recheck.ts";
import { Reconnecting } from "./reconnecting.ts";
import { FOLDERS, type Robot } from "./robot.ts";
import { runRound } from "./round.ts";
import { everyTick } from "./schedule.ts";
import { tellAdmin } from "./tell-admin.ts";

/** When the daemon looks into the mailbox. */
export interface Watch {
  /** Cron expression, or null. */
  readonly cron: string | null;
  /** Listen with IMAP IDLE for new mail. */
  readonly idle: boolean;
}

/** An IDLE connection is left and taken up again this often, so that a dead one is noticed (RFC 2177: under 29 minutes). */
const LONGEST_WAIT_MS = 5 * 60_000;

/** Without IDLE the schedule alone decides; a timer cannot be set for ever. */
const LONGEST_SLEEP_MS = 24 * 3_600_000;

/** How often the outbox is looked at: one indexed query. */
const OUTBOX_MS = 1_000;

/**
 * How often it is looked for certificates whose check is due, whatever the schedule: a CA that did not answer is asked
 * again after five minutes.
 */
const CHECKS_MS = 60_000;

/**
 * Works until it is aborted: rounds on every announcement of new mail and every tick of the schedule; beside them what is
 * due in the outbox is sent, and CAs are asked for the mails that need it, whatever becomes of the IMAP connection.
 * A lost connection is taken up again, with growing pauses; each kind of failure is logged once, not at every try.
 */
export async function runDaemon(robot: Robot, watch: Watch, signal: AbortSignal): Promise<void> {
  const wake = new Wake(signal);
  const checks = new Checks(robot, signal);
  const ticks = await everyTick(watch.cron, () => {
    wake.up();
    checks.begin();
  });
  const timer = setInterval(() => checks.begin(), CHECKS_MS);
  const deliverer = new Deliverer(robot, signal);
  const asking = new Asking(robot, signal, () => wake.up());
  const outbox = watchOutbox(robot, deliverer);
  const reconnecting = new Reconnecting();
  try {
    while (!signal.aborted) {
      const connection: Connection = { worksSince: null, isBack: () => reconnecting.back() };
      try {
        await serve({ robot, watch, wake, deliverer, asking, signal }, connection);
      } catch (error) {
        // A fault of our own configuration will not mend by waiting for it.
        if (error instanceof KeybotError && (error.kind === "config" || error.kind === "usage")) throw error;
        // Not the robot's clock, which may jump.
        const worked = connection.worksSince === null ? 0 : performance.now() - connection.worksSince;
        const failure = messageOf(error);
        const { failures, pause, isNews } = reconnecting.lost(failure, worked);
        const fields = { error: failure, failures, pauseSeconds: Math.round(pause / 1000) };
        // A fault, such as a damaged database, needs a person; the rest mends itself.
        const level = error instanceof KeybotError && error.kind === "fault" ? "error" : "warn";
        const more = error instanceof KeybotError ? fields : { ...fields, stack: stackOf(error) };
        if (isNews) robot.log[level]("connection.failed", more);
        else robot.log.debug("connection.still-failing", fields);
        wake.clear();
        await wake.waitFor(pause);
      }
    }
  } finally {
    ticks.stop();
    clearInterval(timer);
    outbox.stop();
    await Promise.all([deliverer.stop(), asking.stop(), checks.stop()]);
  }
}

interface Daemon {
  readonly robot: Robot;
  readonly watch: Watch;
  readonly wake: Wake;
  readonly deliverer: Deliverer;
  readonly asking: Asking;
  readonly signal: AbortSignal;
}

interface Connection {
  /** When its first round was done, by `performance.now()`; null: none was. */
  worksSince: number | null;
  /** To be called once it is there; true when that is news. */
  readonly isBack: () => boolean;
}

/** One connection's life: rounds and waits until it is lost or the daemon is to end. */
async function serve(daemon: Daemon, connection: Connection): Promise<void> {
  const { robot, watch, wake, deliverer, asking, signal } = daemon;
  const session = await robot.connect();
  try {
    await session.ensureFolders(FOLDERS.map((folder) => robot.folders[folder]));
    const level = connection.isBack() ? "info" : "debug";
    robot.log[level]("daemon.ready", { idle: watch.idle, cron: watch.cron });
    while (!signal.aborted && !session.closed) {
      wake.clear();
      await runRound(robot, session, deliverer, asking, signal);
      connection.worksSince ??= performance.now();
      if (!signal.aborted) await waitForWork(session, watch, wake);
    }
  } finally {
    await session.close();
  }
}

async function waitForWork(session: ImapSession, watch: Watch, wake: Wake): Promise<void> {
  if (!watch.idle) {
    await wake.waitFor(LONGEST_SLEEP_MS);
    return;
  }
  const news = await session.waitForNews(LONGEST_WAIT_MS, wake.signal);
  if (news === "closed")
    throw new KeybotError("temporary", "imap.closed", "The IMAP server closed the connection.");
}

/** Has sent what an admin's decision has put into the outbox, or what a budget or a failure had held back. */
function watchOutbox({ store, now, log }: Robot, deliverer: Deliverer): { stop(): void } {
  const look = async () => {
    const due = await store.nextDueAt();
    if (due !== null && due.getTime() <= now().getTime()) deliverer.begin();
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.debug("outbox.not-read", { error: messageOf(error) }));
  }, OUTBOX_MS);
  return { stop: () => clearInterval(timer) };
}

/**
 * The re-check of what is in use, beside the rounds: mail does not wait for it, and it is never twice at work. What it finds
 * is told the admin at once, whatever becomes of the IMAP connection.
 */
class Checks {
  readonly #robot: Robot;
  readonly #end: AbortSignal;
  #atWork: Promise<void> | null = null;

  constructor(robot: Robot, end: AbortSignal) {
    this.#robot = robot;
    this.#end = end;
  }

  begin(): void {
    if (this.#atWork !== null || this.#end.aborted) return;
    this.#atWork = recheck(this.#robot, this.#end)
      .then(async () => {
        if (!this.#end.aborted) await tellAdmin(this.#robot);
      })
      .catch((error: unknown) => this.#robot.log.warn("recheck.failed", { error: messageOf(error) }))
      .finally(() => {
        this.#atWork = null;
      });
  }

  /** Until nothing is at work any more; what is open was given up with the end of all. */
  async stop(): Promise<void> {
    await this.#atWork;
  }
}

/** Something that ends a wait: a tick of the schedule, or the end of all. Remembered when nobody waits just then. */
class Wake {
  readonly #end: AbortSignal;
  #tick = new AbortController();
  #either: AbortSignal;

  constructor(end: AbortSignal) {
    this.#end = end;
    this.#either = AbortSignal.any([this.#tick.signal, end]);
  }

  get signal(): AbortSignal {
    return this.#either;
  }

  up(): void {
    this.#tick.abort();
  }

  /** Forgets the ticks so far: a round is about to look at everything. */
  clear(): void {
    if (!this.#tick.signal.aborted) return;
    this.#tick = new AbortController();
    this.#either = AbortSignal.any([this.#tick.signal, this.#end]);
  }

  async waitFor(ms: number): Promise<"timeout"> {
    await sleep(ms, undefined, { signal: this.signal }).catch(() => {});
    return "timeout";
  }
}

function stackOf(error: unknown): string | null {
  return error instanceof Error ? (error.stack ?? null) : null;
}
