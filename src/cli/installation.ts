import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import type { Config } from "../config/index.ts";
import { KeybotError, messageOf } from "../errors.ts";
import { answerWeakness, FINDINGS, type FindingCode } from "../inspect/index.ts";
import type { Log } from "../log.ts";
import { DEFAULT_TIMEOUTS } from "../mail-server.ts";
import { readCertificates } from "../pki/index.ts";
import {
  parseTexts,
  requiredTextFiles,
  requireSigning,
  robotAddress,
  type SigningIdentity,
  signingFault,
  type Texts,
} from "../reply/index.ts";
import { openRevocationDesk, type RevocationCache, type StrangerBook } from "../revocation/index.ts";
import { type Inquirer, type Robot, startJudge, thisHolder, type Voice, voiceOf } from "../robot/index.ts";
import { createMailer } from "../smtp/index.ts";
import type { Store } from "../store/index.ts";
import { version } from "./version.ts";

/** The texts that are shipped; `src/cli` and `dist/cli` lie at the same depth. */
const SHIPPED_TEXTS = fileURLToPath(new URL("../../data/texts/", import.meta.url));

/**
 * The robot of a configuration: servers, texts and judge put together. Nothing is connected yet.
 * @throws KeybotError `config` when a file that the configuration names cannot be used
 */
export async function openRobot(
  config: Config,
  store: Store,
  log: Log,
  now: () => Date,
): Promise<{ readonly robot: Robot; close(): Promise<void> }> {
  const { imap, smtp } = config;
  const imapCa = await caOf(imap.caFile, "imap.ca_file");
  const smtpCa = await caOf(smtp.caFile, "smtp.ca_file");
  const { inquirer, close } = openInquirer(config, store, log, now);
  const login = smtp.login;
  const mailer = createMailer(
    {
      host: smtp.host,
      port: smtp.port,
      security: smtp.security,
      ca: smtpCa,
      timeouts: DEFAULT_TIMEOUTS,
      user: login?.user ?? null,
      secret: async () => ({ password: login?.password.reveal() ?? "" }),
    },
    log,
  );
  const connection = {
    host: imap.host,
    port: imap.port,
    security: imap.security,
    ca: imapCa,
    timeouts: DEFAULT_TIMEOUTS,
    user: imap.user,
    secret: async () => ({ password: imap.password.reveal() }),
    mailbox: imap.mailbox,
    version: version(),
    maxLiteral: config.limits.messageBytes,
  };
  const voice = await openVoice(config, store);
  warnOfSigning(voice, log, now());
  const robot: Robot = {
    ...inquirer,
    voice,
    adminAddress: config.admin.address,
    folders: {
      Processed: imap.folders.processed,
      Pending: imap.folders.pending,
      Rejected: imap.folders.rejected,
      Unhandled: imap.folders.unhandled,
    },
    messageBytes: config.limits.messageBytes,
    waiting: new Map(),
    mailer,
    // RFC 3834 §3.3: the null sender, unless the installation names an address.
    sender: { envelopeFrom: config.smtp.bounceAddress ?? "", address: config.smtp.from.address },
    // Loaded when it is needed: it takes longer than everything else, and most commands connect to nothing.
    connect: async () => (await import("../imap/index.ts")).connectImap(connection, log),
    holder: thisHolder(),
  };
  return {
    robot,
    close: async () => {
      close();
      await mailer.close();
    },
  };
}

/**
 * As much of the robot as asking CAs takes, for a command that needs neither mail server. Nothing is connected or started
 * yet.
 */
export function openInquirer(
  config: Config,
  store: Store,
  log: Log,
  now: () => Date,
): { readonly inquirer: Inquirer; close(): void } {
  const judge = startJudge({ seconds: config.limits.judgeSeconds, memory: config.limits.judgeBytes }, log);
  const inquirer: Inquirer = {
    policy: config.policy,
    store,
    judge,
    desk: openRevocationDesk({
      ...config.network,
      cache: cacheIn(store),
      strangers: strangersIn(store),
      // No nonce (RFC 5019 §2.1.1): an answer without one counts, as most CAs sign in advance, so whoever replays an old one
      // would leave it out. What bounds a replay is nextUpdate.
      nonce: null,
      weaknessOf: answerWeakness(config.policy.certificates),
      log,
      now,
    }),
    log,
    now,
  };
  return { inquirer, close: () => judge.close() };
}

/** A certificate that lapses while the robot runs must not stop it, nor does one that has lapsed at its start. */
function warnOfSigning({ identity }: Voice, log: Log, at: Date): void {
  const { signing, from } = identity;
  const fault = signing === undefined ? null : signingFault(signing, robotAddress(from), at);
  if (fault !== null)
    log.warn("signing.unusable", { why: fault, mails: "leave unsigned; keybot doctor says more" });
}

/** What CAs have answered, kept over a restart. */
function cacheIn(store: Store): RevocationCache {
  return {
    get: (key, now) => store.cachedAnswer(key, now),
    put: (key, answer) => store.cacheAnswer(key, answer),
  };
}

