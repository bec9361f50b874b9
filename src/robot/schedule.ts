import { type ScheduledTask, schedule } from "node-cron";

/** Calls `tick` at the times of a cron expression (local time of the machine), until it is stopped. */
export function everyTick(expression: string | null, tick: () => void): { stop(): void } {
  if (expression === null) return { stop: () => {} };
  const task: ScheduledTask = schedule(expression, () => tick());
  return {
    stop: () => {
      void task.stop();
    },
  };
}
