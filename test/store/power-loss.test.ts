import { beforeAll, describe, expect, it } from "vitest";
import { randomNumbers } from "../long/mutate.ts";
import { killAfter } from "./killed-process.ts";
import { folder } from "./kit.ts";
import { diskStates, examine, type Life, liveThrough, recover, whole } from "./power-loss.ts";

const STATES = 60;
const KILLS = 4;

describe("after a power failure", () => {
  let life: Life;
  beforeAll(async () => {
    life = await liveThrough(20);
  });

  it(`the database is whole, with all that was reported and no part of the rest (${STATES} states)`, async () => {
    const random = randomNumbers(5);
    const seen = new Map<string, number>();
    let number = 0;
    for (const state of diskStates(life, random)) {
      if (number++ === STATES) break;
      expect(await recover(state), `${state.name}, state ${number}`).toEqual(whole(state.commits));
      seen.set(state.name, (seen.get(state.name) ?? 0) + 1);
    }
    expect([...seen.values()]).toEqual([15, 15, 15, 15]);
  });

  it("is found broken when what was synced is missing too, so that the test above can fail", async () => {
    const { before, after } = life;
    // The journal was written anew, and the checkpoint before that never reached the disk.
    const lost = await recover({ db: before.db, wal: after.wal }).catch((error: unknown) => error);
    expect(lost).not.toEqual(whole(40));
  });
});

describe("a process that is killed while it commits", () => {
  it(`leaves a whole database with every commit that it reported (${KILLS} kills)`, async () => {
    const dir = folder();
    const random = randomNumbers(7);
    for (let kill = 0; kill < KILLS; kill++) {
      const reported = (await killAfter(dir, 1 + Math.floor(random() * 200))) + 1;
      const found = await examine(dir);
      // It may have died between a commit and its report.
      expect([reported, reported + 1]).toContain(found.commits);
      expect(found.commits).toBeGreaterThan(0);
      expect(found).toEqual(whole(found.commits));
    }
  }, 120_000);
});
