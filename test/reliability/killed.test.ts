import { beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { randomNumbers } from "../long/mutate.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { BORDERS, finish, killAtEach } from "./killing.ts";
import { everythingOnce, Stage } from "./stage.ts";

/** Those of all borders (`killed.long.test.ts`) where most is at stake: between a step and the note of it. */
const CHOSEN =
  /^(while it starts|fetch, answered|in the middle of a fetch|the CA is asked|judged|after the commit|a mail is in hand|RCPT, unanswered|the end of a mail|in the middle of a mail|the 250|move|the move|re-check, taken)/;

describeWith(["dovecot", "postfix"], "a robot that is killed", () => {
  let ca: LoopbackServer;
  beforeAll(async () => {
    ca = await new LoopbackServer().start();
  });

  it("at the borders of its way loses nothing and does nothing twice but what it could not note", async () => {
    const stage = await Stage.open();
    try {
      const borders = BORDERS.filter(({ name }) => CHOSEN.test(name));
      const killed = await killAtEach(stage, ca, borders, randomNumbers(1), 4);
      expect(await finish(stage)).toMatchObject(everythingOnce(stage));
      expect(killed).toMatchObject({ kills: borders.length, missed: [], orphans: 0 });
      // The one exception (PRODUCT §2) was met: a server that had taken a mail, and a robot that died before it knew.
      expect(stage.unnoted.length).toBeGreaterThan(0);
    } finally {
      await stage.close();
    }
  }, 180_000);
});
