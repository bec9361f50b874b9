import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

/** How this process names itself in a lease: another one can tell whether it still lives. */
export function thisHolder(): string {
  return `${hostname()} ${process.pid} ${randomBytes(4).toString("hex")}`;
}

/** The process number of a holder on this machine; null for one elsewhere, or a name that is none of ours. */
export function pidOnThisHost(holder: string): number | null {
  const [host, pid = "", random] = holder.split(" ");
  return host === hostname() && random !== undefined && /^\d+$/.test(pid) ? Number(pid) : null;
}
