import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Config, loadConfig, parseConfig } from "../../src/config/index.ts";
import { describeWith } from "./available.ts";
import { isRunning } from "./folder.ts";
import { type ConfigOverrides, siteConfiguration } from "./keybot-configuration.ts";
import { plainMail, requestMail, signedMail, verifyMail } from "./openssl.ts";
import { ROBOT, type Site, startSite } from "./site.ts";
import { handOver } from "./smtp-client.ts";

const ALICE = "alice@partner.example";
const CLAIMS = "claims@company.example";

describeWith(["dovecot"], "a company with the sink in Postfix's place", () => {
  company({ withoutPostfix: true });
});

describeWith(["dovecot", "postfix"], "a company with Postfix", () => {
  company({});
});

function company(options: { withoutPostfix?: boolean }): void {
  let site: Site;
  beforeAll(async () => {
    site = await startSite(options);
  });
  afterAll(() => site.stop());

  it("delivers a partner's mail to the robot, its border Received from 127.0.0.2, its signature whole", async () => {
    const signer = site.ca.issue({ addresses: [ALICE], key: "P-256" });
    await site.sendFromPartner(signedMail({ from: ALICE, to: ROBOT, signer }), [ROBOT]);
    const { INBOX = [] } = await site.robotFolders();
    const raw = INBOX[0]?.raw ?? Buffer.alloc(0);
    expect(raw.toString("latin1")).toMatch(
      /^Received: from mail\.partner\.example \(unknown \[127\.0\.0\.2\]\)\r\n\tby mx\.company\.example/m,
    );
    expect(verifyMail(raw, site.root.identity)).toMatchObject({ ok: true });
  });

  it("gives the robot a copy of a request to another mailbox, which keeps its own", async () => {
    await site.sendFromPartner(requestMail({ from: ALICE, to: CLAIMS }), [CLAIMS]);
    const { INBOX = [] } = await site.robotFolders();
    const copy = INBOX.at(-1)?.raw.toString("latin1") ?? "";
    expect(headerFields(copy, "X-Original-To")).toEqual([ROBOT, CLAIMS]);
    expect(headerFields(copy, "X-Sieve-Redirected-From")).toEqual([CLAIMS]);
    expect(await site.dovecot.messages(CLAIMS)).toHaveLength(1);
  });

  it("takes the robot's own mail with TLS, AUTH and the null sender, and refuses unknown addresses", async () => {
    const port = site.postfix?.submissionPort ?? site.sink?.port ?? 0;
    const login = { user: ROBOT, password: site.passwordOf(ROBOT) };
    const raw = plainMail({ from: ROBOT, to: ALICE, subject: "reply" });
    const replies = await handOver({
      port,
      from: "",
      to: [ALICE, "gone@partner.example"],
      raw,
      startTls: true,
      login,
    });
    expect(replies.map(({ code }) => code)).toEqual([250, 550]);
    const [reply] = await site.partnerInbox(ALICE);
    expect(reply?.raw.toString("latin1")).toMatch(/^Return-Path: <>\r\n/);
    expect(reply?.raw.toString("latin1")).toMatch(/by mx\.company\.example \(Postfix\) with ESMTPSA id /);
  });

  it("has a keybot that reads its configuration", async () => {
    expect((await loadConfig(site.configFile, {})).imap.port).toBe(site.dovecot.imapsPort);
    expect((await site.keybot(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    await expect(site.keybot(["--no-such-option"])).rejects.toThrow(/ended with 2, not 0:\nkeybot: /);
  });

  it("leaves no process and no folder behind", async () => {
    const short = await startSite(options);
    const pids = [short.dovecot.pid(), short.postfix?.pid()].filter((pid) => pid !== undefined);
    expect(pids.every(isRunning)).toBe(true);
    await short.stop();
    expect(pids.some(isRunning)).toBe(false);
    expect(existsSync(short.folder)).toBe(false);
  });
}

describe("the site's keybot.toml", () => {
  const places = { robot: ROBOT, imapPort: 1, smtpPort: 2, caFile: import.meta.filename };
  const parsed = (overrides: ConfigOverrides): Config =>
    parseConfig({ file: "/lab/keybot.toml", text: siteConfiguration(places, overrides) }, {});

  it("is one that keybot takes", () => {
    expect(parsed({}).imap).toMatchObject({
      host: "127.0.0.1",
      port: 1,
      user: ROBOT,
      caFile: import.meta.filename,
    });
  });

  it("can differ in single keys, inside the tables and outside", () => {
    const config = parsed({
      "": { tag: "[CERT]" },
      imap: { mailbox: "Robot" },
      limits: { judge_seconds: 5 },
    });
    expect(config.imap).toMatchObject({ mailbox: "Robot", port: 1 });
    expect(JSON.stringify(config)).toContain("[CERT]");
  });
});

function headerFields(mail: string, name: string): string[] {
  const header = mail.slice(0, mail.indexOf("\r\n\r\n")).split("\r\n");
  return header.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
}
