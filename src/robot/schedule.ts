/** Calls `tick` at the times of a cron expression (local time of the machine), until it is stopped. */
export async function everyTick(expression: string | null, tick: () => void): Promise<{ stop(): void }> {
  if (expression === null) return { stop: () => {} };
  // Loaded here: only the daemon needs it.
  const { schedule } = await import("node-cron");
  const task = schedule(expression, () => tick());
  return {
    stop: () => {
      void task.stop();
    },
  };
}
