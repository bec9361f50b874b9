import { describe, expect, it } from "vitest";

import { type Config, exampleConfig, parseConfig } from "../../src/config/index.ts";
import { KeybotError } from "../../src/errors.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";

const FILE = "/srv/keybot/keybot.toml";

/** The shortest file that works. */
const SHORTEST = `domains = ["company.example"]
[imap]
host = "imap.company.example"
user = "key-management@company.example"
[smtp]
host = "mail.company.example"
`;

function parse(text: string, env: Record<string, string> = {}): Config {
  return parseConfig({ file: FILE, text }, env);
}

/** The error as the command line prints it: the message, then the hint. */
function faultOf(text: string, env: Record<string, string> = {}): readonly [string, string | null, string] {
  try {
    parse(text, env);
  } catch (error) {
    if (error instanceof KeybotError && error.kind === "config")
      return [error.message, error.hint, error.code];
    throw error;
  }
  throw new Error("the configuration was accepted");
}

describe("a configuration file", () => {
  it("needs the own domains, the two servers and the user only, and has the shipped policy else", () => {
    const config = parse(SHORTEST);
    expect(config.policy).toEqual({
      ...DEFAULT_POLICY,
      domains: ["company.example"],
      robot: ["key-management@company.example"],
    });
    expect(config).toMatchObject({
      file: FILE,
      stateDir: "/srv/keybot/state",
      languages: ["de", "en"],
      imap: { host: "imap.company.example", port: 993, security: "tls", caFile: null, mailbox: "INBOX" },
      smtp: {
        host: "mail.company.example",
        port: 587,
        security: "starttls",
        login: null,
        from: { name: null, address: "key-management@company.example" },
        bounceAddress: null,
      },
      admin: { address: null, contact: null },
      signing: null,
      texts: { dir: null },
      limits: { messageBytes: 64 * 2 ** 20, judgeSeconds: 20, judgeBytes: 512 * 2 ** 20 },
      revocationMaxAge: { ocsp: 864_000_000, crl: 2_592_000_000 },
      network: { proxy: null, privateAddresses: false },
      schedule: { cron: "*/5 * * * *", idle: true },
    });
  });

  it("is frozen through and through", () => {
    const config = parse(SHORTEST);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.policy.replies.budget.perAddress)).toBe(true);
    expect(Object.isFrozen(config.imap.folders)).toBe(true);
  });

  it("loads as the shipped example, in which every table is set", () => {
    const config = parse(exampleConfig());
    expect(config.policy.border).toMatchObject({
      ownHosts: ["mx.company.example"],
      authservIds: ["mx.company.example"],
    });
    expect(config.smtp).toMatchObject({
      from: { name: "Key Management", address: "key-management@company.example" },
      login: { user: "key-management@company.example" },
    });
    expect(config.admin.contact).toBe("Securemail_Info@company.example");
  });

  it("loads as the example with each comment of a default taken away", () => {
    const text = exampleConfig().replace(/^# ([a-z_]+ = .*)$/gm, (line, setting: string) =>
      /^(ca_file|certificate_file|key_file|key_password_file|dir) /.test(setting) ? line : setting,
    );
    expect(parse(text).policy).toEqual(parse(exampleConfig()).policy);
  });

  it("takes inline tables as CONTRACT.md §4 writes them", () => {
    const config = parse(
      `${SHORTEST}[requests]\nbudget = { per_address = "7/hour" }\n[imap.folders]\npending = "Wartet"\n`,
    );
    expect(config.policy.replies.budget).toEqual({
      ...DEFAULT_POLICY.replies.budget,
      perAddress: { limit: 7, seconds: 3600 },
    });
    expect(config.imap.folders.pending).toBe("Wartet");
  });

  it("knows its own addresses: the IMAP user, the sender and those named besides", () => {
    const text = `robot = ["old-robot@Company.Example"]\n${SHORTEST}from = "Keys <keys@COMPANY.example>"\n`;
    expect(parse(text).policy.robot).toEqual([
      "key-management@company.example",
      "keys@company.example",
      "old-robot@company.example",
    ]);
    expect(
      parse(text.replace('user = "key-management@company.example"', 'user = "robot"')).policy.robot,
    ).toEqual(["keys@company.example", "old-robot@company.example"]);
  });

  it.each([
    ["tls", 993, 465],
    ["starttls", 143, 587],
  ])("takes the ports of %s when none is named", (security, imap, smtp) => {
    const text = SHORTEST.replaceAll("host =", `security = "${security}"\nhost =`);
    const config = parse(text);
    expect([config.imap.port, config.smtp.port]).toEqual([imap, smtp]);
  });

  it.each(["127.0.0.1", "127.8.9.10", "::1", "localhost"])("may speak unencrypted to %s", (host) => {
    const text = SHORTEST.replace("imap.company.example", host).replace(
      "[smtp]",
      'security = "none"\n[smtp]',
    );
    expect(parse(text).imap).toMatchObject({ security: "none", host, port: 143 });
  });

  it.each([
    ['domains = ["Müller.example"]', ["xn--mller-kva.example"]],
    ['domains = ["A.example", "a.EXAMPLE."]', ["a.example"]],
  ])("reads %s in lower-case A-labels, each once", (line, expected) => {
    expect(parse(SHORTEST.replace(/^domains.*$/m, line)).policy.domains).toEqual(expected);
  });

  it.each([
    ['authserv_id = "mx.company.example"', ["mx.company.example"]],
    ['authserv_id = ["a.example", "b.example"]', ["a.example", "b.example"]],
    ['authserv_id = ""', []],
    ['authserv_id = "exchange-online"', ["exchange-online"]],
  ])("reads %s as a list", (line, expected) => {
    expect(parse(`${SHORTEST}[requests]\n${line}\n`).policy.border.authservIds).toEqual(expected);
  });

  it.each([
    ["", "above"],
    ['authentication_results = "above"', "above"],
    ['authentication_results = "below"', "below"],
  ])("[requests] %s: results stand %s the border", (line, expected) => {
    expect(parse(`${SHORTEST}[requests]\n${line}\n`).policy.border.authenticationResults).toBe(expected);
  });
});

