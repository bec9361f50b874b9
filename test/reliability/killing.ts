import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { expect } from "vitest";
import { childrenOf } from "../bench/memory.ts";
import { isRunning } from "../lab/folder.ts";
import type { KeybotDaemon } from "../lab/keybot.ts";
import type { MixedMail } from "../long/mixed-mails.ts";
import type { Random } from "../long/mutate.ts";
import type { LoopbackServer } from "../revocation/loopback-server.ts";
import type { Armed, Moment, Point } from "../servers/fault-proxy.ts";
import type { Outcome, Stage } from "./stage.ts";

/** How the moment for a kill is seen from outside of the robot. */
export interface Border {
  readonly name: string;
  /** Prepares the moment; calls `kill` when it has come. */
  readonly watch: (scene: Scene) => Watched | Promise<Watched>;
  /** Mails of its own that the moment needs. */
  readonly mails?: (scene: Scene) => readonly MixedMail[];
}

export interface Scene {
  readonly stage: Stage;
  readonly ca: LoopbackServer;
  readonly random: Random;
  /** Distinct for each kill. */
  readonly number: number;
  kill(): void;
}

export interface Watched {
  /** The robot lives now. */
  started?(): void;
  stop(): void;
}

const MOMENTS: readonly Moment[] = ["unsent", "unanswered", "answered"];

/** Commands of the robot, in the order of a message's way. */
const IMAP: readonly (readonly [string, RegExp | "connect"])[] = [
  ["IMAP log-in", /^AUTHENTICATE|^LOGIN/],
  ["open the mailbox", /^SELECT/],
  ["list", /^UID FETCH .*RFC822\.SIZE/],
  ["fetch", /^UID FETCH .*BODY\.PEEK\[\]/],
];
const SMTP: readonly (readonly [string, RegExp | "."])[] = [
  ["EHLO", /^EHLO/],
  ["SMTP log-in", /^AUTH/],
  // Of a mail: the robot also asks about its sender, without a size and without NOTIFY.
  ["MAIL", /^MAIL .*SIZE=/],
  ["RCPT", /^RCPT .*NOTIFY=/],
  ["DATA", /^DATA/],
  ["the end of a mail", "."],
];
const MOVES: readonly (readonly [string, RegExp])[] = [
  ["move", /^UID MOVE/],
  ["log-out", /^LOGOUT/],
];

function atCommands(
  server: "imap" | "smtp",
  commands: readonly (readonly [string, RegExp | "connect" | "."])[],
): Border[] {
  return commands.flatMap(([what, command]) =>
    MOMENTS.map((moment) => atPoint(`${what}, ${moment}`, server, () => ({ command, moment }))),
  );
}

function atPoint(name: string, server: "imap" | "smtp", point: (random: Random) => Point): Border {
  return {
    name,
    watch: ({ stage, kill, random }) => {
      const armed: Armed = stage[server].arm(point(random), kill);
      return { stop: () => armed.disarm() };
    },
  };
}

/** A change in the database that another connection can see: the commit that made it is done. */
function afterCommit(name: string, count: string, prepare = "SELECT 1"): Border {
  return {
    name,
    watch: ({ stage, kill }) => {
      stage.database((db) => (prepare.startsWith("SELECT") ? undefined : db.prepare(prepare).run()));
      const db = new Database(join(stage.site.stateFolder, "keybot.db"), { readonly: true });
      const value = db.prepare<[], number>(count).pluck();
      const before = value.get() ?? 0;
      let over = false;
      const look = () => {
        if (over) return;
        if ((value.get() ?? 0) > before) kill();
        else setImmediate(look);
      };
      look();
      return {
        stop: () => {
          over = true;
          db.close();
        },
      };
    },
  };
}

/** The robot has judged and wants to commit, but the database is in somebody else's hand. */
const beforeCommit: Border = {
  name: "judged, before the commit",
  watch: ({ stage, kill }) => {
    const db = new Database(join(stage.site.stateFolder, "keybot.db"));
    const command = /^UID FETCH .*BODY\.PEEK\[\]/;
    let timer: NodeJS.Timeout | undefined;
    // Held from the fetch on; a mail's judgement takes milliseconds.
    const watching = setInterval(() => {
      if (!stage.imap.commands.slice(seen).some((said) => command.test(said))) return;
      clearInterval(watching);
      db.exec("BEGIN IMMEDIATE");
      timer = setTimeout(kill, 400);
    }, 1);
    const seen = stage.imap.commands.length;
    return {
      stop: () => {
        clearInterval(watching);
        clearTimeout(timer);
        if (db.inTransaction) db.exec("ROLLBACK");
        db.close();
      },
    };
  },
};

/** Somewhere, by the clock: in the start, in the judge, in the middle of a transaction. */
const atAnyTime = (name: string, longestMs: number): Border => ({
  name,
  watch: ({ kill, random }) => {
    let timer: NodeJS.Timeout | undefined;
    return {
      started: () => {
        timer = setTimeout(kill, random() * longestMs);
      },
      stop: () => clearTimeout(timer),
    };
  },
});

/** The robot asks a CA: about a certificate that has just come, or again about one that is stored. */
function asking(name: string, moment: "unanswered" | "answered", again: boolean): Border {
  return {
    name,
    mails: ({ stage, ca, number }) =>
      again ? [] : [stage.askingMail(`asked-${number}`, ca.url(`/${number}.crl`))],
    watch: ({ stage, ca, kill, number }) => {
      if (again) {
        stage.database((db) => {
          db.prepare("DELETE FROM revocation_answer").run();
          // A poll asks again about the first fifty; of most of them nobody is to be asked.
          db.prepare(
            `UPDATE revocation_check SET due_at = iif(certificate IN
               (SELECT certificate FROM holding WHERE address LIKE 'asked-%'), 0, 9e15)`,
          ).run();
        });
      }
      const crl = stage.site.ca.crl();
      for (const url of [...ca.pages.keys(), `/${number}.crl`])
        ca.pages.set(url, (_request, response) => {
          if (moment === "unanswered") {
            kill();
            response.destroy();
          } else response.end(crl, () => kill());
        });
      return {
        stop: () => {
          for (const url of ca.pages.keys())
            ca.pages.set(url, (_request, response) => {
              response.end(crl);
            });
        },
      };
    },
  };
}

