import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { killAfter } from "../store/killed-process.ts";
import { diskStates, examine, liveThrough, recover, whole } from "../store/power-loss.ts";
import { randomNumbers } from "./mutate.ts";

const LIVES = 4;
const STATES_EACH = 200;
const KILLS = 25;

it(`${LIVES * STATES_EACH} disks after a power failure: each database is whole, with all that was reported`, async ({
  task,
}) => {
  const seen: Record<string, number> = {};
  let commits = 0;
  for (let number = 0; number < LIVES; number++) {
    const life = await liveThrough(10 + 5 * number);
    const random = randomNumbers(20_261_126 + number);
    let left = STATES_EACH;
    for (const state of diskStates(life, random)) {
      if (left-- === 0) break;
      expect(await recover(state), `life ${number}, ${state.name}, ${left} left`).toEqual(
        whole(state.commits),
      );
      commits += state.commits;
      seen[state.name] = (seen[state.name] ?? 0) + 1;
    }
  }
  // Each of the four kinds, and commits that a damaged database could have lost.
  expect(Object.values(seen)).toEqual(Array.from({ length: 4 }, () => (LIVES * STATES_EACH) / 4));
  expect(commits).toBeGreaterThan(LIVES * STATES_EACH);
  task.meta.counts = {
    ...seen,
    "commits that had to be there": commits,
    "commits lost that had been reported": 0,
    "databases damaged": 0,
  };
});

it(`${KILLS} kills of a process that commits: each commit that it reported is there`, async ({ task }) => {
  const dir = mkdtempSync(join(tmpdir(), "keybot-killed-"));
  try {
    const random = randomNumbers(7);
    let commits = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const reported = (await killAfter(dir, 1 + Math.floor(random() * 300))) + 1;
      const found = await examine(dir);
      expect([reported, reported + 1]).toContain(found.commits);
      expect(found).toEqual(whole(found.commits));
      commits = found.commits;
    }
    // At least one a kill, or nothing could have been lost.
    expect(commits).toBeGreaterThanOrEqual(KILLS);
    task.meta.counts = { kills: KILLS, commits, "commits lost that had been reported": 0 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
