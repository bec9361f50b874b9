import { expect, it } from "vitest";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { readMessage } from "../../src/read/index.ts";
import { processorTime } from "../mail/processor-time.ts";

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
      const spent = processorTime(() => readMessage(raw, policy));
      if (spent > MOST_MS) slow.push(`${beginning}${JSON.stringify(trap)}: ${spent} ms`);
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
  expect(processorTime(() => readMessage(raw, policy))).toBeLessThan(4_000);
});

const ARMOUR_BYTES = 8 * 1024 * 1024;

/** Characters that are all different: Punycode looks at the whole text for each of them (RFC 3492 §6.3). */
function ideographs(count: number): string {
  return Array.from({ length: count }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7) % 20_000))).join("");
}

/** Marks of two classes by turns, which normalising puts in order (UAX #15). */
function marks(count: number): string {
  return `a${"\u0301\u0323".repeat(count / 2)}`;
}

const LONG = 60_000;
const authserv = "mx.company.example; dmarc=fail header.from=";

it.each<[what: string, field: string, value: string]>([
  ["a domain of marks", "From", `x@${marks(LONG)}.example`],
  ["a domain of ideographs", "From", `x@${ideographs(LONG)}.example`],
  ["a domain of ideographs", "To", `x@${ideographs(LONG)}.example`],
  ["a domain of ideographs", "Return-Path", `<x@${ideographs(LONG)}.example>`],
  ["a domain of ideographs", "Authentication-Results", `${authserv}${ideographs(LONG)}.example`],
  ["a domain of marks", "Authentication-Results", `${authserv}x@${marks(LONG)}.example`],
])("no square is computed: %s in %s", (_what, field, value) => {
  const raw = Buffer.from(
    `Received: from a ([1.2.3.4]) by mx.company.example; Mon, 23 Nov 2026 11:00:00 +0000\r\n${field}: ${value}\r\n${field === "From" ? "" : "From: a@b.example\r\n"}\r\nhello\r\n`,
  );
  expect(processorTime(() => readMessage(raw, policy))).toBeLessThan(MOST_MS);
});

it("asks for the document of each signature without looking at every other file for each", () => {
  const part = (name: string) => `--b\r\nContent-Type: application/octet-stream; name="${name}"\r\n\r\nx\r\n`;
  const long = "a".repeat(8_000);
  const signatures = part(`${long}.p7s`).repeat(500);
  const others = Array.from({ length: 490 }, (_, at) => part(`${long}${at}.bin`)).join("");
  const raw = Buffer.from(
    `From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${signatures}${others}${part(long)}--b--\r\n`,
  );
  let files = -1;
  const spent = processorTime(() => {
    files = readMessage(raw, policy).offer.files.length;
  });
  expect(files).toBe(0);
  expect(spent).toBeLessThan(2 * MOST_MS);
});

it("reads a signature of OpenPGP that is as long as a mail may be", () => {
  const armour = `-----BEGIN PGP SIGNATURE-----\r\n${"a-".repeat(ARMOUR_BYTES / 2)}`;
  const raw = Buffer.from(
    `From: a@b.example\r\nContent-Type: multipart/signed; boundary=b; protocol="application/pgp-signature"\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n${armour}\r\n--b--\r\n`,
  );
  expect(readMessage(raw, policy).facts.carries).toBe("openpgp");
});
