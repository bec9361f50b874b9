import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { KeybotError } from "../../src/errors.ts";
import { connectImap, type ImapSettings } from "../../src/imap/index.ts";
import { silentLog } from "../../src/log.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";
import { type ServerCertificates, serverCertificates } from "../servers/certificates.ts";
import { ScriptedImap, type ScriptedImapOptions } from "../servers/scripted-imap.ts";
import { imapSettings } from "./settings.ts";

let folder: LabFolder;
let certificates: ServerCertificates;
const running: ScriptedImap[] = [];

beforeAll(() => {
  folder = openFolder();
  certificates = serverCertificates(folder);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});
afterAll(() => folder.remove());

async function start(options: ScriptedImapOptions = {}): Promise<ScriptedImap> {
  const server = await ScriptedImap.start(options);
  running.push(server);
  return server;
}

async function failure(settings: ImapSettings): Promise<KeybotError> {
  const error: unknown = await connectImap(settings, silentLog).then(
    (session) => session.close(),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KeybotError)) throw new Error(`expected a KeybotError, got ${String(error)}`);
  expect(error.message, "one sentence, no stack, nothing that acts on a terminal").not.toMatch(
    /\n|\p{Cc}| {4}at /u,
  );
  expect(error.message).not.toContain("pa55word");
  return error;
}

interface Row {
  readonly when: string;
  readonly server: ScriptedImapOptions;
  readonly settings?: Partial<ImapSettings>;
  readonly code: string;
  readonly kind: KeybotError["kind"];
  readonly says: string;
}

