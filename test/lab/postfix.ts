import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Identity } from "./authority.ts";
import { type Ran, run, runSync } from "./command.ts";
import { isRunning, type LabFolder, readPid } from "./folder.ts";
import { freePorts } from "./port.ts";
import { type PostfixPlan, postfixFiles } from "./postfix-configuration.ts";
import { logEnd, startServer } from "./server.ts";
import { handOver, type Reply } from "./smtp-client.ts";

/**
 * How the robot gets its copy of a mail with the tag:
 * - `none`: only what is addressed to it;
 * - `sieve`: Postfix does nothing, Dovecot's global Sieve script redirects a copy (see `requestSieve`);
 * - `alias`: virtual_alias_maps gives the robot a copy of every mail to `watched`;
 * - `redirect`: header_checks REDIRECT sends a mail with the tag to the robot instead;
 * - `filter`: header_checks FILTER hands it to pipe(8) with flags DORX, which runs dovecot-lda for the robot.
 */
export type Wiring = "none" | "sieve" | "alias" | "redirect" | "filter";

/** How the server is to be. */
export interface PostfixOptions {
  readonly folder: LabFolder;
  readonly certificate: Identity;
  /** Every address that is accepted; the domains follow from them. */
  readonly mailboxes: readonly string[];
  /** Where mail is delivered to, and who checks the passwords. */
  readonly dovecot: { readonly lmtpSocket: string; readonly authSocket: string; readonly configFile: string };
  readonly robot: string;
  readonly wiring?: Wiring;
  /** Mailboxes whose mail the wiring `alias` copies. */
  readonly watched?: readonly string[];
  /** Further virtual_alias_maps entries: address → targets. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /** Whether delivery headers that a sender forged are removed at the border; default false. */
  readonly stripForged?: boolean;
  /** Port for mail that Sieve redirects; to be known before Dovecot starts. */
  readonly reinjectPort?: number;
  readonly tag?: string;
  /** Further lines of main.cf. */
  readonly settings?: string;
}

/** A mail and its envelope. */
export interface Envelope {
  /** Envelope sender; "" is the null sender. */
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: Buffer | string;
}

/** A running private Postfix, myhostname mx.company.example. All ports are on 127.0.0.1; nothing leaves the machine. */
export interface Postfix {
  /** Where the outside world delivers. */
  readonly port: number;
  /** STARTTLS and AUTH required. */
  readonly submissionPort: number;
  readonly reinjectPort: number;
  readonly configFolder: string;
  readonly logFile: string;
  /** Pid of the master process, undefined when stopped. */
  pid(): number | undefined;
  /** Sends as somebody outside, by default from 127.0.0.2. One reply for each recipient, refusals included. */
  send(mail: Envelope & { readonly clientAddress?: string; readonly helo?: string }): Promise<Reply[]>;
  /** Sends as a user of the company: STARTTLS and AUTH. */
  submit(mail: Envelope & { readonly user: string; readonly password: string }): Promise<Reply[]>;
  /** Waits until nothing is left in the queue; throws, with the end of the log, when that takes too long. */
  queueEmpty(milliseconds?: number): Promise<void>;
  /** Changes main.cf and has Postfix read it, e.g. `smtpd_data_restrictions = sleep 3`. */
  configure(lines: readonly string[]): Promise<void>;
  postfix(args: readonly string[]): Promise<Ran>;
  /** Stops it at once and starts it again, with the same queue and ports. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a private Postfix on free ports; needs root, as its master process does. Takes about 0.3 seconds. */
export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const home = join(options.folder.path, "p");
  const [port = 0, submissionPort = 0, freePort = 0] = await freePorts(3);
  const reinjectPort = options.reinjectPort ?? freePort;
  const plan: PostfixPlan = { options, home, ports: { port, submissionPort, reinjectPort } };
  for (const part of ["", "conf"]) mkdirSync(join(home, part));
  for (const [name, text] of Object.entries(postfixFiles(plan))) writeOld(join(home, "conf", name), text);
  makeQueue(home);
  const pidFile = join(home, "spool", "pid", "master.pid");
  options.folder.guard(pidFile);

