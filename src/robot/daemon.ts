import { setTimeout as sleep } from "node:timers/promises";
import { KeybotError, messageOf } from "../errors.ts";
import type { ImapSession } from "../imap/index.ts";
import { backoffMs } from "./backoff.ts";
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
  const ticks = everyTick(watch.cron, () => wake.up());
  let failures = 0;
  let lastFailure = "";
  try {
    while (!signal.aborted) {
      const started = robot.now().getTime();
      try {
        await serve(robot, watch, wake, signal);
        failures = 0;
        lastFailure = "";
      } catch (error) {
        // A fault of our own configuration will not mend by waiting for it.
        if (error instanceof KeybotError && (error.kind === "config" || error.kind === "usage")) throw error;
        failures = robot.now().getTime() - started > GOOD_MS ? 1 : failures + 1;
        const pause = backoffMs(failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
        const failure = messageOf(error);
        const fields = { error: failure, failures, pauseSeconds: Math.round(pause / 1000) };
        if (failure === lastFailure) robot.log.debug("connection.still-failing", fields);
        else
          robot.log.warn(
            "connection.failed",
            error instanceof KeybotError ? fields : { ...fields, stack: stackOf(error) },
          );
        lastFailure = failure;
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
      await runRound(robot, session, signal);
      if (signal.aborted) break;
      const dueMs = await untilDue(robot);
      const news = watch.idle ? await idle(session, dueMs, wake) : await wake.waitFor(dueMs);
      if (news === "closed")
        throw new KeybotError("temporary", "imap.closed", "The IMAP server closed the connection.");
    }
  } finally {
    await session.close();
  }
}

async function idle(session: ImapSession, ms: number, wake: Wake): Promise<"news" | "timeout" | "closed"> {
  return await session.waitForNews(Math.min(ms, LONGEST_WAIT_MS), wake.signal);
}

async function untilDue(robot: Robot): Promise<number> {
  const due = await robot.store.nextDueAt();
  if (due === null) return LONGEST_WAIT_MS;
  return Math.min(LONGEST_WAIT_MS, Math.max(1_000, due.getTime() - robot.now().getTime()));
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
