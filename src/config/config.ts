import { DEFAULT_POLICY, type Policy } from "../policy.ts";
import { bareAddress, isLoopback, type NamedAddress } from "./network-kind.ts";
import { SHIPPED_LANGUAGES, type Values } from "./schema.ts";
import { checkSecretFile, type Environment, type Secret, secretOf } from "./secret.ts";
import { keyFault, type Source } from "./source.ts";

/** How a connection is encrypted; `none` never leaves this machine. */
export type Security = "tls" | "starttls" | "none";

/** Everything that keybot.toml says, read once and frozen. Paths are absolute, sizes are bytes. */
export interface Config {
  readonly file: string;
  readonly policy: Policy;
  readonly stateDir: string;
  /** Languages of a reply, in order; two lower-case letters each. */
  readonly languages: readonly string[];
  readonly imap: {
    readonly host: string;
    readonly port: number;
    readonly security: Security;
    /** PEM file of the CAs to believe, or null for those of Node.js. */
    readonly caFile: string | null;
    readonly user: string;
    readonly password: Secret;
    readonly mailbox: string;
    readonly folders: {
      readonly processed: string;
      readonly pending: string;
      readonly rejected: string;
      readonly unhandled: string;
    };
  };
  readonly smtp: {
    readonly host: string;
    readonly port: number;
    readonly security: Security;
    readonly caFile: string | null;
    /** Null: the server takes our mail without a login. */
    readonly login: { readonly user: string; readonly password: Secret } | null;
    readonly from: NamedAddress;
    /** Null: the null sender `<>`. */
    readonly bounceAddress: string | null;
  };
  readonly admin: { readonly address: string | null; readonly contact: string | null };
  /** The robot's S/MIME identity, or null: replies are not signed. */
  readonly signing: {
    readonly certificateFile: string;
    readonly keyFile: string;
    readonly keyPassword: Secret | null;
  } | null;
  /** `dir`: reply texts that go before the shipped ones, or null. */
  readonly texts: { readonly dir: string | null };
  readonly limits: {
    readonly messageBytes: number;
    readonly judgeSeconds: number;
    readonly judgeBytes: number;
  };
  readonly network: { readonly proxy: string | null; readonly privateAddresses: boolean };
  /** `cron` null: never by the clock. */
  readonly schedule: { readonly cron: string | null; readonly idle: boolean };
}

/**
 * Makes the configuration out of its values: what depends on more than one key is settled here.
 *
 * @throws KeybotError `config` when two keys contradict each other
 */
export function configOf(source: Source, values: Values, env: Environment): Config {
  const imap = imapOf(source, values, env);
  const smtp = smtpOf(source, values, env);
  return {
    file: source.file,
    policy: policyOf(values, robotOf(values, smtp.from.address)),
    stateDir: values[""].state_dir,
    languages: languagesOf(source, values),
    imap,
    smtp,
    admin: { address: values.admin.address, contact: values.admin.contact },
    signing: signingOf(source, values, env),
    texts: { dir: values.texts.dir },
    limits: {
      messageBytes: values.limits.message_size,
      judgeSeconds: values.limits.judge_seconds,
      judgeBytes: values.limits.judge_memory,
    },
    network: { proxy: values.network.proxy, privateAddresses: values.network.private_addresses },
    schedule: scheduleOf(source, values),
  };
}

const PORTS = {
  imap: { tls: 993, starttls: 143, none: 143 },
  smtp: { tls: 465, starttls: 587, none: 25 },
} as const;

function imapOf(source: Source, values: Values, env: Environment): Config["imap"] {
  const { host, port, security, ca_file, user, password_file, mailbox } = values.imap;
  const folders = values["imap.folders"];
  refuseClearText(source, "imap", security, host);
  for (const [key, name] of Object.entries(folders)) {
    if (name !== mailbox) continue;
    throw keyFault(
      source,
      "config.conflict",
      "imap.folders",
      key,
      `is the mailbox that is polled; the robot would read the same mails for ever`,
    );
  }
  return {
    host,
    port: port ?? PORTS.imap[security],
    security,
    caFile: ca_file,
    user,
    password: secretOf(
      { key: "imap.password_file", file: password_file, variable: "KEYBOT_IMAP_PASSWORD" },
      env,
    ),
    mailbox,
    folders,
  };
}

