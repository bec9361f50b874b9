import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handOver } from "../lab/smtp-client.ts";
import { type SmtpSink, startSmtpSink } from "../lab/smtp-sink.ts";
import { type Doing, FaultProxy, type Moment, type Point } from "./fault-proxy.ts";

const MAIL = `Message-ID: <one@partner.example>\r\nSubject: x\r\n\r\n${"a line of it\r\n".repeat(200)}`;

describe("a proxy that cuts", () => {
  let sink: SmtpSink;
  let proxy: FaultProxy;
  beforeEach(async () => {
    sink = await startSmtpSink();
    proxy = await FaultProxy.start("smtp");
    proxy.target = sink.port;
  });
  afterEach(async () => {
    await proxy.stop();
    await sink.stop();
  });

  /** Sends a mail through the proxy; what the client made of it. */
  const send = () =>
    handOver({ port: proxy.port, from: "a@partner.example", to: ["b@company.example"], raw: MAIL }).then(
      (replies) => replies.map(({ code }) => code),
      () => "lost" as const,
    );

  it("without a fault changes nothing, and notes what was taken", async () => {
    expect(await send()).toEqual([250]);
    expect(sink.mails).toHaveLength(1);
    expect(proxy.accepted).toMatchObject([{ messageId: "<one@partner.example>", told: true }]);
    expect(proxy.commands).toEqual(expect.arrayContaining(["MAIL FROM:<a@partner.example>", "DATA", "."]));
  });

  it.each<[string, RegExp | ".", Moment, number, boolean | null]>([
    ["before RCPT", /^RCPT/, "unsent", 0, null],
    ["before the end of the mail", ".", "unsent", 0, null],
    ["when the mail is taken and nobody is told", ".", "unanswered", 1, false],
  ])("cuts %s", async (_, command, moment, mails, told) => {
    const armed = proxy.arm({ command, moment }, "reset");
    expect(await send()).toBe("lost");
    await proxy.settled();
    expect(armed.happened).toBe(true);
    expect(sink.mails).toHaveLength(mails);
    expect(proxy.accepted.map((accepted) => accepted.told)).toEqual(told === null ? [] : [told]);
    // Once: the next connection is a good one.
    expect(await send()).toEqual([250]);
  });

  it.each<[string, Point, Doing, unknown]>([
    ["a slow line", { command: /^DATA/, moment: "unsent" }, "drip", [250]],
    ["a slow line from the middle of the mail on", { bytes: 700, from: "client" }, "drip", [250]],
    ["a line cut in the mail", { bytes: 700, from: "client" }, "reset", "lost"],
    ["a line closed in the server's words", { bytes: 60, from: "server" }, "half-close", "lost"],
    ["a command that is held", { command: /^RCPT/, moment: "unsent" }, { hold: () => sleep(50) }, [250]],
  ])("%s: %o, %o", async (_, point, doing, outcome) => {
    const armed = proxy.arm(point, doing);
    expect(await send()).toEqual(outcome);
    expect(armed.happened).toBe(true);
    expect(sink.mails).toHaveLength(outcome === "lost" ? 0 : 1);
  });

  it("stalls: both ends stay open, and nothing comes through", async () => {
    proxy.arm({ command: /^DATA/, moment: "unsent" }, "stall");
    const outcome = await Promise.race([send(), sleep(300, "waits" as const)]);
    expect(outcome).toBe("waits");
    expect(sink.commands.some((command) => command.startsWith("DATA"))).toBe(false);
  });

  it("calls back at the very moment, for a kill", async () => {
    let mailsThen = -1;
    proxy.arm({ command: ".", moment: "unanswered" }, () => {
      mailsThen = sink.mails.length;
    });
    expect(await send()).toBe("lost");
    expect(mailsThen).toBe(1);
  });
});
