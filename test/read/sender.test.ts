import { describe, expect, it } from "vitest";
import type { From, ReturnPath } from "../../src/read/index.ts";
import { ALICE, aliceWith, FROM_OUTSIDE, factsOf } from "./kit.ts";

const ONE: From = { kind: "one", address: "alice@partner.example" };

describe("From (PRODUCT §3, RFC 5322 §3.6.2)", () => {
  it.each<[string, readonly string[], From]>([
    ["one address", ["From: alice@partner.example"], ONE],
    ["a display name", ['From: "Alice (Partner)" <alice@partner.example>'], ONE],
    [
      "an encoded display name that looks like an address",
      ["From: =?utf-8?Q?ceo=40company=2Eexample?= <alice@partner.example>"],
      ONE,
    ],
    ["the domain in upper case", ["From: alice@PARTNER.Example"], ONE],
    [
      "the local part keeps its case",
      ["From: Alice@partner.example"],
      { kind: "one", address: "Alice@partner.example" },
    ],
    ["folded", ["From: Alice\r\n <alice@partner.example>"], ONE],
    [
      "Sender and Reply-To do not count",
      ["From: alice@partner.example", "Sender: x@evil.example", "Reply-To: y@evil.example"],
      ONE,
    ],
    ["no From", [], { kind: "missing" }],
    ["an empty From", ["From: "], { kind: "empty" }],
    ["a group", ["From: Team: alice@partner.example;"], { kind: "group" }],
    ["an empty group", ["From: undisclosed:;"], { kind: "group" }],
    [
      "mailto: and two addresses",
      ["From: mailto:alice@partner.example,bob@partner.example;"],
      { kind: "group" },
    ],
    ["mailto: and nobody", ["From: mailto:;"], { kind: "group" }],
    [
      "mailto: and a mailbox with a name",
      ["From: mailto: Alice <alice@partner.example>;"],
      { kind: "group" },
    ],
    ["two mailboxes", ["From: alice@partner.example, bob@partner.example"], { kind: "several" }],
    [
      "two From fields",
      ["From: alice@partner.example", "From: alice@partner.example"],
      { kind: "two-fields" },
    ],
    [
      "two addresses in one entry",
      ["From: ceo@company.example <alice@partner.example>"],
      { kind: "unreadable" },
    ],
    ["an encoded word as address", ["From: =?utf-8?Q?alice=40partner=2Eexample?="], { kind: "unreadable" }],
    ["a NUL in the address", ["From: ali\u0000ce@partner.example"], { kind: "unreadable" }],
    ["no address", ["From: Alice"], { kind: "unreadable" }],
  ])("%s", (_, from, expected) => {
    const rest = ALICE.filter((line) => !line.startsWith("From"));
    expect(factsOf([FROM_OUTSIDE, ...from, ...rest]).from).toEqual(expected);
  });

  const LOOSE: From = { ...ONE, loose: true };
  it.each<[string, string, From]>([
    ["a comma in the name", "Muster, Alice <alice@partner.example>", LOOSE],
    ["brackets in the name", "Dr. A. Muster [extern] <alice@partner.example>", LOOSE],
    ["brackets with a blank in them", "Alice [Muster GmbH] <alice@partner.example>", LOOSE],
    ["the address itself as the name", "alice@partner.example <alice@partner.example>", LOOSE],
    ["the same in other capitals", "Alice@Partner.Example <alice@partner.example>", LOOSE],
    ["the same in single quotes", "'alice@partner.example' <alice@partner.example>", LOOSE],
    ["mailto: and a semicolon, which would be a group", "mailto:alice@partner.example;", LOOSE],
    ["the same with a blank before the semicolon", "MailTo:alice@partner.example ;", LOOSE],
    ["a stray semicolon", "Alice <alice@partner.example>;", LOOSE],
    ["a stray semicolon behind a bare address", "alice@partner.example;", LOOSE],
    ["a semicolon in the name", "Muster; Alice <alice@partner.example>", LOOSE],
    ["a colon in the name", "Vertrieb: Alice <alice@partner.example>", LOOSE],
    ["a backslash in the name", "COMPANY\\alice <alice@partner.example>", LOOSE],
    ["a closing parenthesis in the name", "Alice :-) <alice@partner.example>", LOOSE],
    ["a Notes name", "CN=Alice/OU=x/C=DE@MUSTER <alice@partner.example>", LOOSE],
    ["an at sign among words", "Alice @ Muster GmbH <alice@partner.example>", LOOSE],
    ["folded", "Muster, Alice\r\n <alice@partner.example>", LOOSE],
    ["a quoted string that does not end", '"Alice Muster <alice@partner.example>', LOOSE],
    ["a quotation mark behind a word", 'Alice "Muster <alice@partner.example>', LOOSE],
    ["a comment that does not end", "Alice (Muster <alice@partner.example>", LOOSE],
    ["doubled brackets", "Alice Muster <<alice@partner.example>>", LOOSE],
    ["a bracket too many", "Alice Muster <alice@partner.example>>", LOOSE],
    ["backslashes before parentheses", "Alice \\(Vertrieb\\) <alice@partner.example>", LOOSE],
    ["a dot behind the domain", "Alice <alice@partner.example.>", LOOSE],
    ["a dot behind a bare address", "alice@partner.example.", LOOSE],
    ["mailto: in the brackets", "Alice <mailto:alice@partner.example>", LOOSE],
    ["mailto: before a bare address", "MAILTO:alice@partner.example", LOOSE],
    ["mailto: as the name too", "mailto:alice@partner.example <mailto:alice@partner.example>", LOOSE],
    ["a quoted part and a special", '"Alice" Muster, Dr. <alice@partner.example>', LOOSE],
  ])("a name that breaks the grammar, and one address (PRODUCT §3): %s", (_, body, expected) => {
    const { from, fromAddresses } = factsOf([FROM_OUTSIDE, ...aliceWith(`From: ${body}`)]);
    expect(from).toEqual(expected);
    expect(fromAddresses).toEqual(["alice@partner.example"]);
  });

  it.each([
    ["another address as the name", "ceo@company.example <alice@partner.example>"],
    ["another one in single quotes", "'ceo@company.example' <alice@partner.example>"],
    ["another one in brackets", "Alice [ceo@company.example] <alice@partner.example>"],
    ["another one with blanks around the signs", "ceo @ company . example, Alice <alice@partner.example>"],
    ["another one with its literal", "ceo@[192.0.2.1], Alice <alice@partner.example>"],
    ["another one in a quoted string", '"ceo@company.example", Alice <alice@partner.example>'],
    ["another one in a comment", "Muster, (ceo@company.example) <alice@partner.example>"],
    ["two at signs", "ceo@company@x <alice@partner.example>"],
    ["the same local part elsewhere", "alice@company.example <alice@partner.example>"],
    ["another one behind", "Muster, Alice <alice@partner.example> ceo@company.example"],
    ["another one behind a semicolon", "<alice@partner.example>; ceo@company.example"],
    ["two pairs of brackets", "Muster, <ceo@company.example> <alice@partner.example>"],
    ["the same twice in brackets", "<alice@partner.example> <alice@partner.example>"],
    ["words behind", "Alice <alice@partner.example> Muster"],
    ["another one in a string that does not end", '"ceo@company.example <alice@partner.example>'],
    ["another one in a comment that does not end", "Alice (ceo@company.example <alice@partner.example>"],
    ["another one behind a backslash", "Alice \\(ceo@company.example\\) <alice@partner.example>"],
    ["a quote before two pairs of brackets", '"Alice <ceo@company.example> <alice@partner.example>'],
    ["a quote in the brackets", 'Alice "Muster <"alice@partner.example>'],
    ["three brackets", "Alice <<<alice@partner.example>>>"],
    ["two addresses in doubled brackets", "Alice <<ceo@company.example> <alice@partner.example>>"],
    ["a backslash before the bracket", "Alice \\<alice@partner.example>"],
    ["two dots behind the domain", "alice@partner.example.."],
    ["mailto: twice", "<mailto:mailto:alice@partner.example>"],
    ["mailto: of another one", "mailto:ceo@company.example <alice@partner.example>"],
    ["mailto: with two", "<mailto:alice@partner.example,ceo@company.example>"],
    ["an escaped bracket", "Alice \\<ceo@company.example> <alice@partner.example>"],
    ["brackets that do not close", "Muster, Alice <alice@partner.example"],
    ["no address in the brackets", "Muster, Alice <alice>"],
    ["a control character", "Muster, Al\u0000ice <alice@partner.example>"],
    ["an encoded word in the brackets", "Muster, Alice <=?utf-8?Q?alice=40partner=2Eexample?=>"],
    ["a name without end", `${"Muster, ".repeat(200)}<alice@partner.example>`],
  ])("is refused where a second reading is possible: %s", (_, body) => {
    expect(factsOf([FROM_OUTSIDE, ...aliceWith(`From: ${body}`)]).from.kind).not.toBe("one");
  });

  it("shows every address of every field", () => {
    const header = [FROM_OUTSIDE, "From: a@x.example, b@x.example", ...aliceWith("From: c@x.example")];
    expect(factsOf(header).fromAddresses).toEqual(["a@x.example", "b@x.example", "c@x.example"]);
  });
});

describe("Return-Path (RFC 5321 §4.4)", () => {
  it.each<[string, readonly string[], ReturnPath]>([
    ["missing is not empty (PRODUCT §5)", [], { kind: "absent" }],
    ["the null sender", ["Return-Path: <>"], { kind: "null" }],
    ["the null sender with blanks", ["Return-Path:  < > "], { kind: "null" }],
    ["an empty one", ["Return-Path:"], { kind: "null" }],
    ["pipe(8)'s null sender (LAB §2)", ["Return-Path: <MAILER-DAEMON>"], { kind: "null" }],
    [
      "an address",
      ["Return-Path: <alice@partner.example>"],
      { kind: "address", address: "alice@partner.example" },
    ],
    [
      "an address without brackets",
      ["Return-Path: alice@partner.example"],
      { kind: "address", address: "alice@partner.example" },
    ],
    [
      "of several the null one wins",
      ["Return-Path: <alice@partner.example>", "Return-Path: <>"],
      { kind: "null" },
    ],
    ["nonsense says nothing", ["Return-Path: <alice"], { kind: "absent" }],
  ])("%s", (_, lines, expected) => {
    expect(factsOf([...lines, FROM_OUTSIDE, ...ALICE]).returnPath).toEqual(expected);
  });
});