function smtpOf(source: Source, values: Values, env: Environment): Config["smtp"] {
  const { host, port, security, ca_file, user, password_file, from, bounce_address } = values.smtp;
  refuseClearText(source, "smtp", security, host);
  const imapUser = bareAddress(values.imap.user);
  const sender = from ?? (imapUser === null ? null : { name: null, address: imapUser });
  if (sender === null) {
    throw keyFault(
      source,
      "config.missing",
      "smtp",
      "from",
      "is missing, and imap.user is not a mail address",
    );
  }
  const password = { key: "smtp.password_file", file: password_file, variable: "KEYBOT_SMTP_PASSWORD" };
  return {
    host,
    port: port ?? PORTS.smtp[security],
    security,
    caFile: ca_file,
    login: user === null ? null : { user, password: secretOf(password, env) },
    from: sender,
    bounceAddress: bounce_address,
  };
}

function refuseClearText(source: Source, table: "imap" | "smtp", security: Security, host: string): void {
  if (security !== "none" || isLoopback(host)) return;
  throw keyFault(
    source,
    "config.clear-text",
    table,
    "security",
    `is "none", but ${host} is another machine: the password would cross the network in clear text`,
    'use "tls" or "starttls"',
  );
}

function languagesOf(source: Source, values: Values): readonly string[] {
  const { languages } = values[""];
  const missing =
    values.texts.dir === null ? languages.find((one) => !SHIPPED_LANGUAGES.includes(one)) : undefined;
  if (missing === undefined) return languages;
  throw keyFault(
    source,
    "config.conflict",
    "",
    "languages",
    `names "${missing}", for which no texts are shipped`,
    "write them and name their folder in [texts] dir",
  );
}

function signingOf(source: Source, values: Values, env: Environment): Config["signing"] {
  const { certificate_file, key_file, key_password_file } = values.signing;
  if (certificate_file === null && key_file === null) return null;
  if (certificate_file === null || key_file === null) {
    const missing = key_file === null ? "key_file" : "certificate_file";
    throw keyFault(source, "config.missing", "signing", missing, "is missing; a signature needs both files");
  }
  checkSecretFile(key_file, "signing.key_file");
  const variable = "KEYBOT_SIGNING_KEY_PASSWORD";
  const encrypted = key_password_file !== null || (env[variable] ?? "") !== "";
  const password = { key: "signing.key_password_file", file: key_password_file, variable };
  return {
    certificateFile: certificate_file,
    keyFile: key_file,
    keyPassword: encrypted ? secretOf(password, env) : null,
  };
}

function scheduleOf(source: Source, values: Values): Config["schedule"] {
  const { cron, idle } = values.schedule;
  if (cron !== null || idle) return { cron, idle };
  throw keyFault(
    source,
    "config.conflict",
    "schedule",
    "cron",
    "is empty and schedule.idle is false: keybot run would never look into the mailbox",
  );
}

/** The robot's own addresses: what it logs in as, what it writes as, and what is named besides. */
function robotOf(values: Values, from: string): readonly string[] {
  const user = bareAddress(values.imap.user);
  return [...new Set([...(user === null ? [] : [user]), from, ...values[""].robot])];
}

function policyOf(values: Values, robot: readonly string[]): Policy {
  const { trust, requests } = values;
  const budget = values["requests.budget"];
  return {
    tag: values[""].tag,
    subjectMarks: requests.subject_marks,
    domains: values[""].domains,
    robot,
    border: {
      ownHosts: requests.own_hosts,
      ownNetworks: requests.own_networks,
      authservIds: requests.authserv_id,
      authenticationResults: requests.authentication_results,
      mailboxSource: requests.mailbox_source,
    },
    certificates: {
      publicRoots: trust.public_roots,
      fetchIssuers: trust.fetch_issuers,
      revocation: trust.revocation,
      unansweredDays: trust.unanswered_days,
      pin: trust.pin,
      exactLocalPart: trust.exact_local_part,
      minimumRsaBits: trust.minimum_rsa_bits,
      partialSignature: trust.partial_signature,
      replay: trust.replay,
      replayDays: trust.replay_days,
      pendingPerDomain: trust.pending_per_domain,
      pendingTotal: trust.pending_total,
      initialPolicies: DEFAULT_POLICY.certificates.initialPolicies,
    },
    replies: {
      hints: requests.hints,
      budget: {
        perAddress: budget.per_address,
        perDomain: budget.per_domain,
        total: budget.total,
        unauthenticated: budget.unauthenticated,
      },
      robotLocalParts: requests.robot_local_parts,
      mailboxesPerRequest: requests.mailboxes_per_request,
    },
  };
}
