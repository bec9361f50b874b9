import { readFileSync } from "node:fs";

/** Watches what a process and its children weigh. */
export interface Scales {
  /** The largest sum seen so far, in bytes; 0 where the system does not tell (only Linux does). */
  peak(): number;
  stop(): void;
}

/**
 * Sums PSS (proc(5)): pages shared by several processes, as the program's code is, count once in all, so that the sum
 * is what the machine has to give.
 */
export function weigh(pid: number, everyMs = 200): Scales {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, weightOf(pid));
  };
  const timer = setInterval(look, everyMs);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

/** PSS of a process and all its children, in bytes. */
export function weightOf(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, each) => sum + proportionalSize(each), 0);
}

/** All processes below one. */
export function childrenOf(pid: number): number[] {
  const direct = read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return direct.flatMap((child) => [child, ...childrenOf(child)]);
}

function proportionalSize(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** A process that has gone weighs nothing. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
