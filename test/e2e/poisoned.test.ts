import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Database from "better-sqlite3";
import { afterEach, expect, it } from "vitest";
import { openDatabase } from "../../src/store/driver.ts";
import { describeWith } from "../lab/available.ts";
import type { KeybotDaemon } from "../lab/keybot.ts";
import { ROBOT } from "../lab/site.ts";
import { arrived, type Company, folderCounts, openCompany, submission } from "./company.ts";

const NEIGHBOURS = 12;
const MARKED = "the one";

/** Long enough to judge that its robot can be met at it. */
const attachment = {
  name: "film.bin",
  type: "application/octet-stream",
  bytes: Buffer.alloc(16 * 1024 * 1024, "keybot"),
};

interface Held {
  readonly uid: number;
  readonly held_by: string | null;
}

/** One mail among others ends the robot, again and again. */
describeWith(["dovecot"], "a mail at which the robot itself is killed", () => {
  let company: Company | undefined;
  afterEach(() => company?.stop());

  it.each([
    { name: "three times", deaths: 3, folder: "Unhandled", outcome: "unhandled" },
    { name: "twice only", deaths: 2, folder: "Processed", outcome: "stored" },
  ])(
    "$name: it ends in $folder, and the mails beside it go through",
    async ({ deaths, folder, outcome }) => {
      company = await openCompany();
      const { site, alice, bob } = company;
      const neighbour = submission(bob, { from: "bob@partner.example" });
      for (let index = 0; index < NEIGHBOURS; index++) {
        if (index === NEIGHBOURS / 2)
          await site.dovecot.deliver(ROBOT, submission(alice, { subject: MARKED, attachment }));
        await site.dovecot.deliver(ROBOT, neighbour);
      }
      await arrived(site, NEIGHBOURS + 1);
      const { INBOX = [] } = await site.robotFolders();
      const marked = INBOX.find(({ raw }) => raw.includes(`Subject: ${MARKED}`))?.uid;
      const db = openDatabase(join(site.stateFolder, "keybot.db"), { readonly: true });
      try {
        // The first death: among others, so it counts against nobody.
        const others = (held: readonly Held[]) => held.length > 1 && held.some(({ uid }) => uid === marked);
        expect(await killWhen(db, site.keybotDaemon(["poll"]), others)).toBe(true);
        const alone = (held: readonly Held[]) => held.length === 1 && held[0]?.uid === marked;
        for (let death = 0; death < deaths; death++) {
          expect(await killWhen(db, site.keybotDaemon(["poll"]), alone)).toBe(true);
          // At its first death alone it is a suspect like the others; from then on nobody waits behind it.
          if (death > 0) expect((await folderCounts(site)).INBOX).toBe(1);
        }
        await site.keybot(["poll", "--verbose"]);
        expect(db.prepare("SELECT * FROM in_hand").all()).toEqual([]);
      } finally {
        db.close();
      }
      const stored = folder === "Processed" ? 1 : 0;
      expect(await folderCounts(site)).toEqual({
        Processed: NEIGHBOURS + stored,
        ...(stored === 0 ? { Unhandled: 1 } : {}),
      });
      const [last] = (await site.keybot(["log", "--json", "--limit", "1"])).records();
      expect(last).toMatchObject({ outcome, folder });
      if (folder === "Unhandled") {
        expect(last).toMatchObject({
          kind: "unreadable",
          reasons: [{ code: "unreadable", detail: "message.poisoned" }],
        });
      }
    },
    120_000,
  );

  it("is tried anew when it is put back into the mailbox", async () => {
    company = await openCompany();
    const { site, alice } = company;
    await site.dovecot.deliver(ROBOT, submission(alice, { subject: MARKED, attachment }));
    await arrived(site, 1);
    const db = openDatabase(join(site.stateFolder, "keybot.db"), { readonly: true });
    try {
      for (let death = 0; death < 3; death++)
        expect(await killWhen(db, site.keybotDaemon(["poll"]), (held) => held.length === 1)).toBe(true);
    } finally {
      db.close();
    }
    await site.keybot(["poll"]);
    expect(await folderCounts(site)).toEqual({ Unhandled: 1 });
    await site.dovecot.doveadm(["move", "-u", ROBOT, "INBOX", "mailbox", "Unhandled", "all"]);
    await site.keybot(["poll"]);
    expect(await folderCounts(site)).toEqual({ Processed: 1 });
  }, 120_000);
});

/** Kills the robot as soon as it has the right mails in hand; false when it ended before. */
async function killWhen(
  db: Database.Database,
  robot: KeybotDaemon,
  isRight: (held: readonly Held[]) => boolean,
): Promise<boolean> {
  // Rows that a dead robot holds stand there too, until the living one has looked at them.
  const held = db.prepare("SELECT uid, held_by FROM in_hand WHERE held_by LIKE ?");
  const looksRight = () => isRight(held.all(`% ${robot.pid} %`) as Held[]);
  while (robot.exit() === undefined) {
    if (looksRight()) {
      // Held still, so that it cannot finish between the look and the blow.
      process.kill(robot.pid, "SIGSTOP");
      if (looksRight()) {
        await robot.stop("SIGKILL");
        return true;
      }
      process.kill(robot.pid, "SIGCONT");
    }
    await sleep(1);
  }
  return false;
}
