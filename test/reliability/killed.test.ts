import { beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import { randomNumbers } from "../long/mutate.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { BORDERS, finishAndCheck, killAtEach } from "./killing.ts";
import { Stage } from "./stage.ts";

describeWith(["dovecot", "postfix"], "a robot that is killed", () => {
  let ca: LoopbackServer;
  beforeAll(async () => {
    ca = await new LoopbackServer().start();
  });

  it("at each border of its way loses nothing and does nothing twice but what it could not note", async () => {
    const stage = await Stage.open();
    try {
      const killed = await killAtEach(stage, ca, BORDERS, randomNumbers(1), 4);
      await finishAndCheck(stage);
      expect(killed.missed).toEqual([]);
      expect(killed.orphans).toBe(0);
      // The one exception (PRODUCT §2) was met: a server that had taken a mail, and a robot that died before it knew.
      expect(stage.unnoted.length).toBeGreaterThan(0);
    } finally {
      await stage.close();
    }
  }, 600_000);
});
