import { describe, expect, it } from "vitest";
import type { Policy } from "../../src/policy.ts";
import type { AddressedSource } from "../../src/read/index.ts";
import {
  ALICE,
  aliceWith,
  border,
  FROM_OUTSIDE,
  FROM_OUTSIDE_NO_FOR,
  factsOf,
  LMTP,
  POLICY,
  REINJECTED,
} from "./kit.ts";

type Row = [name: string, header: readonly string[], expected: readonly [string, string][], policy?: Policy];

const TO_ROBOT = ["Return-Path: <alice@partner.example>", "Delivered-To: robot@company.example", LMTP];
const TO_OTHERS = aliceWith("To: someone@elsewhere.example");
const FOREIGN =
  "Received: from a (a [198.51.100.7]) by relay.elsewhere.example with ESMTP id 1; Mon, 1 Jun 2026 11:00:00 +0200";
const FORGED =
  "Received: from x (x [203.0.113.9])\r\n\tby mx.company.example (Postfix) with ESMTP id 0\r\n\tfor <forged@company.example>; Mon, 1 Jun 2026 10:00:00 +0200";

/** How mail reaches the robot; each header as the servers write it. */
const WIRINGS: readonly Row[] = [
  [
    "header_checks REDIRECT, lmtp flag O",
    [
      ...TO_ROBOT,
      "X-Original-To: anna@company.example",
      "Delivered-To: robot@company.example",
      FROM_OUTSIDE_NO_FOR,
      ...TO_OTHERS,
    ],
    [["anna@company.example", "X-Original-To"]],
  ],
  [
    "header_checks REDIRECT without flags: the `for` of the border",
    [...TO_ROBOT, FROM_OUTSIDE, ...TO_OTHERS],
    [["claims@company.example", "Received-for"]],
  ],
  [
    "virtual_alias_maps, a plus address",
    [
      ...TO_ROBOT.map((line) => line.replace("Delivered-To: robot@", "Delivered-To: robot+tag@")),
      "X-Original-To: anna+tag@company.example",
      "Delivered-To: robot+tag@company.example",
      FROM_OUTSIDE_NO_FOR,
      ...TO_OTHERS,
    ],
    [["anna@company.example", "X-Original-To"]],
  ],
  [
    "recipient_bcc_maps name nobody: To and Cc, own domains only",
    [
      ...TO_ROBOT,
      "X-Original-To: robot@company.example",
      "Delivered-To: robot@company.example",
      FROM_OUTSIDE_NO_FOR,
      ...aliceWith(
        "To: Bob <bob@partner.example>, Claims <claims@company.example>",
        "Cc: life@life.company.example, claims@company.example",
      ),
    ],
    [
      ["claims@company.example", "To"],
      ["life@life.company.example", "Cc"],
    ],
  ],
  [
    "FILTER to pipe(8) with dovecot-lda, an alias: X-Original-To before Delivered-To, aliases untouched",
    [
      "Return-Path: <alice@partner.example>",
      "X-Original-To: sales@company.example",
      "Delivered-To: anna@company.example",
      FROM_OUTSIDE,
      ...ALICE,
    ],
    [["sales@company.example", "X-Original-To"]],
  ],
  [
    "pipe(8) with flag D alone",
    ["Return-Path: <alice@partner.example>", "Delivered-To: anna@company.example", FROM_OUTSIDE, ...ALICE],
    [["anna@company.example", "Delivered-To"]],
  ],
  [
    "Sieve redirect: the robot's own X-Original-To above, the mailbox's below",
    [
      ...TO_ROBOT,
      "X-Original-To: robot@company.example",
      "Delivered-To: robot@company.example",
      REINJECTED,
      "X-Sieve: Pigeonhole Sieve 0.5.19",
      "X-Sieve-Redirected-From: anna@company.example",
      "Delivered-To: anna@company.example",
      LMTP.replace("for <robot@", "for <anna@"),
      "X-Original-To: anna@company.example",
      "Delivered-To: anna@company.example",
      FROM_OUTSIDE_NO_FOR,
      ...TO_OTHERS,
    ],
    [["anna@company.example", "X-Original-To"]],
  ],
  [
    "Sieve redirect where nothing else is written: X-Sieve-Redirected-From",
    [
      "Received: by imap.company.example (Postfix, from userid 1000) id 1; Mon, 1 Jun 2026 12:00:03 +0200",
      "X-Sieve-Redirected-From: anna@company.example",
      FROM_OUTSIDE_NO_FOR,
      ...TO_OTHERS,
    ],
    [["anna@company.example", "X-Sieve-Redirected-From"]],
  ],
  [
    "Sieve redirect of a group: X-Original-To of the alias, the person's Delivered-To above it",
    [
      ...TO_ROBOT,
      REINJECTED,
      "X-Sieve-Redirected-From: bob@company.example",
      "Delivered-To: bob@company.example",
      "X-Original-To: sales@company.example",
      FROM_OUTSIDE,
      ...ALICE,
    ],
    [["sales@company.example", "X-Original-To"]],
  ],
  ...["X-Original-To", "Delivered-To", "X-Sieve-Redirected-From"].map(
    (name): Row => [
      `two ${name} of ours: the lowest is what the outside world wrote`,
      [
        `${name}: bob@company.example`,
        REINJECTED,
        `${name}: sales@company.example`,
        FROM_OUTSIDE_NO_FOR,
        ...TO_OTHERS,
      ],
      [["sales@company.example", name as AddressedSource]],
    ],
  ),
  [
    "Exim's Envelope-To",
    ["Envelope-To: <anna@company.example>", FROM_OUTSIDE, ...ALICE],
    [["anna@company.example", "Envelope-To"]],
  ],
  [
    "mail to the robot itself",
    [...TO_ROBOT, FROM_OUTSIDE_NO_FOR, ...aliceWith("To: robot@company.example")],
    [["robot@company.example", "To"]],
  ],
  [
    "the robot in another case and with a plus form is still the robot",
    ["Delivered-To: Robot+x@Company.example", FROM_OUTSIDE_NO_FOR, ...aliceWith("To: x@elsewhere.example")],
    [["robot@company.example", "robot"]],
  ],
  [
    "Bcc and undisclosed recipients: the envelope names the mailbox",
    [
      ...TO_ROBOT,
      "X-Original-To: anna@company.example",
      FROM_OUTSIDE,
      ...aliceWith("To: undisclosed-recipients:;"),
    ],
    [["anna@company.example", "X-Original-To"]],
  ],
  [
    "undisclosed recipients, and nobody named",
    [...TO_ROBOT, FROM_OUTSIDE_NO_FOR, ...aliceWith("To: undisclosed-recipients:;")],
    [["robot@company.example", "robot"]],
  ],
  [
    "one mailbox in two spellings is one mailbox",
    [FROM_OUTSIDE_NO_FOR, ...aliceWith("To: Claims@company.example, claims+1@COMPANY.example")],
    [["Claims@company.example", "To"]],
  ],
  [
    "from inside: no border, every line of an own host counts",
    [
      "Delivered-To: anna@company.example",
      "Received: from pc (pc [10.1.2.3]) by mx.company.example with ESMTPSA id 1; Mon, 1 Jun 2026 12:00:00 +0200",
      ...aliceWith("From: carol@company.example", "To: x@elsewhere.example"),
    ],
    [["anna@company.example", "Delivered-To"]],
  ],
];

