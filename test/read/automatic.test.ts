import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { decide, type Evidence, emptyView, viewQuery } from "../../src/decide/index.ts";
import { type AutomaticRule, readMessage } from "../../src/read/index.ts";
import { HUMAN_MAILS } from "./human-mails.ts";
import { aliceWith, FROM_OUTSIDE, factsOf, mail as mailOf, POLICY } from "./kit.ts";

type Row = [rule: AutomaticRule, line: string, twin: string];

/** Each line makes a mail automatic; its twin, one property changed, does not. */
const MARKS: readonly Row[] = [
  ["auto-submitted", "Auto-Submitted: auto-replied", "Auto-Submitted: no"],
  ["auto-submitted", "Auto-Submitted: auto-generated (vacation)", "Auto-Submitted: NO (really)"],
  ["auto-submitted", "Auto-Submitted: auto-notified; owner-email=x", "Auto-Submitted: no; x=y"],
  ["auto-submitted", "Auto-Submitted:", "X-Auto-Submitted: auto-replied"],
  ["auto-submitted", "Auto-Submitted: no, auto-replied", "Auto-Submitted:\r\n no"],
  ["null-return-path", "Return-Path: <>", "Return-Path: <alice@partner.example>"],
  ["null-return-path", "Return-Path: <MAILER-DAEMON>", "Return-Path: <mailer@partner.example>"],
  [
    "multipart-report",
    "Content-Type: multipart/report; boundary=b; report-type=delivery-status",
    "Content-Type: multipart/mixed; boundary=b",
  ],
  [
    "multipart-report",
    "Content-Type: Multipart/Report; boundary=b; report-type=disposition-notification",
    "Content-Type: text/plain; x=multipart/report",
  ],
  ["precedence", "Precedence: bulk", "Precedence: first-class"],
  ["precedence", "Precedence: Junk", "Precedence: urgent"],
  ["precedence", "Precedence: list", "Precedence: listing"],
  ["list-header", "List-Id: <l.partner.example>", "X-List-Id: <l.partner.example>"],
  ["list-header", "List-Post: <mailto:l@partner.example>", "X-List-Post: <mailto:l@partner.example>"],
  ["list-header", "List-Unsubscribe: <https://partner.example/u>", "Unsubscribe: yes"],
  ["list-header", "List-Help: <https://partner.example/h>", "Help: <mailto:o@partner.example>"],
  ["list-header", "List-Subscribe: <mailto:l@partner.example>", "Subscribe: yes"],
  ["list-header", "List-Archive: <https://partner.example>", "Archive: yes"],
  ["list-header", "List-Owner: <mailto:o@partner.example>", "Owner: o@partner.example"],
  ["x-auto-response-suppress", "X-Auto-Response-Suppress: All", "X-Auto-Response-Suppress: None"],
  ["x-auto-response-suppress", "X-Auto-Response-Suppress: DR, OOF", "X-Auto-Response-Suppress: DR, RN, NRN"],
  ["x-auto-response-suppress", "X-Auto-Response-Suppress: RN,autoreply", "X-Auto-Response-Suppress: RN"],
  ["loop-mark", "X-Keybot-Loop: 0123", "X-Other-Loop: 0123"],
  ["own-address", "From: robot@company.example", "From: roberta@company.example"],
  ["own-address", "From: Robot+x@company.example", "From: robot@elsewhere.example"],
  ["system-sender", "From: MAILER-DAEMON@partner.example", "From: mailer@partner.example"],
  ["system-sender", "From: noreply@partner.example", "From: noreplica@partner.example"],
  ["system-sender", "From: no-reply+x17@partner.example", "From: nora@partner.example"],
  ["system-sender", "From: Postmaster@partner.example", "From: postmistress@partner.example"],
  ["system-sender", "Return-Path: <owner-l@partner.example>", "Return-Path: <homeowner-l@partner.example>"],
  ["system-sender", "Return-Path: <l-bounces@partner.example>", "Return-Path: <bounced@partner.example>"],
  [
    "system-sender",
    "Return-Path: <bounce+alice=x@partner.example>",
    "Return-Path: <alice+bounce@partner.example>",
  ],
];

