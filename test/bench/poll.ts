import { setTimeout as sleep } from "node:timers/promises";
import type { Site } from "../lab/site.ts";
import { weigh } from "./memory.ts";

/** One `keybot poll` as a process of its own, from its start to its end. */
export interface PollRun {
  readonly milliseconds: number;
  /** PSS of the robot and its children at its highest, in bytes. */
  readonly peak: number;
  /** What it printed with `--json`. */
  readonly summary: Readonly<Record<string, number>>;
}

const PATIENCE_MS = 600_000;

/** Runs the real program; throws when it fails. */
export async function timedPoll(site: Site): Promise<PollRun> {
  const start = performance.now();
  const robot = site.keybotDaemon(["poll", "--json"]);
  const scales = weigh(robot.pid);
  try {
    while (robot.exit() === undefined) {
      if (performance.now() - start > PATIENCE_MS) throw new Error("keybot poll does not end");
      await sleep(2);
    }
  } finally {
    scales.stop();
  }
  const milliseconds = performance.now() - start;
  if (robot.exit() !== 0) throw new Error(`keybot poll ended with ${robot.exit()}:\n${robot.stderr()}`);
  return { milliseconds, peak: scales.peak(), summary: JSON.parse(robot.stdout()) };
}
