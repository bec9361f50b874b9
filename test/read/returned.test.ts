import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type ReturnedMail, readMessage } from "../../src/read/index.ts";
import { FROM_OUTSIDE, mail, POLICY } from "./kit.ts";

const OURS = "<keybot.1@company.example>";
const STATUS = [
  "Reporting-MTA: dns; mx.partner.example",
  "",
  "Final-Recipient: rfc822; alice@partner.example",
  "Action: failed",
  "Status: 5.2.2",
  "Diagnostic-Code: smtp; 552 mailbox full",
];
const HEADER = ["From: robot@company.example", "To: alice@partner.example", `Message-ID: ${OURS}`];
const FULL = { status: "5.2.2", diagnostic: "smtp; 552 mailbox full" };
const NOTHING = { status: null, diagnostic: null };
const ALICE = "alice@partner.example";

interface Bounce {
  readonly top?: readonly string[];
  readonly type?: string;
  readonly status?: readonly string[] | null;
  readonly back?: readonly string[] | null;
  readonly backType?: string;
}

/** A delivery report as a server writes it, with one property changed. */
function report({
  top = ["Return-Path: <>"],
  type = "multipart/report; report-type=delivery-status",
  status = STATUS,
  back = HEADER,
  backType = "message/rfc822",
}: Bounce = {}): Buffer {
  const part = (contentType: string, lines: readonly string[] | null) =>
    lines === null ? [] : ["--b", `Content-Type: ${contentType}`, "", ...lines, ""];
  const body = [
    ...part("text/plain", ["It could not be delivered."]),
    ...part("message/delivery-status", status),
    ...part(backType, back === null ? null : [...back, "", "our words"]),
    "--b--",
    "",
  ];
  return mail(
    [
      FROM_OUTSIDE,
      ...top,
      "From: MAILER-DAEMON@partner.example (Mail Delivery System)",
      "To: robot@company.example",
      `Content-Type: ${type}; boundary=b`,
    ],
    body.join("\r\n"),
  );
}

/** A mail without parts. */
function plain(header: readonly string[], body: readonly string[]): Buffer {
  return mail([FROM_OUTSIDE, ...header, "To: robot@company.example"], `${body.join("\r\n")}\r\n`);
}

const QMAIL = [
  "Hi. This is the qmail-send program at partner.example.",
  "<alice@partner.example>: Sorry, no mailbox here by that name.",
  "--- Below this line is a copy of the message.",
  "",
  ...HEADER,
];

function returned(raw: Buffer): ReturnedMail | null {
  return readMessage(raw, POLICY).facts.returned;
}