/** The same property changed by a stranger: what he writes stands below the border. */
const FORGERIES: readonly Row[] = [
  ...["X-Original-To", "Envelope-To", "Delivered-To", "X-Sieve-Redirected-From"].map(
    (name): Row => [
      `a sender's own ${name}`,
      [...TO_ROBOT, FROM_OUTSIDE_NO_FOR, `${name}: ceo@company.example`, ...ALICE],
      [["claims@company.example", "To"]],
    ],
  ),
  [
    "a sender's `Received` by our own host, with delivery headers above it",
    [...TO_ROBOT, FROM_OUTSIDE_NO_FOR, "X-Original-To: ceo@company.example", FORGED, ...ALICE],
    [["claims@company.example", "To"]],
  ],
  [
    "HELO as our own host, from outside",
    [
      ...TO_ROBOT,
      "Received: from mx.company.example (unknown [203.0.113.9])\r\n\tby mx.company.example (Postfix) with ESMTP id 1; Mon, 1 Jun 2026 12:00:00 +0200",
      "X-Original-To: ceo@company.example",
      FORGED,
      ...ALICE,
    ],
    [["claims@company.example", "To"]],
  ],
  [
    "HELO as an address of an own network",
    [
      ...TO_ROBOT,
      "Received: from [10.0.0.1] (unknown [203.0.113.9])\r\n\tby mx.company.example (Postfix) with ESMTP id 1; Mon, 1 Jun 2026 12:00:00 +0200",
      "X-Original-To: ceo@company.example",
      FORGED,
      ...ALICE,
    ],
    [["claims@company.example", "To"]],
  ],
  [
    "HELO that pretends to be the clauses of an inner hand-over",
    [
      ...TO_ROBOT,
      "Received: from x by mx.company.example with LMTP id 1 (unknown [203.0.113.9])\r\n\tby mx.company.example (Postfix) with ESMTP id 1; Mon, 1 Jun 2026 12:00:00 +0200",
      "X-Original-To: ceo@company.example",
      FORGED,
      ...ALICE,
    ],
    [["claims@company.example", "To"]],
  ],
  [
    "a foreign host above the border ends the block: its lines are nobody's word",
    [...TO_ROBOT, FOREIGN, "X-Original-To: ceo@company.example", FROM_OUTSIDE, ...ALICE],
    [["claims@company.example", "To"]],
  ],
  [
    "a border without an IP address is taken for the border",
    [
      ...TO_ROBOT,
      "Received: from mail.partner.example by mx.company.example with ESMTP id 1; Mon, 1 Jun 2026 12:00:00 +0200",
      "X-Original-To: ceo@company.example",
      FORGED,
      ...ALICE,
    ],
    [["claims@company.example", "To"]],
  ],
  [
    "without own_hosts nothing is trusted",
    ["X-Original-To: ceo@company.example", FROM_OUTSIDE, ...ALICE],
    [["claims@company.example", "To"]],
    border({ ownHosts: [] }),
  ],
  [
    "own_hosts null (inspect without --own-host) believes every delivery header",
    ["Subject: x", "X-Original-To: anna@company.example", ...ALICE],
    [["anna@company.example", "X-Original-To"]],
    border({ ownHosts: null }),
  ],
  [
    "foreign domains in the envelope are passed over",
    ["X-Original-To: anna@elsewhere.example", "Delivered-To: claims@company.example", FROM_OUTSIDE, ...ALICE],
    [["claims@company.example", "Delivered-To"]],
  ],
  [
    "a domain that merely ends like ours is not ours",
    [FROM_OUTSIDE_NO_FOR, ...aliceWith("To: a@evilcompany.example, b@company.example.evil.example")],
    [["robot@company.example", "robot"]],
  ],
];

