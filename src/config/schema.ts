import { DEFAULT_POLICY } from "../policy.ts";
import { CRON } from "./cron-kind.ts";
import { byDefault, type Key, optional, recommended, required, type Table } from "./key.ts";
import {
  choice,
  FILE,
  FOLDER,
  integer,
  list,
  oneOrMore,
  orEmpty,
  PATH,
  Refusal,
  SWITCH,
  TAG,
  TEXT,
  textKind,
} from "./kind.ts";
import { ADDRESS, DOMAIN, HOST, NAMED_ADDRESS, NETWORK, PROXY } from "./network-kind.ts";
import { DURATION, RATE, size, writeRate } from "./quantity-kind.ts";

/*
 * Every key of keybot.toml, in the order in which the example and docs/CONFIG.md show them.
 *
 * This table is the only place that names a key: reading, "did you mean", the example configuration and the
 * documentation come from it. A new key needs a default, so that yesterday's file runs with today's code.
 */

/** The languages whose reply texts are shipped. */
export const SHIPPED_LANGUAGES: readonly string[] = ["de", "en"];

const LANGUAGE = textKind("language", 'a language of two letters such as "de"', (text) =>
  /^[a-z]{2}$/.test(text) ? text : new Refusal(),
);

const LOCAL_PART = textKind(
  "local part",
  'the part of an address before the "@", such as "noreply"',
  (text) => (/^[^\s@]{1,64}$/.test(text) ? text.toLowerCase() : new Refusal()),
);

const SECURITY = choice("tls", "starttls", "none");
const DOUBT = choice("accept", "pending", "reject");

const { border, certificates, replies } = DEFAULT_POLICY;

const SECURITY_DOC =
  "`tls` encrypts from the first byte, `starttls` before anything is said (a server that does not offer it is an " +
  "error, so that nobody on the way can strip it), `none` is allowed for this machine only (127.0.0.0/8, ::1, " +
  "localhost). The server's certificate is always verified: without that, anyone on the way reads the password.";

const CA_DOC =
  "CA certificates (PEM) that the server's certificate is checked against, instead of those that come with Node.js.";

