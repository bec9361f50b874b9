import { setTimeout as sleep } from "node:timers/promises";
import { forgetDead } from "./holder.ts";
import type { Robot } from "./robot.ts";

/** The right to work through the mailbox; one process has it at a time (`run` and `poll` may run together). */
export interface Lease {
  /** False: it was lost, because this process slept longer than it lasts. Stop. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}

const NAME = "round";

/** A process that dies loses its lease after this long; one that works renews it with every group of messages. */
const LASTS_MS = 60_000;

const ASK_AGAIN_MS = 100;

/** Waits until the lease is free; null when aborted before. */
export async function takeLease(robot: Robot, signal: AbortSignal): Promise<Lease | null> {
  let told = false;
  for (;;) {
    // Before it is taken: a lapsed lease would be had without a word, and the dead one's mails left in its hand.
    await forgetDead(robot);
    if (await robot.store.acquireLease(NAME, robot.holder, LASTS_MS, robot.now())) break;
    if (!told) robot.log.info("round.waits", { for: "another keybot works through the mailbox" });
    told = true;
    try {
      await sleep(ASK_AGAIN_MS, undefined, { signal });
    } catch {
      return null;
    }
  }
  return {
    renew: () => robot.store.renewLease(NAME, robot.holder, LASTS_MS, robot.now()),
    release: () => robot.store.releaseLease(NAME, robot.holder),
  };
}