const FIXED: readonly Row[] = (
  [
    ["x-original-to", [["sales@company.example", "X-Original-To"]]],
    ["delivered-to", [["anna@company.example", "Delivered-To"]]],
    ["to", [["claims@company.example", "To"]]],
  ] as const
).map(([source, expected]) => [
  `mailbox_source = ${source}`,
  ["X-Original-To: sales@company.example", "Delivered-To: anna@company.example", FROM_OUTSIDE, ...ALICE],
  expected.map(([address, from]) => [address, from]),
  border({ mailboxSource: source }),
]);

describe("the addressed mailbox (PRODUCT §4)", () => {
  it.each(WIRINGS)("%s", (_, header, expected, policy = POLICY) => {
    expect(named(header, policy)).toEqual(expected);
  });
  it.each(FORGERIES)("is not: %s", (_, header, expected, policy = POLICY) => {
    expect(named(header, policy)).toEqual(expected);
  });
  it.each(FIXED)("can be fixed: %s", (_, header, expected, policy = POLICY) => {
    expect(named(header, policy)).toEqual(expected);
  });

  it("with a fixed source is the robot when that source is silent", () => {
    const policy = border({ mailboxSource: "x-original-to" });
    expect(named([FROM_OUTSIDE, ...ALICE], policy)).toEqual([["robot@company.example", "robot"]]);
  });

  it.each<[string, readonly string[], boolean]>([
    ["To names a mailbox of ours", [FROM_OUTSIDE_NO_FOR, ...ALICE], true],
    [
      "only the envelope names one (Bcc)",
      ["Delivered-To: claims@company.example", FROM_OUTSIDE_NO_FOR, ...TO_OTHERS],
      true,
    ],
    ["only the envelope names the robot", [...TO_ROBOT, FROM_OUTSIDE_NO_FOR, ...TO_OTHERS], true],
    ["nothing names us", [FROM_OUTSIDE_NO_FOR, ...TO_OTHERS], false],
    [
      "only a forged line names us",
      [FROM_OUTSIDE_NO_FOR, "Delivered-To: claims@company.example", ...TO_OTHERS],
      false,
    ],
  ])("is addressed to us: %s", (_, header, expected) => {
    expect(factsOf(header).addressedToUs).toBe(expected);
  });

  it("keeps at most fifty of To and Cc", () => {
    const many = Array.from({ length: 80 }, (_, n) => `m${n}@company.example`).join(", ");
    expect(factsOf([FROM_OUTSIDE_NO_FOR, ...aliceWith(`To: ${many}`)]).addressed).toHaveLength(50);
  });
});