describe("what a server can answer to a log-in becomes one error", () => {
  const no = (text: string): ScriptedImapOptions => ({
    answers: { LOGIN: (command) => command.done(`NO ${text}`) },
  });
  const rows: readonly Row[] = [
    {
      when: "the password is wrong (RFC 5530 §3 AUTHENTICATIONFAILED)",
      server: no("[AUTHENTICATIONFAILED] Authentication failed."),
      code: "imap.authentication",
      kind: "permanent",
      says: "refused the password of robot@company.example: Authentication failed.",
    },
    {
      when: "the password is wrong and the server gives no code",
      server: no("LOGIN failed"),
      code: "imap.authentication",
      kind: "permanent",
      says: "LOGIN failed",
    },
    {
      when: "the server's text has control characters",
      server: no("bad \u001b[31m"),
      code: "imap.authentication",
      kind: "permanent",
      says: "bad \\u001b[31m",
    },
    {
      when: "there are too many connections, with a code (Dovecot)",
      server: no("[UNAVAILABLE] Maximum number of connections from user+IP exceeded"),
      code: "imap.busy",
      kind: "temporary",
      says: "does not let us in now: Maximum number of connections",
    },
    {
      when: "there are too many connections, without a code (Gmail)",
      server: no("[ALERT] Too many simultaneous connections. (Failure)"),
      code: "imap.busy",
      kind: "temporary",
      says: "Too many simultaneous connections",
    },
    ...[
      "[INUSE] in use",
      "[LIMIT] enough",
      "Request is throttled. Suggested Backoff Time: 3000 milliseconds",
    ].map((words) => ({
      when: `the server is busy: ${words}`,
      server: no(words),
      code: "imap.busy",
      kind: "temporary" as const,
      says: words.replace(/^\[\w+\] /, ""),
    })),
    {
      when: "Exchange takes the password and is not connected to the mailbox: no wrong password",
      server: {
        answers: { NAMESPACE: (command) => command.done("BAD User is authenticated but not connected.") },
      },
      code: "imap.busy",
      kind: "temporary",
      says: "does not let us in now: User is authenticated but not connected.",
    },
    {
      when: "the server closes with BYE at the log-in",
      server: {
        answers: {
          LOGIN: (command) => {
            command.untagged("BYE shutting down");
            command.end();
          },
        },
      },
      code: "imap.unreachable",
      kind: "temporary",
      says: "closed the connection: shutting down",
    },
    {
      when: "the server greets with BYE",
      server: { greeting: "* BYE too many connections" },
      code: "imap.busy",
      kind: "temporary",
      says: "too many connections",
    },
    {
      when: "the connection is reset at the log-in",
      server: { answers: { LOGIN: (command) => command.drop() } },
      code: "imap.unreachable",
      kind: "temporary",
      says: "closed the connection",
    },
    {
      when: "the server never greets",
      server: { greeting: null },
      code: "imap.unreachable",
      kind: "temporary",
      says: "127.0.0.1",
    },
    {
      when: "the log-in is never answered",
      server: { answers: { LOGIN: () => {} } },
      code: "imap.unreachable",
      kind: "temporary",
      says: "127.0.0.1",
    },
    {
      when: "plain log-in is switched off (RFC 3501 §6.2.3 LOGINDISABLED)",
      server: { capabilities: "IMAP4rev1 MOVE LOGINDISABLED" },
      code: "imap.authentication",
      kind: "permanent",
      says: "offers no way to log in",
    },
    {
      when: "we have a token and the server takes passwords only",
      server: {},
      settings: { secret: async () => ({ accessToken: "pa55word" }) },
      code: "imap.authentication",
      kind: "permanent",
      says: "offers no way to log in",
    },
    {
      when: "the mailbox is missing",
      server: {},
      settings: { mailbox: "Robot" },
      code: "imap.mailbox",
      kind: "permanent",
      says: "has no mailbox Robot",
    },
    {
      when: "the mailbox is read-only",
      server: {
        answers: {
          SELECT: (command) => {
            command.untagged("0 EXISTS");
            command.untagged("OK [UIDVALIDITY 7] ok");
            command.done("OK [READ-ONLY] done");
          },
        },
      },
      code: "imap.mailbox",
      kind: "permanent",
      says: "for reading only",
    },
    {
      when: "the server has neither MOVE nor UIDPLUS",
      server: { capabilities: "IMAP4rev1 IDLE" },
      code: "imap.no-move",
      kind: "permanent",
      says: "neither MOVE nor UIDPLUS",
    },
    {
      when: "there is no MOVE and \\Deleted cannot be kept",
      server: {
        capabilities: "IMAP4rev1 UIDPLUS",
        answers: {
          SELECT: (command) => {
            command.untagged("0 EXISTS");
            command.untagged("OK [PERMANENTFLAGS (\\Seen)] ok");
            command.untagged("OK [UIDVALIDITY 7] ok");
            command.done("OK [READ-WRITE] done");
          },
        },
      },
      code: "imap.no-move",
      kind: "permanent",
      says: "does not let us set \\Deleted",
    },
    {
      when: "STARTTLS is wanted and not offered",
      server: {},
      settings: { security: "starttls" },
      code: "imap.starttls",
      kind: "permanent",
      says: "does not offer STARTTLS",
    },
  ];
  it.each(rows)("$when: $kind $code", async ({ server, settings, code, kind, says }) => {
    const error = await failure(imapSettings(await start(server), settings));
    expect({ code: error.code, kind: error.kind }).toEqual({ code, kind });
    expect(error.message).toContain(says);
  });

  it("the hint of a wrong password names the key of the configuration", async () => {
    expect((await failure(imapSettings(await start(no("no"))))).hint).toContain("imap.password_file");
  });
});

