import { faultOf, type Given } from "../../config/index.ts";
import { KeybotError } from "../../errors.ts";
import { DEFAULT_POLICY } from "../../policy.ts";
import type { Terminal } from "../terminal.ts";

/** What `keybot init` was told by its options. */
export interface InitOptions {
  readonly domain?: readonly string[];
  readonly stateDir?: string;
  readonly robot?: string;
  readonly imapHost?: string;
  readonly smtpHost?: string;
  readonly ownHost?: readonly string[];
  readonly admin?: string;
  readonly tag?: string;
  readonly publicRoots?: boolean;
  readonly yes?: boolean;
}

/** One thing that an installation must say of itself. */
interface Question {
  readonly option: Exclude<keyof InitOptions, "yes" | "publicRoots" | "stateDir">;
  readonly flag: string;
  readonly text: string;
  /** The key of keybot.toml that says what a right answer is. */
  readonly like: string;
  /** The answer is a list, written with blanks or commas between. */
  readonly several: boolean;
  /** Without a terminal and without --yes it must be given. */
  readonly needed: boolean;
  /** The usual answer, from the first own domain; empty: none. */
  readonly usual: (domain: string) => string;
}

const ONE = { several: false, needed: true } as const;

const QUESTIONS: readonly Question[] = [
  {
    ...{ option: "domain", flag: "--domain", text: "Own mail domains", like: "domains" },
    ...{ several: true, needed: true, usual: () => "" },
  },
  {
    ...{ option: "robot", flag: "--robot", text: "Address of the robot", like: "admin.address" },
    ...{ ...ONE, usual: (domain) => `key-management@${domain}` },
  },
  {
    ...{ option: "imapHost", flag: "--imap-host", text: "IMAP server", like: "imap.host" },
    ...{ ...ONE, usual: (domain) => `imap.${domain}` },
  },
  {
    ...{ option: "smtpHost", flag: "--smtp-host", text: "SMTP server", like: "smtp.host" },
    ...{ ...ONE, usual: (domain) => `mail.${domain}` },
  },
  {
    ...{ option: "ownHost", flag: "--own-host", text: "Own servers, as Received lines name them" },
    ...{ like: "requests.own_hosts", several: true, needed: false, usual: () => "" },
  },
  {
    ...{
      option: "admin",
      flag: "--admin",
      text: "Who is told of pending certificates",
      like: "admin.address",
    },
    ...{ several: false, needed: false, usual: (domain) => `postmaster@${domain}` },
  },
  {
    ...{ option: "tag", flag: "--tag", text: "Subject that asks for a certificate", like: "tag" },
    ...{ several: false, needed: false, usual: () => DEFAULT_POLICY.tag },
  },
];

type Answer = string | readonly string[];

/**
 * The keys that the new configuration sets: from the options, else asked, else the usual ones.
 *
 * @throws KeybotError `usage` when an option is wrong, or one is missing and nobody can be asked
 */
export async function givenKeys(options: InitOptions, terminal: Terminal): Promise<Given> {
  const answers = new Map<Question["option"], Answer>();
  let domain = "";
  for (const question of QUESTIONS) {
    const answer = await answerTo(question, options, domain, terminal);
    answers.set(question.option, answer);
    if (question.option === "domain") domain = answer[0] ?? "";
  }
  const robot = String(answers.get("robot"));
  const keys: readonly (readonly [string, Answer | undefined])[] = [
    ["tag", answers.get("tag")],
    ["domains", answers.get("domain")],
    ["imap.host", answers.get("imapHost")],
    ["imap.user", robot],
    ["imap.password_file", "secrets/imap"],
    ["smtp.host", answers.get("smtpHost")],
    ["smtp.user", robot],
    ["smtp.password_file", "secrets/smtp"],
    ["smtp.from", `Key Management <${robot}>`],
    ["requests.own_hosts", answers.get("ownHost")],
    ["admin.address", answers.get("admin")],
  ];
  return new Map(
    keys.flatMap(([key, value]) => (value === undefined || value.length === 0 ? [] : [[key, value]])),
  );
}

/**
 * Whether the public CAs shall vouch for partners: from the option, else asked, else yes.
 *
 * @param what names the list, as the question says it
 */
export async function wantsPublicRoots(
  options: InitOptions,
  what: string,
  terminal: Terminal,
): Promise<boolean> {
  if (options.publicRoots !== undefined) return options.publicRoots;
  if (options.yes === true || !terminal.interactive) return true;
  for (;;) {
    const answer = (await terminal.ask(`Trust ${what}? [Y/n] `)).toLowerCase();
    if (/^(y|yes)?$/.test(answer)) return true;
    if (/^(n|no)$/.test(answer)) return false;
    terminal.err("  it must be y or n\n");
  }
}

async function answerTo(
  question: Question,
  options: InitOptions,
  domain: string,
  terminal: Terminal,
): Promise<Answer> {
  const given = options[question.option];
  if (given !== undefined) {
    const fault = faultOf(question.like, given);
    if (fault === null) return given;
    throw new KeybotError("usage", "cli.option", `${question.flag} ${fault}`);
  }
  const usual = question.usual(domain);
  if (terminal.interactive && options.yes !== true) return asked(question, usual, terminal);
  const hasUsual = usual !== "" || !question.needed;
  if (hasUsual && (options.yes === true || !question.needed)) return read(question, usual);
  throw new KeybotError(
    "usage",
    "cli.option-missing",
    `${question.flag} is missing, and there is nobody to ask`,
    {
      hint: hasUsual
        ? `name it, or take "${usual}" and all other usual answers with --yes`
        : "keybot init --help shows an example",
    },
  );
}

/** Asks until the answer is right. */
async function asked(question: Question, usual: string, terminal: Terminal): Promise<Answer> {
  for (;;) {
    const written = await terminal.ask(`${question.text}${usual === "" ? "" : ` [${usual}]`}: `);
    const text = written === "" ? usual : written;
    const answer = read(question, text);
    if (text === "" && !question.needed) return answer;
    const fault = text === "" ? "is needed" : faultOf(question.like, answer);
    if (fault === null) return answer;
    terminal.err(`  it ${fault}\n`);
  }
}

function read(question: Question, text: string): Answer {
  return question.several ? text.split(/[\s,]+/).filter((word) => word !== "") : text;
}
