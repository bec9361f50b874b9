/** Time: the CHOICE of UTCTime and GeneralizedTime of certificates, CRLs and signing times (RFC 5280 §4.1.2.5). */
import { DerError, type DerReader, TAG } from "./der.ts";

/**
 * How far our clock and that of a CA may be apart, in judging whether its answer is timely: 5 minutes on either side, as
 * Kerberos and most OCSP clients grant. A CRL or response that was made a moment ago must not be "of a later time".
 */
export const CLOCK_SKEW_MS = 5 * 60 * 1000;

/**
 * Reads a Time. Both forms must have seconds and end in `Z`; no fractions, no offsets (RFC 5280 §4.1.2.5.1, §4.1.2.5.2).
 * GeneralizedTime before 2050 is taken: validators must process either form.
 */
export function time(reader: DerReader, what: string): Date {
  const { tag, content } = reader.element();
  if (tag === TAG.utcTime) {
    checkForm(content, 12, what);
    const year = pair(content, 0);
    // RFC 5280 §4.1.2.5.1: two-digit years from 50 on are 19xx, below 20xx.
    return calendarTime((year >= 50 ? 1900 : 2000) + year, content.subarray(2), what);
  }
  if (tag === TAG.generalizedTime) {
    checkForm(content, 14, what);
    return calendarTime(pair(content, 0) * 100 + pair(content, 2), content.subarray(4), what);
  }
  throw new DerError(`${what}: neither UTCTime nor GeneralizedTime`);
}

/** True when the next element is one of the two time types. */
export function isTime(tag: number): boolean {
  return tag === TAG.utcTime || tag === TAG.generalizedTime;
}

/** A year and the digits of MMDDHHMMSS as a Date; a day, hour … that does not exist is refused (Date would move on). */
function calendarTime(year: number, digits: Uint8Array, what: string): Date {
  const month = pair(digits, 0);
  const day = pair(digits, 2);
  const [hour, minute, second] = [pair(digits, 4), pair(digits, 6), pair(digits, 8)];
  const exists = day >= 1 && day <= daysOf(year, month) && hour < 24 && minute < 60 && second < 60;
  if (!exists) throw new DerError(`${what}: no such time`);
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  if (year < 100) date.setUTCFullYear(year, month - 1, day); // Date.UTC takes the years 0 to 99 for 19xx
  return date;
}

const DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days of a month of the Gregorian calendar; 0 for a month that does not exist. */
function daysOf(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
}

function pair(digits: Uint8Array, at: number): number {
  return ((digits[at] ?? 0) - 0x30) * 10 + (digits[at + 1] ?? 0) - 0x30;
}

/** A time must have just so many digits, and a `Z` behind them. CRLs have 100,000 times, so no copies are made here. */
function checkForm(content: Uint8Array, count: number, what: string): void {
  let wellFormed = content.length === count + 1 && content[count] === 0x5a;
  for (let at = 0; wellFormed && at < count; at++) {
    const digit = content[at] ?? 0;
    wellFormed = digit >= 0x30 && digit <= 0x39;
  }
  if (!wellFormed) throw new DerError(`${what}: not of the form ${count === 12 ? "YY" : "YYYY"}MMDDHHMMSSZ`);
}
