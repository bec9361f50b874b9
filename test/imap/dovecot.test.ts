import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { KeybotError } from "../../src/errors.ts";
import { connectImap, type ImapSession, type ImapSettings } from "../../src/imap/index.ts";
import { silentLog } from "../../src/log.ts";
import { Authority } from "../lab/authority.ts";
import { describeWith } from "../lab/available.ts";
import { type Dovecot, startDovecot } from "../lab/dovecot.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";

const ROBOT = "robot@company.example";
const CAPABILITIES =
  "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ NAMESPACE CHILDREN LIST-EXTENDED";
const LONG = 20_000;

describeWith(["dovecot"], "a real Dovecot", () => {
  let folder: LabFolder;
  let authority: Authority;
  let dovecot: Dovecot;
  const open: ImapSession[] = [];

  beforeAll(async () => {
    folder = openFolder();
    authority = Authority.root(folder.path, { name: "Server CA" });
    const certificate = authority.issue({
      altNames: ["DNS:localhost", "IP:127.0.0.1"],
      extendedKeyUsage: "serverAuth",
    });
    dovecot = await startDovecot({ users: [{ address: ROBOT, password: "pa55word" }], folder, certificate });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((session) => session.close()));
    for (const name of ["INBOX", "Processed"]) {
      await dovecot.doveadm(["expunge", "-u", ROBOT, "mailbox", name, "all"]).catch(() => {});
    }
  });
  afterAll(async () => {
    await dovecot?.stop();
    folder?.remove();
  });

  const settings = (more: Partial<ImapSettings> = {}): ImapSettings => ({
    host: "localhost",
    port: dovecot.imapsPort,
    security: "tls",
    ca: authority.identity.pem,
    user: ROBOT,
    secret: async () => ({ password: "pa55word" }),
    mailbox: "INBOX",
    version: "9.9.9",
    timeouts: { connect: 10_000, silence: 10_000, command: 20_000 },
    maxLiteral: 10_000_000,
    ...more,
  });
  const connect = async (more: Partial<ImapSettings> = {}): Promise<ImapSession> => {
    const session = await connectImap(settings(more), silentLog);
    open.push(session);
    return session;
  };
  const deliver = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await dovecot.deliver(ROBOT, `Subject: mail ${index}\r\n\r\nbody of mail ${index}\r\n`);
    }
  };
  const failure = async (promise: Promise<unknown>): Promise<string> => {
    const error: unknown = await promise.catch((thrown: unknown) => thrown);
    return error instanceof KeybotError ? error.code : String(error);
  };

  it.each(["tls", "starttls"] as const)("lists, fetches and moves 200 mails over %s", async (security) => {
    await deliver(200);
    const session = await connect({
      security,
      port: security === "tls" ? dovecot.imapsPort : dovecot.imapPort,
    });
    await session.ensureFolders(["Processed"]);
    const listed = await session.list();
    expect(listed).toHaveLength(200);
    const uids = listed.map((mail) => mail.uid);
    const stored = await dovecot.messages(ROBOT);
    const fetched = new Map<number, Buffer>();
    for await (const mail of session.fetch(uids)) fetched.set(mail.uid, mail.raw);
    expect([...fetched.keys()]).toEqual(uids);
    for (const mail of stored) expect(fetched.get(mail.uid)?.equals(mail.raw)).toBe(true);
    expect(listed.map((mail) => mail.size)).toEqual(stored.map((mail) => mail.raw.length));
    expect((await session.fetchHead(uids[0] ?? 0, 11))?.toString()).toBe("Return-Path");
    expect(await session.move([...uids, 999_999], "Processed")).toEqual({
      moved: new Set(uids),
      gone: new Set([999_999]),
    });
    expect(await session.list()).toEqual([]);
    expect(await dovecot.messages(ROBOT, "Processed")).toHaveLength(200);
    expect((await dovecot.doveadm(["mailbox", "list", "-s", "-u", ROBOT])).stdout.toString()).toContain(
      "Processed",
    );
  });

  it("fetching sets no flag", async () => {
    await deliver(1);
    const session = await connect();
    for await (const mail of session.fetch((await session.list()).map((listed) => listed.uid)))
      expect(mail.raw).toBeDefined();
    const flags = await dovecot.doveadm(["fetch", "-u", ROBOT, "flags", "mailbox", "INBOX", "all"]);
    expect(flags.stdout.toString()).not.toContain("Seen");
  });

  it("IDLE brings news, again and again", async () => {
    const session = await connect();
    for (let count = 1; count <= 3; count += 1) {
      await session.list();
      setTimeout(() => void deliver(1), 100);
      expect(await session.waitForNews(LONG)).toBe("news");
      expect(await session.list()).toHaveLength(count);
    }
  });

  it("a mail that arrives between the list and IDLE is news", async () => {
    const session = await connect();
    await session.list();
    await deliver(1);
    expect(await session.waitForNews(LONG)).toBe("news");
  });

  it("kicked by the administrator in IDLE: closed, and the next session works", async () => {
    const session = await connect();
    const waiting = session.waitForNews(LONG);
    await dovecot.doveadm(["kick", ROBOT]);
    expect(await waiting).toBe("closed");
    expect(await failure(session.list())).toBe("imap.closed");
    expect(await (await connect()).list()).toEqual([]);
  });

  it("the server's process is killed in IDLE: closed", async () => {
    const session = await connect();
    const waiting = session.waitForNews(LONG);
    const who = (await dovecot.doveadm(["who", "-1", ROBOT])).stdout.toString();
    const pids = [...who.matchAll(/\b(\d+)\b/g)].map(([pid]) => Number(pid)).filter(isImapProcess);
    expect(pids).toHaveLength(1);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    expect(await waiting).toBe("closed");
  });

  it("a new UIDVALIDITY under an open session: never a list of other mails under old UIDs", async () => {
    await deliver(1);
    const session = await connect();
    await dovecot.doveadm(["mailbox", "update", "--uid-validity", "424242", "-u", ROBOT, "INBOX"]);
    expect(["imap.uid-validity", "imap.closed"]).toContain(await failure(session.list()));
    expect((await connect()).uidValidity).toBe(424242n);
  });

  it("a wrong password is permanent imap.authentication, a full server temporary imap.busy", async () => {
    expect(await failure(connect({ secret: async () => ({ password: "wrong" }) }))).toBe(
      "imap.authentication",
    );
    await dovecot.configure("mail_max_userip_connections = 1");
    try {
      await connect();
      expect(await failure(connect())).toBe("imap.busy");
    } finally {
      await dovecot.configure("");
    }
  });

  it("without MOVE: copied, and only these UIDs expunged; without both: refused at the start", async () => {
    try {
      await deliver(3);
      await dovecot.configure(`imap_capability = ${CAPABILITIES} UIDPLUS`);
      const session = await connect();
      const [first = 0, second = 0, third = 0] = (await session.list()).map((mail) => mail.uid);
      await dovecot.doveadm([
        "flags",
        "add",
        "-u",
        ROBOT,
        "\\Deleted",
        "mailbox",
        "INBOX",
        "uid",
        `${third}`,
      ]);
      expect((await session.move([first, second], "Processed")).moved).toEqual(new Set([first, second]));
      expect((await dovecot.messages(ROBOT)).map((mail) => mail.uid)).toEqual([third]);
      await dovecot.configure(`imap_capability = ${CAPABILITIES}`);
      expect(await failure(connect())).toBe("imap.no-move");
    } finally {
      await dovecot.configure("");
    }
  });
});

function isImapProcess(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "imap";
  } catch {
    return false;
  }
}
