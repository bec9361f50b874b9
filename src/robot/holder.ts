import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Robot } from "./robot.ts";

/** How this process names itself in a lease: another one can tell whether it still lives. */
export function thisHolder(): string {
  return `${hostname()} ${process.pid} ${randomBytes(4).toString("hex")}`;
}

/** The process number of a holder on this machine; null for one elsewhere, or a name that is none of ours. */
export function pidOnThisHost(holder: string): number | null {
  const [host, pid = "", random] = holder.split(" ");
  return host === hostname() && random !== undefined && /^\d+$/.test(pid) ? Number(pid) : null;
}

/** A process of this machine that was killed leaves its lease and the mails in its hand behind: nobody has to wait. */
export async function forgetDead({ store, log, holder: own }: Robot): Promise<void> {
  for (const holder of await store.holders()) {
    const pid = pidOnThisHost(holder);
    if (holder === own || pid === null || isAlive(pid)) continue;
    log.warn("round.holder-died", { pid });
    await store.forgetHolder(holder);
  }
}

function isAlive(pid: number): boolean {
  // Our own number, but not our lease: the one before us in this container.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process may not be signalled, but it lives.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
