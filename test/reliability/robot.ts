import { fileURLToPath } from "node:url";
import { openRobot } from "../../src/cli/installation.ts";
import { type Config, loadConfig } from "../../src/config/index.ts";
import { connectImap } from "../../src/imap/index.ts";
import { createLog, type Log } from "../../src/log.ts";
import type { Timeouts } from "../../src/mail-server.ts";
import { poll, type Robot, runDaemon, type Summary, startJudge } from "../../src/robot/index.ts";
import { createMailer } from "../../src/smtp/index.ts";
import { openStore } from "../../src/store/index.ts";
import type { Site } from "../lab/site.ts";

/** The judge process runs what was built. */
const ENTRY = fileURLToPath(new URL("../../dist/robot/judge-process.js", import.meta.url));

/** Patience that a test has: a server that says nothing is given up after a second, not after a minute. */
const PATIENCE: Timeouts = { connect: 3_000, silence: 1_500, command: 20_000 };

/** A line of the log, as the robot wrote it. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [name: string]: unknown;
}

/**
 * The robot of a site inside this process: the very code of `keybot poll` and `keybot run`, with a clock that can jump
 * and less patience with servers that are silent.
 */
export interface RobotHere {
  readonly robot: Robot;
  readonly log: readonly LogLine[];
  /** Milliseconds that its clock is ahead of the machine's; settable, also while it works. */
  ahead: number;
  /** One poll; what it throws comes as a value. */
  poll(): Promise<Summary | Error>;
  /** `keybot run`, until `stop`. */
  run(): { stop(): Promise<void> };
  close(): Promise<void>;
}

export async function robotHere(site: Site): Promise<RobotHere> {
  const config = await loadConfig(site.configFile, {});
  const store = await openStore({ stateDir: config.stateDir });
  const lines: LogLine[] = [];
  const here = { ahead: 0 };
  const now = () => new Date(Date.now() + here.ahead);
  const log = createLog({ level: "debug", json: true, now, write: (line) => lines.push(JSON.parse(line)) });
  const opened = await openRobot(config, store, log, now);
  const { judgeSeconds: seconds, judgeBytes: memory } = config.limits;
  const judge = startJudge({ seconds, memory }, log, ENTRY);
  const mailer = impatientMailer(config, log);
  const running = new Set<() => Promise<void>>();
  const robot: Robot = { ...opened.robot, judge, mailer, connect: () => connectImap(imapOf(config), log) };
  return {
    robot,
    log: lines,
    get ahead() {
      return here.ahead;
    },
    set ahead(milliseconds: number) {
      here.ahead = milliseconds;
    },
    poll: async () => {
      try {
        return await poll(robot, new AbortController().signal);
      } catch (error) {
        if (error instanceof Error) return error;
        throw error;
      } finally {
        // As at the end of the command; a connection that is kept collects Postfix's displeasure over refused mails.
        await mailer.close();
      }
    },
    run: () => {
      const end = new AbortController();
      const daemon = runDaemon(robot, { cron: null, idle: true }, end.signal);
      // What it throws is seen by who stops it.
      daemon.catch(() => {});
      const stop = async () => {
        running.delete(stop);
        end.abort();
        await daemon;
      };
      running.add(stop);
      return { stop };
    },
    close: async () => {
      for (const stop of running) await stop();
      judge.close();
      await mailer.close();
      await opened.close();
      await store.close();
    },
  };
}

function imapOf({ imap, limits }: Config) {
  return {
    host: imap.host,
    port: imap.port,
    security: imap.security,
    ca: null,
    timeouts: PATIENCE,
    user: imap.user,
    secret: async () => ({ password: imap.password.reveal() }),
    version: "9.9.9",
    mailbox: imap.mailbox,
    maxLiteral: limits.messageBytes,
  };
}

function impatientMailer({ smtp }: Config, log: Log) {
  return createMailer(
    {
      host: smtp.host,
      port: smtp.port,
      security: smtp.security,
      ca: null,
      timeouts: PATIENCE,
      user: smtp.login?.user ?? null,
      secret: async () => ({ password: smtp.login?.password.reveal() ?? "" }),
    },
    log,
  );
}
