import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KeybotDaemon } from "../lab/keybot.ts";
import { ROBOT, type Site, startSite } from "../lab/site.ts";
import { type Cast, MORE_ADDRESSES, makeCast } from "./cast.ts";
import type { Checks } from "./checks.ts";
import { type Received, received } from "./received.ts";
import { Shell } from "./shell.ts";
import type { Show } from "./show.ts";

/** A mail of a partner, ready to be sent. */
export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly messageId: string;
  /** What it is, in a few words. */
  readonly form: string;
  readonly raw: Buffer;
  /** Envelope sender, when it is not the author; "" for the null sender. */
  readonly envelopeFrom?: string;
}

/** The running company, and what a step of the demo does with it. */
export interface Stage {
  readonly site: Site;
  readonly cast: Cast;
  readonly show: Show;
  readonly checks: Checks;
  readonly shell: Shell;
  startRobot(): Promise<void>;
  /** Ends the robot as systemd would; returns its exit code. */
  stopRobot(): Promise<number>;
  /** What the robot has logged. */
  robotLog(): string;
  /** Shows a letter and sends it through Postfix as a host outside. */
  send(letter: Letter): Promise<void>;
  /** What lies in the inbox of somebody outside, oldest first, once there are `count` mails. */
  inbox(address: string, count: number): Promise<readonly Received[]>;
  /** The answers to a letter, once there are `count` of them in its author's inbox. */
  replies(letter: Letter, count?: number): Promise<readonly Received[]>;
  /** The ledger's records of these letters, once the robot has filed all that has come. */
  ledger(letters: readonly Letter[]): Promise<readonly LogRecord[]>;
}

/** What of a record of `keybot log --json` the demo looks at. */
export interface LogRecord {
  readonly messageId: string;
  readonly kind: string;
  readonly outcome: string;
  readonly folder: string | null;
}

const PATIENCE_MS = 30_000;

/** Starts the company's servers and makes the cast. */
export async function openStage(show: Show, checks: Checks): Promise<Stage> {
  const site = await startSite({ addresses: MORE_ADDRESSES });
  try {
    return stageOf(site, show, checks);
  } catch (error) {
    await site.stop();
    throw error;
  }
}

function stageOf(site: Site, show: Show, checks: Checks): Stage {
  const work = join(site.folder, "work");
  mkdirSync(work);
  const shell = new Shell(work, site.configFile, show, checks);
  let robot: KeybotDaemon | undefined;
  const inbox = async (address: string): Promise<readonly Received[]> =>
    (await site.partnerInbox(address)).map(({ raw }) => received(raw));
  return {
    site,
    cast: makeCast(site),
    show,
    checks,
    shell,
    startRobot: async () => {
      robot = site.keybotDaemon(["run"]);
      await robot.says("daemon.ready", PATIENCE_MS);
    },
    stopRobot: async () => (await robot?.stop("SIGTERM")) ?? -1,
    robotLog: () => robot?.stderr() ?? "",
    send: async (letter) => {
      show.mailIn(letter.from, letter.to.join(", "), letter.subject, letter.form);
      await site.sendFromPartner(letter.raw, letter.to, {
        from: letter.envelopeFrom ?? addressOf(letter.from),
      });
    },
    inbox: (address, count) =>
      until(`${count} mail(s) for ${address}`, async () => {
        const mails = await inbox(address);
        return mails.length >= count ? mails : undefined;
      }),
    replies: (letter, count = 1) =>
      until(`${count} answer(s) to ${letter.messageId}`, async () => {
        const mails = await inbox(addressOf(letter.from));
        const answers = mails.filter((mail) => mail.field("In-Reply-To") === letter.messageId);
        return answers.length >= count ? answers : undefined;
      }),
    ledger: async (letters) => {
      await until(`an empty INBOX of ${ROBOT}`, async () =>
        (await site.dovecot.messages(ROBOT)).length === 0 ? true : undefined,
      );
      const records = (await shell.records("log")) as readonly LogRecord[];
      return letters.map((letter) => {
        const found = records.find(({ messageId }) => messageId === letter.messageId);
        if (found === undefined) throw new Error(`keybot log does not know ${letter.messageId}`);
        return found;
      });
    },
  };
}

/** The address of a From field. */
export function addressOf(from: string): string {
  return /<([^>]*)>/.exec(from)?.[1] ?? from;
}

/** Asks again and again until there is an answer; throws when that takes too long. */
async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS / 1000} seconds in vain for ${what}`);
    await sleep(30);
  }
}