describe("an automatic mail (PRODUCT §5, RFC 3834 §2)", () => {
  it.each(MARKS)("%s: %j", (rule, line) => {
    expect(factsOf([FROM_OUTSIDE, ...aliceWith(line)]).automatic).toMatchObject({ rule });
  });
  it.each(MARKS)("is not one by %s: its twin of %j is %j", (_, __, twin) => {
    expect(factsOf([FROM_OUTSIDE, ...aliceWith(twin)]).automatic).toBeNull();
  });
  it("is shown for every rule that there is", () => {
    // A rule that is added does not compile until it stands here.
    const rules: Record<AutomaticRule, true> = {
      "null-return-path": true,
      "auto-submitted": true,
      precedence: true,
      "list-header": true,
      "x-auto-response-suppress": true,
      "multipart-report": true,
      "system-sender": true,
      "own-address": true,
      "loop-mark": true,
    };
    expect([...new Set(MARKS.map(([rule]) => rule))].sort()).toEqual(Object.keys(rules).sort());
  });
  it("is one wherever the mark stands: who forges it only silences himself", () => {
    expect(factsOf(["Precedence: bulk", FROM_OUTSIDE, ...aliceWith()]).automatic).not.toBeNull();
    expect(factsOf([FROM_OUTSIDE, ...aliceWith("precedence: BULK")]).automatic).not.toBeNull();
  });
  it("shows its evidence, but not all of a long one", () => {
    const facts = factsOf([FROM_OUTSIDE, ...aliceWith(`Auto-Submitted: ${"x".repeat(900)}`)]);
    expect(facts.automatic?.evidence).toMatch(/^Auto-Submitted: x{200}$/);
  });
});

describe("a mail of a person is answered, whatever his program writes into it", () => {
  it.each(HUMAN_MAILS)("$program", ({ lines }) => {
    const header = [FROM_OUTSIDE, ...aliceWith(...lines)];
    expect(factsOf(header).automatic).toBeNull();
    expect(replies(mailOf(header)).map((reply) => reply.action === "reply" && reply.template)).toEqual([
      "no-certificate",
    ]);
    // Its twin: one mark among all these lines, and there is silence.
    expect(replies(mailOf([...header, "List-Id: <l.partner.example>"]))).toEqual([]);
  });
});

const corpus = join(
  process.env.KEYBOT_CORPORA ?? resolve(import.meta.dirname, "../../../shared/corpora"),
  "never-answer",
);
const present = existsSync(corpus);
if (!present) console.info("corpus never-answer is absent (KEYBOT_CORPORA): its mails are not read");

/** No header marks these two, a person could have written all but their words: with the tag on top they are answered. */
const UNMARKED: ReadonlyMap<string, string> = new Map([
  ["mails/rfc3834-03.eml", "only its subject says that it is an automatic answer"],
  ["mails/alaveteli-track-response-outlook-oof.eml", "only its subject says that nobody is in the office"],
]);

describe.skipIf(!present)("the corpus of mails that a robot must never answer", () => {
  const rows = present ? readRows() : [];

  it("is never answered as it is, delivered to the robot or to a mailbox", () => {
    const answered = rows.flatMap(({ mail }) =>
      ["robot", "claims"]
        .filter((to) => replies(delivered(mail, to)).length > 0)
        .map((to) => `${mail} to ${to}`),
    );
    expect(rows.length).toBeGreaterThan(100);
    expect(answered).toEqual([]);
  });

  it("is never answered even with the tag on every mail, where a header marks it", () => {
    const answered = rows
      .filter(({ mail }) => replies(delivered(mail, "claims", "Subject: [AXAZERTIFIKAT]\r\n")).length > 0)
      .map(({ mail }) => mail);
    const marked = rows.filter(
      ({ mail }) => readMessage(delivered(mail, "claims"), POLICY).facts.automatic !== null,
    );
    console.info(
      `never-answer: ${rows.length} mails, none answered; ${marked.length} automatic by a mark, ${answered.length} only not a request`,
    );
    expect(answered.sort()).toEqual([...UNMARKED.keys()].sort());
  });
});

function readRows(): readonly { readonly mail: string }[] {
  return (JSON.parse(readFileSync(join(corpus, "expect.json"), "utf8")) as { rows: { mail: string }[] }).rows;
}

/** The mail as our servers would deliver it. */
function delivered(mail: string, to: string, more = ""): Buffer {
  const top = `Delivered-To: ${to}@company.example\r\n${FROM_OUTSIDE}\r\n${more}`;
  return Buffer.concat([Buffer.from(top), readFileSync(join(corpus, mail))]);
}

function replies(raw: Buffer) {
  const { facts, problem } = readMessage(raw, POLICY);
  const inspection = { signature: null, encrypted: false, certificates: [], privateKey: false };
  const evidence: Evidence =
    problem === null ? { kind: "read", facts, inspection } : { kind: "unreadable", problem, facts };
  const { actions } = decide(
    evidence,
    emptyView(viewQuery(evidence, POLICY)),
    POLICY,
    new Date("2026-06-01T12:00:00Z"),
  );
  return actions.filter(({ action }) => action === "reply");
}
