import { afterEach, describe, expect, it } from "vitest";
import { KeybotError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { poll, voiceOf } from "../../src/robot/index.ts";
import type { Robot } from "../../src/robot/robot.ts";
import { createMailer } from "../../src/smtp/index.ts";
import { IDENTITY, shippedTexts } from "../reply/sample.ts";
import { LoopbackServer } from "../revocation/loopback-server.ts";
import { ScriptedSmtp } from "../servers/scripted-smtp.ts";
import { smtpSettings } from "../smtp/settings.ts";
import { Authorities } from "./authorities.ts";
import { ADMIN, Bench } from "./recheck-bench.ts";

const web = await new LoopbackServer().start();
const CLAIMS = "claims@company.example";

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

/** A robot whose SMTP server works, and whose IMAP server is out of reach. */
async function withoutImap(bench: Bench, server: ScriptedSmtp): Promise<Robot> {
  const mailer = createMailer(smtpSettings(server), silentLog);
  running.push({ stop: () => mailer.close() }, server);
  const secret = await bench.store.secret();
  const texts = shippedTexts(["en"]);
  const robot: Robot = {
    ...bench.robot,
    voice: voiceOf({ identity: IDENTITY, texts, secret, messageIdDomain: "company.example" }),
    adminAddress: ADMIN,
    folders: { Processed: "P", Pending: "W", Rejected: "R", Unhandled: "U" },
    messageBytes: 1_000_000,
    waiting: new Map(),
    mailer,
    sender: { envelopeFrom: "", address: "robot@company.example" },
    connect: () =>
      Promise.reject(
        new KeybotError("temporary", "imap.unreachable", "imap.company.example is out of reach"),
      ),
    holder: "test",
  };
  return robot;
}

describe("a pass whose IMAP server is out of reach", () => {
  it("asks CAs all the same, and sends the admin what they have revoked, before it says that it failed", async () => {
    const bench = await Bench.open(new Authorities(web));
    const own = bench.authorities.issue("claims");
    await bench.publish(own, CLAIMS);
    const alice = bench.authorities.issue("alice");
    await bench.keep(alice, "alice@partner.example");
    for (const one of [own, alice]) bench.authorities.revoke(one);
    bench.setTime(25);
    const server = await ScriptedSmtp.start({ answers: {} });
    const robot = await withoutImap(bench, server);
    await expect(poll(robot, new AbortController().signal)).rejects.toMatchObject({
      code: "imap.unreachable",
    });
    expect((await bench.found(alice)).statuses).toEqual(["revoked"]);
    expect(await bench.store.publishedFor(CLAIMS, bench.now)).toEqual([]);
    const sent = await bench.store.outboxEntries({ state: "sent" });
    expect(sent.map(({ to, template }) => [to, template])).toEqual([
      [ADMIN, "notice"],
      [ADMIN, "notice"],
    ]);
  });
});
