import { describe, expect, it } from "vitest";
import { certificateText, oneLine } from "../../src/reply/escape.ts";
import { publishedFiles } from "../../src/reply/published.ts";
import { readableName } from "../../src/reply/readable-name.ts";
import { published } from "./sample.ts";

describe("oneLine (STYLE §2.26)", () => {
  it.each([
    ["leaves ordinary text alone", "Müller & Söhne, Köln – 漢字", "Müller & Söhne, Köln – 漢字"],
    ["makes every line end a blank", "a\r\nb\nc\u2028d\u0085e\vf", "a b c d e f"],
    ["shows where a control character stood", "a\u0000b\u001B[2Jc", "a\uFFFDb\uFFFD[2Jc"],
    ["shows where a bidi control stood", "a\u202Eb\u2066c\u200Fd", "a\uFFFDb\uFFFDc\uFFFDd"],
    ["shows where a lone surrogate stood", "a\uD800b", "a\uFFFDb"],
    ["cuts by code points", "😀".repeat(20), `${"😀".repeat(9)}…`],
  ])("%s", (_, value, line) => {
    expect(oneLine(value, line.endsWith("…") ? 10 : 100)).toBe(line);
  });

  it("takes no longer for megabytes", () => {
    const before = performance.now();
    expect(oneLine("\n".repeat(10_000_000), 100)).toBe("…");
    expect(performance.now() - before).toBeLessThan(100);
  });
});

describe("certificateText", () => {
  it.each([
    ["Sectigo Public CA R36, Sectigo Limited", "Sectigo Public CA R36, Sectigo Limited"],
    ["D-TRUST CA 1-2.1", "D-TRUST CA 1-2.1"],
    ["Acme S.p.A.", "Acme S.p.A."],
    ["https://evil.example/a?b", "https: //evil. example/a?b"],
    ["a@evil.example", "a @ evil. example"],
  ])("%s becomes %s", (value, text) => {
    expect(certificateText(value)).toBe(text);
  });
});

describe("readableName (RFC 4514)", () => {
  it.each([
    ["CN=Example CA,O=Example Trust,C=DE", "Example CA, Example Trust"],
    ["E=a@x.example,CN=Alice Example", "Alice Example"],
    ["CN=Same,O=Same", "Same"],
    ["CN=Miller\\, Jane+OU=x,O=A \\+ B", "Miller, Jane, A + B"],
    ["CN=a\\0D\\0Ab", "a\uFFFDb"],
    ["OU=Gateway,C=DE", "OU=Gateway,C=DE"],
    ["", ""],
  ])("%s is said %s", (name, said) => {
    expect(readableName(name)).toBe(said);
  });
});

describe("file names", () => {
  const names = (...addresses: string[]): string[] =>
    publishedFiles(addresses.map((address) => ({ address, certificates: [published()] })))
      .flat()
      .map(({ name }) => name);

  it.each([
    ["claims+x_1@company.example", "claims+x_1_at_company.example"],
    ["../../etc/passwd", "_._.._etc_passwd"],
    ["..\\x@company.example", "_._x_at_company.example"],
    [".hidden@company.example", "_hidden_at_company.example"],
    ["-rf@company.example", "_rf_at_company.example"],
    ['a"b\r\nc;d@company.example', "a_b__c_d_at_company.example"],
    ["jörg@company.example", "j_rg_at_company.example"],
    ["", "_"],
  ])("%j becomes %s", (address, name) => {
    expect(names(address)).toEqual([name]);
  });

  it("are distinct, also where case does not count", () => {
    expect(names("a@x", "A@x", "a@x", "a@x-2")).toEqual(["a_at_x", "A_at_x-2", "a_at_x-3", "a_at_x-2-2"]);
  });
});
