/** Time: the CHOICE of UTCTime and GeneralizedTime of certificates, CRLs and signing times (RFC 5280 §4.1.2.5). */
import { DerError, type DerReader, TAG } from "./der.ts";

/**
 * Reads a Time. Both forms must have seconds and end in `Z`; no fractions, no offsets (RFC 5280 §4.1.2.5.1, §4.1.2.5.2).
 * GeneralizedTime before 2050 is taken: validators must process either form.
 */
export function time(reader: DerReader, what: string): Date {
  const { tag, content } = reader.element();
  if (tag === TAG.utcTime) return utcTime(digitsOf(content, 12, what), what);
  if (tag === TAG.generalizedTime) return generalizedTime(digitsOf(content, 14, what), what);
  throw new DerError(`${what}: neither UTCTime nor GeneralizedTime`);
}

/** True when the next element is one of the two time types. */
export function isTime(tag: number): boolean {
  return tag === TAG.utcTime || tag === TAG.generalizedTime;
}

/** RFC 5280 §4.1.2.5.1: two-digit years from 50 on are 19xx, below 20xx. */
function utcTime(digits: readonly number[], what: string): Date {
  const year = pair(digits, 0);
  return calendarTime((year >= 50 ? 1900 : 2000) + year, digits.slice(2), what);
}

function generalizedTime(digits: readonly number[], what: string): Date {
  return calendarTime(pair(digits, 0) * 100 + pair(digits, 2), digits.slice(4), what);
}

/** A year and the digits of MMDDHHMMSS as a Date; a day, hour … that does not exist is refused (Date would move on). */
function calendarTime(year: number, digits: readonly number[], what: string): Date {
  const month = pair(digits, 0);
  const day = pair(digits, 2);
  const [hour, minute, second] = [pair(digits, 4), pair(digits, 6), pair(digits, 8)];
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  date.setUTCFullYear(year, month - 1, day); // unlike Date.UTC it does not take the years 0 to 99 for 19xx
  const exists =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!exists) throw new DerError(`${what}: no such time`);
  return date;
}

function pair(digits: readonly number[], at: number): number {
  return (digits[at] ?? 0) * 10 + (digits[at + 1] ?? 0);
}

/** The digits of a time that must have just so many, and a `Z` behind them. */
function digitsOf(content: Uint8Array, count: number, what: string): number[] {
  const digits: number[] = [];
  let wellFormed = content.length === count + 1 && content[count] === 0x5a;
  for (let at = 0; wellFormed && at < count; at++) {
    const digit = (content[at] ?? 0) - 0x30;
    wellFormed = digit >= 0 && digit <= 9;
    digits.push(digit);
  }
  if (!wellFormed) throw new DerError(`${what}: not of the form ${count === 12 ? "YY" : "YYYY"}MMDDHHMMSSZ`);
  return digits;
}
