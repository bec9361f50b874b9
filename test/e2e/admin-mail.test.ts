import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { decodeBody, parseMime } from "../../src/mail/index.ts";
import { openDatabase } from "../../src/store/driver.ts";
import { describeWith } from "../lab/available.ts";
import { selfSigned, signedMail } from "../lab/openssl.ts";
import { PARTNERS, ROBOT, type Site, type SiteOptions, startSite } from "../lab/site.ts";
import type { SmtpSink } from "../lab/smtp-sink.ts";
import { arrived, folderCounts, headerOf, request } from "./company.ts";

const ADMIN = "postmaster@company.example";
const [ALICE = "", BOB = ""] = PARTNERS;
const HOUR = 3_600_000;

/** Several runs of the program each, on a machine that may be busy. */
const TIMEOUT = 180_000;

let site: Site;
afterEach(() => site?.stop());

/** A site where no CA is trusted and nothing is published: all that is offered waits for a person. */
async function open(options: SiteOptions = {}): Promise<Site> {
  site = await startSite(options);
  return site;
}

/** The sink in place of Postfix, for its faults. */
async function openWithSink(): Promise<{ readonly site: Site; readonly sink: SmtpSink }> {
  const { sink } = await open({ withoutPostfix: true });
  if (sink === undefined) throw new Error("this site has no sink");
  return { site, sink };
}

/** A certificate that nobody vouches for, from an address of its own: it waits for a person. */
async function sendDoubtful(site: Site, from: string): Promise<void> {
  const signer = selfSigned(site.folder, { addresses: [from] });
  await site.sendFromPartner(signedMail({ from, to: ROBOT, signer }), [ROBOT], { from });
}

/** The texts of all mails that the admin has got, oldest first. */
async function adminMails(site: Site): Promise<string[]> {
  return (await site.partnerInbox(ADMIN)).map(({ raw }) =>
    decodeBody(raw, parseMime(raw).root).bytes.toString(),
  );
}

/** The addresses that a mail to the admin tells of, each once. */
function addressesIn(text: string | undefined): string[] {
  return [...new Set(text?.match(/[\w.]+@partner\.example/g))].sort();
}

/** Makes it later: what was told has been told longer ago. */
function pass(site: Site, milliseconds: number): void {
  const db = openDatabase(join(site.stateFolder, "keybot.db"));
  db.prepare("UPDATE admin_notice SET told_at = told_at - ?").run(milliseconds);
  db.close();
}

interface LogRecord {
  readonly kind: string;
  readonly folder: string;
  readonly reasons: readonly { readonly code: string; readonly detail: string | null }[];
  readonly replies: readonly {
    readonly state: string;
    readonly error: string | null;
    readonly messageId: string;
  }[];
}

async function logOf(site: Site): Promise<LogRecord[]> {
  return (await site.keybot(["log", "--json"])).records() as LogRecord[];
}

