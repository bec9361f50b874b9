import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Database from "better-sqlite3";
import { expect, it } from "vitest";
import { openDatabase } from "../../src/store/driver.ts";
import { openStore } from "../../src/store/index.ts";
import { connectTo, fill } from "../bench/imap.ts";
import { headerOf } from "../e2e/company.ts";
import { describeWith } from "../lab/available.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";
import { type SmtpSink, startSmtpSink } from "../lab/smtp-sink.ts";
import { MAILBOX, type MixedMail, mixedMails } from "./mixed-mails.ts";

const MAILS = 3_000;
const KILLS = 30;

/** A robot is killed at the latest after so long; most of a poll of the mails that are left lies within. */
const LONGEST_LIFE_MS = 3_000;

describeWith(["dovecot"], "a robot that is killed again and again", () => {
  it(`files ${MAILS} mails once each, with one certificate and one reply each, over ${KILLS} kills`, async ({
    task,
  }) => {
    const sink = await startSmtpSink();
    const site = await openSite(sink.port);
    try {
      const mails = [...mixedMails(site, MAILS)];
      await fill(
        site,
        ROBOT,
        mails.map(({ raw }) => raw),
      );
      const moments = await killPolls(site);
      laterOn(site);
      const last = JSON.parse((await site.keybot(["poll", "--json"], { timeout: 600_000 })).stdout);
      expect(last.failed).toBe(0);

      const placed = await placesOf(site);
      expect([...placed.values()].filter((folders) => folders.length !== 1)).toEqual([]);
      expect(new Map([...placed].map(([id, [folder]]) => [id, folder]))).toEqual(
        new Map(mails.map(({ id, expected }) => [id, expected.folder])),
      );

      const listed = (await site.keybot(["list", "--json"])).records() as {
        sha256: string;
        status: string;
      }[];
      const certificates = listed.filter(({ status }) => status === "active");
      const partners = mails.filter(({ expected }) => expected.partner !== null).length;
      expect(certificates).toHaveLength(partners);
      expect(new Set(certificates.map(({ sha256 }) => sha256)).size).toBe(partners);

      const replies = repliesTo(sink, mails);
      const twice = replies.sent - replies.distinct;
      expect(replies.distinct).toBe(mails.filter(({ expected }) => expected.answered).length);
      // PRODUCT §2: twice only when the process died between the server's 250 and the note of it.
      expect(twice).toBeLessThanOrEqual(KILLS);
      expect(await auditFault(site)).toBeNull();
      task.meta.counts = {
        mails: MAILS,
        kills: KILLS,
        "kills while mails were being worked through": moments.atWork,
        "mails in more or fewer than one folder": 0,
        "certificates stored": partners,
        replies: replies.distinct,
        "replies sent twice (died between the 250 and its note)": twice,
      };
    } finally {
      await site.stop();
      await sink.stop();
    }
  });
});

/** @param smtpPort where replies go: to somebody who takes and counts all of them, without TLS on this machine */
async function openSite(smtpPort: number): Promise<Site> {
  const many = "100000/hour";
  const site = await startSite({
    withoutPostfix: true,
    config: {
      smtp: { port: smtpPort, security: "none" },
      "requests.budget": { per_address: many, per_domain: many, total: many, unauthenticated: many },
    },
  });
  const anna = site.ca.issue({ addresses: [MAILBOX] });
  await site.keybot(["trust", "add", site.root.identity.certFile, "--any-domain"]);
  await site.keybot(["mailbox", "add", MAILBOX, anna.certFile, ...anna.chain]);
  return site;
}

/** Starts `keybot poll` and kills it at a random moment, again and again. */
async function killPolls(site: Site): Promise<{ readonly atWork: number }> {
  let atWork = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    freeLease(site);
    const robot = site.keybotDaemon(["poll"]);
    // The moments are spread over the robot's life, not drawn from a clock, so that a run can be repeated.
    await sleep(LONGEST_LIFE_MS * (((kill * 7) % KILLS) / KILLS));
    if (robot.exit() === undefined) atWork += leaseTaken(site) ? 1 : 0;
    await robot.stop("SIGKILL");
  }
  return { atWork };
}

function leaseTaken(site: Site): boolean {
  return onDatabase(site, (db) => db.prepare("SELECT 1 FROM lease").all().length > 0);
}

/** A dead robot's lease lapses after a minute; thirty of them would be half an hour of waiting. */
function freeLease(site: Site): void {
  onDatabase(site, (db) => db.prepare("DELETE FROM lease").run());
}

/** A quarter of an hour later: a dead deliverer's claim on a mail has lapsed, too. */
function laterOn(site: Site): void {
  freeLease(site);
  onDatabase(site, (db) =>
    db.prepare("UPDATE outbox SET claimed_until = NULL WHERE state = 'waiting'").run(),
  );
}

function onDatabase<T>(site: Site, work: (db: Database.Database) => T): T {
  const db = openDatabase(join(site.stateFolder, "keybot.db"));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** Where the audit trail's hash chain is broken; null for nowhere. */
async function auditFault(site: Site) {
  const store = await openStore({ stateDir: site.stateFolder, readOnly: true });
  try {
    return (await store.verifyAudit()).fault;
  } finally {
    await store.close();
  }
}

/** The folders in which each mail lies, by its name. */
async function placesOf(site: Site): Promise<Map<string, string[]>> {
  const places = new Map<string, string[]>();
  const client = await connectTo(site, ROBOT);
  try {
    for (const { path } of await client.list()) {
      await client.mailboxOpen(path);
      for await (const { headers } of client.fetch("1:*", { headers: ["X-Lab"] })) {
        const id = headerOf(headers ?? Buffer.alloc(0), "X-Lab");
        if (id !== undefined) places.set(id, [...(places.get(id) ?? []), path]);
      }
    }
  } finally {
    await client.logout();
  }
  return places;
}

/** Replies by their Message-ID; one that was sent again has the same. */
function repliesTo(
  sink: SmtpSink,
  mails: readonly MixedMail[],
): { readonly sent: number; readonly distinct: number } {
  const asked = new Set(
    mails.filter(({ expected }) => expected.answered).map(({ raw }) => headerOf(raw, "Message-ID")),
  );
  const replies = sink.mails.filter(({ raw }) => asked.has(headerOf(raw, "In-Reply-To")));
  return {
    sent: replies.length,
    distinct: new Set(replies.map(({ raw }) => headerOf(raw, "Message-ID"))).size,
  };
}
