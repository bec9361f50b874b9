import { afterEach, describe, expect, it } from "vitest";
import { connectImap, type ImapSession, type ImapSettings } from "../../src/imap/index.ts";
import { silentLog } from "../../src/log.ts";
import { type Answer, ScriptedImap, type ScriptedImapOptions } from "../servers/scripted-imap.ts";
import { imapSettings } from "./settings.ts";

const running: ScriptedImap[] = [];
const open: ImapSession[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function start(
  options: ScriptedImapOptions = {},
  settings: Partial<ImapSettings> = {},
): Promise<{ server: ScriptedImap; session: ImapSession }> {
  const server = await ScriptedImap.start({ folders: ["Processed"], ...options });
  running.push(server);
  const session = await connectImap(imapSettings(server, settings), silentLog);
  open.push(session);
  return { server, session };
}

function fill(server: ScriptedImap, count: number): number[] {
  return Array.from({ length: count }, (_, index) =>
    server.arrive(`Subject: mail ${index}\r\n\r\nbody ${index}\r\n`),
  );
}

async function fetched(session: ImapSession, uids: readonly number[]): Promise<Map<number, string>> {
  const mails = new Map<number, string>();
  for await (const mail of session.fetch(uids)) mails.set(mail.uid, mail.raw.toString("latin1"));
  return mails;
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no error",
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
  );

describe("list", () => {
  it("gives UID, size and date of every mail, by UID", async () => {
    const { server, session } = await start();
    expect(await session.list()).toEqual([]);
    fill(server, 3);
    const mails = await session.list();
    expect(mails.map((mail) => mail.uid)).toEqual([1, 2, 3]);
    expect(mails[0]).toEqual({ uid: 1, size: 27, internalDate: new Date("2026-11-23T10:00:00Z") });
  });

  it("a dead connection is not an empty mailbox: imap.closed", async () => {
    const { server, session } = await start();
    fill(server, 2);
    server.dropAll();
    expect(await code(session.list())).toBe("imap.closed");
    expect(session.closed).toBe(true);
  });

  it("a connection that dies while it lists is not an empty mailbox", async () => {
    const { server, session } = await start();
    fill(server, 2);
    server.answers.set("UID FETCH", (command) => command.drop());
    expect(await code(session.list())).toBe("imap.closed");
  });

  it("a server that tells no size of its mails is told so (RFC 9051 §7.5.2)", async () => {
    const { server, session } = await start();
    fill(server, 2);
    server.answers.set("UID FETCH", (command) => {
      for (const uid of [1, 2])
        command.untagged(`${uid} FETCH (UID ${uid} INTERNALDATE "23-Nov-2026 10:00:00 +0000")`);
      command.done("OK");
    });
    await expect(session.list()).rejects.toThrow(/tells no size of its mails/);
  });

  it("a server that counts mails and lists none is not believed", async () => {
    const { server, session } = await start();
    fill(server, 2);
    server.answers.set("UID FETCH", (command) => command.done("OK nothing"));
    expect(await code(session.list())).toBe("imap.refused");
  });

  it("a flag change of somebody else between the rows is not a mail", async () => {
    const { server, session } = await start();
    fill(server, 2);
    server.answers.set("UID FETCH", (command, usual) => {
      command.untagged("1 FETCH (FLAGS (\\Seen))");
      command.untagged("2 FETCH (UID 2 FLAGS (\\Seen))");
      usual();
    });
    expect((await session.list()).map((mail) => mail.size)).toEqual([27, 27]);
  });

  it("a new UIDVALIDITY ends the session: UIDs mean other mails (RFC 3501 §2.3.1.1)", async () => {
    const { server, session } = await start();
    fill(server, 1);
    expect(session.uidValidity).toBe(7n);
    server.uidValidity = 8;
    expect(await code(session.list())).toBe("imap.uid-validity");
    expect(await code(session.move([1], "Processed"))).toBe("imap.closed");
  });

  it("a server that never answers is left after the time of a command", async () => {
    const { server, session } = await start();
    server.answers.set("UID FETCH", () => {});
    expect(await code(session.list())).toMatch(/^imap\.(unreachable|closed)$/);
    expect(session.closed).toBe(true);
  });

  it("a server that drips for ever is left, too", async () => {
    const { server, session } = await start(
      {},
      { timeouts: { connect: 1_000, silence: 60_000, command: 300 } },
    );
    server.answers.set("UID FETCH", (command) => {
      const drip = setInterval(() => command.untagged("OK still there"), 20);
      setTimeout(() => clearInterval(drip), 1_000);
    });
    expect(await code(session.list())).toBe("imap.unreachable");
  });
});

describe("fetch", () => {
  it("gives the bytes as they are, without setting \\Seen, and leaves out what has vanished", async () => {
    const { server, session } = await start();
    const binary = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const uid = server.arrive(binary);
    const mails: Buffer[] = [];
    for await (const mail of session.fetch([uid, 99])) mails.push(mail.raw);
    expect(mails).toEqual([binary]);
    expect(server.commands.filter((line) => /BODY\[/.test(line))).toEqual([]);
  });

  it("lets other commands run between the mails, over several batches", async () => {
    const { server, session } = await start();
    const uids = fill(server, 450);
    let count = 0;
    for await (const mail of session.fetch(uids)) {
      count += 1;
      if (mail.uid % 100 === 0) await session.move([mail.uid], "Processed");
    }
    expect(count).toBe(450);
    expect(server.folder("Processed").size).toBe(4);
  });

  it("a drop in the middle of the bytes is an error, not a short mail", async () => {
    const { server, session } = await start();
    const uids = fill(server, 3);
    server.answers.set("UID FETCH", (command, usual) => {
      if (!command.args.includes("BODY")) return usual();
      command.write("* 1 FETCH (UID 1 BODY[] {33}\r\nSubject: ma");
      setTimeout(() => command.drop(), 20);
    });
    expect(await code(fetched(session, uids))).toBe("imap.closed");
  });

  it("the caller may leave in the middle", async () => {
    const { server, session } = await start();
    const uids = fill(server, 250);
    for await (const mail of session.fetch(uids)) {
      expect(mail.uid).toBe(1);
      break;
    }
    expect(await session.list()).toHaveLength(250);
  });

  it("a mail over the limit is refused before it is asked for; its head can be had", async () => {
    const { server, session } = await start({}, { maxLiteral: 1_000 });
    const uid = server.arrive(`Subject: big\r\n\r\n${"x".repeat(5_000)}`);
    expect(await code(fetched(session, [uid]))).toBe("imap.too-large");
    expect((await session.fetchHead(uid, 12))?.toString()).toBe("Subject: big");
    expect(await session.fetchHead(99, 12)).toBeNull();
  });

  it("a literal of absurd length is not waited for", async () => {
    const { server, session } = await start({}, { maxLiteral: 1_000 });
    const uids = fill(server, 1);
    server.answers.set("UID FETCH", (command, usual) => {
      if (!command.args.includes("BODY")) return usual();
      command.write("* 1 FETCH (UID 1 BODY[] {2000000000}\r\n");
    });
    expect(await code(fetched(session, uids))).toBe("imap.closed");
  });
});

describe("move", () => {
  it("tells what was moved and what was gone before", async () => {
    const { server, session } = await start();
    const uids = fill(server, 5);
    expect(await session.move([...uids, 77], "Processed")).toEqual({
      moved: new Set(uids),
      gone: new Set([77]),
    });
    expect(server.folder("Processed").size).toBe(5);
    expect(server.uids()).toEqual([]);
  });

  it("MOVE without UIDPLUS has no COPYUID: looks before and after", async () => {
    const { server, session } = await start({ capabilities: "IMAP4rev1 MOVE IDLE" });
    const uids = fill(server, 3);
    expect(await session.move([...uids, 77], "Processed")).toEqual({
      moved: new Set(uids),
      gone: new Set([77]),
    });
  });

  it("UIDPLUS without MOVE: copies, marks, and expunges exactly these UIDs", async () => {
    const { server, session } = await start({ capabilities: "IMAP4rev1 UIDPLUS IDLE" });
    const [first = 0, second = 0, third = 0] = fill(server, 3);
    server.inbox.get(third)?.flags.add("\\Deleted");
    expect(await session.move([first, second, 77], "Processed")).toEqual({
      moved: new Set([first, second]),
      gone: new Set([77]),
    });
    expect(server.uids(), "another client's marked mail stays").toEqual([third]);
    expect(server.commands).toContain("UID EXPUNGE 1:2");
    expect(server.commands).not.toContain("EXPUNGE");
  });

  const refusals: readonly (readonly [string, string, Answer, string, string])[] = [
    [
      "MOVE answers NO",
      "MOVE",
      (command) => command.done("NO [CANNOT] no"),
      "imap.refused",
      "IMAP4rev1 MOVE UIDPLUS",
    ],
    [
      "MOVE answers BAD",
      "MOVE",
      (command) => command.done("BAD what"),
      "imap.refused",
      "IMAP4rev1 MOVE UIDPLUS",
    ],
    [
      "MOVE is over quota",
      "MOVE",
      (command) => command.done("NO [OVERQUOTA] full"),
      "imap.quota",
      "IMAP4rev1 MOVE UIDPLUS",
    ],
    [
      "the connection drops at MOVE",
      "MOVE",
      (command) => command.drop(),
      "imap.closed",
      "IMAP4rev1 MOVE UIDPLUS",
    ],
    [
      "COPY is over quota",
      "COPY",
      (command) => command.done("NO [OVERQUOTA] full"),
      "imap.quota",
      "IMAP4rev1 UIDPLUS",
    ],
    ["STORE answers NO", "STORE", (command) => command.done("NO no"), "imap.refused", "IMAP4rev1 UIDPLUS"],
    [
      "UID EXPUNGE answers NO",
      "EXPUNGE",
      (command) => command.done("NO no"),
      "imap.refused",
      "IMAP4rev1 UIDPLUS",
    ],
  ];
  it.each(refusals)("%s: every mail is still there", async (_, verb, answer, expected, capabilities) => {
    const { server, session } = await start({ capabilities });
    const uids = fill(server, 2);
    server.answers.set(`UID ${verb}`, answer);
    expect(await code(session.move(uids, "Processed"))).toBe(expected);
    expect(server.uids()).toEqual(uids);
  });

  it("creates a folder that somebody has deleted", async () => {
    const { server, session } = await start({ folders: [] });
    const uids = fill(server, 1);
    expect((await session.move(uids, "Processed")).moved).toEqual(new Set(uids));
    expect(server.subscribed).toContain("Processed");
  });

  it("keeps what was reached when a later part fails", async () => {
    const { server, session } = await start();
    const uids = fill(server, 250);
    server.answers.set("UID MOVE", (command, usual) =>
      command.args.startsWith("1:200") ? usual() : command.done("NO no"),
    );
    const { moved, gone } = await session.move(uids, "Processed");
    expect({ moved: moved.size, gone: gone.size }).toEqual({ moved: 200, gone: 0 });
    expect(await code(session.move(uids.slice(200), "Processed"))).toBe("imap.refused");
  });

  it("a server that says OK and moves nothing is not believed: the mails are moved by hand", async () => {
    const { server, session } = await start();
    const uids = fill(server, 2);
    server.answers.set("UID MOVE", (command) => command.done("OK done"));
    expect(await session.move(uids, "Processed")).toEqual({ moved: new Set(uids), gone: new Set() });
    expect([server.uids(), server.folder("Processed").size]).toEqual([[], 2]);
  });

  it("nor one that says OK to MOVE and COPY and does neither: nothing is lost, and the error says so", async () => {
    const { server, session } = await start({ copyUid: false });
    const uids = fill(server, 2);
    for (const verb of ["UID MOVE", "UID COPY"])
      server.answers.set(verb, (command) => command.done("OK done"));
    expect(await code(session.move(uids, "Processed"))).toBe("imap.refused");
    expect(server.uids()).toEqual(uids);
  });

  it("a MOVE that was only a COPY is finished by hand, and leaves one copy", async () => {
    const { server, session } = await start();
    const uids = fill(server, 2);
    server.answers.set("UID MOVE", (command) => {
      for (const uid of uids)
        server.folder("Processed").set(100 + uid, { raw: Buffer.from("x"), flags: new Set() });
      command.done(`OK [COPYUID 9 ${uids.join(",")} 101,102] done`);
    });
    expect((await session.move(uids, "Processed")).moved).toEqual(new Set(uids));
    expect([server.uids(), server.folder("Processed").size]).toEqual([[], 2]);
  });

  it("COPY without COPYUID (RFC 4315 §3): OK is believed for what was there, and no copies pile up", async () => {
    const { server, session } = await start({ capabilities: "IMAP4rev1 UIDPLUS IDLE", copyUid: false });
    const [first = 0, second = 0, third = 0] = fill(server, 3);
    server.inbox.get(third)?.flags.add("\\Deleted");
    expect(await session.move([first, second, 77], "Processed")).toEqual({
      moved: new Set([first, second]),
      gone: new Set([77]),
    });
    expect([server.uids(), server.folder("Processed").size]).toEqual([[third], 2]);
    expect(server.commands).toContain("UID EXPUNGE 1:2");
  });

  it.each([true, false])(
    "what was copied and could not be removed is not copied again (COPYUID %s)",
    async (copyUid) => {
      const { server, session } = await start({ capabilities: "IMAP4rev1 UIDPLUS IDLE", copyUid });
      const uids = fill(server, 2);
      server.answers.set("UID STORE", (command) => command.done("NO [NOPERM] not yours"));
      for (let round = 0; round < 3; round += 1)
        expect(await code(session.move(uids, "Processed"))).toBe("imap.refused");
      expect([server.uids(), server.folder("Processed").size]).toEqual([uids, 2]);
      server.answers.delete("UID STORE");
      expect((await session.move(uids, "Processed")).moved).toEqual(new Set(uids));
      expect([server.uids(), server.folder("Processed").size]).toEqual([[], 2]);
    },
  );
});

describe("folders stand next to the mailbox", () => {
  const rows = [
    { mailbox: "INBOX", prefix: "", delimiter: "/", folder: "Processed", path: "Processed" },
    { mailbox: "INBOX", prefix: "INBOX.", delimiter: ".", folder: "Processed", path: "INBOX.Processed" },
    {
      mailbox: "INBOX",
      prefix: "INBOX.",
      delimiter: ".",
      folder: "INBOX.Processed",
      path: "INBOX.Processed",
    },
    { mailbox: "INBOX", prefix: "", delimiter: ".", folder: "Robot/Processed", path: "Robot.Processed" },
    { mailbox: "Shared/Robot", prefix: "", delimiter: "/", folder: "Processed", path: "Shared/Processed" },
  ];
  it.each(rows)(
    "$folder beside $mailbox, prefix '$prefix': $path",
    async ({ mailbox, prefix, delimiter, folder, path }) => {
      const { server, session } = await start(
        { namespace: { prefix, delimiter }, folders: mailbox === "INBOX" ? [] : [mailbox] },
        { mailbox },
      );
      await session.ensureFolders([folder]);
      expect([...server.folders.keys()]).toContain(path);
      expect([...server.subscribed]).toEqual([path]);
      const creations = server.commands.length;
      await session.ensureFolders([folder]);
      expect(server.commands.slice(creations).filter((line) => line.startsWith("CREATE"))).toEqual([]);
    },
  );

  it("a refused folder is permanent imap.folder, in the server's words", async () => {
    const { server, session } = await start({ folders: [] });
    server.answers.set("CREATE", (command) => command.done("NO [NOPERM] not yours"));
    await expect(session.ensureFolders(["Processed"])).rejects.toMatchObject({
      code: "imap.folder",
      message: expect.stringMatching(/has no folder Processed and does not let us create it: not yours/),
      hint: expect.stringContaining('begins with "/"'),
    });
  });

  const shared = { delimiter: ".", prefix: "INBOX.", others: ["user.", ""] };
  const foreign: readonly {
    readonly what: string;
    readonly at: {
      readonly delimiter: string;
      readonly prefix: string | null;
      readonly others: readonly string[];
    };
    readonly there: readonly string[];
    readonly mailbox: string;
    readonly folder?: string;
    readonly refused?: string;
    readonly opens: string;
    readonly path: string;
  }[] = [
    {
      what: "another user's mailbox: inside it",
      at: shared,
      there: ["user.sales"],
      mailbox: "user.sales",
      opens: "user.sales",
      path: "user.sales.Processed",
    },
    {
      what: "the same, named with /",
      at: shared,
      there: ["user.sales"],
      mailbox: "user/sales",
      opens: "user.sales",
      path: "user.sales.Processed",
    },
    {
      what: "below another user's mailbox: beside it",
      at: shared,
      there: ["user.sales", "user.sales.In"],
      mailbox: "user.sales.In",
      opens: "user.sales.In",
      path: "user.sales.Processed",
    },
    {
      what: "below a name that is no mailbox: inside it",
      at: shared,
      there: ["user.sales.In"],
      mailbox: "user.sales.In",
      opens: "user.sales.In",
      path: "user.sales.In.Processed",
    },
    {
      what: "beside, where that is refused: inside",
      at: shared,
      there: ["user.sales", "user.sales.In"],
      mailbox: "user.sales.In",
      refused: "user.sales.Processed",
      opens: "user.sales.In",
      path: "user.sales.In.Processed",
    },
    {
      what: "a shared mailbox without a prefix",
      at: shared,
      there: ["sales"],
      mailbox: "sales",
      opens: "sales",
      path: "sales.Processed",
    },
    {
      what: "one of the robot's own of the same name comes first",
      at: shared,
      there: ["sales", "INBOX.sales"],
      mailbox: "sales",
      opens: "INBOX.sales",
      path: "INBOX.Processed",
    },
    {
      what: "unless the name is whole",
      at: shared,
      there: ["sales", "INBOX.sales"],
      mailbox: "/sales",
      opens: "sales",
      path: "sales.Processed",
    },
    {
      what: "a whole folder name: the robot's own",
      at: shared,
      there: ["user.sales"],
      mailbox: "user.sales",
      folder: "INBOX.Processed",
      opens: "user.sales",
      path: "INBOX.Processed",
    },
    {
      what: "a whole folder name from the root",
      at: { delimiter: "/", prefix: "", others: ["Other Users/"] },
      there: ["Other Users/sales"],
      mailbox: "Other Users/sales",
      folder: "/Done/Processed",
      opens: "Other Users/sales",
      path: "Done/Processed",
    },
    {
      what: "never beside, as a user of that name",
      at: { delimiter: "/", prefix: "", others: ["Other Users/"] },
      there: ["Other Users/sales"],
      mailbox: "Other Users/sales",
      opens: "Other Users/sales",
      path: "Other Users/sales/Processed",
    },
    {
      what: "another user's, read by a log-in that has no mailbox of its own (RFC 2342 §5: NIL)",
      at: { delimiter: "/", prefix: null, others: ["Other Users/"] },
      there: ["Other Users/sales"],
      mailbox: "Other Users/sales",
      opens: "Other Users/sales",
      path: "Other Users/sales/Processed",
    },
    {
      what: "an own mailbox below a prefix, named with /",
      at: shared,
      there: ["INBOX.Keys.In"],
      mailbox: "Keys/In",
      opens: "INBOX.Keys.In",
      path: "INBOX.Keys.Processed",
    },
    {
      what: "a slash that belongs to the name",
      at: { delimiter: ".", prefix: "", others: [] },
      there: ["A/B"],
      mailbox: "A\\/B",
      folder: "x\\/y",
      opens: "A/B",
      path: "x/y",
    },
  ];
  it.each(foreign)("$what", async ({ at, there, mailbox, folder = "Processed", refused, opens, path }) => {
    const { prefix, delimiter, others } = at;
    const { server, session } = await start(
      { namespace: { prefix, delimiter }, otherNamespaces: others, folders: there },
      { mailbox },
    );
    server.answers.set("CREATE", (command, usual) =>
      command.args.replaceAll('"', "") === refused ? command.done("NO [NOPERM] no") : usual(),
    );
    expect(
      server.commands
        .filter((line) => line.startsWith("SELECT"))
        .at(-1)
        ?.replaceAll('"', ""),
    ).toBe(`SELECT ${opens}`);
    expect(await session.ensureFolders([folder])).toEqual([path]);
    expect([...server.folders.keys()]).toContain(path);
    // The same place again, for the next session too.
    expect(await session.ensureFolders([folder])).toEqual([path]);
  });

  it("one that another client creates at the same moment is no error (RFC 5530 §3 ALREADYEXISTS)", async () => {
    const { server, session } = await start({ folders: [] });
    server.answers.set("CREATE", (command) => command.done("NO [ALREADYEXISTS] there"));
    expect(await code(session.ensureFolders(["Processed"]))).toBe("no error");
  });
});

describe("waiting for news", () => {
  const LONG = 10_000;

  it("IDLE brings it", async () => {
    const { server, session } = await start();
    await session.list();
    setTimeout(() => fill(server, 1), 50);
    expect(await session.waitForNews(LONG)).toBe("news");
    expect(await session.list()).toHaveLength(1);
  });

  it("a mail that arrives after the list and before IDLE is news", async () => {
    const { server, session } = await start();
    await session.list();
    fill(server, 1);
    expect(await session.waitForNews(LONG)).toBe("news");
  });

  it("a mail that is announced by a command in between is news at once, without IDLE", async () => {
    const { server, session } = await start();
    const [uid = 0] = fill(server, 1);
    await session.list();
    fill(server, 1);
    await session.move([uid], "Processed");
    expect(await session.waitForNews(LONG)).toBe("news");
    expect(server.commands).not.toContain("IDLE");
  });

  it("what the list has shown is no news", async () => {
    const { server, session } = await start();
    fill(server, 2);
    await session.list();
    expect(await session.waitForNews(50)).toBe("timeout");
    expect(await session.waitForNews(50)).toBe("timeout");
  });

  it("a mail that leaves is no news", async () => {
    const { server, session } = await start();
    const [uid = 0] = fill(server, 2);
    await session.list();
    await session.move([uid], "Processed");
    expect(await session.waitForNews(50)).toBe("timeout");
  });

  it("ends at once when the signal is aborted, before or meanwhile", async () => {
    const { session } = await start();
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 30);
    expect(await session.waitForNews(LONG, abort.signal)).toBe("timeout");
    expect(await session.waitForNews(LONG, abort.signal)).toBe("timeout");
  });

  it("a server that dies in IDLE: closed", async () => {
    const { server, session } = await start();
    setTimeout(() => server.dropAll(), 50);
    expect(await session.waitForNews(LONG)).toBe("closed");
    expect(await session.waitForNews(LONG)).toBe("closed");
  });

  it("a server without IDLE is asked with NOOP", async () => {
    const { server, session } = await start({ capabilities: "IMAP4rev1 MOVE UIDPLUS" });
    await session.list();
    fill(server, 1);
    expect(await session.waitForNews(LONG)).toBe("news");
    expect(server.commands).not.toContain("IDLE");
  });

  it("a server that refuses IDLE is asked with NOOP", async () => {
    const { server, session } = await start();
    server.answers.set("IDLE", (command) => command.done("NO not now"));
    await session.list();
    fill(server, 1);
    expect(await session.waitForNews(LONG)).toBe("news");
  });

  it("IDLE that is never answered: the wait ends in time, and the next command finds the connection lost", async () => {
    const { server, session } = await start();
    server.answers.set("IDLE", () => {});
    expect(await session.waitForNews(100)).toBe("timeout");
    expect(await code(session.list())).toMatch(/^imap\.(closed|unreachable)$/);
  });

  it("goes on idling over a keep-alive, and over a server that ends IDLE by itself", async () => {
    const { server, session } = await start(
      {},
      { timeouts: { connect: 1_000, silence: 200, command: 1_000 } },
    );
    await session.list();
    setTimeout(() => fill(server, 1), 700);
    expect(await session.waitForNews(LONG)).toBe("news");
    expect(session.closed).toBe(false);
  });

  it("a session whose caller is busy for longer than the server may be silent stays open", async () => {
    const { server, session } = await start(
      {},
      { timeouts: { connect: 1_000, silence: 200, command: 1_000 } },
    );
    fill(server, 1);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await session.list()).toHaveLength(1);
  });
});

describe("after close", () => {
  it("every method throws imap.closed and close may be called again", async () => {
    const { server, session } = await start();
    await session.close();
    await session.close();
    expect(server.commands.at(-1)).toBe("LOGOUT");
    expect(session.closed).toBe(true);
    expect(await code(session.list())).toBe("imap.closed");
    expect(await code(fetched(session, [1]))).toBe("imap.closed");
    expect(await code(session.fetchHead(1, 10))).toBe("imap.closed");
    expect(await code(session.move([1], "Processed"))).toBe("imap.closed");
    expect(await code(session.ensureFolders(["Processed"]))).toBe("imap.closed");
    expect(await session.waitForNews(10)).toBe("closed");
  });

  it("a server that does not answer LOGOUT does not hold us", async () => {
    const { server, session } = await start();
    server.answers.set("LOGOUT", () => {});
    await session.close();
    expect(session.closed).toBe(true);
  });
});
