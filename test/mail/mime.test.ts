import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAIL_LIMITS, type MimePart, parseMime } from "../../src/mail/index.ts";
import { processorTime } from "./processor-time.ts";

/** Text of a multipart message with CRLF lines. */
function multipart(boundary: string, lines: readonly string[], type = "multipart/mixed"): string {
  return [`Content-Type: ${type}; boundary="${boundary}"`, "", ...lines].join("\r\n");
}

function read(text: string) {
  const raw = Buffer.from(text, "latin1");
  const message = parseMime(raw);
  const cut = (part: MimePart | undefined) => raw.toString("latin1", part?.start, part?.end);
  const body = (part: MimePart | undefined) => raw.toString("latin1", part?.bodyStart, part?.end);
  return {
    ...message,
    parts: message.root.parts,
    cuts: message.root.parts.map(cut),
    bodies: message.root.parts.map(body),
  };
}

describe("a delimiter (RFC 2046 §5.1.1)", () => {
  const rows: readonly (readonly [rule: string, text: string, cuts: readonly string[]])[] = [
    [
      "takes the line end before it",
      multipart("b", ["--b", "", "one", "--b", "", "two", "--b--", ""]),
      ["\r\none", "\r\ntwo"],
    ],
    [
      "leaves an empty line before it to the part",
      multipart("b", ["--b", "", "one", "", "--b--"]),
      ["\r\none\r\n"],
    ],
    ["may have blanks after it", multipart("b", ["--b \t", "", "one", "--b-- \t ", ""]), ["\r\none"]],
    [
      "stands only at the start of a line",
      multipart("b", ["--b", "", "x--b", " --b", "--b--"]),
      ["\r\nx--b\r\n --b"],
    ],
    [
      "is no line that goes on",
      multipart("b", ["--b", "", "--bc", "--b c", "--b-", "--b--"]),
      ["\r\n--bc\r\n--b c\r\n--b-"],
    ],
    ["ends with bare LF too", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n", ["\none"]],
    ["may mix line ends", multipart("b", ["--b\n\none\n--b", "", "two", "--b--"]), ["\none", "\r\ntwo"]],
    ["ends with the message", multipart("b", ["--b", "", "one", "--b--"]), ["\r\none"]],
    [
      "with special characters",
      multipart("=_'()+,-./:?b.*[", ["--=_'()+,-./:?b.*[", "", "1", "--=_'()+,-./:?b.*[--"]),
      ["\r\n1"],
    ],
    [
      "unquoted with an equals sign",
      "Content-Type: multipart/mixed; boundary=--=_b\r\n\r\n----=_b\r\n\r\n1\r\n----=_b--",
      ["\r\n1"],
    ],
    ["of a boundary that ends with dashes", multipart("b--", ["--b--", "", "one", "--b----"]), ["\r\none"]],
    [
      "in RFC 2231 sections",
      'Content-Type: multipart/mixed; boundary*0="a"; boundary*1=b\r\n\r\n--ab\r\n\r\n1\r\n--ab--',
      ["\r\n1"],
    ],
    ["right after the delimiter: an empty part", multipart("b", ["--b", "--b--"]), [""]],
    [
      "right after the empty line: the line end is its own",
      multipart("b", ["--b", "A: 1", "", "--b--"]),
      ["A: 1\r\n"],
    ],
    ["in a header: the part has no body", multipart("b", ["--b", "A: 1", "--b--"]), ["A: 1"]],
    [
      "after the close delimiter is text",
      multipart("b", ["--b", "", "1", "--b--", "--b", "", "2"]),
      ["\r\n1"],
    ],
  ];
  it.each(rows)("%s", (_rule, text, cuts) => {
    const message = read(text);
    expect(message.problem).toBeNull();
    expect(message.cuts).toEqual(cuts);
    expect(message.root.closed).toBe(true);
  });

  it("of the outer multipart ends the inner one, although its boundary is a prefix", () => {
    const inner = multipart("b2", ["--b2", "", "x", "--b2--", "inner epilogue"]);
    const message = read(multipart("b", ["--b", inner, "--b", "", "last", "--b--"]));
    expect(message.cuts).toEqual([inner, "\r\nlast"]);
    expect(message.parts[0]).toMatchObject({ closed: true, hasEpilogue: true });
    expect(message.parts[0]?.parts).toHaveLength(1);
  });

  it("of the outer multipart ends an inner one that is not closed", () => {
    const message = read(multipart("b", ["--b", multipart("c", ["--c", "", "x"]), "--b--"]));
    expect(message.parts[0]).toMatchObject({ closed: false });
    expect(message.parts[0]?.parts).toHaveLength(1);
    expect(message.root.closed).toBe(true);
  });

  it("shared by two multiparts belongs to the outer one", () => {
    const message = read(multipart("b", ["--b", multipart("b", ["--b", "", "x", "--b--"])]));
    expect(message.parts).toHaveLength(2);
    expect(message.parts[0]?.parts).toHaveLength(0);
    expect(message.parts[1]?.parts).toHaveLength(0);
  });

  it("that closes the outer boundary wins over one that opens an inner `b--`", () => {
    const message = read(multipart("b", ["--b", multipart("b--", ["--b--"])]));
    expect(message.root.closed).toBe(true);
    expect(message.parts[0]?.parts).toEqual([]);
  });
});

describe("a multipart", () => {
  it("that is not closed runs to the end", () => {
    const message = read(multipart("b", ["--b", "", "one", ""]));
    expect(message.cuts).toEqual(["\r\none\r\n"]);
    expect(message.root.closed).toBe(false);
  });

  it.each([
    ["text before", ["seen by nobody", "--b", "", "1", "--b--", " \t", ""], true, false],
    ["text after", ["", "--b", "", "1", "--b--", "", "seen by nobody"], false, true],
    ["blanks only", [" ", "\t", "--b", "", "1", "--b--", " ", ""], false, false],
  ])("tells of %s", (_what, lines, hasPreamble, hasEpilogue) => {
    expect(read(multipart("b", lines)).root).toMatchObject({ hasPreamble, hasEpilogue });
  });

  it("nests, each boundary from its own Content-Type", () => {
    const inner = multipart("in", ["--in", "", "a", "--in", "", "b", "--in--"], "multipart/alternative");
    const message = read(multipart("out", ["--out", inner, "--out", "", "c", "--out--"]));
    expect(message.parts[0]?.mediaType.type).toBe("multipart/alternative");
    expect(message.parts[0]?.parts).toHaveLength(2);
    expect(message.cuts[0]).toBe(inner);
  });

  it.each([
    ["has no boundary", "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--", "no-boundary"],
    [
      "has an empty boundary",
      'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx\r\n----',
      "no-boundary",
    ],
    ["has a boundary beyond the budget", multipart("x".repeat(201), []), "no-boundary"],
    [
      "has two boundaries",
      "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\n1\r\n--a--",
      "ambiguous-content-type",
    ],
    [
      "has two Content-Types",
      `Content-Type: text/html\r\n${multipart("b", ["--b", "", "1", "--b--"])}`,
      "ambiguous-content-type",
    ],
  ])("that %s is a problem", (_what, text, problem) => {
    expect(read(text).problem).toBe(problem);
  });

  it("has parts of the default types (RFC 2046 §5.1.5)", () => {
    expect(
      read(multipart("b", ["--b", "", "A: 1", "--b--"], "multipart/digest")).parts[0]?.mediaType.type,
    ).toBe("message/rfc822");
    expect(read(multipart("b", ["--b", "", "A: 1", "--b--"])).parts[0]?.mediaType.type).toBe("text/plain");
  });

  it("does not go into message/rfc822", () => {
    const inner = `Content-Type: message/rfc822\r\n\r\n${multipart("c", ["--c", "", "x", "--c--"])}`;
    const message = read(multipart("b", ["--b", inner, "--b--"]));
    expect(message.parts[0]?.parts).toEqual([]);
    expect(message.cuts).toEqual([inner]);
  });
});

describe("a part says what it is", () => {
  const part = (...fields: readonly string[]) => read(`${fields.join("\r\n")}\r\n\r\nbody`).root;
  it.each([
    [
      "file name from the disposition",
      ["Content-Type: a/b; name=x", "Content-Disposition: attachment; filename=y"],
      "y",
    ],
    ["file name from the media type", ["Content-Type: a/b; name=x"], "x"],
    ["RFC 2231", ["Content-Disposition: attachment; filename*=utf-8''%C3%BC.cer"], "ü.cer"],
    ["RFC 2047, as Outlook does", ['Content-Type: a/b; name="=?utf-8?Q?=C3=BC.cer?="'], "ü.cer"],
    ["none", ["Content-Disposition: inline"], null],
  ])("%s", (_what, fields, fileName) => {
    expect(part(...fields).fileName).toBe(fileName);
  });
  it.each([
    ["Content-Transfer-Encoding: BASE64 (really)", "base64"],
    ["Content-Transfer-Encoding: quoted-printable;", "quoted-printable"],
    ["X: y", "7bit"],
  ])("%s: %s", (field, expected) => {
    expect(part(field).transferEncoding).toBe(expected);
  });
  it("disposition in lower case", () => {
    expect(part("Content-Disposition: ATTACHMENT").disposition).toBe("attachment");
  });
  it("unreadable Content-Type counts as text/plain (RFC 2045 §5.2)", () => {
    expect(part("Content-Type: nonsense").mediaType.type).toBe("text/plain");
  });
});

describe("hostile messages stop at a budget, quickly", () => {
  const nested = (depth: number) =>
    Array.from(
      { length: depth },
      (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
    ).join("");
  it.each([
    ["10,000 levels", nested(10_000), "too-deep"],
    [
      "100,000 parts",
      multipart(
        "b",
        Array.from({ length: 100_000 }, () => "--b"),
      ),
      "too-many-parts",
    ],
    ["a header without end", `A: 1\r\n${" b\r\n".repeat(400_000)}`, "header-too-large"],
    ["many fields", "A: 1\r\n".repeat(1100), "too-many-fields"],
    [
      "many parts with many fields",
      multipart(
        "b",
        Array.from({ length: 900 }, () => `--b\r\n${"A:\r\n".repeat(900)}`),
      ),
      "too-many-fields",
    ],
  ])("%s", (_what, text, problem) => {
    let found: string | null = null;
    const spent = processorTime(() => {
      found = read(text).problem;
    });
    expect(found).toBe(problem);
    expect(spent).toBeLessThan(2000);
  });

  it("the deepest allowed nesting is read", () => {
    const message = read(nested(MAIL_LIMITS.mimeDepth));
    expect(message.problem).toBeNull();
  });

  it("20 MB of lines that look like delimiters at 50 levels", () => {
    const text = `${nested(50)}\r\n${"--b\r\n--b49x\r\n".repeat(1_700_000)}`;
    expect(processorTime(() => expect(read(text).problem).toBeNull())).toBeLessThan(10_000);
  }, 20_000);
});

it("no bytes make the reader throw, and the parts lie inside each other in order", () => {
  const piece = fc.constantFrom(
    "--b",
    "--",
    "--c",
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "Content-Type: multipart/mixed; boundary=c\r\n",
    "x",
    " ",
    "--b--",
    "--c--",
  );
  const check = (part: MimePart, from: number, to: number): void => {
    expect(part.start).toBeGreaterThanOrEqual(from);
    expect(part.bodyStart).toBeGreaterThanOrEqual(part.start);
    expect(part.end).toBeGreaterThanOrEqual(part.bodyStart);
    expect(part.end).toBeLessThanOrEqual(to);
    let at = part.bodyStart;
    for (const child of part.parts) {
      check(child, at, part.end);
      at = child.end;
    }
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = multipart("b", [pieces.join("")]);
      check(read(text).root, 0, text.length);
    }),
    { numRuns: 2000 },
  );
});
