import { describe, expect, it } from "vitest";
import { finding } from "../../src/inspect/index.ts";
import { replySubject, replyText } from "../../src/reply/body.ts";
import { JUDGED_PER_REPLY, TEXT_WIDTH } from "../../src/reply/limits.ts";
import { expectGolden, goldenNames } from "./golden.ts";
import { CONTENTS, FINDING_CODES, IDENTITY, judged, shippedTexts } from "./sample.ts";

const TO = "alice@partner.example";
const ORDERS = [["de", "en"], ["en", "de"], ["de"], ["en"]];
const DE_EN = shippedTexts(["de", "en"]);
const EN = shippedTexts(["en"]);

describe("the words of a reply (PRODUCT §3, §4)", () => {
  const rows = Object.entries(CONTENTS).flatMap(([name, content]) =>
    ORDERS.map((order) => ({ name: `${name}.${order.join("-")}`, content, order })),
  );
  it.each(rows)("$name reads as its golden file", ({ name, content, order }) => {
    const texts = shippedTexts(order);
    const text = replyText(content, TO, IDENTITY, texts);
    expectGolden(`${name}.txt`, `Subject: ${replySubject(content, IDENTITY, texts)}\n\n${text}`);
  });

  it("has no golden file that nothing is compared with", () => {
    const replies = goldenNames().filter((name) => !name.startsWith("notice."));
    expect(replies).toEqual(rows.map(({ name }) => `${name}.txt`).sort());
  });

  it.each(rows)("$name has no line wider than the text and no brace left", ({ content, order }) => {
    const text = replyText(content, TO, IDENTITY, shippedTexts(order));
    for (const line of text.split("\n")) expect([...line].length, line).toBeLessThanOrEqual(TEXT_WIDTH);
    expect(text).not.toMatch(/[{}]|undefined|NaN|\[object/);
  });

  it.each(FINDING_CODES)("%s is told in every language, and its detail never", (code) => {
    const one = { ...judged("rejected", []), findings: [finding(code, "stranger's detail", "error")] };
    for (const language of ["de", "en"]) {
      const text = replyText(
        { template: "rejected", problems: [], judged: [one] },
        TO,
        IDENTITY,
        shippedTexts([language]),
      );
      expect(text).not.toContain("stranger's detail");
      expect(text.split("\n- ").length, "one reason").toBe(2);
    }
  });
});

describe("what a reply must not do", () => {
  it("quotes no text of a certificate whose path is not valid (PRODUCT §3)", () => {
    const words = { subject: "CN=Call 0900 now", issuer: "CN=Evil words", keyAlgorithm: "X-evil" };
    const one = judged("rejected", ["path.self-signed"], words, false);
    const text = replyText({ template: "rejected", problems: [], judged: [one] }, TO, IDENTITY, DE_EN);
    expect(text).not.toMatch(/0900|vil/);
    expect(text).toContain("0F0F 0F0F");
  });

  it("says the same of every address without certificate, but for the address (PRODUCT §4)", () => {
    const say = (address: string): string =>
      replyText(
        { template: "no-certificate", mailboxes: [{ address, certificates: [] }] },
        TO,
        IDENTITY,
        DE_EN,
      );
    expect(say("a@company.example").replaceAll("a@company.example", "b@company.example")).toBe(
      say("b@company.example"),
    );
  });

  const hostile = [
    ["a line end", "x\r\nBcc: evil@x.example", /^Bcc/m],
    ["a line separator", "x\u2028Bcc: evil", /[\u2028]/],
    ["a bidi override", "x\u202Eevil", /\u202E/],
    ["a zero-width space", "x\u200Bevil", /\u200B/],
    ["an escape sequence", "x\u001B[31m", /[^\P{Cc}\n]/u],
    ["a URL", "see http://evil.example/x", /http:\/\/|evil\.example/],
    ["a host name", "www.evil.example", /www\.evil|evil\.example/],
    ["an address", "mailto:x@evil.example", /x@evil/],
  ] as const;
  it.each(hostile)("takes %s out of a certificate's text", (_, subject, forbidden) => {
    const one = judged("accepted", [], { subject: `CN=${subject}` });
    const text = replyText({ template: "accepted", problems: [], judged: [one] }, TO, IDENTITY, EN);
    expect(text).not.toMatch(forbidden);
  });

  it.each(hostile.slice(0, 5))("takes %s out of an address", (_, address, forbidden) => {
    const mailboxes = [{ address, certificates: [] }];
    const text = replyText({ template: "no-certificate", mailboxes }, address, IDENTITY, EN);
    expect(text).not.toMatch(forbidden);
  });

  it("does not take a placeholder out of a value", () => {
    const mailboxes = [{ address: "{contact}@company.example", certificates: [] }];
    const text = replyText({ template: "no-certificate", mailboxes }, TO, IDENTITY, EN);
    expect(text).toContain("- {contact}@company.example");
  });

  it("does not grow with the number or length of what a stranger sent", () => {
    const many = Array.from({ length: 500 }, () => judged("accepted", [], { subject: "x".repeat(1e6) }));
    const text = replyText({ template: "accepted", problems: [], judged: many }, TO, IDENTITY, EN);
    expect(text).toContain(`not listed here: ${500 - JUDGED_PER_REPLY}`);
    expect(text.length).toBeLessThan(10_000);
  });
});

describe("which reasons are told", () => {
  it("each once, errors before warnings, notes never", () => {
    const one = judged("rejected", ["path.unknown-ca", "signature.no-time", "cert.expired", "cert.expired"]);
    const text = replyText({ template: "rejected", problems: [], judged: [one] }, TO, IDENTITY, EN);
    expect(text.match(/^- .{21}/gm)).toEqual(["- The certificate has e", "- The authority that is"]);
  });

  it("dates are told in UTC and with the month's name of the language", () => {
    const one = judged("rejected", ["cert.expired"], { notAfter: new Date("2027-03-01T23:59:59Z") });
    const text = replyText({ template: "rejected", problems: [], judged: [one] }, TO, IDENTITY, DE_EN);
    expect(text.replace(/\s+/g, " ")).toContain("bis zum 1. März 2027, 23:59 Uhr (UTC).");
    expect(text.replace(/\s+/g, " ")).toContain("until 1 March 2027, 23:59 UTC.");
  });
});
