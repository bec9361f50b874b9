import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDisposition, parseMediaType } from "../../src/mail/index.ts";

const read = (body: string) => {
  const parsed = parseMediaType(body);
  return parsed === null ? null : [parsed.type, Object.fromEntries(parsed.parameters)];
};

describe("Content-Type (RFC 2045 §5.1, RFC 2231)", () => {
  const rows: readonly (readonly [rule: string, body: string, expected: unknown])[] = [
    ["type in lower case", "Text/PLAIN", ["text/plain", {}]],
    ["parameters, names in lower case", "a/b; X=Y; z=1", ["a/b", { x: "Y", z: "1" }]],
    ["quoted string", 'a/b; x="a; \\"b\\""', ["a/b", { x: 'a; "b"' }]],
    ["comments", "(c) a/b (d) ; (e) x (f) = (g) y (h); z=1(i)", ["a/b", { x: "y", z: "1" }]],
    [
      "unquoted tspecials, as mailers write boundaries",
      "a/b; boundary=----=_Part/1:2; x=y",
      ["a/b", { boundary: "----=_Part/1:2", x: "y" }],
    ],
    ["the first of a repeated name", "a/b; x=1; X=2", ["a/b", { x: "1" }]],
    ["semicolons too many", "a/b;; x=1;", ["a/b", { x: "1" }]],
    ["a parameter without value", "a/b; x; y=1", ["a/b", { y: "1" }]],
    ["quoted string that does not end", 'a/b; x="y; z=1', ["a/b", { x: "y; z=1" }]],
    ["RFC 2231 §3 sections", 'a/b; x*1=c; x*0="a b"', ["a/b", { x: "a bc" }]],
    ["RFC 2231 §3 a gap ends it", "a/b; x*0=a; x*2=c", ["a/b", { x: "a" }]],
    ["RFC 2231 §3 sections begin at 0", "a/b; x*1=c", ["a/b", {}]],
    ["RFC 2231 §4 charset", "a/b; x*=iso-8859-1'de'%FCber", ["a/b", { x: "über" }]],
    [
      "RFC 2231 §4.1 both, a character over two sections",
      "a/b; x*0*=utf-8''%C3; x*1*=%BC; x*2=%41",
      ["a/b", { x: "ü%41" }],
    ],
    ["RFC 2231 unknown charset read as UTF-8", "a/b; x*=x-none''%C3%BC", ["a/b", { x: "ü" }]],
    ["extended form before the plain one", "a/b; x=plain; x*=utf-8''ext", ["a/b", { x: "ext" }]],
    ["broken percent escape stays", "a/b; x*=utf-8''100%", ["a/b", { x: "100%" }]],
    [
      "names of Object's prototype",
      "a/b; __proto__=1; constructor=2",
      [
        "a/b",
        Object.fromEntries([
          ["__proto__", "1"],
          ["constructor", "2"],
        ]),
      ],
    ],
    ["no subtype", "text", null],
    ["no type", "/plain", null],
    ["empty", "", null],
  ];
  it.each(rows)("%s", (_rule, body, expected) => {
    expect(read(body)).toEqual(expected);
  });
  it.each([
    ["a/b; boundary=1; boundary=2", true],
    ["a/b; boundary=1; boundary*=utf-8''2", true],
    ["a/b; boundary=1; boundary*0=2", true],
    ["a/b; boundary*0=1; boundary*0=2", true],
    ["a/b; boundary*0=1; boundary*1=2", false],
    ["a/b; boundary=1", false],
  ])("%s has a repeated boundary: %s", (body, expected) => {
    expect(parseMediaType(body)?.repeated.has("boundary")).toBe(expected);
  });
});

it("Content-Disposition (RFC 2183 §2)", () => {
  expect(parseDisposition('Attachment; FileName="a.cer"')).toMatchObject({ disposition: "attachment" });
  expect(parseDisposition('Attachment; FileName="a.cer"')?.parameters.get("filename")).toBe("a.cer");
  expect(parseDisposition("")).toBeNull();
});

it("no text makes the parser throw or slow", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ab/;="*0'%( )\\]{0,60}$/), (body) => void parseMediaType(`a/b;${body}`)),
  );
  for (const piece of ["(", '"', ";", "x*0*=%", ";x=", "a ", "\\"]) {
    const started = performance.now();
    parseMediaType(`a/b; ${piece.repeat(500_000 / piece.length)}`);
    expect(performance.now() - started, piece).toBeLessThan(2000);
  }
});