/** Every fault with its whole sentence: what is printed after `keybot: `, and the hint below it. */
const FAULTS: readonly (readonly [what: string, text: string, message: string, hint: string | null])[] = [
  [
    "is not TOML",
    `${SHORTEST}port = \n`,
    "FILE:7: this is not TOML: invalid value",
    "look at column 8; a text needs quotes, a key stands once",
  ],
  [
    "sets a key twice",
    `${SHORTEST}host = "b.example"\n`,
    "FILE:7: this is not TOML: trying to redefine an already defined table or value",
    "look at column 1; a text needs quotes, a key stands once",
  ],
  ["is empty", "", "FILE: domains is missing", 'add to the top of the file: domains = ["company.example"]'],
  [
    "lacks a key of a table",
    SHORTEST.replace(/^host = "imap.*$/m, ""),
    "FILE:2: imap.host is missing",
    'add to [imap]: host = "imap.company.example"',
  ],
  [
    "misspells a key",
    SHORTEST.replace("host =", "hots ="),
    "FILE:3: imap.hots is not a key of keybot",
    "did you mean imap.host?",
  ],
  [
    "misspells a table",
    `${SHORTEST}[limit]\n`,
    "FILE:7: limit is not a key of keybot",
    "did you mean limits?",
  ],
  [
    "misspells a key in an inline table",
    `${SHORTEST}[requests]\nbudget = { per_adress = "5/day" }\n`,
    "FILE:8: requests.budget.per_adress is not a key of keybot",
    "did you mean requests.budget.per_address?",
  ],
  [
    "has a key in the wrong table",
    `own_hosts = ["mx.company.example"]\n${SHORTEST}`,
    "FILE:1: own_hosts is not a key of keybot",
    "it belongs in [requests]",
  ],
  [
    "has a top key below a table",
    `${SHORTEST}state_dir = "x"\n`,
    "FILE:7: smtp.state_dir is not a key of keybot",
    "it belongs above the first table",
  ],
  [
    "has a key that is near to nothing",
    `${SHORTEST}[trust]\nxylophone = 1\n`,
    "FILE:8: trust.xylophone is not a key of keybot",
    "docs/CONFIG.md lists every key",
  ],
  [
    "has a key that JavaScript could mistake",
    `${SHORTEST}[trust]\ntoString = 1\n`,
    "FILE:8: trust.toString is not a key of keybot",
    "docs/CONFIG.md lists every key",
  ],
  [
    "has a value instead of a table",
    `imap = "imap.company.example"\n${SHORTEST.replace("[imap]", "[smtp.x]")}`,
    'FILE:1: imap is "imap.company.example"; it must be a table',
    null,
  ],
  [
    "has a table instead of a value",
    `${SHORTEST}[schedule]\nidle = { on = true }\n`,
    "FILE:8: schedule.idle is a table; it must be true or false, without quotes",
    null,
  ],
  [
    "has the IMAP password inline",
    SHORTEST.replace("[smtp]", 'password = "hunter2"\n[smtp]'),
    "FILE:5: imap.password must not stand in this file",
    'write it into a file of its own, chmod 600, and name that: password_file = "secrets/imap"; ' +
      "or set KEYBOT_IMAP_PASSWORD",
  ],
  [
    "has the password of the signing key inline",
    `${SHORTEST}[signing]\nkey_password = "hunter2"\n`,
    "FILE:8: signing.key_password must not stand in this file",
    'write it into a file of its own, chmod 600, and name that: key_password_file = "secrets/signing"; ' +
      "or set KEYBOT_SIGNING_KEY_PASSWORD",
  ],
  [
    "asks for OAuth 2",
    `${SHORTEST}[imap.oauth2]\nclient_id = "x"\n`,
    "FILE:7: imap.oauth2 is not available yet; use imap.password_file",
    null,
  ],
  [
    "would send the IMAP password in clear text",
    SHORTEST.replace("[smtp]", 'security = "none"\n[smtp]'),
    'FILE:5: imap.security is "none", but imap.company.example is another machine: ' +
      "the password would cross the network in clear text",
    'use "tls" or "starttls"',
  ],
  [
    "would send the SMTP password in clear text",
    `${SHORTEST}security = "none"\n`,
    'FILE:7: smtp.security is "none", but mail.company.example is another machine: ' +
      "the password would cross the network in clear text",
    'use "tls" or "starttls"',
  ],
  [
    "has no sender",
    SHORTEST.replace('"key-management@company.example"', '"robot"'),
    "FILE:5: smtp.from is missing, and imap.user is not a mail address",
    null,
  ],
  [
    "files mail into the mailbox that is polled",
    `${SHORTEST}[imap.folders]\nprocessed = "INBOX"\n`,
    "FILE:8: imap.folders.processed is the mailbox that is polled; the robot would read the same mails for ever",
    null,
  ],
  [
    "names a language without texts",
    `languages = ["de", "fr"]\n${SHORTEST}`,
    'FILE:1: languages names "fr", for which no texts are shipped',
    "write them and name their folder in [texts] dir",
  ],
  [
    "would never look into the mailbox",
    `${SHORTEST}[schedule]\ncron = ""\nidle = false\n`,
    "FILE:8: schedule.cron is empty and schedule.idle is false: keybot run would never look into the mailbox",
    null,
  ],
  [
    "names a CA file that is not there",
    SHORTEST.replace("[smtp]", 'ca_file = "no-such.pem"\n[smtp]'),
    'FILE:5: imap.ca_file is "no-such.pem"; it must be the path of a file',
    "there is no /srv/keybot/no-such.pem",
  ],
  [
    "names a folder as a file",
    SHORTEST.replace("[smtp]", 'ca_file = "/"\n[smtp]'),
    'FILE:5: imap.ca_file is "/"; it must be the path of a file',
    "/ is not a file",
  ],
];

describe("a configuration file is refused when it", () => {
  it.each(FAULTS)("%s", (_what, text, message, hint) => {
    expect(faultOf(text).slice(0, 2)).toEqual([message.replace("FILE", FILE), hint]);
  });

  it("holds a password in a proxy, which the error does not repeat", () => {
    const [message] = faultOf(
      `${SHORTEST}[network]\nproxy = "http://me:hunter2@proxy.company.example:3128"\n`,
    );
    expect(message).toContain(
      "network.proxy cannot be used; it must be the URL of an HTTP proxy without user",
    );
    expect(message).not.toContain("hunter2");
  });

  it("is no TOML beside a password, which the error does not repeat", () => {
    const [message, hint] = faultOf(`${SHORTEST}password = "hunter2\n`);
    expect(`${message}${hint}`).not.toContain("hunter2");
  });
});

/** One row a kind of value: a key, what is wrong with it, and what the error says that it must be. */
const WRONG_VALUES: readonly (readonly [table: string, setting: string, rest: string, hint?: string])[] = [
  ["imap", 'port = "993"', 'imap.port is "993"; it must be a whole number from 1 to 65535, without quotes'],
  ["imap", "port = 0", "imap.port is 0; it must be a whole number from 1 to 65535, without quotes"],
  ["imap", "port = 99.5", "imap.port is 99.5; it must be a whole number from 1 to 65535, without quotes"],
  ["schedule", 'idle = "yes"', 'schedule.idle is "yes"; it must be true or false, without quotes'],
  ["schedule", "idle = 2026-01-01", "schedule.idle is a date; it must be true or false, without quotes"],
  ["trust", 'pin = "on"', 'trust.pin is "on"; it must be "approved", "first" or "off"'],
  [
    "trust",
    'revocation = "soft"',
    'trust.revocation is "soft"; it must be "off", "soft-fail" or "hard-fail"',
  ],
  ["trust", "replay = false", 'trust.replay is false; it must be "accept", "pending" or "reject"'],
  [
    "admin",
    'address = "postmaster"',
    'admin.address is "postmaster"; it must be a mail address such as "name@company.example"',
  ],
  [
    "admin",
    'address = "A <a@b.example>"',
    'admin.address is "A <a@b.example>"; it must be a mail address such as "name@company.example"',
    "write the address alone, without a name",
  ],
  [
    "admin",
    'address = "a b@c.example"',
    'admin.address is "a b@c.example"; it must be a mail address such as "name@company.example"',
  ],
  [
    "smtp",
    'from = "A <a@b.example"',
    'smtp.from is "A <a@b.example"; it must be a mail address such as "Key Management <name@company.example>"',
  ],
  [
    "smtp",
    String.raw`from = "A\nBcc: x@y.example <a@b.example>"`,
    String.raw`smtp.from is "A\nBcc: x@y.example <a@b.example>"; it must be a mail address such as "Key Management <name@company.example>"`,
  ],
  [
    "requests",
    'own_networks = ["10.0.0.0/33"]',
    'requests.own_networks has "10.0.0.0/33" in its list; each entry must be a network such as "10.0.0.0/8"',
  ],
  [
    "requests",
    'own_networks = ["0.0.0.0/0"]',
    'requests.own_networks has "0.0.0.0/0" in its list; each entry must be a network such as "10.0.0.0/8"',
    "it would make the whole Internet our own network",
  ],
  [
    "requests",
    'own_hosts = "mx.company.example"',
    'requests.own_hosts is "mx.company.example"; it must be a list in square brackets, each entry a host name such as "mail.company.example", or an IP address',
  ],
  [
    "requests.budget",
    'total = "0/day"',
    'requests.budget.total is "0/day"; it must be a rate such as "5/day" (a number from 1, then /second, /minute, /hour or /day)',
  ],
  [
    "limits",
    'message_size = "64 MB"',
    'limits.message_size is "64 MB"; it must be a size such as "64 MiB" (B, KiB, MiB or GiB), from 64 KiB to 1 GiB',
  ],
  [
    "trust",
    'ocsp_max_age = "10 days"',
    'trust.ocsp_max_age is "10 days"; it must be a duration such as "10d" (days) or "36h" (hours), up to 3650d',
  ],
  [
    "trust",
    'crl_max_age = "3651d"',
    'trust.crl_max_age is "3651d"; it must be a duration such as "10d" (days) or "36h" (hours), up to 3650d',
  ],
  [
    "limits",
    'judge_memory = "1 MiB"',
    'limits.judge_memory is "1 MiB"; it must be a size such as "64 MiB" (B, KiB, MiB or GiB), from 64 MiB to 16 GiB',
  ],
  [
    "schedule",
    'cron = "every 5 minutes"',
    'schedule.cron is "every 5 minutes"; it must be a cron line of five fields such as "*/5 * * * *" (minute hour day month weekday), or ""',
  ],
  ["imap", 'mailbox = ""', 'imap.mailbox is ""; it must be one line of text'],
  [
    "imap",
    String.raw`mailbox = "IN\u009bBOX"`,
    String.raw`imap.mailbox is "IN\u009bBOX"; it must be one line of text`,
  ],
];

describe("a value of the wrong kind", () => {
  const rows = WRONG_VALUES.map(([table, setting, rest, hint = null]) => ({ table, setting, rest, hint }));

  it.each(rows)("[$table] $setting", ({ table, setting, rest, hint }) => {
    const header = `[${table}]`;
    const text = SHORTEST.includes(header)
      ? SHORTEST.replace(header, `${header}\n${setting}`)
      : `${SHORTEST}${header}\n${setting}\n`;
    const line = text.split("\n").indexOf(setting) + 1;
    expect(faultOf(text).slice(0, 2)).toEqual([`${FILE}:${line}: ${rest}`, hint]);
  });

  it.each(['domains = "company.example"', "domains = []"])("%s", (line) => {
    const is = line.endsWith("]") ? "a list" : '"company.example"';
    expect(faultOf(SHORTEST.replace(/^domains.*$/m, line))[0]).toBe(
      `${FILE}:1: domains is ${is}; it must be a list in square brackets, at least one, ` +
        'each entry a domain such as "company.example"',
    );
  });

  it.each([
    ["@company.example", 'write it without the "@"'],
    ["*.company.example", "there are no wildcards; name each domain"],
    ["company example", null],
    ["10.0.0.1", null],
  ])("domains = [%s]", (domain, hint) => {
    expect(faultOf(SHORTEST.replace(/^domains.*$/m, `domains = ["${domain}"]`)).slice(0, 2)).toEqual([
      `${FILE}:1: domains has "${domain}" in its list; each entry must be a domain such as "company.example"`,
      hint,
    ]);
  });

  it.each([
    ["imap.company.example:993", "the port is a key of its own"],
    ["imaps://imap.company.example", "it is a URL; write the host alone"],
    ["imap company", null],
  ])("host = %s", (host, hint) => {
    expect(faultOf(SHORTEST.replace("imap.company.example", host)).slice(0, 2)).toEqual([
      `${FILE}:3: imap.host is "${host}"; it must be a host name such as "mail.company.example", or an IP address`,
      hint,
    ]);
  });

  it("a tag with a blank at its end could never match", () => {
    expect(faultOf(`tag = "[X] "\n${SHORTEST}`)[0]).toBe(
      `${FILE}:1: tag is "[X] "; it must be one line of text that neither begins nor ends with a blank`,
    );
  });
});

describe("a cron line", () => {
  it.each(["* * * * *", "*/5 8-18 * * mon-fri", "0,30 6 1 JAN,jul 0", "15 3 * * 7", "0-59/10 * * * *"])(
    "%s is taken",
    (cron) => {
      expect(parse(`${SHORTEST}[schedule]\ncron = "${cron}"\n`).schedule.cron).toBe(cron);
    },
  );

  it.each([
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "*/0 * * * *",
    "5-1 * * * *",
    "* * * *",
  ])("%s is refused", (cron) => {
    expect(faultOf(`${SHORTEST}[schedule]\ncron = "${cron}"\n`)[2]).toBe("config.value");
  });
});
