import { chownSync, closeSync, ftruncateSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { timedPoll } from "../bench/poll.ts";
import { openCompany, submission } from "../e2e/company.ts";
import { places } from "../e2e/places.ts";
import { describeWith } from "../lab/available.ts";
import { ROBOT, type Site } from "../lab/site.ts";

const MEGABYTE = 2 ** 20;
const SIZE = 2 * 1024 * MEGABYTE;
const HUGE = "<huge@bomb.example>";
const HONEST = "<honest@partner.example>";

describeWith(["dovecot"], "a mail of 2 GB", () => {
  it("is never read whole: it is set aside by its header, and the mail beside it goes through", async ({
    task,
  }) => {
    const company = await openCompany({ withoutPostfix: true });
    try {
      const { site, alice } = company;
      await site.dovecot.deliver(ROBOT, submission(alice, { messageId: HONEST }));
      place(
        site,
        `From: eve@partner.example\r\nTo: ${ROBOT}\r\nMessage-ID: ${HUGE}\r\nSubject: film\r\n\r\n`,
      );
      const { summary, peak, milliseconds } = await timedPoll(site);
      expect(summary).toMatchObject({ seen: 2, stored: 1, unhandled: 1, failed: 0 });
      expect(Object.fromEntries(await places(site))).toEqual({ [HUGE]: "Unhandled", [HONEST]: "Processed" });
      const [entry] = (await site.keybot(["log", "--json", "--limit", "1"])).records();
      expect(entry).toMatchObject({
        messageId: HUGE,
        reasons: [{ code: "unreadable", detail: "message.too-large" }],
      });
      expect(peak).toBeLessThan(250 * MEGABYTE);
      task.meta.counts = {
        "bytes of the mail": SIZE,
        "memory (PSS with children, at its highest)": `${(peak / MEGABYTE).toFixed(0)} MB`,
        "the whole poll": `${(milliseconds / 1000).toFixed(1)} s`,
      };
    } finally {
      await company.stop();
    }
  });
});

/** Puts a mail of so many bytes into the mailbox, of which only the header takes room on the disk. */
function place(site: Site, header: string): void {
  const box = join(site.folder, "d", "mail", ROBOT);
  // Dovecot believes the sizes that a file's name tells (S: in bytes, W: with CRLF).
  const name = `1700000000.M1P1.lab,S=${SIZE},W=${SIZE}`;
  const [unfinished, done] = [join(box, "tmp", name), join(box, "new", name)];
  const file = openSync(unfinished, "w", 0o600);
  writeSync(file, header);
  ftruncateSync(file, SIZE);
  closeSync(file);
  const { uid, gid } = statSync(box);
  chownSync(unfinished, uid, gid);
  renameSync(unfinished, done);
}
