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
