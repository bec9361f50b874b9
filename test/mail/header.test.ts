import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldsNamed, firstField, MAIL_LIMITS, parseHeader } from "../../src/mail/index.ts";

const header = (text: string | Buffer) => {
  const raw = Buffer.from(text as string);
  return parseHeader(raw, 0, raw.length);
};
const pairs = (text: string | Buffer) => header(text).fields.map((field) => [field.name, field.body]);

describe("a header (RFC 5322 §2.2)", () => {
  const rows: readonly (readonly [rule: string, text: string | Buffer, expected: readonly string[][]])[] = [
    ["§2.2 name and body, trimmed", "Subject:  hi \t\r\n\r\n", [["Subject", "hi"]]],
    ["§2.2.3 folded: the line end goes, the blank stays", "S: a\r\n b\r\n\tc\r\n\r\n", [["S", "a b\tc"]]],
    [
      "bare LF",
      "A: 1\nB: 2\n 3\n\n",
      [
        ["A", "1"],
        ["B", "2 3"],
      ],
    ],
    ["§4.5 blanks before the colon", "Subject : x\r\n\r\n", [["Subject", "x"]]],
    ["an empty body", "Subject:\r\n\r\n", [["Subject", ""]]],
    ["the name alone on the first line", "Subject:\r\n [TAG]\r\n\r\n", [["Subject", "[TAG]"]]],
    ["colons in the body", "A: b: c\r\n\r\n", [["A", "b: c"]]],
    ["RFC 6532 §3.2 UTF-8", "A: ü\r\n\r\n", [["A", "ü"]]],
    ["other bytes as ISO 8859-1", Buffer.from("A: \xfc\r\n\r\n", "latin1"), [["A", "ü"]]],
    ["an mbox line at the very start", "From a@b Mon Nov 23 16:00:00 2026\nA: 1\n\n", [["A", "1"]]],
    ["From with a blank before its colon is a field", "From : a@b\r\n\r\n", [["From", "a@b"]]],
    [
      "no empty line at the end",
      "A: 1\r\nB: 2",
      [
        ["A", "1"],
        ["B", "2"],
      ],
    ],
    [
      "a line of blanks continues the field above",
      "A: 1\r\n \r\nB: 2\r\n\r\n",
      [
        ["A", "1"],
        ["B", "2"],
      ],
    ],
    ["a bare CR is no line end", "A: 1\rB: 2\r\n\r\n", [["A", "1\rB: 2"]]],
  ];
  it.each(rows)("%s", (_rule, text, expected) => {
    expect(pairs(text)).toEqual(expected);
    expect(header(text).defects).toBe(0);
  });

  it("skips and counts a line that is no field, with its continuation", () => {
    const result = header("A: 1\r\nno field here\r\n Bcc: x\r\nB\u00e9: 3\r\n: 4\r\nC: 5\r\n\r\nbody");
    expect(result.fields.map((field) => field.name)).toEqual(["A", "C"]);
    expect(result.fields[0]?.body).toBe("1");
    expect(result.defects).toBe(3);
  });

  it("gives the offsets of each field and of the body", () => {
    const raw = Buffer.from("A: 1\r\n 2\r\nB: 3\n\r\nbody");
    const { fields, bodyStart } = parseHeader(raw, 0, raw.length);
    expect(fields.map(({ start, end }) => raw.subarray(start, end).toString())).toEqual([
      "A: 1\r\n 2\r\n",
      "B: 3\n",
    ]);
    expect(raw.subarray(bodyStart).toString()).toBe("body");
  });

  it("finds fields by name without regard to case, from the top", () => {
    const { fields } = header("received: 1\r\nX: y\r\nRECEIVED: 2\r\n\r\n");
    expect(fieldsNamed(fields, "Received").map((field) => field.body)).toEqual(["1", "2"]);
    expect(firstField(fields, "Received")?.body).toBe("1");
    expect(firstField(fields, "Date")).toBeNull();
  });
});

describe("the budgets of a header", () => {
  it("stop a header that does not end", () => {
    const result = header(Buffer.alloc(MAIL_LIMITS.headerBytes + 10, "A: 1\r\n"));
    expect(result.problem).toBe("too-many-fields");
    expect(header(`A: ${"x".repeat(MAIL_LIMITS.headerBytes)}\r\n\r\n`).problem).toBe("header-too-large");
    expect(header(`A: 1\r\n${" x\r\n".repeat(MAIL_LIMITS.headerBytes / 4)}\r\n`)).toMatchObject({
      problem: "header-too-large",
      fields: [],
    });
  });
  it("let the largest header pass", () => {
    const result = header(`${"A: 1\r\n".repeat(MAIL_LIMITS.headerFields)}\r\n`);
    expect(result).toMatchObject({ problem: null });
    expect(result.fields).toHaveLength(MAIL_LIMITS.headerFields);
  });
});

it("no bytes make the parser throw or read outside its range", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, a, b) => {
      const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
      const result = parseHeader(bytes, start, end);
      expect(result.bodyStart).toBeGreaterThanOrEqual(start);
      expect(result.bodyStart).toBeLessThanOrEqual(end);
      for (const field of result.fields) expect(field.end).toBeLessThanOrEqual(end);
    }),
  );
});
