import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEncodedWords, encodeWords } from "../../src/mail/index.ts";

describe("encoded words are decoded (RFC 2047)", () => {
  const rows: readonly (readonly [rule: string, body: string, expected: string])[] = [
    ["§4.2 Q", "=?utf-8?Q?[AXA=5D_=C3=BC?=", "[AXA] ü"],
    ["§4.1 B", "=?UTF-8?B?W0FYQVpFUlRJRklLQVRd?=", "[AXAZERTIFIKAT]"],
    ["§2 the encoding in any case", "=?utf-8?q?a?= =?utf-8?b?Yg==?=", "ab"],
    ["§6.2 white space between two words goes", "=?utf-8?Q?a?=  \t =?utf-8?Q?b?=", "ab"],
    ["§6.2 white space beside other text stays", "x =?utf-8?Q?a?= y", "x a y"],
    [
      "§5 (3) against it: a character split between words",
      "=?utf-8?B?w7w=?= =?utf-8?Q?=C3?= =?utf-8?B?vA==?=",
      "üü",
    ],
    ["two charsets", "=?iso-8859-1?Q?=FC?= =?utf-8?Q?=C3=BC?=", "üü"],
    ["RFC 2231 §5 language", "=?utf-8*de?Q?=C3=BC?=", "ü"],
    ["other charsets", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?koi8-r?B?0NLJ18XU?=", "日本привет"],
    ["unknown charset stays", "=?x-none?Q?a?= =?utf-8?Q?b?=", "=?x-none?Q?a?= b"],
    [
      "unknown charset between known ones stays",
      "=?utf-8?Q?a?= =?x-none?Q?b?= =?utf-8?Q?c?=",
      "a =?x-none?Q?b?= c",
    ],
    ["broken base64 stays", "=?utf-8?B?a*b?=", "=?utf-8?B?a*b?="],
    ["unknown encoding stays", "=?utf-8?X?a?=", "=?utf-8?X?a?="],
    ["a word that does not end stays", "=?utf-8?Q?abc", "=?utf-8?Q?abc"],
    ["a blank inside is no word", "=?utf-8?Q?a b?=", "=?utf-8?Q?a b?="],
    ["a broken escape stays", "=?utf-8?Q?=4G=?=", "=4G="],
    ["an empty word", "a =?utf-8?Q??= b", "a  b"],
    ["beside text, as many mailers write it", "x=?utf-8?Q?a?=y", "xay"],
    ["plain text", "no word", "no word"],
    ["decoded once only", "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?=", "=?utf-8?Q?a?="],
  ];
  it.each(rows)("%s", (_rule, body, expected) => {
    expect(decodeEncodedWords(body)).toBe(expected);
  });
});

describe("text is spelled for a header", () => {
  it.each(["plain text", 'with "quotes" (and) [brackets]', ""])("plain ASCII as it stands: %j", (text) => {
    expect(encodeWords(text)).toBe(text);
  });
  it("what looks like an encoded word is encoded", () => {
    expect(decodeEncodedWords(encodeWords("=?utf-8?Q?a?="))).toBe("=?utf-8?Q?a?=");
    expect(encodeWords("=?utf-8?Q?a?=")).not.toContain("Q?a?=");
  });
  it("Q or B, whichever is shorter", () => {
    expect(encodeWords("Zertifikat für Anna")).toMatch(/^=\?utf-8\?Q\?/);
    expect(encodeWords("日本語のメール")).toMatch(/^=\?utf-8\?B\?/);
  });
  it("a line end becomes a blank", () => {
    expect(encodeWords("a\r\nBcc: x@y")).toBe("a Bcc: x@y");
    expect(encodeWords("a\0\u0085\u2028b")).not.toMatch(/[^\x20-\x7e]/);
  });
  it("any text comes back, in words of at most 75 characters of printable ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        const encoded = encodeWords(text);
        expect(encoded).toMatch(/^[\x20-\x7e]*$/);
        const clean = text.replace(/\p{Cc}+/gu, " ");
        expect(decodeEncodedWords(encoded)).toBe(clean);
        if (encoded !== clean)
          for (const word of encoded.split(" ")) expect(word.length).toBeLessThanOrEqual(75);
      }),
    );
  });
});

it("no text makes the decoder throw or slow", () => {
  fc.assert(fc.property(fc.stringMatching(/^[=?utf8QB_A-]{0,80}$/), (text) => void decodeEncodedWords(text)));
  for (const piece of ["=?", "=?a?q?", "=?utf-8?Q?a?= ", "=?utf-8?Q?", "=?a*", "?="]) {
    const started = performance.now();
    decodeEncodedWords(piece.repeat(1_000_000 / piece.length));
    expect(performance.now() - started, piece).toBeLessThan(2000);
  }
});
