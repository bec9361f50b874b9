import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { KeybotError } from "../../src/errors.ts";
import { silentLog } from "../../src/log.ts";
import { createMailer, type Mail, type Mailer, type SmtpSettings } from "../../src/smtp/index.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";
import { type ServerCertificates, serverCertificates } from "../servers/certificates.ts";
import { ScriptedSmtp, type ScriptedSmtpOptions } from "../servers/scripted-smtp.ts";
import { smtpSettings } from "./settings.ts";

const SENDER = { envelopeFrom: "", address: "robot@company.example" };
const RAW = Buffer.from("Subject: hello\r\nMIME-Version: 1.0\r\n\r\n.a dot\r\n..two\r\nbody\r\n");
const MAIL: Mail = { envelopeFrom: "", to: "alice@partner.example", raw: RAW };

let folder: LabFolder;
let certificates: ServerCertificates;
const running: ScriptedSmtp[] = [];
const open: Mailer[] = [];

beforeAll(() => {
  folder = openFolder();
  certificates = serverCertificates(folder);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((mailer) => mailer.close()));
  await Promise.all(running.splice(0).map((server) => server.stop()));
});
afterAll(() => folder.remove());

async function start(
  options: ScriptedSmtpOptions = {},
  settings: Partial<SmtpSettings> = {},
): Promise<{ server: ScriptedSmtp; mailer: Mailer }> {
  const server = await ScriptedSmtp.start(options);
  running.push(server);
  const mailer = createMailer(smtpSettings(server, settings), silentLog);
  open.push(mailer);
  return { server, mailer };
}

async function failure(promise: Promise<unknown>): Promise<KeybotError> {
  const error: unknown = await promise.then(
    () => "no error",
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KeybotError)) throw new Error(`expected a KeybotError, got ${String(error)}`);
  expect(error.message, "one sentence, no stack, nothing that acts on a terminal").not.toMatch(
    /\n|\p{Cc}| {4}at /u,
  );
  expect(error.message).not.toContain("pa55word");
  return error;
}

describe("a mail goes out as it is", () => {
  it("byte for byte, from the null sender, and nobody is to be told what became of it", async () => {
    const { server, mailer } = await start();
    expect(await mailer.send(MAIL)).toEqual({ response: "250 2.0.0 queued as 1" });
    expect(server.mails).toEqual([{ from: "", to: "alice@partner.example", raw: RAW }]);
    expect(server.commands.filter((line) => /^(MAIL|RCPT)/.test(line))).toEqual([
      `MAIL FROM:<> SIZE=${RAW.length}`,
      "RCPT TO:<alice@partner.example> NOTIFY=NEVER",
    ]);
  });

  it("from an address for bounces, which is told of a failure, with the header alone (RFC 3461 §4)", async () => {
    const { server, mailer } = await start();
    await mailer.send({ ...MAIL, envelopeFrom: "bounce@company.example" });
    expect(server.commands.filter((line) => /^(MAIL|RCPT)/.test(line))).toEqual([
      `MAIL FROM:<bounce@company.example> SIZE=${RAW.length} RET=HDRS`,
      "RCPT TO:<alice@partner.example> NOTIFY=FAILURE",
    ]);
  });

  it("to a server with no extension at all but AUTH", async () => {
    const { server, mailer } = await start({ extensions: ["AUTH LOGIN PLAIN"] });
    await mailer.send({ ...MAIL, envelopeFrom: "bounce@company.example" });
    expect(server.commands).toContain("MAIL FROM:<bounce@company.example>");
    expect(server.commands).toContain("RCPT TO:<alice@partner.example>");
  });

  it("of five megabytes, without a line end at its end", async () => {
    const { server, mailer } = await start(
      {},
      { timeouts: { connect: 1_000, silence: 5_000, command: 20_000 } },
    );
    const line = `${"x".repeat(998)}\r\n`;
    const raw = Buffer.from(`${line.repeat(5_000)}end`);
    await mailer.send({ ...MAIL, raw });
    expect(server.mails[0]?.raw.equals(Buffer.concat([raw, Buffer.from("\r\n")]))).toBe(true);
  });

  it.each(["a\nb\r\n", "a\rb\r\n", "a\r\n\n", "a\r"])(
    "%j is a bug of the caller: sent it would be altered",
    async (text) => {
      const { server, mailer } = await start();
      await expect(mailer.send({ ...MAIL, raw: Buffer.from(text) })).rejects.toThrow(RangeError);
      expect(server.connections).toBe(0);
    },
  );

  it("SMTPUTF8 only for a local part beyond ASCII (RFC 6531 §3.4); a domain has its ASCII form", async () => {
    const { server, mailer } = await start();
    await mailer.send({ ...MAIL, to: "alice@bücher.example" });
    await mailer.send({ ...MAIL, to: "jörg@bücher.example" });
    expect(server.mails.map((mail) => mail.to)).toEqual([
      "alice@xn--bcher-kva.example",
      "jörg@xn--bcher-kva.example",
    ]);
    const senders = server.commands.filter((line) => line.startsWith("MAIL"));
    expect(senders.map((line) => line.includes("SMTPUTF8"))).toEqual([false, true]);
  });

  it.each([
    ["a local part beyond ASCII", { ...MAIL, to: "jörg@partner.example" }, "SMTPUTF8"],
    [
      "bytes beyond ASCII (RFC 6152 §3)",
      { ...MAIL, raw: Buffer.from("Subject: x\r\n\r\nü\r\n") },
      "8BITMIME",
    ],
  ] as const)("%s to a server without the extension: permanent smtp.refused", async (_, mail, extension) => {
    const { server, mailer } = await start({ extensions: ["AUTH PLAIN"] });
    const error = await failure(mailer.send(mail));
    expect({ code: error.code, kind: error.kind }).toEqual({ code: "smtp.refused", kind: "permanent" });
    expect(error.message).toContain(extension);
    expect(server.commands.filter((line) => line.startsWith("MAIL"))).toEqual([]);
  });

  it("a mail over the server's SIZE is permanent smtp.refused", async () => {
    const { mailer } = await start({ extensions: ["SIZE 10", "AUTH PLAIN"] });
    expect((await failure(mailer.send(MAIL))).code).toBe("smtp.refused");
  });
});