describe("without protection nothing is sent to another machine", () => {
  it.each(["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "128.0.0.1"])(
    "%s: config imap.insecure",
    async (host) => {
      const error = await failure(imapSettings({ port: 143 }, { host }));
      expect({ code: error.code, kind: error.kind }).toEqual({ code: "imap.insecure", kind: "config" });
    },
  );

  it.each(["127.0.0.1", "localhost"])("%s is this machine", async (host) => {
    const session = await connectImap(imapSettings(await start(), { host }), silentLog);
    expect(session.uidValidity).toBe(7n);
    await session.close();
  });

  it("the password is not sent when STARTTLS is missing", async () => {
    const server = await start();
    await failure(imapSettings(server, { security: "starttls" }));
    expect(server.commands).not.toContain("LOGIN");
  });
});

describe("the server's certificate must prove its name", () => {
  const rows = [
    { name: "good", says: null, hint: "" },
    { name: "selfSigned", says: "is self-signed", hint: "imap.ca_file" },
    { name: "otherHost", says: "is for another host name", hint: "imap.host" },
    { name: "expired", says: "has expired", hint: "Renew" },
  ] as const;
  const ways = [
    { security: "tls", implicit: true },
    { security: "starttls", implicit: false },
  ] as const;
  const table = ways.flatMap((way) => rows.map((row) => ({ ...way, ...row })));
  it.each(table)("$security, $name certificate", async ({ security, implicit, name, says, hint }) => {
    const server = await start({ certificate: { ...certificates[name], implicit } });
    const settings = imapSettings(server, { host: "localhost", security, ca: certificates.ca });
    if (says === null) {
      const session = await connectImap(settings, silentLog);
      expect(session.closed).toBe(false);
      return session.close();
    }
    const error = await failure(settings);
    expect({ code: error.code, kind: error.kind }).toEqual({ code: "imap.tls", kind: "permanent" });
    expect(error.message).toContain(says);
    expect(error.hint).toContain(hint);
    expect(server.commands).not.toContain("LOGIN");
  });

  it("a CA that is not known: imap.tls and ca_file", async () => {
    const server = await start({ certificate: { ...certificates.good, implicit: true } });
    const error = await failure(imapSettings(server, { host: "localhost", security: "tls" }));
    expect(error.code).toBe("imap.tls");
    expect(error.hint).toContain("imap.ca_file");
  });

  it("TLS to a server that speaks plain text: imap.tls and the hint to look at port and security", async () => {
    const error = await failure(imapSettings(await start(), { security: "tls" }));
    expect(error.code).toBe("imap.tls");
    expect(error.hint).toContain("imap.security");
  });
});

describe("what a server is told of us", () => {
  it("is our name and version (RFC 2971), and nobody else's", async () => {
    const server = await start({ capabilities: "IMAP4rev1 UIDPLUS MOVE ID" });
    await (await connectImap(imapSettings(server), silentLog)).close();
    expect([...new Set(server.commands.filter((line) => line.startsWith("ID ")))]).toEqual([
      'ID ("name" "keybot" "version" "9.9.9")',
    ]);
  });
});

describe("a port that speaks TLS from the first byte", () => {
  it("is said soon, and not when the patience for a log-in is over", async () => {
    const server = await start({ certificate: { ...certificates.good, implicit: true } });
    const patience = { connect: 30_000, silence: 30_000, command: 30_000 };
    const before = performance.now();
    const error = await failure(imapSettings(server, { security: "starttls", timeouts: patience }));
    expect(performance.now() - before).toBeLessThan(15_000);
    expect([error.kind, error.code]).toEqual(["permanent", "imap.tls"]);
    expect(error.message).toContain('speaks TLS from the first byte, and imap.security is "starttls"');
  });
});

describe("a server that cannot be reached is temporary", () => {
  it("nothing listens", async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const address = probe.address();
    await new Promise((resolve) => probe.close(resolve));
    if (address === null || typeof address === "string") throw new Error("no port");
    const error = await failure(imapSettings({ port: address.port }));
    expect({ code: error.code, kind: error.kind }).toEqual({ code: "imap.unreachable", kind: "temporary" });
    expect(error.message).toContain("refuses connections");
  });

  it("the name does not exist", async () => {
    for (const security of ["none", "tls"] as const) {
      const error = await failure(imapSettings({ port: 993 }, { host: "no-such-host.invalid", security }));
      expect({ code: error.code, kind: error.kind }).toEqual({ code: "imap.unreachable", kind: "temporary" });
    }
  });

  it("an error of the secret is passed on as it is", async () => {
    const secret = async (): Promise<never> => {
      throw new KeybotError("temporary", "oauth.unreachable", "No token.");
    };
    expect((await failure(imapSettings(await start(), { secret }))).code).toBe("oauth.unreachable");
  });
});
