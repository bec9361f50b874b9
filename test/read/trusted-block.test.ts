import { describe, expect, it } from "vitest";
import { parseMime } from "../../src/mail/index.ts";
import { trustedBlock } from "../../src/read/trusted-block.ts";
import { ALICE, border, FROM_OUTSIDE, LMTP, mail, POLICY, REINJECTED } from "./kit.ts";

const MARK = "X-Mark: here";

function blockOf(header: readonly string[], policy = POLICY) {
  const raw = mail(header);
  const block = trustedBlock(parseMime(raw).root.fields, policy.border);
  return {
    names: block.fields.map(({ name }) => name),
    border: block.border?.clientIp ?? null,
    below: raw.subarray(block.end).toString().split("\r\n")[0],
  };
}

describe("the trusted block (PRODUCT §4)", () => {
  it.each<[string, readonly string[], { names: string[]; border: string | null; below: string }]>([
    [
      "ends with the border",
      [MARK, FROM_OUTSIDE, ...ALICE],
      { names: ["X-Mark", "Received"], border: "192.0.2.1", below: ALICE[0] ?? "" },
    ],
    [
      "passes over the hand-overs inside",
      [MARK, LMTP, REINJECTED, FROM_OUTSIDE, ...ALICE],
      { names: ["X-Mark", "Received", "Received", "Received"], border: "192.0.2.1", below: ALICE[0] ?? "" },
    ],
    [
      "ends above a foreign host",
      [MARK, LMTP, "Received: from a by relay.elsewhere.example with ESMTP", FROM_OUTSIDE, ...ALICE],
      {
        names: ["X-Mark", "Received"],
        border: null,
        below: "Received: from a by relay.elsewhere.example with ESMTP",
      },
    ],
    [
      "ends below the last own line when there is no border",
      [MARK, LMTP, REINJECTED, ...ALICE],
      { names: ["X-Mark", "Received", "Received"], border: null, below: ALICE[0] ?? "" },
    ],
    ["is empty without any Received", [MARK, ...ALICE], { names: [], border: null, below: MARK }],
    [
      "a `Received` without `by` is foreign",
      [MARK, LMTP, "Received: from a (a [10.0.0.1])", FROM_OUTSIDE],
      { names: ["X-Mark", "Received"], border: null, below: "Received: from a (a [10.0.0.1])" },
    ],
    [
      "an IPv6 client outside is the border",
      [FROM_OUTSIDE.replace("[192.0.2.1]", "[IPv6:2001:db8::1]"), MARK],
      { names: ["Received"], border: "2001:db8::1", below: MARK },
    ],
    [
      "an IPv4-mapped client inside is not",
      [REINJECTED.replace("[10.0.0.2]", "[IPv6:::ffff:10.0.0.2]"), MARK, FROM_OUTSIDE, ...ALICE],
      { names: ["Received", "X-Mark", "Received"], border: "192.0.2.1", below: ALICE[0] ?? "" },
    ],
    [
      "host names are compared without regard to case and final dot",
      [FROM_OUTSIDE.replace("by mx.company.example", "by MX.Company.Example."), MARK],
      { names: ["Received"], border: "192.0.2.1", below: MARK },
    ],
  ])("%s", (_, header, expected) => {
    expect(blockOf(header)).toEqual(expected);
  });

  it("is empty without own hosts", () => {
    expect(blockOf([MARK, FROM_OUTSIDE], border({ ownHosts: [] }))).toMatchObject({ names: [], below: MARK });
  });

  it("tells when the border took the mail in", () => {
    const { border: found } = trustedBlock(parseMime(mail([LMTP, FROM_OUTSIDE])).root.fields, POLICY.border);
    expect(found?.date).toEqual(new Date("2026-06-01T10:00:00Z"));
  });
});
