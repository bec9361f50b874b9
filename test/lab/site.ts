import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority, type Identity } from "./authority.ts";
import { unavailable } from "./available.ts";
import { type Dovecot, type StoredMail, startDovecot } from "./dovecot.ts";
import { type LabFolder, openFolder } from "./folder.ts";
import { type KeybotDaemon, type KeybotOptions, type KeybotRun, runKeybot, startKeybot } from "./keybot.ts";
import { type ConfigOverrides, siteConfiguration } from "./keybot-configuration.ts";
import { freePorts } from "./port.ts";
import { type Postfix, requestSieve, startPostfix, type Wiring } from "./postfix.ts";
import { deliverAsPostfix } from "./postfix-stand-in.ts";
import { handOver } from "./smtp-client.ts";
import { type SmtpSink, startSmtpSink } from "./smtp-sink.ts";

/** The robot's own address. */
export const ROBOT = "key-management@company.example";
/** The addresses that a site has, besides those asked for. */
export const COMPANY = [
  ROBOT,
  "anna@company.example",
  "claims@company.example",
  "postmaster@company.example",
];
export const PARTNERS = ["alice@partner.example", "bob@partner.example"];

/** How the company is to be. */
export interface SiteOptions {
  /** How the robot gets a copy of requests; default `sieve`, the recommended one. Others than that need Postfix. */
  readonly wiring?: Wiring;
  /** Further addresses, in any domain. */
  readonly addresses?: readonly string[];
  /** Keys that differ in keybot.toml, by table: `{ trust: { revocation: "off" } }`; tables of their own are added. */
  readonly config?: ConfigOverrides;
  /** Take the sink in place of Postfix even where Postfix could run, e.g. for its faults. */
  readonly withoutPostfix?: boolean;
  readonly storage?: "maildir" | "sdbox";
  /** Further lines of dovecot.conf, of Postfix's main.cf, and quotas in KiB by address. */
  readonly dovecotSettings?: string;
  readonly postfixSettings?: string;
  readonly quotaKilobytes?: Readonly<Record<string, number>>;
  /** Personal Sieve scripts, by address. */
  readonly sieve?: Readonly<Record<string, string>>;
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  readonly stripForged?: boolean;
}

/** A running company: mail servers, a certificate authority, a keybot configuration. */
export interface Site {
  readonly folder: string;
  readonly configFile: string;
  readonly stateFolder: string;
  /** The public CA of the partners: `ca` issues, `root` is what `keybot trust add` takes (`root.identity.certFile`). */
  readonly root: Authority;
  readonly ca: Authority;
  /** Authority of the servers' TLS certificates, the `ca_file` of keybot.toml. */
  readonly serverCa: Identity;
  readonly dovecot: Dovecot;
  /** Undefined where the sink stands in for it. */
  readonly postfix: Postfix | undefined;
  readonly sink: SmtpSink | undefined;
  readonly passwordOf: (address: string) => string;
  /** Sends through the border as a host outside; resolves when all of it is delivered. Throws when it is refused. */
  sendFromPartner(raw: Buffer | string, to: readonly string[], envelope?: PartnerEnvelope): Promise<void>;
  /** What has arrived for somebody outside, oldest first. Waits for nothing but the mail queue. */
  partnerInbox(address: string): Promise<StoredMail[]>;
  /** The robot's folders with their mails. */
  robotFolders(): Promise<Record<string, StoredMail[]>>;
  /** Runs `bin/keybot --config …` to its end; throws, with what it said, unless it exits as expected (default 0). */
  keybot(args: readonly string[], options?: KeybotOptions): Promise<KeybotRun>;
  /** Starts `bin/keybot --config …`, e.g. `["run"]`, and leaves it running until `stop`. */
  keybotDaemon(args: readonly string[]): KeybotDaemon;
  /** Ends everything and deletes the folder. May be called twice. */
  stop(): Promise<void>;
}

/** The envelope of a partner's mail; by default from alice@partner.example and the address 127.0.0.2. */
export interface PartnerEnvelope {
  /** "" is the null sender. */
  readonly from?: string;
  readonly clientAddress?: string;
  readonly helo?: string;
}