function named(header: readonly string[], policy: Policy): [string, string][] {
  return factsOf(header, policy).addressed.map(({ address, source }) => [address, source]);
}

describe("what servers and people write beside the grammar", () => {
  const ROBOT_ONLY: readonly string[] = [...TO_ROBOT, FROM_OUTSIDE_NO_FOR];
  const NONE = "To: undisclosed-recipients:;";
  it.each<[string, readonly string[], readonly string[]]>([
    [
      "the address as its name",
      ["To: anna@company.example <anna@company.example>"],
      ["anna@company.example"],
    ],
    ["in single quotes", ["To: 'anna@company.example' <anna@company.example>"], ["anna@company.example"]],
    ["a name with a comma", ["To: Muster, Anna <anna@company.example>"], ["anna@company.example"]],
    [
      "beside right ones",
      ["To: Bert <bert@company.example>, anna@company.example <anna@company.example>, c@company.example"],
      ["bert@company.example", "c@company.example", "anna@company.example"],
    ],
    [
      "a dot behind",
      ["To: anna@company.example., bert@company.example"],
      ["bert@company.example", "anna@company.example"],
    ],
    ["mailto:", ["To: <mailto:anna@company.example>"], ["anna@company.example"]],
    [
      "another address as the name",
      ["To: anna@company.example <x@elsewhere.example>"],
      ["robot@company.example"],
    ],
    [
      "an address in quotes",
      ['To: "x, anna@company.example, y@z.example <x@elsewhere.example>'],
      ["robot@company.example"],
    ],
    [
      "Exim's list",
      [NONE, "Envelope-To: anna@company.example,\r\n bert@company.example"],
      ["anna@company.example", "bert@company.example"],
    ],
    [
      "Exim's list with the robot",
      [NONE, "Envelope-To: robot@company.example, bert@company.example"],
      ["bert@company.example"],
    ],
    [
      "Exim's list, foreign ones",
      [NONE, "Envelope-To: x@elsewhere.example, bert@company.example"],
      ["bert@company.example"],
    ],
    ["a dot behind, delivered", [NONE, "X-Original-To: anna@company.example."], ["anna@company.example"]],
    ["mailto:, delivered", [NONE, "X-Original-To: mailto:anna@company.example"], ["anna@company.example"]],
  ])("%s", (_, lines, expected) => {
    const to = lines.filter((line) => line.startsWith("To:"));
    const envelope = lines.filter((line) => !line.startsWith("To:"));
    const { addressed } = factsOf([...envelope, ...ROBOT_ONLY, ...aliceWith(...to)]);
    expect(addressed.map(({ address }) => address)).toEqual(expected);
  });
});
