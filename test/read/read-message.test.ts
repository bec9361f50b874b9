import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ledgerKey, type ReadProblem, readMessage } from "../../src/read/index.ts";
import {
  ALICE,
  aliceWith,
  border,
  FROM_OUTSIDE,
  FROM_OUTSIDE_NO_FOR,
  factsOf,
  LMTP,
  mail,
  POLICY,
  REINJECTED,
  read,
} from "./kit.ts";

function keyOf(header: readonly string[], body?: string, policy = POLICY): string {
  const { facts } = read(header, policy, body);
  return ledgerKey(facts.digest, facts.addressed);
}

const DELIVERED = ["Return-Path: <alice@partner.example>", "Delivered-To: claims@company.example"];

describe("the ledger key (PRODUCT §2)", () => {
  const key = keyOf([...DELIVERED, LMTP, FROM_OUTSIDE, ...ALICE]);

  it.each<[string, readonly string[]]>([
    [
      "delivered again at another time",
      [...DELIVERED, LMTP.replace("12:00:01", "18:30:00"), FROM_OUTSIDE, ...ALICE],
    ],
    ["the order of delivery headers differs", [...[...DELIVERED].reverse(), LMTP, FROM_OUTSIDE, ...ALICE]],
    [
      "with other delivery headers above the border",
      ["X-Spam: no", ...DELIVERED, REINJECTED, FROM_OUTSIDE, ...ALICE],
    ],
    [
      "sent again by a server that lost our 250",
      [...DELIVERED, LMTP, FROM_OUTSIDE.replace("4A1B2C", "9Z9Z9Z"), ...ALICE],
    ],
    [
      "the mailbox named by another header",
      ["X-Original-To: claims@company.example", FROM_OUTSIDE, ...ALICE],
    ],
  ])("is the same: %s", (_, header) => expect(keyOf(header)).toBe(key));

  it.each<[string, readonly string[], string?]>([
    [
      "another mailbox, same Message-ID",
      [...DELIVERED.map((line) => line.replace("claims@", "life@")), LMTP, FROM_OUTSIDE, ...ALICE],
    ],
    [
      "another Message-ID",
      [...DELIVERED, LMTP, FROM_OUTSIDE, ...aliceWith("Message-ID: <2@partner.example>")],
    ],
    ["another body", [...DELIVERED, LMTP, FROM_OUTSIDE, ...ALICE], "Hello!\r\n"],
    [
      "a header of the sender's in another order",
      [...DELIVERED, LMTP, FROM_OUTSIDE, ...[...ALICE].reverse()],
    ],
  ])("differs: %s", (_, header, body) => expect(keyOf(header, body)).not.toBe(key));

  it("does not depend on the order of the mailboxes", () => {
    const named = (to: string) => factsOf([FROM_OUTSIDE_NO_FOR, ...aliceWith(`To: ${to}`)]).addressed;
    const one = named("a@company.example, b@company.example");
    const other = named("b@company.example, a@company.example");
    expect(ledgerKey("d", one)).toBe(ledgerKey("d", other));
  });

  it("cannot be made equal by joining addresses", () => {
    const address = (text: string) => ({ address: text, source: "To" }) as const;
    expect(ledgerKey("d", [address("a"), address("b")])).not.toBe(ledgerKey("d", [address('a","b')]));
  });

  it("covers the whole message without own hosts", () => {
    const policy = border({ ownHosts: [] });
    expect(keyOf([LMTP, ...ALICE], undefined, policy)).not.toBe(keyOf([...ALICE], undefined, policy));
  });
});

describe("the facts of a message", () => {
  it("tell times, identifiers and references", () => {
    const header = [FROM_OUTSIDE, ...ALICE, "References: <a@x> <b@x>", "In-Reply-To: <c@x>"];
    expect(factsOf(header)).toMatchObject({
      messageId: "<1@partner.example>",
      references: ["<a@x>", "<b@x>", "<c@x>"],
      borderTime: new Date("2026-06-01T10:00:00Z"),
      date: new Date("2026-06-01T09:59:58Z"),
      from: { kind: "one", address: "alice@partner.example" },
      size: mail(header).length,
    });
  });

  it("keep the newest fifty references", () => {
    const many = Array.from({ length: 90 }, (_, n) => `<${n}@x>`).join(" ");
    const { references } = factsOf([FROM_OUTSIDE, ...ALICE, `References: ${many}`, "In-Reply-To: <last@x>"]);
    expect(references).toHaveLength(50);
    expect([references[0], references.at(-1)]).toEqual(["<41@x>", "<last@x>"]);
  });

  it.each<[ReadProblem, readonly string[]]>([
    ["mime.no-boundary", ["Content-Type: multipart/mixed"]],
    ["mime.ambiguous", ["Content-Type: text/plain", "Content-Type: text/html"]],
    ["mime.header-too-large", Array.from({ length: 300 }, (_, n) => `X-${n}: ${"x".repeat(4000)}`)],
    ["mime.too-many-fields", Array.from({ length: 3000 }, (_, n) => `X-${n}: y`)],
  ])("are told with the problem %s, and nothing is offered", (problem, lines) => {
    const found = read([FROM_OUTSIDE, ...aliceWith("Subject: Hello", ...lines)]);
    expect(found.problem).toBe(problem);
    expect(found.offer).toEqual({ signed: [], files: [], secrets: [] });
    expect(found.facts.from).toEqual({ kind: "one", address: "alice@partner.example" });
  });

  it.each<[ReadProblem, string]>([
    [
      "mime.too-deep",
      Array.from(
        { length: 80 },
        (_, n) => `--b${n}\r\nContent-Type: multipart/mixed; boundary=b${n + 1}\r\n\r\n`,
      ).join(""),
    ],
    ["mime.too-many-parts", "--b0\r\n\r\nx\r\n".repeat(2000)],
  ])("are told with the problem %s of the body", (problem, body) => {
    const found = read([FROM_OUTSIDE, ...ALICE, "Content-Type: multipart/mixed; boundary=b0"], POLICY, body);
    expect([found.problem, found.offer.files, found.facts.request]).toEqual([problem, [], "exact"]);
  });

  it("of nothing at all are a problem too", () => {
    expect(readMessage(new Uint8Array(0), POLICY).problem).toBe("mime.empty");
    expect(readMessage(Buffer.from("\r\n\r\nbody only"), POLICY).problem).toBe("mime.empty");
  });

  it("are plain data that a child process can send", () => {
    const { facts } = read([FROM_OUTSIDE, ...ALICE]);
    expect(structuredClone(facts)).toEqual(facts);
  });
});

describe("any bytes", () => {
  it("are read without a throw, twice the same, and the input stays as it was", () => {
    const word = fc.constantFrom(
      "From: a@b.example\r\n",
      "To: claims@company.example\r\n",
      "Received: from x (y [1.2.3.4]) by mx.company.example;\r\n",
      "Content-Type: multipart/signed; boundary=s\r\n",
      "Content-Type: multipart/mixed; boundary=m\r\n",
      "\r\n",
      "--s\r\n",
      "--m\r\n",
      "--s--\r\n",
      "Content-Type: application/pkcs7-signature\r\n",
      "Subject: =?utf-8?Q?",
      "?=\r\n",
      "\n",
      "\0",
      "AAAA",
      " ",
      ":",
      "<>",
      "\xff",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 40 }), (words) => {
        const raw = Buffer.from(words.join(""), "latin1");
        const before = Buffer.from(raw);
        expect(readMessage(raw, POLICY)).toEqual(readMessage(raw, POLICY));
        expect(raw.equals(before)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