/** What strangers had us fetch, counted over a restart. */
function strangersIn(store: Store): StrangerBook {
  return {
    fetches: (by, since) => store.strangerFetches(by, since),
    note: (request, since) => store.noteStrangerFetch(request, since),
    noteAnswer: (request, size, kept) => store.noteStrangerAnswer(request, size, kept),
    answer: (url, since) => store.strangerAnswer(url, since),
  };
}

/**
 * What the robot, and an admin's decision, writes mails with.
 * @throws KeybotError `config` when texts or the signing identity cannot be used
 */
export async function openVoice(config: Config, store: Store): Promise<Voice> {
  const { name, address } = config.smtp.from;
  const signing = await signingIdentity(config);
  return voiceOf({
    identity: {
      from: name === null ? address : `${quoted(name)} <${address}>`,
      contact: config.admin.contact ?? config.admin.address ?? address,
      tag: config.policy.tag,
      companyDomains: config.policy.domains,
      ...(signing === null ? {} : { signing }),
    },
    texts: await loadTexts(config),
    secret: await store.secret(),
    messageIdDomain: address.slice(address.lastIndexOf("@") + 1),
  });
}

/** A display name as a quoted string (RFC 5322 §3.2.4) where it needs to be one. */
function quoted(name: string): string {
  return /^[\w !#$%&'*+/=?^`{|}~-]*$/.test(name) || !/^[\x20-\x7e]*$/.test(name)
    ? name
    : `"${name.replace(/["\\]/g, "\\$&")}"`;
}

/** Own texts go before the shipped ones, file by file. */
async function loadTexts(config: Config): Promise<Texts> {
  const files: Record<string, string> = {};
  for (const path of requiredTextFiles(config.languages)) {
    const own = config.texts.dir === null ? null : await readIfThere(join(config.texts.dir, path));
    const text = own ?? (await readIfThere(join(SHIPPED_TEXTS, path)));
    if (text !== null) files[path] = text;
  }
  const parsed = parseTexts({
    files,
    languages: config.languages,
    findingCodes: Object.keys(FINDINGS) as FindingCode[],
  });
  if (parsed.ok) return parsed.texts;
  const [first = "", ...more] = parsed.problems;
  throw new KeybotError("config", "config.texts", `the reply texts are not complete: ${first}`, {
    hint:
      more.length === 0
        ? "compare the file with the shipped one in data/texts"
        : `and ${more.length} more: ${more.slice(0, 3).join("; ")}`,
  });
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new KeybotError("config", "config.texts", `${path} cannot be read (${messageOf(cause)})`, {
      cause,
    });
  }
}

/** Where the systems keep the CAs that their admins trust: Debian, Red Hat, Alpine and the BSDs. */
const SYSTEM_CAS = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
  "/usr/local/etc/ssl/cert.pem",
];

/**
 * The CAs that may vouch for a server: the configured file, else the system's and those of the runtime (which alone
 * does not look into the system's store); null leaves it to the runtime.
 */
async function caOf(file: string | null, key: string): Promise<string | null> {
  if (file !== null) return (await readNamed(file, key)).toString("utf8");
  for (const path of SYSTEM_CAS) {
    const system = await readIfThere(path);
    if (system !== null) return [system, ...rootCertificates].join("\n");
  }
  return null;
}

/**
 * The robot's own S/MIME identity (PRODUCT §4): the first certificate of the file, then its issuers.
 * @throws KeybotError `config` when the files cannot sign: said at the start, or no mail would ever be answered
 */
export async function signingIdentity(config: Config): Promise<SigningIdentity | null> {
  if (config.signing === null) return null;
  const { certificateFile, keyFile, keyPassword } = config.signing;
  const { certificates } = readCertificates(await readNamed(certificateFile, "signing.certificate_file"));
  const [certificate, ...issuers] = certificates;
  if (certificate === undefined) {
    throw new KeybotError(
      "config",
      "config.signing",
      `signing.certificate_file: ${certificateFile} holds no certificate`,
    );
  }
  try {
    const passphrase = keyPassword?.reveal();
    const key = createPrivateKey({
      key: await readNamed(keyFile, "signing.key_file"),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    const signing = { certificate, key, intermediates: issuers };
    checkTogether(signing, config.signing);
    return signing;
  } catch (cause) {
    if (cause instanceof KeybotError) throw cause;
    throw new KeybotError(
      "config",
      "config.signing",
      `signing.key_file: ${keyFile} is no private key that can be read`,
      {
        hint: "PEM; for an encrypted key name signing.key_password_file",
        cause,
      },
    );
  }
}

function checkTogether(
  signing: SigningIdentity,
  { certificateFile, keyFile }: NonNullable<Config["signing"]>,
): void {
  try {
    requireSigning(signing, signing.certificate.notBefore);
  } catch (cause) {
    const message = `signing.key_file: ${keyFile} cannot sign for ${certificateFile}: ${messageOf(cause)}`;
    const hint = "the first certificate in signing.certificate_file must be that of the key";
    throw new KeybotError("config", "config.signing", message, { hint, cause });
  }
}

async function readNamed(file: string, key: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new KeybotError("config", "config.file", `${key}: ${file} cannot be read (${messageOf(cause)})`, {
      cause,
    });
  }
}
