import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLog } from "../../src/log.ts";
import { decodeBody, parseMime } from "../../src/mail/index.ts";
import { type Reply, renderReply } from "../../src/reply/index.ts";
import { NOON, Office, validity } from "../cli/office.ts";
import type { Identity } from "../lab/authority.ts";
import { CONTENTS, judged, published, reply } from "../reply/sample.ts";
import { decision, input, report, storing } from "../store/kit.ts";
import { HOSTILE_TEXTS, UNSEEN, unseenIn } from "./texts.ts";

// One table of texts, and every place where a stranger's text leaves us. PRODUCT §5: never unescaped to a header, a log
// line or a terminal.

const RECEIVED =
  "Received: from mail.partner.example (mail.partner.example [192.0.2.1]) by mx.company.example (Postfix) with ESMTPS id 1; Mon, 1 Jun 2026 12:00:00 +0000";

const q = (text: string) =>
  `=?utf-8?Q?${[...Buffer.from(text)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("")}?=`;
const b = (text: string) => `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;
const percent = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

/** How a text gets into a header: as it is, or in one of the two encodings of RFC 2047. */
const SPELLINGS: Readonly<Record<string, (text: string) => string>> = { raw: (text) => text, q, b };

/** A mail whose sender put the text wherever he could. */
function mailOf(text: string, spelling: string, number: number, subject?: string): Buffer {
  const spell = SPELLINGS[spelling] ?? ((same: string) => same);
  const lines = [
    RECEIVED,
    `From: ${spelling === "raw" ? '"Eve"' : spell(text)} <eve${number}@partner${number}.example>`,
    "To: claims@company.example",
    `Cc: ${spell(text)} <x@company.example>`,
    `Subject: ${subject ?? spell(text)}`,
    `Message-ID: <${number}.${spell(text)}@partner.example>`,
    `In-Reply-To: <${spell(text)}@partner.example>`,
    `References: <0@partner.example> <${spell(text)}@partner.example>`,
    `Reply-To: ${spell(text)}`,
    `X-Mailer: ${spell(text)}`,
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="b"',
    "",
    "--b",
    "Content-Type: text/plain",
    "",
    text,
    "--b",
    `Content-Type: application/pkix-cert; name="${spell(text)}"`,
    `Content-Disposition: attachment; filename*=utf-8''${percent(text)}`,
    "",
    "not a certificate",
    "--b--",
    "",
  ];
  return Buffer.from(lines.join("\r\n"));
}

const MAILS = HOSTILE_TEXTS.flatMap(({ name, text }) =>
  Object.keys(SPELLINGS).map((spelling) => ({ name, text, spelling })),
);

/** The fields of a reply, from its first to its last. A `Bcc` or a second `To` would be one more. */
const FIELDS = [
  ...["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted"],
  ...["X-Auto-Response-Suppress", "X-Keybot-Loop", "Content-Language", "MIME-Version", "Content-Type"],
  "Content-Transfer-Encoding",
];

function checkReply(bytes: Buffer): void {
  const raw = bytes.toString("latin1");
  expect(raw).toMatch(/^[\x20-\x7e\r\n]*$/);
  expect(raw.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  expect(Math.max(...raw.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
  const header = (raw.split("\r\n\r\n", 1)[0] ?? "").replace(/\r\n[ \t]+/g, " ").split("\r\n");
  const names = header.map((line) => line.slice(0, line.indexOf(":")));
  expect(FIELDS.filter((name) => names.includes(name))).toEqual(names);
  // RFC 3834 §3.1.5: nothing of the stranger's subject.
  expect(raw).not.toMatch(/^Subject:.*(evil|owned|victim)/im);
  const { root } = parseMime(bytes);
  for (const part of root.parts.length === 0 ? [root] : root.parts) {
    if (part.mediaType.type !== "text/plain") {
      expect(part.mediaType.type).not.toMatch(/^text\/|^message\/|^multipart\//);
      expect(part.fileName ?? "").toMatch(/^[\w.@+-]+$/);
      continue;
    }
    const text = Buffer.from(decodeBody(bytes, part).bytes).toString("utf8").replaceAll("\r\n", "\n");
    expect(unseenIn(text)).toEqual([]);
  }
}

describe("a reply, header and body", () => {
  const rows = HOSTILE_TEXTS.flatMap(({ name, text }) =>
    Object.keys(CONTENTS).map((kind) => ({ name, text, kind })),
  );

  it.each(HOSTILE_TEXTS)("with $name in everything that is repeated", ({ text }) => {
    const certificate = { subject: `CN=${text}`, issuer: `O=${text}`, keyAlgorithm: text };
    const own = published({ ...certificate, addresses: [`${text}@company.example`] });
    const contents: Reply["content"][] = [
      {
        template: "certificate",
        mailboxes: [
          { address: `${text}@company.example`, certificates: [own] },
          { address: text, certificates: [] },
        ],
      },
      { template: "no-certificate", mailboxes: [{ address: text, certificates: [] }] },
      { template: "accepted", problems: [], judged: [judged("accepted", [], certificate, true)] },
      {
        template: "rejected",
        problems: [],
        judged: [judged("rejected", ["cert.expired"], certificate, true)],
      },
    ];
    for (const content of contents) {
      for (const to of ["eve@partner.example", text, `"${text.replace(/["\\]/g, "\\$&")}"@partner.example`]) {
        const parent = { inReplyTo: `<${text}@x>`, references: [text, `<${text}@y>`, "<0@partner.example>"] };
        checkReply(renderReply(reply({ content, to, ...parent })));
      }
    }
  });

  it("is checked for every kind of it", () => {
    expect(rows.length).toBeGreaterThan(300);
    for (const { text, kind } of rows) {
      const content = CONTENTS[kind];
      if (content !== undefined)
        checkReply(renderReply(reply({ content, inReplyTo: text, references: [text] })));
    }
  });
});

