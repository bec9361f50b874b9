import { setTimeout as sleep } from "node:timers/promises";
import { KeybotError, messageOf } from "../errors.ts";
import type { ImapSession } from "../imap/index.ts";
import { backoffMs } from "./backoff.ts";
import { recheck } from "./recheck.ts";
import { FOLDERS, type Robot } from "./robot.ts";
import { runRound } from "./round.ts";
import { everyTick } from "./schedule.ts";

/** When the daemon looks into the mailbox, beside its own needs (a mail due in the outbox). */
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

/** How often the outbox is looked at while the daemon waits: one indexed query. */
const OUTBOX_MS = 1_000;

/** Something was left for a retry, perhaps because a server is down: no hurry then. */
const AFTER_FAILURE_MS = 30_000;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/** A connection that held this long was a good one: the next failure starts from the shortest pause. */
const GOOD_MS = 60_000;

/**
 * Works until it is aborted: rounds on every announcement of new mail, every tick of the schedule and every due mail.
 * A lost connection is taken up again, with growing pauses; each kind of failure is logged once, not at every try.
 */
export async function runDaemon(robot: Robot, watch: Watch, signal: AbortSignal): Promise<void> {
  const wake = new Wake(signal);
  const checks = new Checks(robot, signal);
  const ticks = everyTick(watch.cron, () => {
    wake.up();
    checks.begin();
  });
  let failures = 0;
  const said = new Set<string>();
  try {
    while (!signal.aborted) {
      const started = robot.now().getTime();
      try {
        await serve(robot, watch, wake, signal);
        failures = 0;
        said.clear();
      } catch (error) {
        // A fault of our own configuration will not mend by waiting for it.
        if (error instanceof KeybotError && (error.kind === "config" || error.kind === "usage")) throw error;
        const wasGood = robot.now().getTime() - started > GOOD_MS;
        failures = wasGood ? 1 : failures + 1;
        if (wasGood) said.clear();
        const pause = backoffMs(failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
        const failure = messageOf(error);
        const fields = { error: failure, failures, pauseSeconds: Math.round(pause / 1000) };
        // A fault, such as a damaged database, needs a person; the rest mends itself.
        const level = error instanceof KeybotError && error.kind === "fault" ? "error" : "warn";
        const more = error instanceof KeybotError ? fields : { ...fields, stack: stackOf(error) };
        if (said.has(failure)) robot.log.debug("connection.still-failing", fields);
        else robot.log[level]("connection.failed", more);
        said.add(failure);
        wake.clear();
        await wake.waitFor(pause);
      }
    }
  } finally {
    ticks.stop();
  }
}

/** One connection's life: rounds and waits until it is lost or the daemon is to end. */
async function serve(robot: Robot, watch: Watch, wake: Wake, signal: AbortSignal): Promise<void> {
  const session = await robot.connect();
  try {
    await session.ensureFolders(FOLDERS.map((folder) => robot.folders[folder]));
    robot.log.info("daemon.ready", { idle: watch.idle, cron: watch.cron });
    while (!signal.aborted && !session.closed) {
      wake.clear();
      const { failed } = await runRound(robot, session, signal);
      if (signal.aborted) break;
      const outbox = watchOutbox(robot, wake, failed > 0 ? AFTER_FAILURE_MS : OUTBOX_MS);
      try {
        await waitForWork(session, watch, wake);
      } finally {
        outbox.stop();
      }
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

/** Wakes the daemon for a mail whose time has come, or that an admin's decision has put into the outbox meanwhile. */
function watchOutbox(robot: Robot, wake: Wake, everyMs: number): { stop(): void } {
  const look = async () => {
    const due = await robot.store.nextDueAt();
    if (due !== null && due.getTime() <= robot.now().getTime()) wake.up();
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => robot.log.debug("outbox.not-read", { error: messageOf(error) }));
  }, everyMs);
  return { stop: () => clearInterval(timer) };
}

/** The re-check of what is stored, beside the rounds: mail does not wait for it, and it is never twice at work. */
class Checks {
  readonly #robot: Robot;
  readonly #end: AbortSignal;
  #busy = false;

  constructor(robot: Robot, end: AbortSignal) {
    this.#robot = robot;
    this.#end = end;
  }

  begin(): void {
    if (this.#busy || this.#end.aborted) return;
    this.#busy = true;
    recheck(this.#robot, this.#end)
      .catch((error: unknown) => this.#robot.log.warn("recheck.failed", { error: messageOf(error) }))
      .finally(() => {
        this.#busy = false;
      });
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