  const conf = join(home, "conf");
  const logFile = join(home, "log");
  const ports = [port, submissionPort, reinjectPort];
  const launch = () => startServer("postfix", ["-c", conf, "start-fg"], { ports, pidFile, logFile });
  let server = await launch();
  const stop = async (): Promise<void> => {
    const master = readPid(pidFile);
    // Postfix's own way to stop at once: its daemons are in the master's process group, not in ours.
    if (server.pid() !== undefined) await run("postfix", ["-c", conf, "abort"], { check: false });
    await server.stop();
    // The master is its script's child, not ours; the wait is for the one who reaps it.
    while (master !== undefined && isRunning(master)) await sleep(20);
  };
  return {
    port,
    submissionPort,
    reinjectPort,
    configFolder: conf,
    logFile,
    pid: () => (server.pid() === undefined ? undefined : readPid(pidFile)),
    send: ({ clientAddress, ...mail }) =>
      handOver({ port, localAddress: clientAddress ?? "127.0.0.2", ...mail }),
    submit: ({ user, password, ...mail }) =>
      handOver({ port: submissionPort, startTls: true, login: { user, password }, ...mail }),
    queueEmpty: (milliseconds = 20_000) => queueEmpty(join(home, "spool"), milliseconds, logFile),
    configure: async (lines) => {
      await run("postconf", ["-c", conf, "-e", ...lines]);
      writeOld(join(conf, "main.cf"), readFileSync(join(conf, "main.cf"), "utf8"));
      await run("postfix", ["-c", conf, "reload"]);
    },
    postfix: (args) => run("postfix", ["-c", conf, ...args]),
    restart: async () => {
      await stop();
      server = await launch();
    },
    stop,
  };
}

// Postfix reads no file that changed in the last second or two (somebody may still be writing it): it waits.
function writeOld(file: string, text: string): void {
  const aMinuteAgo = Date.now() / 1000 - 60;
  writeFileSync(file, text);
  utimesSync(file, aMinuteAgo, aMinuteAgo);
}

// What `postfix start` would make and check itself, in half a second of shell; quick-start tells it that this is done.
function makeQueue(home: string): void {
  const postfix = Number(runSync("id", ["-u", "postfix"]).stdout.toString());
  const postdrop = Number(runSync("getent", ["group", "postdrop"]).stdout.toString().split(":")[2]);
  const make = (path: string, mode: number, owner: number, group: number): void => {
    mkdirSync(join(home, path));
    chownSync(join(home, path), owner, group);
    chmodSync(join(home, path), mode);
  };
  make("data", 0o700, postfix, 0);
  make("spool", 0o755, 0, 0);
  make("spool/pid", 0o755, 0, 0);
  make("spool/public", 0o710, postfix, postdrop);
  make("spool/maildrop", 0o730, postfix, postdrop);
  for (const queue of QUEUES) make(`spool/${queue}`, 0o700, postfix, 0);
  writeFileSync(join(home, "spool", "quick-start"), "");
}

const QUEUES = "active bounce corrupt defer deferred flush hold incoming private saved trace".split(" ");

// Reading the folders takes no process and no time; `postqueue` would need both, forty times a second.
async function queueEmpty(spool: string, milliseconds: number, logFile: string): Promise<void> {
  const until = Date.now() + milliseconds;
  while (queued(spool) > 0) {
    if (Date.now() > until) throw new Error(`mail is left in Postfix's queue:\n${logEnd(logFile)}`);
    await sleep(10);
  }
}

function queued(spool: string): number {
  return ["maildrop", "incoming", "active", "deferred"]
    .map((queue) => readdirSync(join(spool, queue), { recursive: true, withFileTypes: true }))
    .reduce((sum, entries) => sum + entries.filter((entry) => entry.isFile()).length, 0);
}

/** The global Sieve script of the wiring `sieve`: a copy of every mail whose decoded subject has the tag, to the robot. */
export function requestSieve(robot: string, tag = "[AXAZERTIFIKAT]"): string {
  return `require ["copy", "envelope"];
if allof (not envelope :is "to" "${robot}", header :contains "subject" "${tag}") {
  redirect :copy "${robot}";
}
`;
}