/** Starts a whole company in well under a second. With root it has Postfix, else the sink stands in for it. */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const folder = openFolder();
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(stops.splice(0).map((each) => each()));
    folder.remove();
  };
  try {
    return await build(folder, options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(
  folder: LabFolder,
  options: SiteOptions,
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Site> {
  const wiring = options.wiring ?? "sieve";
  const addresses = [...COMPANY, ...PARTNERS, ...(options.addresses ?? [])];
  const certificates = authorities(join(folder.path, "ca"));
  const { hostCertificate: certificate } = certificates;
  const [reinjectPort = 0] = await freePorts(1);
  const dovecot = await startDovecot({
    folder,
    certificate,
    users: addresses.map((address) => ({
      address,
      password: passwordOf(address),
      ...quota(options, address),
      ...sieve(options, address),
    })),
    submissionPort: reinjectPort,
    storage: options.storage ?? "maildir",
    settings: options.dovecotSettings ?? "",
    ...(wiring === "sieve" ? { globalSieve: requestSieve(ROBOT) } : {}),
  });
  stops.push(dovecot.stop);
  const border = await startBorder(folder, options, {
    addresses,
    certificate,
    dovecot,
    reinjectPort,
    wiring,
  });
  stops.push(border.stop);

  const configFile = writeConfiguration(
    folder.path,
    options,
    certificates.serverCa,
    dovecot,
    border.submissionPort,
  );
  const delivered = async (): Promise<void> => border.postfix?.queueEmpty();
  return {
    folder: folder.path,
    configFile,
    stateFolder: join(folder.path, "k", "state"),
    root: certificates.root,
    ca: certificates.ca,
    serverCa: certificates.serverCa,
    dovecot,
    postfix: border.postfix,
    sink: border.sink,
    passwordOf,
    sendFromPartner: async (
      raw,
      to,
      { from = PARTNERS[0] ?? "", clientAddress = "127.0.0.2", helo } = {},
    ) => {
      const named = helo === undefined ? {} : { helo };
      const replies = await handOver({
        port: border.port,
        localAddress: clientAddress,
        from,
        to,
        raw,
        ...named,
      });
      const refused = replies.find((reply) => reply.code !== 250);
      if (refused !== undefined) throw new Error(`refused at the border: ${refused.code} ${refused.text}`);
      await delivered();
    },
    partnerInbox: async (address) => {
      await delivered();
      return dovecot.messages(address);
    },
    robotFolders: async () => {
      const names = await dovecot.folders(ROBOT);
      const mails = await Promise.all(
        names.map(async (name) => [name, await dovecot.messages(ROBOT, name)] as const),
      );
      return Object.fromEntries(mails);
    },
    keybot: (args, runOptions) => runKeybot(configFile, args, runOptions),
    keybotDaemon: (args) => {
      const daemon = startKeybot(configFile, args, folder);
      stops.push(async () => {
        await daemon.stop("SIGKILL");
      });
      return daemon;
    },
    stop,
  };
}

interface Border {
  readonly port: number;
  readonly submissionPort: number;
  readonly postfix: Postfix | undefined;
  readonly sink: SmtpSink | undefined;
  stop(): Promise<void>;
}

interface Inside {
  readonly addresses: readonly string[];
  readonly certificate: Identity;
  readonly dovecot: Dovecot;
  readonly reinjectPort: number;
  readonly wiring: Wiring;
}

async function startBorder(folder: LabFolder, options: SiteOptions, inside: Inside): Promise<Border> {
  const { addresses, certificate, dovecot, reinjectPort, wiring } = inside;
  if (options.withoutPostfix === true || unavailable(["postfix"]) !== undefined) {
    if (wiring !== "sieve" && wiring !== "none")
      throw new Error(`the wiring ${wiring} needs Postfix, and root`);
    const sink = await startSmtpSink({
      port: reinjectPort,
      certificate,
      users: new Map(addresses.map((address) => [address, passwordOf(address)])),
      accepts: (address) => addresses.includes(address.replace(/\+[^@]*/, "")),
      onMail: (mail) => deliverAsPostfix(mail, dovecot),
    });
    return { port: sink.port, submissionPort: sink.port, postfix: undefined, sink, stop: sink.stop };
  }
  const postfix = await startPostfix({
    folder,
    certificate,
    dovecot,
    reinjectPort,
    wiring,
    mailboxes: addresses,
    robot: ROBOT,
    watched: addresses.filter((address) => address.endsWith("@company.example") && address !== ROBOT),
    aliases: options.aliases ?? {},
    stripForged: options.stripForged ?? false,
    settings: options.postfixSettings ?? "",
  });
  return {
    port: postfix.port,
    submissionPort: postfix.submissionPort,
    postfix,
    sink: undefined,
    stop: postfix.stop,
  };
}

function authorities(folder: string): {
  root: Authority;
  ca: Authority;
  serverCa: Identity;
  hostCertificate: Identity;
} {
  const servers = Authority.root(folder, { name: "Lab Server CA" });
  const hostCertificate = servers.issueHost();
  const root = Authority.root(folder, { name: "Lab Public Root" });
  return {
    root,
    ca: root.intermediate({ name: "Lab E-Mail CA" }),
    serverCa: servers.identity,
    hostCertificate,
  };
}

function writeConfiguration(
  folder: string,
  options: SiteOptions,
  serverCa: Identity,
  dovecot: Dovecot,
  submissionPort: number,
): string {
  const home = join(folder, "k");
  mkdirSync(join(home, "secrets"), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, "secrets", "password"), `${passwordOf(ROBOT)}\n`, { mode: 0o600 });
  const file = join(home, "keybot.toml");
  const places = { imapPort: dovecot.imapsPort, smtpPort: submissionPort, caFile: serverCa.certFile };
  writeFileSync(file, siteConfiguration({ robot: ROBOT, ...places }, options.config ?? {}), { mode: 0o600 });
  return file;
}

function passwordOf(address: string): string {
  return `password of ${address}`;
}

function quota(options: SiteOptions, address: string): { quotaKilobytes?: number } {
  const kilobytes = options.quotaKilobytes?.[address];
  return kilobytes === undefined ? {} : { quotaKilobytes: kilobytes };
}

function sieve(options: SiteOptions, address: string): { sieve?: string } {
  const script = options.sieve?.[address];
  return script === undefined ? {} : { sieve: script };
}
