import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Identity } from "./authority.ts";
import { type Ran, run, runSync } from "./command.ts";
import { dovecotConfiguration } from "./dovecot-configuration.ts";
import type { LabFolder } from "./folder.ts";
import { freePorts } from "./port.ts";
import { type Server, startServer } from "./server.ts";
import { handOver } from "./smtp-client.ts";

/** A mailbox of the private server. */
export interface MailUser {
  readonly address: string;
  readonly password: string;
  /** A personal Sieve script. */
  readonly sieve?: string;
  /** Quota in KiB; needs the quota plugin, which is then loaded for all. */
  readonly quotaKilobytes?: number;
}

/** How the server is to be. */
export interface DovecotOptions {
  readonly users: readonly MailUser[];
  /** Where it lives; it makes a folder of its own inside. */
  readonly folder: LabFolder;
  /** Server certificate, for the names localhost and 127.0.0.1. */
  readonly certificate: Identity;
  readonly storage?: "maildir" | "sdbox";
  /** A Sieve script that runs before the users' own, for everybody. */
  readonly globalSieve?: string;
  /** Port of 127.0.0.1 that Sieve's redirects are handed to by SMTP. */
  readonly submissionPort?: number;
  /** Host name in its `Received` lines; default imap.company.example. */
  readonly hostname?: string;
  /** Further lines of dovecot.conf, e.g. `imap_capability = …`. */
  readonly settings?: string;
}

