import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openFolder } from "./folder.ts";
import { Authority } from "./openssl.ts";
import { handOver } from "./smtp-client.ts";
import { type Faults, type SmtpSink, startSmtpSink } from "./smtp-sink.ts";

const folder = openFolder();
const certificate = Authority.root(folder.path, { name: "localhost", key: "P-256" }).identity;
let sink: SmtpSink;
beforeAll(async () => {
  sink = await startSmtpSink({ certificate, users: new Map([["robot", "secret"]]) });
});
beforeEach(() => {
  sink.faults = {};
});
afterAll(async () => {
  await sink.stop();
  folder.remove();
});

const mail = {
  from: "",
  to: ["alice@partner.example", "bob@partner.example"],
  raw: "Subject: x\r\n\r\n.\r\n..two\r\nü\r\n",
};
const send = (): ReturnType<typeof handOver> => handOver({ port: sink.port, ...mail });

describe("the sink", () => {
  it("keeps a mail byte for byte with its envelope, the null sender included", async () => {
    await send();
    expect(sink.mails.at(-1)).toMatchObject({ from: "", to: mail.to, encrypted: false, user: undefined });
    expect(sink.mails.at(-1)?.raw.toString()).toBe(mail.raw);
  });

  it("takes an empty mail and one of 20 MB", async () => {
    const raw = Buffer.alloc(20 << 20, `${"x".repeat(70)}\r\n`);
    await handOver({ port: sink.port, ...mail, raw: "" });
    expect(sink.mails.at(-1)?.raw.toString()).toBe("\r\n");
    await handOver({ port: sink.port, ...mail, raw });
    expect(sink.mails.at(-1)?.raw.subarray(0, raw.length).equals(raw)).toBe(true);
  });

  it("offers STARTTLS and checks logins", async () => {
    const login = { user: "robot", password: "secret" };
    await handOver({ port: sink.port, ...mail, startTls: true, login });
    expect(sink.mails.at(-1)).toMatchObject({ encrypted: true, user: "robot" });
    const wrong = { user: "robot", password: "guess" };
    await expect(handOver({ port: sink.port, ...mail, login: wrong })).rejects.toThrow(/535/);
    expect(sink.commands.join("\n")).not.toContain(Buffer.from("\0robot\0secret").toString("base64"));
  });

  const refusals: [string, Faults, (number | undefined)[]][] = [
    ["450 at RCPT", { onRecipient: "450 4.2.1 later" }, [450, 450]],
    [
      "550 for one recipient",
      { onRecipient: (to) => (to.startsWith("bob") ? "550 5.1.1 no" : undefined) },
      [250, 550],
    ],
    ["451 after the dot", { afterDot: "451 4.3.0 disk full" }, [451, 451]],
    ["421 after the dot", { afterDot: "421 4.3.2 closing" }, [421, 421]],
  ];
  it.each(refusals)("answers %s", async (_, faults, codes) => {
    const before = sink.mails.length;
    sink.faults = faults;
    expect((await send()).map((reply) => reply.code)).toEqual(codes);
    expect(sink.mails.length).toBe(before + (codes.includes(250) ? 1 : 0));
  });

  it("loses the 250: `keep` has the mail, `drop` has not, the client knows of neither", async () => {
    for (const [hangUp, kept] of [["keep", 1] as const, ["drop", 0] as const]) {
      const before = sink.mails.length;
      sink.faults = { hangUp };
      await expect(send()).rejects.toThrow();
      expect(sink.mails.length - before).toBe(kept);
    }
  });

  it("without STARTTLS refuses the command", async () => {
    sink.faults = { noStartTls: true };
    await expect(handOver({ port: sink.port, ...mail, startTls: true })).rejects.toThrow(/502/);
  });
});
