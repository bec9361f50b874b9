import { type Kind, Refusal, textKind } from "./kind.ts";

/** One field of a cron line: its bounds and the names that may stand for numbers. */
interface Field {
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly Field[] = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: MONTHS },
  { least: 0, most: 7, names: WEEKDAYS },
];

/** A crontab line of five fields (minute hour day month weekday), in the time zone of the machine. */
export const CRON: Kind<string> = textKind(
  "cron line",
  'a cron line of five fields such as "*/5 * * * *" (minute hour day month weekday)',
  (text) => {
    const written = text.trim().split(/[ \t]+/);
    const right =
      written.length === FIELDS.length && FIELDS.every((field, i) => fits(field, written[i] ?? ""));
    return right ? written.join(" ") : new Refusal();
  },
);

/** `*`, `5`, `1-5`, each with `/step`, and lists of them. */
function fits(field: Field, text: string): boolean {
  return text.split(",").every((part) => {
    const [range = "", step, ...more] = part.split("/");
    if (more.length > 0 || (step !== undefined && !/^[1-9][0-9]?$/.test(step))) return false;
    if (range === "*") return true;
    const [from = "", to, ...rest] = range.split("-");
    const first = numberOf(field, from);
    const last = to === undefined ? first : numberOf(field, to);
    return rest.length === 0 && first !== null && last !== null && first <= last;
  });
}

function numberOf(field: Field, text: string): number | null {
  const named = field.names.indexOf(text.toLowerCase());
  // Months count from 1, weekdays from 0: the first name is the least number in both.
  if (named >= 0) return named + field.least;
  if (!/^[0-9]{1,2}$/.test(text)) return null;
  const number = Number(text);
  return number >= field.least && number <= field.most ? number : null;
}