/** A running private Dovecot. All ports are on 127.0.0.1. */
export interface Dovecot {
  /** Plain IMAP with STARTTLS offered; 127.0.0.1 may log in without it. */
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly lmtpPort: number;
  readonly lmtpSocket: string;
  /** UNIX socket for Postfix's SASL. */
  readonly authSocket: string;
  readonly configFile: string;
  readonly logFile: string;
  /** Pid of the master process, undefined when stopped. */
  pid(): number | undefined;
  /** Delivers by LMTP; throws unless the server answers 250. */
  deliver(address: string, mail: Buffer | string, envelope?: { readonly from?: string }): Promise<void>;
  /** The mails of a folder with CRLF line ends, as IMAP shows them, in the order of their UIDs. */
  messages(address: string, folder?: string): Promise<StoredMail[]>;
  folders(address: string): Promise<string[]>;
  /** Runs doveadm on this server, e.g. `["kick", address]`. Throws when it fails. */
  doveadm(args: readonly string[]): Promise<Ran>;
  /** Writes other settings into the place of `settings` and has the server read them. */
  configure(settings: string): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A mail as the server keeps it. */
export interface StoredMail {
  readonly uid: number;
  readonly raw: Buffer;
}

/** Starts a private Dovecot on free ports. Needs no root. Takes about 0.2 seconds. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const home = join(options.folder.path, "d");
  for (const part of ["", "run", "state", "mail", "sieve"]) mkdirSync(join(home, part), { recursive: true });
  const [imapPort = 0, imapsPort = 0, lmtpPort = 0] = await freePorts(3);
  const ports = { imap: imapPort, imaps: imapsPort, lmtp: lmtpPort };
  const configFile = join(home, "dovecot.conf");
  const logFile = join(home, "log");
  const pidFile = join(home, "run", "master.pid");
  const account = mailAccount();
  const configure = (settings: string | undefined): void =>
    writeFileSync(
      configFile,
      dovecotConfiguration({ options, home, ports, account, settings: settings ?? "" }),
    );

  configure(options.settings);
  writeFileSync(join(home, "users"), options.users.map(userLine).join(""));
  if (account.root)
    for (const part of ["mail", "sieve"]) chownSync(join(home, part), account.uid, account.gid);
  writeSieve(home, configFile, options);
  writeFileSync(logFile, "");
  chmodSync(logFile, 0o666); // dovecot-lda, run by Postfix as the mail user, writes to it too
  options.folder.guard(pidFile);

  const launch = (): Promise<Server> =>
    startServer("dovecot", ["-F", "-c", configFile], { ports: Object.values(ports), pidFile, logFile });
  let running = await launch();
  const doveadm = (args: readonly string[]): Promise<Ran> => run("doveadm", ["-c", configFile, ...args]);
  return {
    imapPort,
    imapsPort,
    lmtpPort,
    lmtpSocket: join(home, "run", "lmtp-in"),
    authSocket: join(home, "run", "auth-in"),
    configFile,
    logFile,
    pid: () => running.pid(),
    doveadm,
    deliver: async (address, mail, envelope = {}) => {
      const from = envelope.from ?? "sender@partner.example";
      const [reply] = await handOver({ port: lmtpPort, lmtp: true, from, to: [address], raw: mail });
      if (reply?.code !== 250) throw new Error(`LMTP to ${address}: ${reply?.code} ${reply?.text}`);
    },
    messages: (address, folder = "INBOX") => messages(doveadm, address, folder),
    folders: async (address) => lines(await doveadm(["mailbox", "list", "-u", address])),
    configure: async (settings) => {
      configure(settings);
      await doveadm(["reload"]);
    },
    restart: async () => {
      await running.stop();
      running = await launch();
    },
    // Its log process alone takes a second to end, and nobody reads that log any more.
    stop: () => running.stop(300),
  };
}

/** Whose uid owns the mail, and whose processes read it. */
export interface MailAccount {
  readonly root: boolean;
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
}

function mailAccount(): MailAccount {
  const own = userInfo();
  if (own.uid !== 0) return { root: false, user: own.username, uid: own.uid, gid: own.gid };
  const id = (flag: string): number => Number(runSync("id", [flag, "mail"]).stdout.toString());
  return { root: true, user: "mail", uid: id("-u"), gid: id("-g") };
}

// passwd-file of Dovecot: user:password:uid:gid:(gecos):home:(shell):extra
function userLine(user: MailUser): string {
  const quota =
    user.quotaKilobytes === undefined ? "" : `userdb_quota_rule=*:storage=${user.quotaKilobytes}k`;
  return `${user.address}:{PLAIN}${user.password}::::::${quota}\n`;
}

function writeSieve(home: string, configFile: string, options: DovecotOptions): void {
  const folder = join(home, "sieve");
  const compile = (name: string, script: string): void => {
    const file = join(folder, `${name}.sieve`);
    writeFileSync(file, script);
    // The mail user could not write the compiled form itself; the server then complains at every delivery.
    runSync("sievec", ["-c", configFile, file]);
    chmodSync(join(folder, `${name}.svbin`), 0o644);
  };
  if (options.globalSieve !== undefined) compile("global", options.globalSieve);
  for (const user of options.users) if (user.sieve !== undefined) compile(user.address, user.sieve);
}

async function messages(
  doveadm: (args: readonly string[]) => Promise<Ran>,
  address: string,
  folder: string,
): Promise<StoredMail[]> {
  const fetch = async (fields: string): Promise<Buffer> =>
    (await doveadm(["-f", "pager", "fetch", "-u", address, fields, "mailbox", folder, "all"])).stdout;
  const listed = (await fetch("uid size.physical")).toString("latin1");
  const sizes = [...listed.matchAll(/uid: (\d+)\nsize\.physical: (\d+)\n/g)];
  if (sizes.length === 0) return [];
  // A mail may contain whatever separates them here, so they are cut by size.
  const all = await fetch("text");
  const head = "text:\n";
  let end = 0;
  return sizes.map(([, uid, size]) => {
    const start = all.indexOf(head, end) + head.length;
    end = start + Number(size);
    const stored = all.subarray(start, end).toString("latin1");
    return { uid: Number(uid), raw: Buffer.from(stored.replace(/\r?\n/g, "\r\n"), "latin1") };
  });
}

function lines(ran: Ran): string[] {
  return ran.stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}
