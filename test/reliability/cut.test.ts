import { expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { randomNumbers } from "../long/mutate.ts";
import { cutAtEach, cutsAnywhere, cutsAtCommands, finishAndCheck } from "./cutting.ts";
import { robotHere } from "./robot.ts";
import { Stage } from "./stage.ts";

/** Of the stalls, each of which costs a second of patience, only every so many. */
const STALLS_ONE_IN = 12;

describeWith(["dovecot", "postfix"], "connections that are cut", () => {
  it("at each command and anywhere lose nothing and double nothing but a mail whose 250 was lost", async () => {
    const stage = await Stage.open();
    const here = await robotHere(stage.site);
    try {
      const cuts = [
        ...cutsAtCommands("reset"),
        ...cutsAtCommands("half-close").filter((_, number) => number % 4 === 0),
        ...cutsAtCommands("stall").filter((_, number) => number % STALLS_ONE_IN === 0),
        ...cutsAtCommands("drip").filter((_, number) => number % STALLS_ONE_IN === 0),
        ...cutsAnywhere(16),
      ];
      const count = await cutAtEach(stage, here, cuts, randomNumbers(1));
      await finishAndCheck(stage, here);
      expect(count.missed).toEqual([]);
      expect(stage.unnoted.length).toBeGreaterThan(0);
    } finally {
      await here.close();
      await stage.close();
    }
  }, 180_000);
});