interface Row {
  readonly when: string;
  readonly server: ScriptedSmtpOptions;
  readonly settings?: Partial<SmtpSettings>;
  readonly code: string;
  readonly kind: KeybotError["kind"];
  readonly says: string;
}

describe("what a server can answer becomes one error", () => {
  const rows: readonly Row[] = [
    {
      when: "550 at RCPT",
      server: { answers: { RCPT: "550 5.1.1 no such user \u001b[31m" } },
      code: "smtp.refused",
      kind: "permanent",
      says: "550 5.1.1 no such user \\u001b[31m",
    },
    {
      when: "550 at MAIL: the sender, which every mail has",
      server: { answers: { MAIL: "550 5.7.1 no" } },
      code: "smtp.sender-refused",
      kind: "temporary",
      says: "550 5.7.1 no",
    },
    {
      when: "552 at MAIL: the size (RFC 1870 §6.1)",
      server: { answers: { MAIL: "552 5.3.4 too big" } },
      code: "smtp.refused",
      kind: "permanent",
      says: "552",
    },
    {
      when: "550 5.6.7 at MAIL: letters of the recipient (RFC 6531 §3.5)",
      server: { answers: { MAIL: "550 5.6.7 no such letters" } },
      code: "smtp.refused",
      kind: "permanent",
      says: "5.6.7",
    },
    ...[
      [
        "Postfix, which judges the sender late",
        "553 5.7.1 <r@c.example>: Sender address rejected: not owned by r",
      ],
      ["Exim", "550 Sender verify failed"],
      ["a relay", "554 5.7.1 <a@p.example>: Relay access denied"],
      ["sendmail", "550 5.7.1 <a@p.example>... Relaying denied"],
      ["a client that may not", "554 5.7.1 <unknown[127.0.0.1]>: Client host rejected: Access denied"],
      ["an enhanced code alone (RFC 3463 §3.2)", "550 5.1.8 bad"],
    ].map(([who = "", answer = ""]) => ({
      when: `a refusal of the sender at RCPT: ${who}`,
      server: { answers: { RCPT: answer } },
      code: "smtp.sender-refused",
      kind: "temporary" as const,
      says: answer.slice(0, 3),
    })),
    {
      when: "Exchange after the dot: send as",
      server: {
        answers: { ".": "550 5.7.60 SMTP; Client does not have permissions to send as this sender" },
      },
      code: "smtp.sender-refused",
      kind: "temporary",
      says: "5.7.60",
    },
    {
      when: "a recipient who is refused by policy",
      server: { answers: { RCPT: "550 5.7.1 <a@p.example>: Recipient address rejected: Access denied" } },
      code: "smtp.refused",
      kind: "permanent",
      says: "Recipient address rejected",
    },
    {
      when: "554 after the dot",
      server: { answers: { ".": "554 5.6.0 spam" } },
      code: "smtp.refused",
      kind: "permanent",
      says: "554 5.6.0 spam",
    },
    {
      when: "450 at RCPT (greylisting)",
      server: { answers: { RCPT: "450 4.2.0 later" } },
      code: "smtp.deferred",
      kind: "temporary",
      says: "450 4.2.0 later",
    },
    {
      when: "451 after the dot",
      server: { answers: { ".": "451 4.3.0 disk full" } },
      code: "smtp.deferred",
      kind: "temporary",
      says: "451 4.3.0 disk full",
    },
    {
      when: "421 at MAIL",
      server: { answers: { MAIL: "421 4.3.2 closing" } },
      code: "smtp.deferred",
      kind: "temporary",
      says: "421 4.3.2 closing",
    },
    {
      when: "421 after the dot",
      server: { answers: { ".": "421 4.3.2 closing" } },
      code: "smtp.deferred",
      kind: "temporary",
      says: "421 4.3.2 closing",
    },
    {
      when: "503 at DATA: the session, not the mail",
      server: { answers: { DATA: "503 5.5.1 what" } },
      code: "smtp.deferred",
      kind: "temporary",
      says: "503",
    },
    {
      when: "530 at MAIL: it wants a log-in",
      server: { answers: { MAIL: "530 5.7.0 authentication required" } },
      code: "smtp.authentication",
      kind: "permanent",
      says: "530",
    },
    {
      when: "a reply of several lines",
      server: { answers: { RCPT: "550-5.7.1 first\r\n550 5.7.1 second" } },
      code: "smtp.refused",
      kind: "permanent",
      says: "first 550 5.7.1 second",
    },
    {
      when: "the connection drops at MAIL",
      server: { answers: { MAIL: "drop" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "closed the connection",
    },
    {
      when: "the connection drops at DATA",
      server: { extensions: ["AUTH PLAIN"], answers: { DATA: "drop" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "closed the connection",
    },
    {
      when: "the connection drops after the dot",
      server: { answers: { ".": "drop" } },
      code: "smtp.unknown-outcome",
      kind: "temporary",
      says: "before it said whether it took the mail",
    },
    {
      when: "nothing is said after the dot",
      server: { answers: { ".": "silence" } },
      code: "smtp.unknown-outcome",
      kind: "temporary",
      says: "before it said",
    },
    {
      when: "nothing is said at MAIL",
      server: { answers: { MAIL: "silence" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "does not answer",
    },
    {
      when: "the server never greets",
      server: { answers: { CONNECT: "silence" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "does not answer",
    },
    {
      when: "the server drops instead of a greeting",
      server: { answers: { CONNECT: "drop" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "closed the connection",
    },
    {
      when: "the greeting is 421",
      server: { answers: { CONNECT: "421 4.3.2 too many connections" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "too many connections",
    },
    {
      when: "the greeting is 554 (blocked for now)",
      server: { answers: { CONNECT: "554 5.7.1 blocked" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "blocked",
    },
    {
      when: "the password is wrong",
      server: { answers: { AUTH: "535 5.7.8 no" } },
      code: "smtp.authentication",
      kind: "permanent",
      says: "refused the password of robot@company.example: 535 5.7.8 no",
    },
    {
      when: "the log-in is out of order (RFC 4954 §4.7: 454)",
      server: { answers: { AUTH: "454 4.7.0 try later" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "454 4.7.0",
    },
    {
      when: "the log-in is never answered",
      server: { answers: { AUTH: "silence" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "does not answer",
    },
    {
      when: "the connection drops at the log-in",
      server: { answers: { AUTH: "drop" } },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "closed the connection",
    },
    {
      when: "no log-in is offered",
      server: { extensions: ["8BITMIME"] },
      code: "smtp.authentication",
      kind: "permanent",
      says: "offers no way to log in",
    },
    {
      when: "only log-ins that we do not know are offered",
      server: { extensions: ["AUTH GSSAPI NTLM"] },
      code: "smtp.authentication",
      kind: "permanent",
      says: "offers no way to log in",
    },
    {
      when: "we have a token and only passwords are taken",
      server: {},
      settings: { secret: async () => ({ accessToken: "pa55word" }) },
      code: "smtp.authentication",
      kind: "permanent",
      says: "offers no way to log in",
    },
    {
      when: "STARTTLS is wanted and not offered",
      server: { answers: { STARTTLS: "502 5.5.1 what" } },
      settings: { security: "starttls" },
      code: "smtp.tls",
      kind: "permanent",
      says: "does not offer STARTTLS",
    },
    {
      when: "STARTTLS is out of order (RFC 3207 §4: 454)",
      server: { answers: { STARTTLS: "454 4.7.0 no TLS now" } },
      settings: { security: "starttls" },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "454",
    },
    {
      when: "the name does not exist",
      server: {},
      settings: { host: "no-such-host.invalid" },
      code: "smtp.unreachable",
      kind: "temporary",
      says: "cannot be resolved",
    },
    {
      when: "the server is another machine and nothing is protected",
      server: {},
      settings: { host: "192.0.2.1" },
      code: "smtp.insecure",
      kind: "config",
      says: "not this machine",
    },
  ];
  it.each(rows)("$when: $kind $code", async ({ server: options, settings, code, kind, says }) => {
    const { server, mailer } = await start(options, settings);
    const error = await failure(mailer.send(MAIL));
    expect({ code: error.code, kind: error.kind }).toEqual({ code, kind });
    expect(error.message).toContain(says);
    expect(server.mails).toEqual([]);
  });

  it("nothing listens: temporary smtp.unreachable", async () => {
    const { server, mailer } = await start();
    await server.stop();
    const error = await failure(mailer.send(MAIL));
    expect(error.code).toBe("smtp.unreachable");
    expect(error.message).toContain("refuses connections");
  });

  it("neither log-in nor mail is sent when STARTTLS is missing", async () => {
    const { server, mailer } = await start({}, { security: "starttls" });
    expect((await failure(mailer.send(MAIL))).code).toBe("smtp.tls");
    expect(server.commands.map((line) => line.split(" ")[0])).toEqual(["EHLO", "STARTTLS"]);
  });

  it("an error of the secret is passed on as it is", async () => {
    const secret = async (): Promise<never> => {
      throw new KeybotError("temporary", "oauth.unreachable", "No token.");
    };
    const { mailer } = await start({}, { secret });
    expect((await failure(mailer.send(MAIL))).code).toBe("oauth.unreachable");
  });
});

describe("the server's certificate must prove its name", () => {
  const rows = [
    { name: "good", says: null, hint: "" },
    { name: "selfSigned", says: "is self-signed", hint: "smtp.ca_file" },
    { name: "otherHost", says: "is for another host name", hint: "smtp.host" },
    { name: "expired", says: "has expired", hint: "Renew" },
  ] as const;
  const ways = [
    { security: "tls", implicit: true },
    { security: "starttls", implicit: false },
  ] as const;
  const table = ways.flatMap((way) => rows.map((row) => ({ ...way, ...row })));
  it.each(table)("$security, $name certificate", async ({ security, implicit, name, says, hint }) => {
    const { server, mailer } = await start(
      { certificate: { ...certificates[name], implicit } },
      { host: "localhost", security, ca: certificates.ca },
    );
    if (says === null) {
      await mailer.send(MAIL);
      return expect(server.mails).toHaveLength(1);
    }
    const error = await failure(mailer.send(MAIL));
    expect({ code: error.code, kind: error.kind }).toEqual({ code: "smtp.tls", kind: "permanent" });
    expect(error.message).toContain(says);
    expect(error.hint).toContain(hint);
    expect(server.commands.filter((line) => line.startsWith("AUTH"))).toEqual([]);
  });

  it("TLS to a server that speaks plain text: smtp.tls and the hint to look at port and security", async () => {
    const { mailer } = await start({}, { security: "tls" });
    const error = await failure(mailer.send(MAIL));
    expect(error.code).toBe("smtp.tls");
    expect(error.hint).toContain("smtp.security");
  });
});

describe("log-in", () => {
  const decoded = (line: string | undefined): string =>
    Buffer.from(line?.split(" ").at(-1) ?? "", "base64").toString();

  it("by token: OAUTHBEARER first (RFC 7628 §3.1)", async () => {
    const secret = async (): Promise<{ accessToken: string }> => ({ accessToken: "token" });
    const { server, mailer } = await start(
      { extensions: ["AUTH PLAIN XOAUTH2 OAUTHBEARER"] },
      { secret, user: "a=b,c" },
    );
    await mailer.send(MAIL);
    const line = server.commands.find((command) => command.startsWith("AUTH OAUTHBEARER "));
    expect(decoded(line)).toBe(
      `n,a=a=3Db=2Cc,\u0001host=127.0.0.1\u0001port=${server.port}\u0001auth=Bearer token\u0001\u0001`,
    );
  });

  it("by token: XOAUTH2 else, also where PLAIN is offered; a refusal comes with a challenge", async () => {
    const secret = async (): Promise<{ accessToken: string }> => ({ accessToken: "token" });
    const { server, mailer } = await start({ extensions: ["AUTH PLAIN XOAUTH2"] }, { secret });
    await mailer.send(MAIL);
    expect(decoded(server.commands.find((command) => command.startsWith("AUTH XOAUTH2 ")))).toBe(
      "user=robot@company.example\u0001auth=Bearer token\u0001\u0001",
    );
    await mailer.close();
    server.answers.set("AUTH", "334 eyJzdGF0dXMiOiI0MDEifQ==");
    server.answers.set("", "535 5.7.8 token expired");
    expect((await failure(mailer.send(MAIL))).code).toBe("smtp.authentication");
  });

  it("not at all without a user", async () => {
    const { server, mailer } = await start({ extensions: ["8BITMIME"] }, { user: null });
    await mailer.send(MAIL);
    expect(server.mails).toHaveLength(1);
    expect(server.commands.some((line) => line.startsWith("AUTH"))).toBe(false);
  });
});

describe("the connection is kept", () => {
  it("several mails at once wait for each other on one connection", async () => {
    const { server, mailer } = await start();
    const addresses = ["a@partner.example", "b@partner.example", "c@partner.example"];
    await Promise.all(addresses.map((to) => mailer.send({ ...MAIL, to })));
    expect(server.mails.map((mail) => mail.to)).toEqual(addresses);
    expect(server.connections).toBe(1);
  });

  it.each([
    ["says 421 and closes", (server: ScriptedSmtp) => server.closeIdle()],
    ["resets the connection", (server: ScriptedSmtp) => server.dropAll()],
  ] as const)("a server that %s in between does not fail the next mail", async (_, end) => {
    const { server, mailer } = await start();
    await mailer.send(MAIL);
    end(server);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await mailer.send(MAIL);
    end(server);
    await mailer.send(MAIL);
    expect(server.mails).toHaveLength(3);
    expect(server.connections).toBe(3);
  });

  it("a kept connection that says 421 to the next mail is replaced; a new one that does is not tried again", async () => {
    const { server, mailer } = await start();
    await mailer.send(MAIL);
    let answers = 0;
    server.answers.set("MAIL", () => (answers++ === 0 ? "421 4.4.2 too old" : "250 ok"));
    await mailer.send(MAIL);
    expect(server.mails).toHaveLength(2);
    server.answers.set("MAIL", "421 4.3.2 closing");
    expect((await failure(mailer.send(MAIL))).code).toBe("smtp.deferred");
    expect(server.connections).toBe(3);
  });

  it("a kept connection that is lost after the dot is not used twice for one mail", async () => {
    const { server, mailer } = await start();
    await mailer.send(MAIL);
    server.answers.set(".", "drop");
    expect((await failure(mailer.send(MAIL))).code).toBe("smtp.unknown-outcome");
    expect(server.connections).toBe(1);
  });

  it("a refused mail does not spoil the next: RSET, same connection", async () => {
    const { server, mailer } = await start();
    server.answers.set("RCPT", "550 5.1.1 no such user");
    expect((await failure(mailer.send(MAIL))).code).toBe("smtp.refused");
    server.answers.delete("RCPT");
    await mailer.send(MAIL);
    expect(server.commands).toContain("RSET");
    expect(server.connections).toBe(1);
  });

  it("a server that refuses RSET gets a new connection", async () => {
    const { server, mailer } = await start({ answers: { RSET: "502 what" } });
    server.answers.set("RCPT", "550 5.1.1 no such user");
    await failure(mailer.send(MAIL));
    server.answers.delete("RCPT");
    await mailer.send(MAIL);
    expect(server.connections).toBe(2);
  });

  it("close says QUIT; a later mail opens a new connection", async () => {
    const { server, mailer } = await start();
    await mailer.send(MAIL);
    await mailer.close();
    await mailer.close();
    expect(server.commands.at(-1)).toBe("QUIT");
    await mailer.send(MAIL);
    expect(server.connections).toBe(2);
  });
});

describe("a port that speaks TLS from the first byte", () => {
  it("is said soon, and not when the patience for a log-in is over", async () => {
    const patience = { connect: 30_000, silence: 30_000, command: 30_000 };
    const { mailer } = await start(
      { certificate: { ...certificates.good, implicit: true } },
      { security: "starttls", timeouts: patience },
    );
    const before = performance.now();
    const error = await failure(mailer.verify(SENDER));
    expect(performance.now() - before).toBeLessThan(15_000);
    expect([error.kind, error.code]).toEqual(["permanent", "smtp.tls"]);
    expect(error.hint).toContain("587");
  });
});

describe("verify", () => {
  it("connects, logs in, asks about the sender, and sends nothing", async () => {
    const { server, mailer } = await start();
    await mailer.verify({ ...SENDER, envelopeFrom: "bounce@bücher.example" });
    await mailer.close();
    expect(server.commands.map((line) => line.replace(/^(EHLO|AUTH).*/, "$1"))).toEqual([
      "EHLO",
      "AUTH",
      "MAIL FROM:<bounce@xn--bcher-kva.example>",
      "RCPT TO:<robot@company.example>",
      "RSET",
      "QUIT",
    ]);
    expect(server.mails).toEqual([]);
  });

  it.each<[string, ScriptedSmtpOptions["answers"], string]>([
    ["the null sender is refused", { MAIL: "550 5.7.1 no empty sender" }, "permanent smtp.sender-refused"],
    [
      "the sender is refused at RCPT",
      { RCPT: "553 5.7.1 Sender address rejected: not owned by user" },
      "permanent smtp.sender-refused",
    ],
    ["a log-in is wanted at RCPT", { RCPT: "530 5.7.0 first log in" }, "permanent smtp.authentication"],
    ["the sender is put off", { MAIL: "451 4.7.1 later" }, "temporary smtp.deferred"],
    ["our own address is no recipient", { RCPT: "550 5.1.1 no such user" }, "taken"],
    ["our own address is greylisted", { RCPT: "450 4.2.0 later" }, "taken"],
  ])("%s", async (_, answers = {}, outcome) => {
    const { mailer } = await start({ answers });
    const said = await mailer.verify(SENDER).then(
      () => "taken",
      (error: unknown) => (error instanceof KeybotError ? `${error.kind} ${error.code}` : String(error)),
    );
    expect(said).toBe(outcome);
  });

  it("a mail goes over the connection that was asked over", async () => {
    const { server, mailer } = await start();
    await mailer.verify(SENDER);
    await mailer.send(MAIL);
    expect(server.mails).toHaveLength(1);
    expect(server.connections).toBe(1);
  });

  it("a single command is no log-in: the next mail is sent as before, also without one", async () => {
    const { server, mailer } = await start({ extensions: [] }, { user: null });
    await mailer.verify(SENDER);
    await mailer.send(MAIL);
    expect(server.commands.filter((line) => line.startsWith("AUTH"))).toEqual([]);
  });

  it("throws as send does", async () => {
    const { mailer } = await start({ answers: { AUTH: "535 5.7.8 no" } });
    expect((await failure(mailer.verify(SENDER))).code).toBe("smtp.authentication");
  });

  it("a server that does not answer QUIT does not hold us", async () => {
    const { mailer } = await start({ answers: { QUIT: "silence" } });
    await mailer.verify(SENDER);
  });
});
