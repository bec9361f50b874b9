import { describe, expect, it } from "vitest";
import { createLog, escapeControl, type LogOptions, silentLog } from "../src/log.ts";

const NOW = new Date("2026-11-23T16:00:00.000Z");

function written(options: Partial<LogOptions> = {}): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  return { lines, log: createLog({ level: "debug", json: false, now: () => NOW, write, ...options }) };
}

describe("text of strangers cannot act on a terminal or forge a line", () => {
  const table: readonly (readonly [string, string, string])[] = [
    ["ESC (colours, cursor, window title)", "a\u001b[31mb", "a\\u001b[31mb"],
    ["line ends", "a\r\nb", "a\\u000d\\u000ab"],
    ["tab, bell, NUL, DEL", "\t\u0007\u0000\u007f", "\\u0009\\u0007\\u0000\\u007f"],
    ["C1: CSI as one character", "a\u009b31mb", "a\\u009b31mb"],
    ["NEL", "a\u0085b", "a\\u0085b"],
    ["line and paragraph separator", "\u2028\u2029", "\\u2028\\u2029"],
    ["right-to-left override", "invoice\u202efdp.exe", "invoice\\u202efdp.exe"],
    [
      "bidirectional isolates and marks",
      "\u2066\u2069\u200e\u200f\u061c",
      "\\u2066\\u2069\\u200e\\u200f\\u061c",
    ],
    ["zero width space, byte order mark", "a\u200bb\ufeff", "a\\u200bb\\ufeff"],
    ["tag characters, outside of the BMP", "a\u{e0041}", "a\\udb40\\udc41"],
    ["an unpaired surrogate", "a\ud800b", "a\\ud800b"],
    [
      "blanks that are not the ASCII one",
      "\u00a0\u1680\u2000\u2003\u200a\u202f\u205f\u3000",
      "\\u00a0\\u1680\\u2000\\u2003\\u200a\\u202f\\u205f\\u3000",
    ],
    ["fillers of Hangul", "\u115f\u1160\u3164\uffa0", "\\u115f\\u1160\\u3164\\uffa0"],
    [
      "Braille blank, joiner, variation selectors",
      "\u2800\u034f\ufe0f\u180b\u{e0100}",
      "\\u2800\\u034f\\ufe0f\\u180b\\udb40\\udd00",
    ],
    [
      "what fonts draw as nothing",
      "\u17b4\ufffc\u{1d159}\u{16fe4}",
      "\\u17b4\\ufffc\\ud834\\udd59\\ud81b\\udfe4",
    ],
    ["an ASCII blank stays", "two words", "two words"],
    ["umlauts, Greek, emoji, combining accents stay", "Jürgen Ω 😀 é", "Jürgen Ω 😀 é"],
  ];
  it.each(table)("%s", (_, text, expected) => {
    expect(escapeControl(text)).toBe(expected);
  });

  it("one megabyte of control characters is escaped in linear time", () => {
    expect(escapeControl("\u001b".repeat(1_000_000))).toHaveLength(6_000_000);
  });
});

describe("a line of text", () => {
  it("has time, level, event and the values in their order", () => {
    const { lines, log } = written();
    log.info("imap.connected", {
      server: "mail.company.example:993",
      mails: 3,
      uidValidity: 7n,
      at: NOW,
      ok: true,
    });
    expect(lines).toEqual([
      "2026-11-23T16:00:00.000Z info  imap.connected server=mail.company.example:993 mails=3 uidValidity=7 at=2026-11-23T16:00:00.000Z ok=true",
    ]);
  });

  const values: readonly (readonly [string, string | null | readonly string[] | undefined, string])[] = [
    ["a value with blanks is quoted", "two words", ' v="two words"'],
    ["a quote and a backslash are escaped", 'a"b\\c', ' v="a\\"b\\\\c"'],
    ["an equals sign cannot begin a field of its own", "x level=error", ' v="x level=error"'],
    ["a line end cannot begin a line of its own", "a\n2026 error forged", ' v="a\\n2026 error forged"'],
    ["ESC is escaped", "\u001b[2J", ' v="\\u001b[2J"'],
    ["C1 and bidirectional characters are escaped", "\u009b\u202e", ' v="\\u009b\\u202e"'],
    ["an empty text is seen", "", ' v=""'],
    ["null is seen", null, " v=null"],
    ["undefined is left out", undefined, ""],
    ["a list is joined", ["a", "b c"], ' v="a, b c"'],
  ];
  it.each(values)("%s", (_, value, expected) => {
    const { lines, log } = written();
    log.warn("event", { v: value });
    expect(lines).toEqual([`2026-11-23T16:00:00.000Z warn  event${expected}`]);
  });

  it("an invalid date does not throw", () => {
    const { lines, log } = written();
    log.info("event", { at: new Date(Number.NaN) });
    expect(lines[0]).toContain("at=invalid");
  });

  it("a long text and a long list are cut and say by how much", () => {
    const { lines, log } = written();
    log.info("event", { text: "x".repeat(5_000), list: Array.from({ length: 60 }, () => "a") });
    expect(lines[0]).toContain("(4000 more)");
    expect(lines[0]).toContain("(10 more)");
    expect(lines[0]?.length).toBeLessThan(1_500);
  });
});

describe("a line of JSON", () => {
  it("parses back to the values, and holds no raw control, C1 or bidirectional character", () => {
    const { lines, log } = written({ json: true });
    const subject = 'a"\u001b\u009b\u202e\u2028\n\ud800 ü';
    log.error("event", { subject, count: 2, big: 9007199254740993n, list: ["\u202e"], none: null });
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      time: NOW.toISOString(),
      level: "error",
      event: "event",
      subject,
      count: 2,
      big: "9007199254740993",
      list: ["\u202e"],
      none: null,
    });
  });

  it("a value cannot take the place of time, level or event", () => {
    const { lines, log } = written({ json: true });
    log.info("event", { level: "error", event: "other", time: "never" });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      time: NOW.toISOString(),
      level: "info",
      event: "event",
    });
  });
});

describe("levels and common values", () => {
  it("drops what is below the level", () => {
    const { lines, log } = written({ level: "warn" });
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines.map((line) => line.slice(25))).toEqual(["warn  c", "error d"]);
  });

  it("writes the values of `with` in every line; the event's own win", () => {
    const { lines, log } = written();
    log.with({ a: 1, b: 1 }).with({ c: 1 }).info("event", { b: 2 });
    expect(lines[0]).toContain("event a=1 b=2 c=1");
  });

  it("the silent log says nothing and never ends", () => {
    expect(silentLog.with({ a: 1 })).toBe(silentLog);
    silentLog.error("event");
  });
});
