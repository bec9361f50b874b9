import { expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { randomNumbers } from "../long/mutate.ts";
import { cutAtEach, cutsAnywhere, cutsAtCommands, finish } from "./cutting.ts";
import { robotHere } from "./robot.ts";
import { RUNS } from "./runs.ts";
import { everythingOnce, expectWork, figures, Stage } from "./stage.ts";

const ANYWHERE = 40;

describeWith(["dovecot", "postfix"], "cut at every command and anywhere", () => {
  it.for(RUNS)("run %i: everything once", async (seed, { task }) => {
    const stage = await Stage.open();
    const here = await robotHere(stage.site);
    try {
      // A stall costs a second of patience, so each run takes a tenth of them.
      const tenth = (_: unknown, number: number) => number % 10 === seed % 10;
      const cuts = [
        ...cutsAtCommands("reset"),
        ...cutsAtCommands("half-close"),
        ...cutsAtCommands("stall").filter(tenth),
        ...cutsAtCommands("drip").filter(tenth),
        ...cutsAnywhere(ANYWHERE),
      ];
      const count = await cutAtEach(stage, here, cuts, randomNumbers(seed));
      const outcome = await finish(stage, here);
      task.meta.faults = figures(stage, outcome, count.cuts);
      expect(outcome).toMatchObject(everythingOnce(stage));
      expect(count.missed).toEqual([]);
      // What was cut was at work: mails of every kind, answers, and polls that felt it.
      expect(count.cuts).toBeGreaterThan(cuts.filter(({ maybe }) => maybe !== true).length);
      expect(count.failedPolls).toBeGreaterThan(0);
      expectWork(stage);
    } finally {
      await here.close();
      await stage.close();
    }
  });
});
