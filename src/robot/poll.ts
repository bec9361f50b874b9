import { messageOf } from "../errors.ts";
import { Asking } from "./asking.ts";
import { Deliverer } from "./deliver-outbox.ts";
import { recheck } from "./recheck.ts";
import { FOLDERS, NOTHING_DONE, plus, type Robot, type Summary } from "./robot.ts";
import { runRound } from "./round.ts";
import { tellAdmin } from "./tell-admin.ts";

/** So long a pass waits for CAs and strangers' servers, all mails together; two of the longest questions fit. */
const PATIENCE_MS = 60_000;

/** What one pass did, and what it could not do of its sending. */
export interface PollSummary extends Summary {
  /** Mails that were given up in this pass. */
  readonly givenUp: number;
  /** The server refuses our sender, so that nothing is sent. */
  readonly senderRefused: boolean;
}

/**
 * One pass over the robot mailbox and the outbox, as a cron job makes it; then CAs are asked again about what is in use, also
 * when the IMAP server is out of reach: a revoked certificate does not wait for it. What a CA has revoked is told the admin
 * in this pass.
 * @throws KeybotError when the IMAP server is out of reach or refuses us (what is in the outbox is sent, and CAs are asked,
 *   all the same), or the database fails
 */
export async function poll(robot: Robot, signal: AbortSignal): Promise<PollSummary> {
  const deliverer = new Deliverer(robot, signal);
  deliverer.begin();
  const pass = await settled(drained(robot, deliverer, signal).finally(() => deliverer.finish()));
  const check = await settled(recheckAndTell(robot, deliverer, signal));
  if (!pass.ok) {
    if (!check.ok) robot.log.warn("recheck.failed", { error: messageOf(check.error) });
    throw pass.error;
  }
  if (!check.ok) throw check.error;
  const left = await deliverer.left();
  const { sent, givenUp, senderRefused } = deliverer;
  return { ...pass.value, answered: sent, failed: pass.value.failed + left, givenUp, senderRefused };
}

type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

function settled<T>(work: Promise<T>): Promise<Settled<T>> {
  return work.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error }),
  );
}

async function recheckAndTell(robot: Robot, deliverer: Deliverer, signal: AbortSignal): Promise<void> {
  await recheck(robot, signal);
  if (!signal.aborted && (await tellAdmin(robot)) > 0) await deliverer.finish();
}

async function drained(robot: Robot, deliverer: Deliverer, signal: AbortSignal): Promise<Summary> {
  const session = await robot.connect();
  const asking = new Asking(robot, signal);
  try {
    await session.ensureFolders(FOLDERS.map((folder) => robot.folders[folder]));
    const begun = new Set<number>();
    const round = () => runRound(robot, session, deliverer, asking, signal, begun);
    let summary = await round();
    const until = performance.now() + PATIENCE_MS;
    while (asking.left > 0 && !signal.aborted && performance.now() < until) {
      const isNews = await asking.news(until - performance.now(), signal);
      if (isNews) summary = plus(summary, await round());
    }
    return plus(summary, { ...NOTHING_DONE, seen: asking.left, failed: asking.left });
  } finally {
    await asking.stop();
    await session.close();
  }
}
