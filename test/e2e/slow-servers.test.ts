import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import type { KeybotDaemon } from "../lab/keybot.ts";
import { Authority, type Identity } from "../lab/openssl.ts";
import { ROBOT } from "../lab/site.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { Tarpit } from "../servers/tarpit.ts";
import { type Company, folderCounts, openCompany, request, submission } from "./company.ts";

describeWith(
  ["dovecot"],
  "mails whose certificates name servers that take a connection and are silent",
  () => {
    const web = new LoopbackServer();
    let company: Company;
    let foreign: Authority;
    let daemon: KeybotDaemon | undefined;
    let sequence = 0;
    const tarpits: Tarpit[] = [];

    beforeAll(async () => {
      await web.start();
      company = await openCompany({
        config: { network: { private_addresses: true }, schedule: { cron: "" } },
      });
      const root = Authority.root(`${company.site.folder}/foreign`, { name: "Foreign Root" });
      foreign = root.intermediate({ name: "Foreign CA" });
    });
    afterEach(() => daemon?.stop("SIGKILL"));
    afterAll(async () => {
      for (const tarpit of tarpits) tarpit.stop();
      await company?.stop();
    });

    async function tarpit(): Promise<Tarpit> {
      const opened = await new Tarpit().start();
      tarpits.push(opened);
      return opened;
    }

    /** A stranger's certificate whose issuer is to be had at two places of a tarpit. */
    function stranger(at: Tarpit): Identity {
      sequence += 1;
      const places = ["a", "b"].map((name) => `caIssuers;URI:${at.url(`/${sequence}/${name}`)}`);
      return foreign.issue({
        addresses: ["alice@partner.example"],
        key: "P-256",
        extensions: [`authorityInfoAccess = ${places.join(",")}`],
      });
    }

    async function deliver(signer: Identity, count: number): Promise<void> {
      for (let n = 0; n < count; n++) {
        const mail = submission(signer, { chain: [], text: `mail ${sequence} ${n}` });
        await company.site.dovecot.deliver(ROBOT, mail);
      }
    }

    async function answers(): Promise<number> {
      return (await company.site.partnerInbox("bob@partner.example")).length;
    }

    async function waiting(): Promise<number> {
      const log = (await company.site.keybot(["log", "--json"])).records() as { outcome: string }[];
      return log.filter(({ outcome }) => outcome === "waiting").length;
    }

    async function asks(): Promise<void> {
      const mail = request("bob@partner.example", "claims@company.example");
      await company.site.sendFromPartner(mail, ["claims@company.example"], { from: "bob@partner.example" });
    }

    it("keep nobody else waiting: requests behind them are answered first, and they come out as without the servers", async () => {
      const { site } = company;
      const [silent, crl] = [await tarpit(), await tarpit()];
      // A CA that we trust and that is slow, and a stranger's server.
      const trusted = site.ca.issue({
        addresses: ["alice@partner.example"],
        key: "P-256",
        crlUrl: crl.url("/ca.crl"),
      });
      for (let n = 0; n < 3; n++) await deliver(stranger(silent), 1);
      for (let n = 0; n < 3; n++)
        await site.dovecot.deliver(ROBOT, submission(trusted, { text: `slow ${n}` }));
      daemon = site.keybotDaemon(["run"]);
      await until(() => silent.connections > 0 && crl.connections > 0);
      await asks();
      await until(async () => (await answers()) === 1);
      // The CA has 15 seconds: nothing was noted yet of those who ask it. Strangers' servers have a few.
      expect(await waiting()).toBe(0);
      expect((await folderCounts(site)).INBOX).toBeGreaterThanOrEqual(3);

      await until(async () => (await folderCounts(site)).Pending === 3);
      await until(async () => (await waiting()) === 3);
      expect(await folderCounts(site)).toEqual({ INBOX: 3, Processed: 1, Pending: 3 });
    }, 120_000);

    it("are asked for within the rations of an hour; the others are judged as they are", async () => {
      const { site } = company;
      const silent = await tarpit();
      await deliver(stranger(silent), 30);
      daemon = site.keybotDaemon(["run"]);
      await until(async () => (await folderCounts(site)).INBOX === 3);
      // Two places, and no mail has them asked for anew while they rest.
      expect(silent.connections).toBeLessThanOrEqual(8);
      expect((await folderCounts(site)).Pending).toBe(33);
    }, 120_000);

    it("are settled in one poll, which waits for the servers once for all of them", async () => {
      const { site } = company;
      // A sender of its own, since the rations of the one before are used up.
      const before = (await folderCounts(site)).Pending ?? 0;
      const silent = await tarpit();
      for (let n = 0; n < 6; n++) await deliver(stranger(silent), 1);
      await asks();
      const began = performance.now();
      await site.keybot(["poll"], { expectExit: 1 });
      expect(performance.now() - began).toBeLessThan(60_000);
      expect(await folderCounts(site)).toMatchObject({ INBOX: 3, Pending: before + 6, Processed: 2 });
      expect(await answers()).toBe(2);
    }, 120_000);
  },
);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error("it never came to that");
}
