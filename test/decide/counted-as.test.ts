import { describe, expect, it } from "vitest";
import { capOf } from "../../src/decide/counted-as.ts";
import { FREEMAIL } from "../../src/decide/freemail.ts";
import { registeredDomain } from "../../src/mail/index.ts";

describe("whose cap a sender counts in (PRODUCT §3)", () => {
  it.each([
    ["a@partner.example", "partner.example"],
    ["a@mail.partner.example", "partner.example"],
    ["a@x.y.z.partner.co.uk", "partner.co.uk"],
    ["a@partner.co.uk", "partner.co.uk"],
    ["a@h1.dyndns.org", "dyndns.org"],
    ["a@someone.github.io", "github.io"],
    ["a@SUB.Partner.Example", "partner.example"],
    ["a@co.uk", "co.uk"],
    ["a@localhost", "localhost"],
    ["Ann+x@GMX.de", "ann@gmx.de"],
    ["a.n.n@googlemail.com", "ann@gmail.com"],
    ["a.n.n@gmx.de", "a.n.n@gmx.de"],
    ["a@mail.gmx.de", "gmx.de"],
  ])("%s: %s", (address, cap) => expect(capOf(address)).toBe(cap));
});

describe("a sender who is counted again", () => {
  it("counts as before, however many others came between", () => {
    const senders = Array.from({ length: 600 }, (_, index) => `a@mail.partner-${index}.example`);
    const caps = senders.map((_, index) => `partner-${index}.example`);
    expect([...senders, ...senders].map(capOf)).toEqual([...caps, ...caps]);
  });
});

describe("the list of freemail domains", () => {
  it("is written as domains are compared, and each is what somebody registered", () => {
    expect([...FREEMAIL].filter((domain) => registeredDomain(domain) !== domain)).toEqual([]);
  });
  it.each([
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "outlook.com",
    "hotmail.com",
  ])("has %s", (domain) => expect(FREEMAIL.has(domain)).toBe(true));
  it.each([
    "live.com",
    "yahoo.com",
    "icloud.com",
    "me.com",
    "freenet.de",
    "arcor.de",
    "posteo.de",
    "mailbox.org",
    "proton.me",
    "aol.com",
  ])("has %s", (domain) => expect(FREEMAIL.has(domain)).toBe(true));
});