describeWith(["dovecot"], "mail to the admin", () => {
  it(
    "tells of a burst of pending certificates at once and once, of the next ones after an hour",
    async () => {
      const partners = ["a", "b", "c", "d", "e", "f"].map((name) => `${name}@partner.example`);
      const site = await open({ addresses: partners });
      const burst = partners.slice(0, 4);
      const later = partners.slice(4);
      for (const from of burst) await sendDoubtful(site, from);
      await site.keybot(["poll"], { expectExit: "any" });
      await site.keybot(["poll"], { expectExit: "any" });

      const [mail, ...more] = await site.partnerInbox(ADMIN);
      expect(more).toEqual([]);
      const raw = mail?.raw ?? Buffer.alloc(0);
      expect(headerOf(raw, "Return-Path")).toBe("<>");
      expect(headerOf(raw, "Auto-Submitted")).toBe("auto-generated");
      expect(headerOf(raw, "To")).toBe(ADMIN);
      expect(headerOf(raw, "Message-ID")).toMatch(/^<keybot\.[0-9a-f]{40}@company\.example>$/);
      const [text] = await adminMails(site);
      expect(addressesIn(text)).toEqual(burst);
      const listed = (await site.keybot(["list", "--status", "pending", "--json"])).records() as {
        sha256: string;
      }[];
      expect(listed).toHaveLength(4);
      for (const { sha256 } of listed) expect(text).toContain(`keybot approve ${sha256.slice(0, 16)}`);

      for (const from of later) await sendDoubtful(site, from);
      await site.keybot(["poll"], { expectExit: "any" });
      pass(site, HOUR - 60_000);
      await site.keybot(["poll"], { expectExit: "any" });
      expect(await adminMails(site)).toHaveLength(1);

      pass(site, 60_000);
      for (let times = 0; times < 3; times++) await site.keybot(["poll"], { expectExit: "any" });
      const mails = await adminMails(site);
      expect(mails).toHaveLength(2);
      expect(addressesIn(mails[1])).toEqual(later);
    },
    TIMEOUT,
  );

  it(
    "neither loses nor doubles it when the robot is killed before it is sent",
    async () => {
      const { site, sink } = await openWithSink();
      await sendDoubtful(site, ALICE);
      sink.faults = { onAuth: "421 4.3.2 shutting down" };
      const daemon = site.keybotDaemon(["run"]);
      await daemon.says("admin.told", 30_000);
      await daemon.stop("SIGKILL");
      expect(await adminMails(site)).toEqual([]);

      sink.faults = {};
      for (let times = 0; times < 3; times++) await site.keybot(["poll"], { expectExit: "any" });
      const mails = await adminMails(site);
      expect(mails).toHaveLength(1);
      expect(addressesIn(mails[0])).toEqual([ALICE]);
    },
    TIMEOUT,
  );

  it(
    "names a reply that the server refused for good, in the log, in doctor and in the note of the day",
    async () => {
      const { site, sink } = await openWithSink();
      const refuse = (address: string) =>
        address === BOB ? "550 5.1.1 nobody here by that name" : undefined;
      await site.sendFromPartner(request(BOB, "anna@company.example"), ["anna@company.example"], {
        from: BOB,
      });
      await arrived(site, 1);
      sink.faults = { onRecipient: refuse };
      for (let times = 0; times < 3; times++) await site.keybot(["poll"]);

      const [entry] = await logOf(site);
      expect(entry?.replies).toMatchObject([
        { state: "failed", error: expect.stringContaining("nobody here") },
      ]);
      expect((await site.keybot(["log"])).stdout).toMatch(/no-certificate failed \(.*nobody here/);
      expect((await site.keybot(["doctor"])).stdout).toMatch(
        /outbox: .*1 were refused for good, the last to bob@.*nobody/,
      );
      const mails = await adminMails(site);
      expect(mails).toHaveLength(1);
      expect(mails[0]).toMatch(/no-certificate to bob@partner\.example[^-]*nobody here by that name/);
      // No loop: it was tried once.
      const tries = sink.commands.filter((command) => /^RCPT TO:<bob@partner/i.test(command));
      expect(tries).toHaveLength(1);
    },
    TIMEOUT,
  );

  it(
    "is never about itself: one that is refused causes no other",
    async () => {
      const { site, sink } = await openWithSink();
      await sendDoubtful(site, ALICE);
      sink.faults = { onRecipient: (address) => (address === ADMIN ? "550 5.1.1 moved" : undefined) };
      await site.keybot(["poll"]);
      pass(site, 48 * HOUR);
      for (let times = 0; times < 3; times++) await site.keybot(["poll"]);
      const tries = sink.commands.filter((command) => command.toLowerCase().startsWith(`rcpt to:<${ADMIN}`));
      expect(tries).toHaveLength(1);
      expect(await adminMails(site)).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    "does not go round when the admin's address is the robot's own",
    async () => {
      const site = await open({ config: { admin: { address: ROBOT, contact: ADMIN } } });
      await sendDoubtful(site, ALICE);
      await site.keybot(["poll"]);
      await arrived(site, 1);
      pass(site, 48 * HOUR);
      for (let times = 0; times < 3; times++) await site.keybot(["poll"]);
      expect(await folderCounts(site)).toEqual({ Pending: 1, Unhandled: 1 });
      const note = (await logOf(site)).find(({ folder }) => folder === "Unhandled");
      expect(note).toMatchObject({ kind: "automatic", replies: [] });
      expect((await site.keybot(["doctor"])).stdout).toMatch(/^WARN {2}admin: .*the robot's own/m);
    },
    TIMEOUT,
  );
});

describeWith(["dovecot", "postfix"], "a reply that comes back", () => {
  it(
    "is noted with its message, and the admin told, when a real server bounces it",
    async () => {
      // Bob's mailbox is full: the border takes the reply, and what stands behind it refuses it.
      const site = await open({
        config: { smtp: { bounce_address: ROBOT } },
        quotaKilobytes: { [BOB]: 1 },
      });
      await site.sendFromPartner(request(BOB, "anna@company.example"), ["anna@company.example"], {
        from: BOB,
      });
      await arrived(site, 1);
      // The bounce can come while the poll that sent the reply is still at work, or a moment later.
      let records: Awaited<ReturnType<typeof logOf>> = [];
      for (let polls = 0; polls < 20 && !records.some(({ folder }) => folder === "Unhandled"); polls++) {
        await site.keybot(["poll"]);
        records = await logOf(site);
      }
      await site.keybot(["poll"]);

      const asked = records.find(({ kind }) => kind === "request");
      expect(asked?.replies).toMatchObject([
        { state: "bounced", error: expect.stringMatching(/^5\.2\.2 .*/) },
      ]);
      const bounce = records.find(({ folder }) => folder === "Unhandled");
      expect(bounce).toMatchObject({ kind: "automatic", replies: [] });
      const reason = bounce?.reasons.find(({ code }) => code === "bounce");
      expect(reason?.detail).toContain(asked?.replies[0]?.messageId);
      expect(await site.partnerInbox(BOB)).toEqual([]);
      const mails = await adminMails(site);
      expect(mails).toHaveLength(1);
      expect(mails[0]).toMatch(/no-certificate to bob@partner\.example/);
      expect((await site.keybot(["doctor"])).stdout).toMatch(
        /outbox: .*1 came back, the last from bob@partner/,
      );
    },
    TIMEOUT,
  );
});
