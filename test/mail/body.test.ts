import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBody, toCrlf } from "../../src/mail/index.ts";
import { processorTime } from "./processor-time.ts";

const decode = (transferEncoding: string, text: string) => {
  const raw = Buffer.from(text, "latin1");
  const { bytes, problem } = decodeBody(raw, { transferEncoding, bodyStart: 0, end: raw.length });
  return [bytes.toString("latin1"), problem];
};

describe("a transfer encoding is undone (RFC 2045 §6)", () => {
  const rows: readonly (readonly [
    rule: string,
    encoding: string,
    text: string,
    expected: string,
    problem: string | null,
  ])[] = [
    ["§6.2 7bit", "7bit", "a\r\n", "a\r\n", null],
    ["§6.2 binary", "binary", "\0\xff", "\0\xff", null],
    ["§6.4 unknown", "x-uuencode", "a", "a", "encoding-unknown"],
    ["§6.8 base64", "base64", "aGVs\r\nbG8=\r\n", "hello", null],
    ["§6.8 with blanks and bare LF", "base64", " aG Vs\tbG8= \n\n", "hello", null],
    ["§6.8 without padding", "base64", "aGVsbG8", "hello", null],
    ["§6.8 empty", "base64", "\r\n", "", null],
    ["§6.8 other characters end it", "base64", "aGVs!bG8=", "hel", "base64"],
    ["§6.8 the URL alphabet is another one", "base64", "aGVs-_8=", "hel", "base64"],
    ["§6.8 text after the padding", "base64", "aGVsbG8=\r\nfooter", "hello", "base64"],
    ["§6.8 one digit left over", "base64", "aGVsb", "hel", "base64"],
    ["§6.7 (1) quoted-printable", "quoted-printable", "=C3=bc =3D", "\xc3\xbc =", null],
    ["§6.7 (3) trailing blanks go", "quoted-printable", "a \t\r\nb \n c ", "a\r\nb\n c", null],
    ["§6.7 (3) an encoded blank stays", "quoted-printable", "a=20\r\nb", "a \r\nb", null],
    ["§6.7 (5) soft line break", "quoted-printable", "a=\r\nb=\nc= \t\r\nd=", "abcd", null],
    ["§6.7 (5) blanks before a soft break stay", "quoted-printable", "a =\r\nb", "a b", null],
    ["§6.7 broken escape stays", "quoted-printable", "a=4Gb", "a=4Gb", "quoted-printable"],
  ];
  it.each(rows)("%s", (_rule, encoding, text, expected, problem) => {
    expect(decode(encoding, text)).toEqual([expected, problem]);
  });
  it("only the part's own body is read", () => {
    const part = { transferEncoding: "base64", bodyStart: 2, end: 6 };
    expect(decodeBody(Buffer.from("!!YWJj!!"), part)).toEqual({ bytes: Buffer.from("abc"), problem: null });
  });
  it("no bytes make it throw or grow", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("base64", "quoted-printable", "7bit"),
        fc.uint8Array({ maxLength: 300 }),
        (transferEncoding, raw) => {
          const { bytes } = decodeBody(raw, { transferEncoding, bodyStart: 0, end: raw.length });
          expect(bytes.length).toBeLessThanOrEqual(raw.length);
        },
      ),
    );
  });
});

describe("the canonical form (RFC 8551 §3.1.1)", () => {
  it.each([
    ["bare LF becomes CRLF", "a\nb\n", "a\r\nb\r\n"],
    ["CRLF stays", "a\r\nb\r\n", "a\r\nb\r\n"],
    ["mixed", "a\r\nb\nc", "a\r\nb\r\nc"],
    ["a bare CR stays", "a\rb\r\r\n", "a\rb\r\r\n"],
    ["LF at the very start", "\n\n", "\r\n\r\n"],
    ["trailing blanks stay", "a \t\n", "a \t\r\n"],
    ["empty", "", ""],
  ])("%s", (_rule, text, expected) => {
    expect(toCrlf(Buffer.from(text)).toString()).toBe(expected);
  });
  it("shares the memory when nothing is to do", () => {
    const bytes = new Uint8Array(Buffer.from("a\r\n"));
    expect(toCrlf(bytes).buffer).toBe(bytes.buffer);
  });
  it("is the same when made twice", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(10, 13, 65)), (bytes) => {
        const once = toCrlf(Uint8Array.from(bytes));
        expect(toCrlf(once).equals(once)).toBe(true);
      }),
    );
  });
  it("takes 50 MB of lines in little time", () => {
    const bytes = Buffer.alloc(50_000_000, `${"x".repeat(75)}\n`);
    expect(processorTime(() => toCrlf(bytes))).toBeLessThan(3000);
  });
});
