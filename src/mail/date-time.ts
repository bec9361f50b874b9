import { lex, SPECIALS, type Token } from "./lexer.ts";
import { LIMITS } from "./limits.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/**
 * RFC 5322 §4.3 obs-zone, in hours. Military letters and unknown names mean "-0000": the zone is not known.
 */
const OBSOLETE_ZONES: ReadonlyMap<string, number> = new Map([
  ["UT", 0],
  ["GMT", 0],
  ["EST", -5],
  ["EDT", -4],
  ["CST", -6],
  ["CDT", -5],
  ["MST", -7],
  ["MDT", -6],
  ["PST", -8],
  ["PDT", -7],
]);

/**
 * Parses a date-time (RFC 5322 §3.3) with the obsolete forms of §4.3: comments anywhere, two- and three-digit
 * years, named zones. The day of the week is not compared with the date.
 *
 * @param body an unfolded Date field body, or what follows the semicolon of a Received field
 * @returns null when it is no date-time, or no date of the calendar
 */
export function parseDateTime(body: string): Date | null {
  if (body.length > LIMITS.traceFieldLength) return null;
  const words = withoutDayOfWeek(lex(body, SPECIALS));
  if (words === null) return null;
  const [day, month, year, ...rest] = words;
  const date = calendarDay(day, month, year);
  const time = timeOfDay(rest);
  if (date === null || time === null) return null;
  return new Date(date + time);
}

/**
 * Writes a date-time (RFC 5322 §3.3) in UTC: `Mon, 23 Nov 2026 16:16:32 +0000`.
 *
 * @throws RangeError for an invalid date or a year outside 0000-9999
 */
export function formatDateTime(date: Date): string {
  const [day, time] = date.toISOString().split("T"); // throws RangeError for an invalid date
  if (day?.length !== 10) throw new RangeError("the year has no four digits");
  const dayOfWeek = DAYS[date.getUTCDay()];
  const month = MONTHS[date.getUTCMonth()];
  return `${dayOfWeek}, ${date.getUTCDate()} ${month} ${day.slice(0, 4)} ${time?.slice(0, 8)} +0000`;
}

function withoutDayOfWeek(tokens: readonly Token[]): string[] | null {
  if (tokens.some((token) => token.kind !== "atom" && token.kind !== "special")) return null;
  const words = tokens.map((token) => token.text);
  if (words[1] === "," && DAYS.some((name) => name.toLowerCase() === words[0]?.toLowerCase())) {
    return words.slice(2);
  }
  return words;
}

/** Milliseconds of midnight UTC. */
function calendarDay(day = "", month = "", year = ""): number | null {
  const monthIndex = MONTHS.findIndex((name) => name.toLowerCase() === month.toLowerCase());
  if (!/^[0-9]{1,2}$/.test(day) || monthIndex < 0 || !/^[0-9]{2,4}$/.test(year)) return null;
  const date = new Date(0);
  date.setUTCFullYear(fullYear(year), monthIndex, Number(day));
  const exists = date.getUTCMonth() === monthIndex && date.getUTCDate() === Number(day);
  return exists ? date.getTime() : null;
}

/** RFC 5322 §4.3 obs-year. */
function fullYear(year: string): number {
  const value = Number(year);
  if (year.length === 2) return value < 50 ? value + 2000 : value + 1900;
  return year.length === 3 ? value + 1900 : value;
}

/** Milliseconds since midnight UTC; the tokens are `hh : mm [: ss] zone`. */
function timeOfDay(words: readonly string[]): number | null {
  const [hour = "", colon, minute = ""] = words;
  const withSeconds = words[3] === ":";
  const second = withSeconds ? (words[4] ?? "") : "00";
  const [zone, ...others] = words.slice(withSeconds ? 5 : 3);
  if (colon !== ":" || zone === undefined || others.length > 0) return null;
  if (![hour, minute, second].every((part) => /^[0-9]{1,2}$/.test(part))) return null;
  // 60 is a leap second (RFC 5322 §3.3).
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const offset = zoneMinutes(zone);
  if (offset === null) return null;
  return ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1000;
}

function zoneMinutes(zone: string): number | null {
  const numeric = /^([+-])([0-9]{2})([0-5][0-9])$/.exec(zone);
  if (numeric !== null) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
    return numeric[1] === "-" ? -minutes : minutes;
  }
  if (!/^[A-Za-z]+$/.test(zone)) return null;
  return (OBSOLETE_ZONES.get(zone.toUpperCase()) ?? 0) * 60;
}
