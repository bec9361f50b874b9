/**
 * Milliseconds of processor time that a piece of work takes. Not those of a clock: the machine may be busy with others.
 * @param work synchronous
 */
export function processorTime(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1000;
}
