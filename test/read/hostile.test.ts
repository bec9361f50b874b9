import { expect, it } from "vitest";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { readMessage } from "../../src/read/index.ts";

/** Every field that is read for more than its name. */
const FIELDS = [
  ...["From", "To", "Cc", "Sender", "Reply-To", "Return-Path", "Subject", "Date", "Message-ID", "References"],
  ...["In-Reply-To", "Received", "Authentication-Results", "Content-Type", "Content-Transfer-Encoding"],
  ...["Content-Disposition", "X-Original-To", "Delivered-To", "Envelope-To", "X-Sieve-Redirected-From"],
  ...["Auto-Submitted", "Precedence", "List-Id", "X-Auto-Response-Suppress", "X-Keybot-Loop", "MIME-Version"],
];

/** What makes a parser look back, look ahead or look again, when it comes ten thousand times. */
const TRAPS = [
  ...[
    "(",
    ")",
    "()",
    "(a)",
    "a(b)c",
    '"',
    '"a" ',
    '""',
    "\\",
    '\\"',
    "<",
    ">",
    "<a@b>,",
    "<a@b> ",
    "<@a,@b:",
  ],
  ...["@", "x@x,", "a@[", "[", ":", ":;", "a:;", ",", ";", "; a", "a=b;", "a*0=x;", "a*=utf-8''%20;", "="],
  ...[
    "a*0*=utf-8''b;",
    "boundary=",
    "%",
    "'",
    "a",
    "a ",
    "a.",
    ". ",
    " ",
    "\t",
    "\r\n ",
    " \r\n\t",
    "\r\n \r\n",
  ],
  ...[
    "=?",
    "=?utf-8?q?",
    "=?utf-8?q?a?= ",
    "=?utf-8?b?",
    "=?a?q?_?=",
    "from ",
    "by ",
    "for <a@b> ",
    "; Mon, ",
  ],
  ...["1 ", "dkim=pass ", "dkim=pass; ", "spf=pass smtp.mailfrom=a; ", "\u0000", "\u00ff", "\u00c3"],
  ...["[AXAZERTIFIKAT]", "[AXA", "Re: "],
];

/** What a field must begin with to be read at all. */
const BEGINNINGS: Readonly<Record<string, readonly string[]>> = {
  Received: ["from a (b [1.2.3.4]) by mx.company.example "],
  "Authentication-Results": ["mx.company.example; "],
  "Content-Type": ["multipart/mixed; ", "multipart/signed; protocol="],
  "Content-Disposition": ["attachment; "],
  From: ["<", "a@b.example "],
  "Message-ID": ["<"],
  References: ["<"],
};

const LENGTH = 40_000;

/** Of a trap that makes a parser quadratic it would be some seconds. Processor time: the machine may be busy. */
const MOST_MS = 750;

const policy = {
  ...DEFAULT_POLICY,
  domains: ["company.example"],
  border: { ...DEFAULT_POLICY.border, ownHosts: ["mx.company.example"], authservIds: ["mx.company.example"] },
};

it.each(FIELDS)("no value of %s costs more than its length", (field) => {
  const slow: string[] = [];
  for (const trap of TRAPS) {
    for (const beginning of ["", ...(BEGINNINGS[field] ?? [])]) {
      const value = beginning + trap.repeat(LENGTH / trap.length);
      const raw = Buffer.from(
        `Received: from a ([1.2.3.4]) by mx.company.example for <anna@company.example>; Mon, 23 Nov 2026 11:00:00 +0000\r\n${field}: ${value}\r\nFrom: a@b.example\r\n\r\nhello\r\n`,
        "latin1",
      );
      const before = process.cpuUsage();
      readMessage(raw, policy);
      const { user } = process.cpuUsage(before);
      if (user / 1000 > MOST_MS) slow.push(`${beginning}${JSON.stringify(trap)}: ${user / 1000} ms`);
    }
  }
  expect(slow).toEqual([]);
});

it.each<[string, string]>([
  ["lines that begin as a delimiter does", "--\r\n"],
  ["delimiters of no multipart", "--c\r\n"],
  ["delimiters with another end", "--b49x\r\n"],
  ["blanks after a delimiter", `--b49${" ".repeat(500)}x\r\n`],
  ["line ends", "\r\n"],
  ["carriage returns", "\r"],
])("a body of 4 MB of %s, inside fifty multiparts", (_name, line) => {
  const open = Array.from(
    { length: 49 },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
  ).join("");
  const body = line.repeat((4 * 1024 * 1024) / line.length);
  const raw = Buffer.from(`From: a@b.example\r\n${open}Content-Type: text/plain\r\n\r\n${body}`);
  const before = process.cpuUsage();
  readMessage(raw, policy);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(4_000);
});