/** Every border of a message's way. */
export const BORDERS: readonly Border[] = [
  atAnyTime("while it starts", 500),
  { ...atPoint("IMAP connection", "imap", () => ({ command: "connect", moment: "unsent" })) },
  ...atCommands("imap", [["create a folder", /^CREATE/]]),
  ...atCommands("imap", IMAP),
  atPoint("in the middle of a fetch", "imap", (random) => ({
    bytes: Math.floor(3_000 + random() * 40_000),
    from: "server",
  })),
  asking("the CA is asked", "unanswered", false),
  asking("the CA has answered", "answered", false),
  beforeCommit,
  afterCommit("after the commit", "SELECT count(*) FROM ledger WHERE outcome <> 'waiting'"),
  afterCommit("a mail is in hand", "SELECT coalesce(sum(attempts), 0) FROM outbox"),
  atPoint("SMTP connection", "smtp", () => ({ command: "connect", moment: "unsent" })),
  ...atCommands("smtp", SMTP),
  atPoint("in the middle of a mail", "smtp", (random) => ({
    bytes: Math.floor(400 + random() * 3_000),
    from: "client",
  })),
  afterCommit("the 250 is noted", "SELECT count(*) FROM outbox WHERE state = 'sent'"),
  ...atCommands("imap", MOVES),
  afterCommit("the move is noted", "SELECT count(*) FROM ledger WHERE filed_at IS NOT NULL"),
  afterCommit(
    "re-check, taken in hand",
    "SELECT count(*) FROM revocation_check WHERE due_at > 0",
    "UPDATE revocation_check SET due_at = 0",
  ),
  asking("re-check, the CA is asked", "unanswered", true),
  asking("re-check, the CA has answered", "answered", true),
];

export const RANDOM_TIMES: Border = atAnyTime("at any time", 1_500);

/** The commands whose borders are reached only once in the life of a mailbox. */
const ONCE = /^create a folder/;

/** What was done to a robot. */
export interface Killed {
  kills: number;
  /** Borders where the robot ended before it came there. */
  readonly missed: string[];
  /** Judges that were at work when their robot was killed, and those that outlived it. */
  judges: number;
  orphans: number;
}

/**
 * Brings mails, starts `keybot poll` and kills it at a border; so border by border, and nothing else than the next poll
 * takes up what the dead one left.
 */
export async function killAtEach(
  stage: Stage,
  ca: LoopbackServer,
  borders: readonly Border[],
  random: Random,
  mailsEach = 8,
): Promise<Killed> {
  const killed: Killed = { kills: 0, missed: [], judges: 0, orphans: 0 };
  let number = 0;
  for (const border of borders) {
    let isKilled = false;
    for (let attempt = 0; !isKilled && attempt < ATTEMPTS; attempt++) {
      const scene = { stage, ca, random, number: number++ };
      const { robot, judges } = await killAt(border, scene, mailsEach);
      isKilled = robot.exit() === -1;
      expect(robot.stderr(), border.name).not.toMatch(/\n\s+at /);
      killed.judges += judges.length;
      killed.orphans += await survivors(judges);
      await stage.count();
    }
    if (isKilled) killed.kills += 1;
    else killed.missed.push(border.name);
  }
  return killed;
}

/** On a busy machine a commit may be seen too late, or a server be too slow: then it is done once more. */
const ATTEMPTS = 3;

async function killAt(
  border: Border,
  place: Omit<Scene, "kill">,
  mails: number,
): Promise<{ readonly robot: KeybotDaemon; readonly judges: readonly number[] }> {
  const { stage, number } = place;
  let running: KeybotDaemon | null = null;
  let judges: readonly number[] = [];
  let done = false;
  const kill = () => {
    if (running === null || done || running.exit() !== undefined) return;
    done = true;
    judges = childrenOf(running.pid);
    process.kill(running.pid, "SIGKILL");
  };
  const scene = { ...place, kill };
  const own = border.mails?.(scene) ?? [];
  if (number === 0 || !ONCE.test(border.name)) await stage.bring(mails, own);
  const watched = await border.watch(scene);
  const robot = stage.site.keybotDaemon(["poll"]);
  running = robot;
  watched.started?.();
  const until = Date.now() + 60_000;
  while (robot.exit() === undefined) {
    if (Date.now() > until) throw new Error(`${border.name}: neither killed nor ended:\n${robot.stderr()}`);
    await sleep(2);
  }
  watched.stop();
  return { robot, judges };
}

/** Lets the robot finish. */
export async function finish(stage: Stage): Promise<Outcome> {
  for (let polls = 0, exit = 1; exit !== 0; polls++) {
    expect(polls).toBeLessThan(5);
    exit = (await stage.site.keybot(["poll"], { expectExit: "any", timeout: 300_000 })).exit;
  }
  return await stage.outcome();
}

/** How many of these processes live on although their parent has died. */
async function survivors(pids: readonly number[]): Promise<number> {
  const until = Date.now() + 5_000;
  while (pids.some(isRunning) && Date.now() < until) await sleep(5);
  return pids.filter(isRunning).length;
}