describe("a line of the log", () => {
  it.each(HOSTILE_TEXTS)("with $name in its event, its names and values", ({ text }) => {
    for (const json of [false, true]) {
      const lines: string[] = [];
      const log = createLog({ level: "debug", json, now: () => NOON, write: (line) => lines.push(line) });
      log.with({ [text]: text }).error(text, { text, list: [text, text] });
      expect(lines).toHaveLength(1);
      expect(lines[0]).not.toMatch(UNSEEN);
      if (json) expect(JSON.parse(lines[0] ?? "").list).toHaveLength(2);
      // A stranger's value cannot look like a field of ours.
      else expect(lines[0]?.match(/ level=/g)).toBeNull();
    }
  });
});

describe("the command line", () => {
  let office: Office;
  let hostile: Identity;
  const files: string[] = [];

  beforeAll(async () => {
    office = new Office();
    const budget =
      'budget = { per_address = "9000/day", per_domain = "9000/day", unauthenticated = "9000/day" }';
    office.file("keybot.toml", office.configuration.replace("[requests]", `[requests]\n${budget}`));
    for (const [number, { text, spelling }] of MAILS.entries()) {
      files.push(join(office.folder, office.file(`${number}.eml`, mailOf(text, spelling, number))));
      await office.receive(mailOf(text, spelling, number));
      await office.receive(mailOf(text, spelling, number, "[AXAZERTIFIKAT]"));
      const marked = `Auto-Submitted: auto-${text}\r\n`;
      await office.receive(Buffer.concat([Buffer.from(marked), mailOf(text, spelling, number)]));
    }
    // Certificates as they lie in the database; the store never looks into their bytes.
    await office.store(async (store) => {
      for (const [number, { text }] of HOSTILE_TEXTS.entries()) {
        const address = `stored${number}@partner.example`;
        const one = report(`hostile ${number}`, {
          subject: `CN=${text}`,
          issuer: `O=${text}`,
          keyAlgorithm: text,
          addresses: [`${text}@partner.example`],
          notBefore: new Date("2026-01-01T00:00:00Z"),
          notAfter: new Date("2027-01-01T00:00:00Z"),
        });
        const status = number % 2 === 0 ? "active" : "pending";
        await store.commitMessage(input(`hostile ${number}`, address, [one], NOON), () =>
          decision([storing(one, address, status)]),
        );
      }
    });
    // And a real one, whose name OpenSSL wrote.
    const name = "\u001b]8;;http://evil\u001b\\\n\u009b2J\u202e\u200b<b>{contact}";
    hostile = office.certificate("eve@partner.example", { name });
  }, 120_000);
  afterAll(() => office?.close());

  /** Runs a command in its three forms: on a terminal, in a pipe, as JSON. */
  async function printed(args: readonly string[]): Promise<readonly unknown[]> {
    for (const isTTY of [true, false]) {
      const ran = await office.run(args, { isTTY });
      expect(unseenIn(ran.stdout)).toEqual([]);
      expect(unseenIn(ran.stderr)).toEqual([]);
      expect(ran.stdout).not.toBe("");
    }
    const { stdout, stderr } = await office.run([...args, "--json"]);
    expect(stdout.replaceAll("\n", "")).not.toMatch(UNSEEN);
    expect(unseenIn(stderr)).toEqual([]);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line): unknown => JSON.parse(line));
  }

  it("inspect shows them escaped, and in JSON as they were", async () => {
    const records = (await printed(["inspect", ...files])) as { readonly subject: string }[];
    expect(records).toHaveLength(MAILS.length);
    for (const [number, { text, spelling }] of MAILS.entries()) {
      if (spelling === "b" && text.length < 100) expect(records[number]?.subject).toBe(text.trim());
    }
    await printed(["inspect", "--config", join(office.folder, "keybot.toml"), ...files.slice(0, 12)]);
  }, 60_000);

  it("log shows them escaped, one line a message", async () => {
    const records = await printed(["log", "--limit", "1000"]);
    expect(records.length).toBeGreaterThan(2 * MAILS.length);
    const { stdout } = await office.run(["log", "--limit", "1000"]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(records.length);
  });

  it("list shows names of certificates escaped, one line each", async () => {
    expect(await printed(["list"])).toHaveLength(HOSTILE_TEXTS.length);
    expect((await office.run(["list"])).stdout.trimEnd().split("\n")).toHaveLength(HOSTILE_TEXTS.length);
  });

  it("show does so, too", async () => {
    for (const number of HOSTILE_TEXTS.keys()) await printed(["show", `stored${number}@partner.example`]);
  }, 60_000);

  it("mailbox and trust show a name that OpenSSL wrote into a certificate escaped", async () => {
    const file = join(office.folder, office.file("hostile.pem", hostile.pem));
    const added = await office.run(["mailbox", "add", "claims@company.example", file, "--force"]);
    expect(unseenIn(`${added.stdout}${added.stderr}`)).toEqual([]);
    // The name is written as RFC 4514 §2.4 has it, and so is no danger before any sink sees it.
    const shown = await printed(["mailbox", "show", "claims@company.example"]);
    expect(JSON.stringify(shown)).toContain(JSON.stringify("CN=\\1b]8").slice(1, -1));
    await printed(["mailbox", "list"]);
    await printed(["inspect", file]);
  });

  it("trust shows such a name escaped, in its list and in its question", async () => {
    const ca = office.authority("\u001b[2J\u202eroot", validity(-1000, 86_400_000));
    const trusted = await office.run(["trust", "add", ca.identity.certFile, "--any-domain"]);
    expect(trusted.code).toBe(0);
    expect(unseenIn(`${trusted.stdout}${trusted.stderr}`)).toEqual([]);
    expect(JSON.stringify(await printed(["trust", "list"]))).toContain("1b[2J");
    const asked = await office.run(["trust", "remove", ca.identity.sha256], { answers: ["n"] });
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain("?");
    expect(unseenIn(asked.stderr)).toEqual([]);
  });

  it("every reply to these mails is whole: no field, no line and no part of the stranger's", async () => {
    await office.store(async (store) => {
      const waiting = await store.outboxEntries({ state: "waiting" });
      expect(waiting.length).toBeGreaterThan(HOSTILE_TEXTS.length);
      for (const { id } of waiting) {
        const mail = await store.claim(id, NOON, NOON);
        if (mail !== null) checkReply(Buffer.from(mail.bytes));
      }
    });
  });

  it.each(HOSTILE_TEXTS.filter(({ text }) => !text.includes("\0") && text.length < 1000))(
    "an error that repeats $name says it on one line",
    async ({ text }) => {
      const calls = [
        ["show", text, "--verbose"],
        ...[["show", text], ["lookup", text], ["approve", text], ["revoke", text, "--yes"], [text]],
        ...[
          ["mailbox", "show", text],
          ["mailbox", "alias", text, text],
          ["trust", "remove", text, "--yes"],
        ],
        ...[
          ["list", "--sort", text],
          ["list", "--limit", text],
          ["log", "--since", text],
          ["list", `--${text}`],
        ],
        ...[
          ["inspect", text],
          ["trust", "add", text, "--any-domain"],
          ["--config", text, "list"],
        ],
        ...[
          ["mailbox", "add", text, text],
          ["list", "--address", text],
          ["log", "--from", text],
        ],
      ];
      for (const args of calls) {
        const { stdout, stderr } = await office.run(args);
        expect(unseenIn(`${stdout}${stderr}`), args.join(" ")).toEqual([]);
        if (!args.includes("--verbose"))
          expect(stderr.split("\n").length, args.join(" ")).toBeLessThanOrEqual(3);
      }
    },
  );
});
