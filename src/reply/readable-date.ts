import { commonValues, type Identity } from "./identity.ts";
import { fill } from "./section.ts";
import type { LanguageTexts } from "./texts.ts";

/**
 * A time as people of this language write it, in UTC and to the minute. The names are data, not those of `Intl`,
 * whose words change with the version of node: the same input must give the same bytes.
 */
export function readableDate(time: Date, language: LanguageTexts, identity: Identity): string {
  return fill(language.frame.date, {
    ...commonValues(identity),
    day: String(time.getUTCDate()),
    month: language.months[time.getUTCMonth()] ?? "",
    year: String(time.getUTCFullYear()),
    time: `${twoDigits(time.getUTCHours())}:${twoDigits(time.getUTCMinutes())}`,
  });
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
