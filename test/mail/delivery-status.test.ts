import { describe, expect, it } from "vitest";
import { type DeliveryStatus, MAIL_LIMITS, parseDeliveryStatus } from "../../src/mail/index.ts";

const MESSAGE = "Reporting-MTA: dns; mx.partner.example\r\nArrival-Date: Mon, 1 Jun 2026 12:00:00 +0200\r\n";
const FAILED: DeliveryStatus = {
  recipients: ["alice@partner.example"],
  action: "failed",
  status: "5.1.1",
  diagnostic: "smtp; 550 5.1.1 no such user",
};

function group(...fields: readonly string[]): string {
  return `${fields.join("\r\n")}\r\n`;
}

const ALICE = [
  "Final-Recipient: rfc822; alice@partner.example",
  "Action: failed",
  "Status: 5.1.1",
  "Diagnostic-Code: smtp; 550 5.1.1 no such user",
];

function parse(text: string): DeliveryStatus[] {
  return parseDeliveryStatus(Buffer.from(text));
}

describe("a delivery status (RFC 3464 §2)", () => {
  it.each<[string, string, readonly DeliveryStatus[]]>([
    ["one recipient", `${MESSAGE}\r\n${group(...ALICE)}`, [FAILED]],
    ["bare line feeds", `${MESSAGE}\r\n${group(...ALICE)}`.replaceAll("\r", ""), [FAILED]],
    ["several blank lines", `\r\n\r\n${MESSAGE}\r\n\r\n\r\n${group(...ALICE)}\r\n`, [FAILED]],
    ["no blank line behind the first group", `${MESSAGE}${group(...ALICE)}`, [FAILED]],
    ["no group about the message", group(...ALICE), [FAILED]],
    ["a group about the message alone", MESSAGE, []],
    ["nothing", "", []],
    [
      "two recipients",
      `${MESSAGE}\r\n${group(...ALICE)}\r\n${group("Final-Recipient: rfc822;bob@partner.example", "Action: delayed")}`,
      [FAILED, { recipients: ["bob@partner.example"], action: "delayed", status: null, diagnostic: null }],
    ],
    [
      "the recipient as it was written, and as it became (§2.3.1)",
      group(
        "Original-Recipient: rfc822;alice@partner.example",
        "Final-Recipient: rfc822; a17@inside.example",
      ),
      [
        {
          recipients: ["alice@partner.example", "a17@inside.example"],
          action: null,
          status: null,
          diagnostic: null,
        },
      ],
    ],
    [
      "other spellings: case, angle brackets, comments, RFC 6533's type, a folded diagnostic",
      group(
        "final-recipient: RFC822;<alice@Partner.example>",
        "original-recipient: utf-8; alice@partner.example",
        "action: Failed (really)",
        "status: 5.1.1 (bad mailbox)",
        "diagnostic-code: smtp; 550 5.1.1\r\n\tno such user",
      ),
      [FAILED],
    ],
    [
      "what is no mail address, no status and no action",
      group("Final-Recipient: x400; /S=alice/", "Action: !", "Status: 9.9.9", "Diagnostic-Code: "),
      [{ recipients: [], action: null, status: null, diagnostic: null }],
    ],
  ])("%s", (_, text, expected) => {
    expect(parse(text).map((status) => ({ ...status, diagnostic: blanks(status.diagnostic) }))).toEqual(
      expected,
    );
  });

  it("keeps a diagnostic on one line and short, whatever the server says", () => {
    const [status] = parse(group("Action: failed", `Diagnostic-Code: \u001b[31m${"x".repeat(5000)}`));
    expect(status?.diagnostic).toMatch(/^\[31mx+$/);
    expect(status?.diagnostic?.length).toBeLessThanOrEqual(MAIL_LIMITS.diagnosticLength);
  });

  it("looks at so many recipients and bytes and no more", () => {
    expect(parse(`${group(...ALICE)}\r\n`.repeat(10_000))).toHaveLength(MAIL_LIMITS.deliveryStatuses);
    expect(parse(`${"\r\n".repeat(MAIL_LIMITS.deliveryStatusBytes)}${group(...ALICE)}`)).toEqual([]);
    expect(parse(`${"x".repeat(MAIL_LIMITS.deliveryStatusBytes)}\r\n\r\n${group(...ALICE)}`)).toEqual([]);
  });
});

function blanks(text: string | null): string | null {
  return text?.replace(/\s+/g, " ") ?? null;
}
