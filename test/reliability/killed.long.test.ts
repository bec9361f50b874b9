import { beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { randomNumbers } from "../long/mutate.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { BORDERS, finish, killAtEach, RANDOM_TIMES } from "./killing.ts";
import { RUNS } from "./runs.ts";
import { everythingOnce, expectWork, figures, Stage } from "./stage.ts";

const AT_ANY_TIME = 6;

describeWith(["dovecot", "postfix"], "killed at every border", () => {
  let ca: LoopbackServer;
  beforeAll(async () => {
    ca = await new LoopbackServer().start();
  });

  it.for(RUNS)("run %i: everything once", async (seed, { task }) => {
    const stage = await Stage.open();
    try {
      const borders = [...BORDERS, ...Array.from({ length: AT_ANY_TIME }, () => RANDOM_TIMES)];
      const killed = await killAtEach(stage, ca, borders, randomNumbers(seed), 6);
      const outcome = await finish(stage);
      task.meta.faults = figures(stage, outcome, killed.kills);
      expect(outcome).toMatchObject(everythingOnce(stage));
      // At a random time it may have ended by itself.
      expect(killed.missed.filter((name) => name !== RANDOM_TIMES.name)).toEqual([]);
      expect(killed.judges, "judges that could have outlived their robot").toBeGreaterThan(
        BORDERS.length / 4,
      );
      expect(killed.orphans).toBe(0);
      expectWork(stage);
    } finally {
      await stage.close();
    }
  });
});
