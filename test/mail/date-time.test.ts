import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDateTime, messageIds, parseDateTime } from "../../src/mail/index.ts";
import { processorTime } from "./processor-time.ts";

describe("a date-time (RFC 5322 §3.3, §4.3)", () => {
  const rows: readonly (readonly [rule: string, body: string, expected: string | null])[] = [
    ["§3.3", "Mon, 23 Nov 2026 16:16:32 +0100", "2026-11-23T15:16:32.000Z"],
    ["§3.3 without day of week and seconds", "3 Nov 2026 16:16 -0130", "2026-11-03T17:46:00.000Z"],
    ["§3.3 leap second", "31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00.000Z"],
    ["§3.3 names in any case", "MON, 23 nov 2026 00:00:00 +0000", "2026-11-23T00:00:00.000Z"],
    ["§4.3 comments", "Mon (x), 23 Nov 2026 16:16:32 +0000 (UTC)", "2026-11-23T16:16:32.000Z"],
    ["§4.3 blanks around the colons", "23 Nov 2026 16 : 16 : 32 +0000", "2026-11-23T16:16:32.000Z"],
    ["§4.3 two-digit year below 50", "1 Jan 49 00:00 GMT", "2049-01-01T00:00:00.000Z"],
    ["§4.3 two-digit year from 50", "1 Jan 50 00:00 GMT", "1950-01-01T00:00:00.000Z"],
    ["§4.3 three-digit year", "1 Jan 126 00:00 GMT", "2026-01-01T00:00:00.000Z"],
    ["§4.3 named zone", "1 Jan 2026 00:00 EST", "2026-01-01T05:00:00.000Z"],
    ["§4.3 military zone", "1 Jan 2026 00:00 A", "2026-01-01T00:00:00.000Z"],
    ["§4.3 unknown zone", "1 Jan 2026 00:00 CEST", "2026-01-01T00:00:00.000Z"],
    ["29 February of a leap year", "29 Feb 2028 00:00 +0000", "2028-02-29T00:00:00.000Z"],
    ["29 February of another year", "29 Feb 2026 00:00 +0000", null],
    ["day 0", "0 Jan 2026 00:00 +0000", null],
    ["hour 24", "1 Jan 2026 24:00 +0000", null],
    ["minute 60", "1 Jan 2026 00:60 +0000", null],
    ["zone minutes above 59", "1 Jan 2026 00:00 +0060", null],
    ["no zone", "1 Jan 2026 00:00", null],
    ["no month", "1 Foo 2026 00:00 +0000", null],
    ["text after it", "1 Jan 2026 00:00 +0000 x", null],
    ["RFC 3339 is another form", "2026-11-23T16:16:32Z", null],
    ["empty", "", null],
  ];
  it.each(rows)("%s: %s", (_rule, body, expected) => {
    expect(parseDateTime(body)?.toISOString() ?? null).toBe(expected);
  });
  it("is written in UTC, and comes back", () => {
    expect(formatDateTime(new Date("2026-11-03T06:07:08.999Z"))).toBe("Tue, 3 Nov 2026 06:07:08 +0000");
    fc.assert(
      fc.property(
        fc.date({ min: new Date("1900-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
        (date) => {
          expect(parseDateTime(formatDateTime(date))?.getTime()).toBe(
            Math.floor(date.getTime() / 1000) * 1000,
          );
        },
      ),
    );
  });
  it("an invalid date is refused", () => {
    expect(() => formatDateTime(new Date(Number.NaN))).toThrow(RangeError);
    expect(() => formatDateTime(new Date(8.64e15))).toThrow(RangeError);
  });
});

describe("message identifiers (RFC 5322 §3.6.4)", () => {
  it.each([
    ["one", "<a@b>", ["<a@b>"]],
    ["several, with comments and folding", "<a@b> (x)\t<c@d><e@f>", ["<a@b>", "<c@d>", "<e@f>"]],
    ["§4.5.4 phrases between", 'Your message of "Monday" <a@b>', ["<a@b>"]],
    ["without at sign", "<abc>", ["<abc>"]],
    ["blanks, brackets and controls make none", "<a b> <<c@d> <e\0f> <> <", ["<c@d>"]],
    ["too long", `<${"a".repeat(900)}@b> <c@d>`, ["<c@d>"]],
    ["none", "a@b", []],
  ])("%s", (_rule, body, expected) => {
    expect(messageIds(body)).toEqual(expected);
  });
  it("keeps the last ones of a long list", () => {
    const ids = messageIds(Array.from({ length: 500 }, (_, n) => `<${n}@b>`).join(" "));
    expect(ids).toHaveLength(200);
    expect(ids.at(-1)).toBe("<499@b>");
  });
  it("costs little on hostile text", () => {
    expect(processorTime(() => messageIds("<".repeat(1_000_000)))).toBeLessThan(1000);
    expect(processorTime(() => messageIds("<a".repeat(500_000)))).toBeLessThan(1000);
  });
});
