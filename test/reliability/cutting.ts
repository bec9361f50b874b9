import { expect } from "vitest";
import { KeybotError } from "../../src/errors.ts";
import type { Random } from "../long/mutate.ts";
import type { Doing, Moment, Point } from "../servers/fault-proxy.ts";
import type { RobotHere } from "./robot.ts";
import { everythingOnce, type Outcome, type Stage } from "./stage.ts";

/** One thing that goes wrong on the way to a server. */
export interface Cut {
  readonly name: string;
  readonly server: "imap" | "smtp";
  readonly point: (random: Random) => Point;
  readonly doing: Doing;
  /** A random place may lie behind the end of a short dialogue. */
  readonly maybe?: boolean;
}

const COMMANDS: Readonly<Record<"imap" | "smtp", readonly (readonly [string, RegExp | "."])[]>> = {
  imap: [
    ["ID", /^ID /],
    ["AUTHENTICATE", /^AUTHENTICATE|^LOGIN/],
    ["NAMESPACE", /^NAMESPACE/],
    ["LIST", /^LIST/],
    ["SELECT", /^SELECT/],
    ["FETCH of the list", /^UID FETCH .*RFC822\.SIZE/],
    ["FETCH of the mails", /^UID FETCH .*BODY\.PEEK\[\]/],
    ["MOVE", /^UID MOVE/],
    ["LOGOUT", /^LOGOUT/],
  ],
  smtp: [
    ["EHLO", /^EHLO/],
    ["AUTH", /^AUTH/],
    // Of a mail: the robot also asks about its sender, without a size and without NOTIFY.
    ["MAIL", /^MAIL .*SIZE=/],
    ["RCPT", /^RCPT .*NOTIFY=/],
    ["the question about the sender", /^MAIL [^ ]*$/],
    ["DATA", /^DATA/],
    ["the final dot", "."],
    ["QUIT", /^QUIT/],
  ],
};
const MOMENTS: readonly Moment[] = ["unsent", "unanswered", "answered"];

const SERVERS = ["imap", "smtp"] as const;

/** Every named command at each of its moments. */
export function cutsAtCommands(doing: "reset" | "half-close" | "stall" | "drip"): readonly Cut[] {
  return SERVERS.flatMap((server) => [
    {
      name: `${server} connection: ${doing}`,
      server,
      doing,
      point: () => ({ command: "connect", moment: "unsent" }) as const,
    },
    ...COMMANDS[server].flatMap(([what, command]) =>
      MOMENTS.map((moment) => ({
        name: `${what}, ${moment}: ${doing}`,
        server,
        doing,
        point: () => ({ command, moment }),
      })),
    ),
  ]);
}

/** Somewhere in the bytes that come by, in either direction. */
export function cutsAnywhere(count: number): readonly Cut[] {
  const doings = ["reset", "half-close", "reset", "drip"] as const;
  return Array.from({ length: count }, (_, number) => {
    const server = SERVERS[number % 2] ?? "imap";
    const from = (number >> 1) % 2 === 0 ? ("server" as const) : ("client" as const);
    const doing = doings[(number >> 2) % doings.length] ?? "reset";
    const longest = LENGTHS[server][from];
    return {
      name: `${server}, somewhere in what the ${from} says: ${doing}`,
      server,
      doing,
      point: (random: Random) => ({ bytes: 1 + Math.floor(random() * longest), from }),
      maybe: true,
    };
  });
}

/** Bytes of the dialogue about a handful of mails. */
const LENGTHS = { imap: { client: 1_200, server: 36_000 }, smtp: { client: 16_000, server: 700 } } as const;

/** What a failing server or line may be called; anything else is a bug. */
const EXPECTED = /^(imap\.(closed|unreachable|busy|refused|uid-validity)|store\.busy)$/;

export interface CutCount {
  /** Faults that happened. */
  cuts: number;
  readonly missed: string[];
  polls: number;
  /** Polls that ended with an error, as a poll in a cron job does; the others went on without the server. */
  failedPolls: number;
}

const MINUTE = 60_000;

/** Brings mails, polls, and has something go wrong in each poll. */
export async function cutAtEach(
  stage: Stage,
  here: RobotHere,
  cuts: readonly Cut[],
  random: Random,
  mailsEach = 4,
): Promise<CutCount> {
  const count: CutCount = { cuts: 0, missed: [], polls: 0, failedPolls: 0 };
  for (const cut of cuts) {
    let happened = false;
    for (let attempt = 0; !happened && attempt < (cut.maybe === true ? 1 : ATTEMPTS); attempt++) {
      await stage.bring(mailsEach);
      // Long enough for what an earlier cut has put off.
      here.ahead += 5 * MINUTE;
      const { result, ...poll } = await cutAt(stage, here, cut, random);
      happened = poll.happened;
      count.polls += 1;
      if (result instanceof Error) count.failedPolls += 1;
      await stage.count();
    }
    if (happened) count.cuts += 1;
    else if (cut.maybe !== true) count.missed.push(cut.name);
  }
  return count;
}

/** On a busy machine a server may be too slow for the robot's patience before it comes to the place: then once more. */
const ATTEMPTS = 3;

async function cutAt(stage: Stage, here: RobotHere, { name, server, point, doing }: Cut, random: Random) {
  const lines = here.log.length;
  const armed = stage[server].arm(point(random), doing);
  const result = await here.poll();
  armed.disarm();
  if (result instanceof Error && (!(result instanceof KeybotError) || !EXPECTED.test(result.code)))
    throw new Error(`${name} became ${result.stack ?? result.message}`);
  const said = here.log.slice(lines).filter(({ level }) => level === "warn" || level === "error");
  // Once, not for every mail: what fails is the connection.
  expect(said.length, `${name}: ${JSON.stringify(said)}`).toBeLessThanOrEqual(1);
  return { result, happened: armed.happened };
}

/** Lets the robot finish, hours later. */
export async function finish(stage: Stage, here: RobotHere): Promise<Outcome> {
  for (let polls = 0; ; polls++) {
    expect(polls).toBeLessThan(8);
    here.ahead += 120 * MINUTE;
    const result = await here.poll();
    if (result instanceof Error) throw result;
    if (result.failed === 0 && result.seen === 0 && result.answered === 0) break;
  }
  return await stage.outcome();
}

/** Lets the robot finish, and holds it to its promise. */
export async function finishAndCheck(stage: Stage, here: RobotHere): Promise<void> {
  expect(await finish(stage, here)).toMatchObject(everythingOnce(stage));
}
