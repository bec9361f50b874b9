import { InvalidArgumentError } from "commander";

/** Whole numbers of options: a count or a number of days. The second argument of commander's `option()` parser. */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

/** RFC 3339, as CONTRACT.md's units demand; a date alone is its first moment in UTC. */
export function timeOption(text: string): Date {
  const form = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))?$/.test(text);
  const time = new Date(text);
  if (form && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError("It must be a date or a time such as 2026-11-23 or 2026-11-23T12:00:00Z.");
}
