import { expect, it } from "vitest";
import { fill } from "../bench/imap.ts";
import { addressOf } from "../bench/partner.ts";
import { timedPoll } from "../bench/poll.ts";
import { describeWith } from "../lab/available.ts";
import { ROBOT, startSite } from "../lab/site.ts";
import { MAILBOX, mixedMails } from "./mixed-mails.ts";

const POLLS = 10;
const MAILS = 300;

describeWith(["dovecot"], "poll after poll", () => {
  it(`does the same with ${MAILS} new mails ${POLLS} times over, in the same memory`, async ({ task }) => {
    const many = "100000/hour";
    const site = await startSite({
      withoutPostfix: true,
      // Who is answered must be there, or each answer is given up.
      addresses: Array.from({ length: POLLS * MAILS }, (_, number) => addressOf(number)),
      config: {
        "requests.budget": { per_address: many, per_domain: many, total: many, unauthenticated: many },
      },
    });
    try {
      const anna = site.ca.issue({ addresses: [MAILBOX] });
      await site.keybot(["trust", "add", site.root.identity.certFile, "--any-domain"]);
      await site.keybot(["mailbox", "add", MAILBOX, anna.certFile, ...anna.chain]);
      const mails = mixedMails(site, POLLS * MAILS);
      const summaries: Readonly<Record<string, number>>[] = [];
      const peaks: number[] = [];
      for (let poll = 0; poll < POLLS; poll++) {
        const batch = Array.from({ length: MAILS }, () => mails.next().value?.raw ?? Buffer.alloc(0));
        await fill(site, ROBOT, batch);
        const { summary, peak } = await timedPoll(site);
        summaries.push(summary);
        peaks.push(peak);
      }
      for (const summary of summaries) {
        expect(summary).toMatchObject({ seen: MAILS, failed: 0, pending: 0, givenUp: 0 });
        // Work was done, and not only mails set aside.
        expect(Math.min(summary.stored ?? 0, summary.answered ?? 0)).toBeGreaterThan(MAILS / 20);
      }
      const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`;
      expect(Math.min(...peaks), "a peak that was measured").toBeGreaterThan(20 * 2 ** 20);
      expect(Math.max(...peaks)).toBeLessThan(250 * 2 ** 20);
      expect(peaks.at(-1) ?? 0, "the same memory").toBeLessThan(1.25 * (peaks[1] ?? 0) + 16 * 2 ** 20);
      task.meta.counts = {
        polls: POLLS,
        "mails a poll": MAILS,
        "memory, first poll (PSS with children, at its highest)": megabytes(peaks[0] ?? 0),
        "memory, last poll": megabytes(peaks.at(-1) ?? 0),
      };
    } finally {
      await site.stop();
    }
  });
});
