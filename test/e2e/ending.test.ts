import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { describeWith } from "../lab/available.ts";
import type { KeybotDaemon } from "../lab/keybot.ts";
import { ROBOT } from "../lab/site.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { type Company, folderCounts, openCompany, submission } from "./company.ts";

/** What the issue promises, and what container engines wait before they kill. */
const LONGEST_END_MS = 10_000;

describeWith(["dovecot"], "a robot that is told to end while somebody keeps it waiting", () => {
  const web = new LoopbackServer();
  let company: Company;
  let daemon: KeybotDaemon | undefined;

  beforeAll(async () => {
    await web.start();
    company = await openCompany({
      withoutPostfix: true,
      config: { network: { private_addresses: true }, schedule: { cron: "" } },
    });
  });
  afterEach(() => daemon?.stop("SIGKILL"));
  afterAll(() => company?.stop());

  const ends = async (): Promise<number> => {
    const asked = performance.now();
    expect(await daemon?.stop("SIGTERM")).toBe(0);
    return performance.now() - asked;
  };

  it("by a CA that never answers: it ends in time, the mail stays, and the next run handles it", async () => {
    const { site } = company;
    let silent = true;
    web.pages.set("/slow.crl", (_request, response) => {
      if (!silent) response.end(site.ca.crl());
    });
    const alice = site.ca.issue({ addresses: ["alice@partner.example"], crlUrl: web.url("/slow.crl") });
    await site.dovecot.deliver(ROBOT, submission(alice));
    daemon = site.keybotDaemon(["run"]);
    await until(() => web.requests.length > 0);
    expect(await ends()).toBeLessThan(LONGEST_END_MS);
    expect(await folderCounts(site)).toEqual({ INBOX: 1 });
    // Nothing was decided, and nothing noted that would keep the next run from it.
    expect((await site.keybot(["log", "--json"])).records()).toEqual([]);

    silent = false;
    await site.keybot(["poll"]);
    expect(await folderCounts(site)).toEqual({ Processed: 1 });
  }, 60_000);

  /** A new mail whose CRL the CA keeps back until `release`. */
  async function heldMail(name: string) {
    const { site } = company;
    const held: ServerResponse[] = [];
    web.pages.set(`/${name}.crl`, (_request, response) => {
      held.push(response);
    });
    const signer = site.ca.issue({
      addresses: [`${name}@partner.example`],
      crlUrl: web.url(`/${name}.crl`),
    });
    await site.dovecot.deliver(ROBOT, submission(signer, { from: `${name}@partner.example` }));
    return { held, release: () => held.splice(0).forEach((response) => void response.end(site.ca.crl())) };
  }

  const settled = async (): Promise<number> =>
    (await company.site.keybot(["log", "--json"])).records().length;

  it("by a CA that another robot asks for the same mail: one of them settles it, the other finds the work done", async () => {
    const { site } = company;
    const [before, entries] = [await folderCounts(site), await settled()];
    daemon = site.keybotDaemon(["run"]);
    await daemon.says("daemon.ready");
    const { held, release } = await heldMail("both");
    await until(() => held.length === 1);
    const poll = site.keybot(["poll"]);
    await until(() => held.length === 2);
    release();
    await poll;
    expect(await ends()).toBeLessThan(LONGEST_END_MS);
    await site.keybot(["poll"]);
    expect(await folderCounts(site)).toEqual({ ...before, Processed: (before.Processed ?? 0) + 1 });
    expect(await settled()).toBe(entries + 1);
  }, 60_000);

  it("by a CA when its configuration is read again: it goes on at once and asks anew", async () => {
    const { site } = company;
    const [before, entries] = [await folderCounts(site), await settled()];
    daemon = site.keybotDaemon(["run"]);
    await daemon.says("daemon.ready");
    const { pid } = daemon;
    const { held, release } = await heldMail("reload");
    await until(() => held.length === 1);
    process.kill(pid, "SIGHUP");
    await daemon.says("daemon.reloads");
    await until(() => held.length === 2);
    expect(await settled()).toBe(entries);
    release();
    await daemon.says("message.decided");
    expect(await ends()).toBeLessThan(LONGEST_END_MS);
    expect(await folderCounts(site)).toEqual({ ...before, Processed: (before.Processed ?? 0) + 1 });
    expect(await settled()).toBe(entries + 1);
  }, 60_000);

  it("by a judge that does not come to an end: the same", async () => {
    const { site, bob } = company;
    const before = await folderCounts(site);
    daemon = site.keybotDaemon(["run"]);
    await daemon.says("daemon.ready");
    const { pid } = daemon;
    // One that is stopped before it has become the judge would stop its parent with it, which waits for that.
    await until(() => childrenOf(pid).some(isJudge));
    for (const child of childrenOf(pid).filter(isJudge)) process.kill(child, "SIGSTOP");
    await site.dovecot.deliver(ROBOT, submission(bob, { from: "bob@partner.example" }));
    await until(() => daemon?.stderr().includes("message") === true || childrenOf(pid).length > 0);
    // Nothing tells from outside that the mail has reached the judge; it does so within the second of Dovecot's notice.
    await sleep(2_000);
    expect(await ends()).toBeLessThan(LONGEST_END_MS);
    expect(await folderCounts(site)).toEqual({ ...before, INBOX: 1 });
    await site.keybot(["poll"]);
    expect(await folderCounts(site)).toEqual({ ...before, Processed: (before.Processed ?? 0) + 1 });
  }, 60_000);

  it("by an IMAP server that has stopped answering: it ends in time, too", async () => {
    const { site, bob } = company;
    daemon = site.keybotDaemon(["run"]);
    await daemon.says("daemon.ready");
    const workers = (await site.dovecot.doveadm(["who", "-1", ROBOT])).stdout.toString();
    const imap = [...workers.matchAll(/imap\s+\((\d+)/g), ...workers.matchAll(/imap\s+(\d+)/g)].map(
      ([, pid]) => Number(pid),
    );
    expect(imap).not.toEqual([]);
    const stopped = imap.filter((pid) => pid > 1);
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
    try {
      expect(await ends()).toBeLessThan(LONGEST_END_MS);
    } finally {
      for (const pid of stopped) process.kill(pid, "SIGCONT");
    }
    await site.dovecot.deliver(ROBOT, submission(bob, { from: "bob@partner.example", text: "again" }));
    await site.keybot(["poll"]);
    expect((await folderCounts(site)).INBOX).toBeUndefined();
  }, 60_000);
});

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (isSo()) return;
    await sleep(50);
  }
  throw new Error("it did not come to that in half a minute");
}

function isJudge(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("judge-process");
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}