export const SCHEMA = {
  "": {
    doc:
      "Who we are. Paths are relative to this file. Passwords never stand in it: a key NAME_file names a file that " +
      "holds one, or the environment does (KEYBOT_IMAP_PASSWORD, KEYBOT_SMTP_PASSWORD), which wins over the file.",
    keys: {
      tag: byDefault(
        TAG,
        DEFAULT_POLICY.tag,
        "The subject that asks for a certificate. A mail is a request when its decoded subject is exactly this, " +
          "capital letters and brackets included; `Re:` or a text around it makes it no request.",
        DEFAULT_POLICY.tag,
      ),
      domains: required(
        list(DOMAIN, 1),
        ["company.example"],
        "The mail domains that are ours, each subdomain named on its own. Only addresses in them are answered for; a " +
          "request for any other address gets no reply, so that nobody can use the robot to ask about third parties.",
      ),
      robot: byDefault(
        list(ADDRESS),
        [],
        "More addresses of the robot itself, beside `imap.user` (when it is an address) and `smtp.from`. The robot " +
          "never answers its own mail; an address that is missing here could make it talk to itself.",
      ),
      languages: byDefault(
        list(LANGUAGE, 1),
        SHIPPED_LANGUAGES,
        "The languages of every reply, in this order. German (de) and English (en) are shipped.",
        SHIPPED_LANGUAGES,
      ),
      state_dir: byDefault(
        PATH,
        "state",
        "Folder of the database, its caches and its lock. It must be private to the user who runs keybot: whoever " +
          "can write there decides whom the company encrypts to.",
        "state",
      ),
    },
  },
  imap: {
    doc: "The robot mailbox.",
    keys: {
      host: required(HOST, "imap.company.example", "The IMAP server."),
      port: optional(integer(1, 65_535), 993, "Without it 993 for `tls`, else 143."),
      security: byDefault(SECURITY, "tls", SECURITY_DOC),
      ca_file: optional(FILE, "ca.pem", CA_DOC),
      user: required(TEXT, "key-management@company.example", "The user to log in as."),
      password_file: recommended(
        PATH,
        "secrets/imap",
        "File with the password, private to its owner (chmod 600): whoever reads it reads and deletes our mail. A " +
          "file of root may be readable by a group (chmod 640); files below /run/secrets may be readable by all.",
      ),
      mailbox: byDefault(
        TEXT,
        "INBOX",
        "The mailbox that is polled. `/` parts levels, whatever the server's delimiter is (`\\/` is a slash in a name). A name is one of the " +
          "account's own unless it begins with the prefix of another namespace (`user.sales`, `Other Users/sales`) or with `/`, which takes it whole, from the root.",
      ),
    },
  },
  "imap.folders": {
    doc:
      "Where a mail goes when it is done with. No mail is ever deleted. Missing folders are created: beside the mailbox, and in " +
      "another user's or a shared namespace, where there is nothing beside it, inside it. Names are written as `imap.mailbox`; one that begins with the prefix of a namespace or with `/` is taken whole. `keybot doctor` says where they are.",
    keys: {
      processed: byDefault(
        TEXT,
        "Processed",
        "A certificate was stored or is known, or a request was answered.",
      ),
      pending: byDefault(TEXT, "Pending", "A certificate waits for `keybot approve` or `keybot reject`."),
      rejected: byDefault(TEXT, "Rejected", "Everything that was offered was rejected."),
      unhandled: byDefault(TEXT, "Unhandled", "Automatic, encrypted, plain and unreadable mail."),
    },
  },
  smtp: {
    doc: "Where replies are handed in.",
    keys: {
      host: required(HOST, "mail.company.example", "The SMTP server."),
      port: optional(integer(1, 65_535), 587, "Without it 587 for `starttls`, 465 for `tls`, 25 for `none`."),
      security: byDefault(SECURITY, "starttls", SECURITY_DOC),
      ca_file: optional(FILE, "ca.pem", CA_DOC),
      user: recommended(
        TEXT,
        "key-management@company.example",
        "The user to log in as; without it the server must take our mail unauthenticated.",
      ),
      password_file: recommended(
        PATH,
        "secrets/smtp",
        "File with the password, private to its owner like `imap.password_file`.",
      ),
      from: recommended(
        NAMED_ADDRESS,
        "Key Management <key-management@company.example>",
        "The From of every reply. Without it `imap.user`, when that is an address.",
      ),
      bounce_address: byDefault(
        orEmpty(ADDRESS),
        "",
        "The envelope sender of every reply. Empty is the null sender `<>` (RFC 3834 §3.3): nothing can come back, " +
          "so no two robots can answer each other for ever. With the robot's own address (or one that leads there) it learns " +
          "which replies came back: `keybot log` shows it, and the admin is told.",
      ),
    },
  },
  trust: {
    doc: "What makes a certificate good enough to encrypt to.",
    keys: {
      public_roots: byDefault(
        SWITCH,
        certificates.publicRoots,
        "Trust the public e-mail CAs that `keybot init` or `keybot trust update` has loaded. When false, only what " +
          "`keybot trust add` was given vouches for anybody.",
      ),
      revocation: byDefault(
        choice("off", "soft-fail", "hard-fail"),
        certificates.revocation,
        "Ask the CA whether it has revoked a certificate. `hard-fail` waits for an answer: with `soft-fail`, whoever " +
          "stole a key and can block the CA's server from our network has his certificate accepted.",
      ),
      ocsp_max_age: byDefault(
        DURATION,
        "10d",
        "How long a kept OCSP answer counts since it was last had: so long who blocks a CA can hide a revocation.",
      ),
      crl_max_age: byDefault(
        DURATION,
        "30d",
        "The same for a CRL. One just fetched counts until its nextUpdate.",
      ),
      unanswered_days: byDefault(
        integer(1, 365),
        certificates.unansweredDays,
        "Days without an answer of its CA after which the admin is told of a certificate in use, which it stays.",
      ),
      fetch_issuers: byDefault(
        SWITCH,
        certificates.fetchIssuers,
        "Fetch the certificate of a CA that a mail lacks from where the certificate below it says; else such a mail waits " +
          "for a person. Asked over HTTP only when the signature is right, never at private addresses, and what comes is " +
          "no more than a candidate. Off, no stranger's certificate makes this machine call anywhere before its path is " +
          "valid, and nobody can see from his own server when we read his mail.",
      ),
      pin: byDefault(
        choice("approved", "first", "off"),
        certificates.pin,
        "When a second key for an address waits for a person: `approved` when an admin has approved the first by " +
          "hand, `first` always, `off` never. Prevents that a CA which was deceived, or a stolen mail account, adds a " +
          "key of the thief beside the partner's.",
      ),
      exact_local_part: byDefault(
        SWITCH,
        certificates.exactLocalPart,
        "Compare the part before the @ letter by letter, as RFC 8550 §3 does. When false, ASCII capitals and small " +
          "letters are the same, as mail programs have it. Turn it on when a partner's domain has mailboxes that " +
          "differ in case alone: one could speak for the other.",
      ),
      minimum_rsa_bits: byDefault(
        integer(1024, 8192),
        certificates.minimumRsaBits,
        "The smallest RSA key. Shorter keys are broken by whoever records the mail; below 2048 is for old mail " +
          "that nobody needs to keep secret.",
      ),
      partial_signature: byDefault(
        DOUBT,
        certificates.partialSignature,
        "A right signature over only a part of the mail: a list footer, a disclaimer, or a stranger who put another's " +
          "signed mail into one of his own.",
      ),
      replay: byDefault(
        DOUBT,
        certificates.replay,
        "A signing time far from the arrival: a delayed mail, or an old one that was recorded and sent again to bring " +
          "back a key that its owner has given up.",
      ),
      replay_days: byDefault(
        integer(1, 3650),
        certificates.replayDays,
        "Days between signing and arrival that count as ordinary.",
      ),
      pending_per_domain: byDefault(
        integer(1, 100_000),
        certificates.pendingPerDomain,
        "New pending certificates of one organisation's domain, with all names below it, in 24 hours; at a freemail " +
          "provider of one address. Above it an authenticated sender's mail waits, 72 hours at most, others' are turned " +
          "away. Prevents that somebody buries the one certificate that matters under thousands that nobody can check.",
      ),
      pending_total: byDefault(
        integer(1, 1_000_000),
        certificates.pendingTotal,
        "The same of all senders together; those who are authenticated and those who are not are counted apart.",
      ),
    },
  },
  requests: {
    doc: "Who asks for a certificate, and for which address.",
    keys: {
      own_hosts: byDefault(
        list(HOST),
        border.ownHosts ?? [],
        "The names behind `by` in the Received lines of our own servers. What stands below the first one that took a " +
          "mail from outside was written by its sender, who can forge every header there. Without this list no " +
          "delivery header is believed, and To and Cc alone say whom a request was sent to.",
        ["mx.company.example"],
      ),
      own_networks: byDefault(
        list(NETWORK),
        border.ownNetworks,
        "Addresses of our own servers and clients. A Received line with a client from elsewhere is where the mail came " +
          "in. A network of strangers here lets them forge delivery headers and authentication results.",
        ["127.0.0.0/8", "::1/128", "10.0.0.0/8"],
      ),
      authserv_id: byDefault(
        oneOrMore(HOST),
        border.authservIds,
        "The name (or names) with which our own servers sign their Authentication-Results (RFC 8601 §2.5). Others are " +
          "ignored, because a sender can write them. Without it nobody counts as authenticated. `exchange-online` believes " +
          "the first field without a name above the border's Received, as Exchange Online writes it.",
        "mx.company.example",
      ),
      authentication_results: byDefault(
        choice("above", "below"),
        border.authenticationResults,
        "Where our own filter writes Authentication-Results, seen from the Received line of our border; `keybot doctor` " +
          "counts what it sees. `below` (rspamd; OpenDKIM and OpenDMARC until May 2026) believes the fields directly below, " +
          "and is only safe where the border strips forged fields of our name first; docs/WIRING.md has the line.",
      ),
      subject_marks: byDefault(
        list(TAG),
        DEFAULT_POLICY.subjectMarks,
        "What our own gateway writes before or behind the subject of mail from outside. It is taken off at either end, when " +
          "exactly equal, before the subject is compared with `tag`; blanks around it do not count.",
        ["[EXTERN]"],
      ),
      mailbox_source: byDefault(
        choice("auto", "x-original-to", "delivered-to", "to"),
        border.mailboxSource,
        "Where the address that a request was sent to is read. `auto` takes the first that there is: X-Original-To, " +
          "Delivered-To, X-Sieve-Redirected-From, the `for` of the Received line, To and Cc.",
      ),
      hints: byDefault(
        SWITCH,
        replies.hints,
        "Tell a person who nearly wrote the tag, at most once a day, how it is written.",
      ),
      robot_local_parts: byDefault(
        list(LOCAL_PART),
        replies.robotLocalParts,
        "Local parts that no person reads; they are never answered, so that two robots cannot answer each other.",
      ),
      mailboxes_per_request: byDefault(
        integer(1, 50),
        replies.mailboxesPerRequest,
        "Addresses that one request may ask for. More is somebody who collects addresses, not somebody who writes.",
      ),
    },
  },
  "requests.budget": {
    doc:
      "How many replies may go out. What is over budget waits up to 24 hours. Prevents that forged senders make the " +
      "robot flood other people with mail.",
    keys: {
      per_address: byDefault(
        RATE,
        writeRate(replies.budget.perAddress),
        "To one address, plus forms folded.",
      ),
      per_domain: byDefault(
        RATE,
        writeRate(replies.budget.perDomain),
        "To all addresses of one domain; counted apart for senders who are authenticated and who are not.",
      ),
      total: byDefault(RATE, writeRate(replies.budget.total), "To all authenticated senders together."),
      unauthenticated: byDefault(
        RATE,
        writeRate(replies.budget.unauthenticated),
        "To all senders together whose domain was not authenticated: these are the ones that may be forged.",
      ),
    },
  },
  admin: {
    doc: "The people behind the robot.",
    keys: {
      address: recommended(
        ADDRESS,
        "postmaster@company.example",
        "Who is told by mail of pending certificates (at most once an hour), and of replies that failed or came back, " +
          "mails that could not be read, a used-up budget and an outbox that does not empty (at most once a day).",
      ),
      contact: recommended(
        ADDRESS,
        "Securemail_Info@company.example",
        "What replies tell partners to write to when they are stuck.",
      ),
    },
  },
  signing: {
    doc:
      "The robot's own S/MIME identity. With it every reply is signed, so that a partner can tell our certificates " +
      "from those that a forger sends in our name.",
    keys: {
      certificate_file: optional(FILE, "robot.pem", "Its certificate (PEM), followed by the issuers'."),
      key_file: optional(
        FILE,
        "secrets/robot.key",
        "Its private key (PEM, PKCS#8), private to its owner like a password: whoever reads it signs as the robot.",
      ),
      key_password_file: optional(
        PATH,
        "secrets/robot.password",
        "File with the password of that key, when it is encrypted; or KEYBOT_SIGNING_KEY_PASSWORD.",
      ),
    },
  },
  texts: {
    doc: "The words of the replies.",
    keys: {
      dir: optional(
        FOLDER,
        "texts",
        "Folder with texts of your own, in one folder a language (`texts/de/accepted.txt`), as in `data/texts`. " +
          "A text that is not there is taken from the shipped ones.",
      ),
    },
  },
  limits: {
    doc: "What one mail may cost. One that costs more is filed under Unhandled, and the robot goes on.",
    keys: {
      message_size: byDefault(
        size("64 KiB", "1 GiB"),
        "64 MiB",
        "Larger mails are not read. Prevents that one mail fills the memory of the machine.",
      ),
      judge_seconds: byDefault(
        integer(1, 600),
        20,
        "Time to read and judge one mail, in the child process that does it. Prevents that a mail made to be slow " +
          "stops all others.",
      ),
      judge_memory: byDefault(
        size("64 MiB", "16 GiB"),
        "512 MiB",
        "Memory of that child process. Prevents that a mail made to grow when it is unpacked takes the machine down.",
      ),
    },
  },
  network: {
    doc:
      "How CRLs, OCSP answers and missing issuers are fetched, whose URLs stand in certificates of strangers, and the " +
      "list of `keybot trust update URL`.",
    keys: {
      proxy: byDefault(orEmpty(PROXY), "", "An HTTP proxy for these fetches, and for nothing else."),
      private_addresses: byDefault(
        SWITCH,
        false,
        "Also fetch from private and local addresses. When false, no certificate can make keybot call a server inside " +
          "our own network (SSRF). Turn it on only for a CA of your own that publishes there.",
      ),
    },
  },
  schedule: {
    doc: "When `keybot run` looks into the mailbox.",
    keys: {
      cron: byDefault(
        orEmpty(CRON),
        "*/5 * * * *",
        "Minute, hour, day, month, weekday, in the machine's time zone. Also catches what IDLE has missed.",
      ),
      idle: byDefault(SWITCH, true, "Be told of new mail at once (IMAP IDLE, RFC 2177)."),
    },
  },
} as const satisfies Readonly<Record<string, Table>>;

/** Names of the tables; `""` is the top of the file. */
export type TableName = keyof typeof SCHEMA;

type ValueOf<K> = K extends Key<infer T> ? T : never;

/** Every key with its value, read and defaulted. */
export type Values = {
  readonly [T in TableName]: {
    readonly [K in keyof (typeof SCHEMA)[T]["keys"]]: ValueOf<(typeof SCHEMA)[T]["keys"][K]>;
  };
};

/** The same table without its literal types, for code that walks it. */
export const TABLES: ReadonlyMap<string, Table> = new Map(Object.entries(SCHEMA));

/** How a key is named in errors and documents: `imap.host`, `tag`. */
export function keyName(table: string, key: string): string {
  return table === "" ? key : `${table}.${key}`;
}