describe("a bounce (RFC 3464)", () => {
  it.each<[string, Buffer, ReturnedMail]>([
    [
      "a delivery report",
      report(),
      {
        messageIds: [OURS],
        recipients: [
          { address: ALICE, ...FULL },
          { address: ALICE, ...FULL },
        ],
      },
    ],
    [
      "one with the header alone (RFC 6522 §3)",
      report({ backType: "text/rfc822-headers" }),
      {
        messageIds: [OURS],
        recipients: [
          { address: ALICE, ...FULL },
          { address: ALICE, ...FULL },
        ],
      },
    ],
    [
      "one that only refers to the mail",
      report({ top: [`In-Reply-To: ${OURS}`], back: null }),
      { messageIds: [OURS], recipients: [{ address: ALICE, ...FULL }] },
    ],
    [
      "one with an empty status, as a large provider writes it",
      report({ top: ["X-Failed-Recipients: alice@partner.example"], status: [""] }),
      {
        messageIds: [OURS],
        recipients: [
          { address: ALICE, ...NOTHING },
          { address: ALICE, ...NOTHING },
        ],
      },
    ],
    [
      "words with the mail behind them",
      plain(["Return-Path: <>", "From: MAILER-DAEMON@partner.example"], QMAIL),
      { messageIds: [OURS], recipients: [{ address: ALICE, ...NOTHING }] },
    ],
    [
      "the mail quoted by a program with the null sender",
      plain(
        ["Return-Path: <>", "From: gateway@partner.example"],
        QMAIL.map((line) => `> ${line}`),
      ),
      { messageIds: [OURS], recipients: [{ address: ALICE, ...NOTHING }] },
    ],
    [
      "a report that a server has signed, under its own name",
      plain(
        ["From: gateway@partner.example", "Content-Type: multipart/signed; boundary=s"],
        [
          "--s",
          "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
          "",
          ...["--b", "Content-Type: text/plain", "", "It could not be delivered.", ""],
          ...["--b", "Content-Type: message/delivery-status", "", ...STATUS, ""],
          ...["--b", "Content-Type: message/rfc822", "", ...HEADER, "", "our words", "--b--", ""],
          ...["--s", "Content-Type: application/pkcs7-signature", "", "MAA=", "--s--"],
        ],
      ),
      {
        messageIds: [OURS],
        recipients: [
          { address: ALICE, ...FULL },
          { address: ALICE, ...FULL },
        ],
      },
    ],
    [
      "words of a server that calls itself post_master",
      plain(["From: post_master@partner.example"], QMAIL),
      { messageIds: [OURS], recipients: [{ address: ALICE, ...NOTHING }] },
    ],
  ])("%s", (_, raw, expected) => {
    expect(returned(raw)).toEqual(expected);
  });

  it.each<[string, Buffer]>([
    ["a delay", report({ status: STATUS.map((line) => line.replace("failed", "delayed")) })],
    ["a success", report({ status: STATUS.map((line) => line.replace("failed", "delivered")) })],
    [
      "a disposition notification (RFC 8098)",
      report({ type: "multipart/report; report-type=disposition-notification", status: null }),
    ],
    [
      "a complaint (RFC 5965)",
      report({ type: "multipart/report; report-type=feedback-report", status: null }),
    ],
    ["a report that names no mail", report({ back: null })],
    ["a report on a mail without Message-ID", report({ back: HEADER.slice(0, 2) })],
    [
      "a vacation notice with the null sender (RFC 3834)",
      plain(
        [
          "Return-Path: <>",
          "From: alice@partner.example",
          "Auto-Submitted: auto-replied",
          `In-Reply-To: ${OURS}`,
        ],
        ["I am on holiday.", ...HEADER.map((line) => `> ${line}`)],
      ),
    ],
    [
      "a person's answer that quotes our header",
      plain(["Return-Path: <alice@partner.example>", "From: alice@partner.example"], QMAIL),
    ],
    [
      "a list's mail that refers to us",
      plain(["List-Id: <l.partner.example>", `References: ${OURS}`], QMAIL),
    ],
  ])("is not %s", (_, raw) => {
    expect(returned(raw)).toBeNull();
  });

  it("costs no more for a thousand Message-IDs, recipients or parts", () => {
    const lines = Array.from({ length: 2000 }, (_, index) => [
      `Message-ID: <${index}@x.example>`,
      `To: a${index}@x.example`,
    ]).flat();
    const many = returned(plain(["Return-Path: <>", "From: MAILER-DAEMON@partner.example"], lines));
    expect(many?.messageIds).toHaveLength(20);
    expect(many?.recipients).toHaveLength(20);
    const blank = returned(plain(["Return-Path: <>"], ["\r\n> ".repeat(200_000)]));
    expect(blank).toBeNull();
  });
});

const corpus = join(
  process.env.KEYBOT_CORPORA ?? resolve(import.meta.dirname, "../../../shared/corpora"),
  "never-answer",
  "mails",
);
const present = existsSync(corpus);
if (!present) console.info("corpus never-answer is absent (KEYBOT_CORPORA): its bounces are not read");

/** Mails that name a second Message-ID, and yet are not taken for a bounce. */
const NOT_TAKEN: ReadonlyMap<string, string> = new Map([
  ["flanker-apache-message-news-mime.eml", "a person's mail"],
  ["flanker-no-mx.eml", "a delay"],
  ["lhost-dragonfly-01.eml", "its From holds no address, and it came without a Return-Path"],
  ["lhost-kddi-01.eml", "no report, and its From and Return-Path are ordinary addresses"],
  ["lhost-x6-01.eml", "no report, its From holds no address, and it says that it is an answer"],
  ["rhost-google-01.eml", "its boundaries do not fit, so the returned header is in no part"],
]);

/** Mails of these names are bounces, but for some; all others are answers, lists or complaints. */
const BOUNCES = /^(lhost|rhost|rfc3464|flanker|mimekit)-/;

describe.skipIf(!present)("bounces of real servers", () => {
  const files = present ? readdirSync(corpus).filter((name) => name.endsWith(".eml")) : [];
  const raw = (file: string) => Buffer.concat([TRACE, readFileSync(join(corpus, file))]);
  const namesTwo = (file: string) =>
    (raw(file)
      .toString("latin1")
      .match(/^[> \t]*Message-ID:.*</gim)?.length ?? 0) > 1;

  it("are recognised where they tell of which mail they speak", () => {
    const taken = files.filter((file) => BOUNCES.test(file) && returned(raw(file)) !== null);
    const missed = files.filter((file) => BOUNCES.test(file) && namesTwo(file) && !taken.includes(file));
    console.info(`never-answer: ${taken.length} bounces tell of which mail`);
    expect(taken.length).toBeGreaterThan(50);
    expect(missed.sort()).toEqual([...NOT_TAKEN.keys()].sort());
  });

  it("are told from answers, lists and complaints", () => {
    expect(files.filter((file) => !BOUNCES.test(file) && returned(raw(file)) !== null)).toEqual([]);
  });
});

const TRACE = Buffer.from(`${FROM_OUTSIDE}\r\n`);
