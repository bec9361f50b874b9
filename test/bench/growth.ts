import type { Figure } from "./figure.ts";
import { type Shape, SIZES } from "./growth-shape.ts";
import { STRUCTURES } from "./growth-structures.ts";
import { TEXTS } from "./growth-texts.ts";

/** One shape, measured. */
interface Growth {
  readonly name: string;
  readonly sizes: readonly number[];
  /** Milliseconds of processor time of each size. */
  readonly times: readonly number[];
}

/** How the time of each shape grows with its octets; each the shorter of two runs. Processor time: the machine may be busy. */
function growthOf({ name, prepare, sizes = SIZES }: Shape): Growth {
  const times: number[] = [];
  for (const octets of sizes) {
    const work = prepare(octets);
    const once = () => {
      const before = process.cpuUsage();
      work();
      return process.cpuUsage(before).user / 1000;
    };
    const time = Math.min(once(), once());
    times.push(time);
    // A square is seen long before it is waited for.
    if (time > 5_000) break;
  }
  return { name, sizes, times };
}

/** Milliseconds under which the clock and the collector say more than the code. */
const NOISE = 20;

/** The steepest step of a shape against the growth of its octets: 1 is in proportion, 10 a square. */
function steepness({ sizes, times }: Growth): number {
  const steps = times.slice(1).map((time, index) => {
    const octets = (sizes[index + 1] ?? 1) / (sizes[index] ?? 1);
    return time < NOISE ? 0 : time / Math.max(times[index] ?? 0, NOISE / 10) / octets;
  });
  return Math.max(0, ...steps);
}

/**
 * The steepest shapes and the slowest one, as lines of the bench.
 * @param only which shapes are measured, by their names
 * @param shown how many of the steepest are shown
 */
export function growthFigures(only = /./, shown = 3): Figure[] {
  const all = [...TEXTS, ...STRUCTURES].filter(({ name }) => only.test(name)).map(growthOf);
  const steepest = [...all].sort((left, right) => steepness(right) - steepness(left)).slice(0, shown);
  const slowest = [...all]
    .sort((left, right) => Math.max(...right.times) - Math.max(...left.times))
    .slice(0, 1);
  return [...new Set([...steepest, ...slowest])].map((growth) => ({
    name: `growth to 10 MB: ${growth.name}`,
    goal: null,
    measured: `${growth.times.map((time) => time.toFixed(1)).join(", ")} ms; ${steepness(growth).toFixed(1)} × linear`,
  }));
}
