import { statSync } from "node:fs";
import { resolve } from "node:path";

/** What TOML can say in one key of ours; a table is not a value. */
export type Raw = string | number | boolean | readonly string[];

/** A value was refused. */
export class Refusal {
  /** What to do about it, as the hint of an error; null when the kind's `must` says it all. */
  readonly why: string | null;
  /** What follows the key in an error; null for "is …; it must be …". */
  readonly sentence: string | null;

  constructor(why: string | null = null, sentence: string | null = null) {
    this.why = why;
    this.sentence = sentence;
  }
}

/** One kind of value: how it is named, what it must be, and how it is read. */
export interface Kind<T> {
  /** For the documentation, e.g. `host name`. */
  readonly name: string;
  /** Follows "it must be" in an error. */
  readonly must: string;
  /** False when an error must not quote the value, because a secret could be in it. */
  readonly quotable: boolean;
  /** Reads what TOML gave; relative paths start at `folder`. Never throws. */
  read(raw: unknown, folder: string): T | Refusal;
}

/** A kind whose values may be quoted in an error. */
export function kind<T>(
  name: string,
  must: string,
  read: (raw: unknown, folder: string) => T | Refusal,
): Kind<T> {
  return { name, must, quotable: true, read };
}

/** A kind that reads a string; anything else is refused before `read` sees it. */
export function textKind<T>(
  name: string,
  must: string,
  read: (text: string, folder: string) => T | Refusal,
): Kind<T> {
  return kind(name, must, (raw, folder) => (typeof raw === "string" ? read(raw, folder) : new Refusal()));
}

// C0, DEL and C1 (Unicode Cc): nothing that a configuration needs, and all that a header or a terminal could be hurt by.
const CONTROL = /\p{Cc}/u;

/** Longest string that any key may have, in UTF-16 units: no name, path or address needs more. */
const LONGEST_TEXT = 1000;

/** True when the text is one line without control characters and of sane length. */
export function isPlainLine(text: string): boolean {
  return text.length <= LONGEST_TEXT && !CONTROL.test(text);
}

export const TEXT: Kind<string> = textKind("text", "one line of text", (text) =>
  text !== "" && isPlainLine(text) ? text : new Refusal(),
);

/** The subject of a request is trimmed before it is compared, so blanks at the ends could never match. */
export const TAG: Kind<string> = textKind(
  "text",
  "one line of text that neither begins nor ends with a blank",
  (text) => (text !== "" && isPlainLine(text) && text.trim() === text ? text : new Refusal()),
);

export const SWITCH: Kind<boolean> = kind("`true` or `false`", "true or false, without quotes", (raw) =>
  typeof raw === "boolean" ? raw : new Refusal(),
);

/** A whole number in [`least`, `most`]. */
export function integer(least: number, most: number): Kind<number> {
  return kind(
    `whole number, ${least} to ${most}`,
    `a whole number from ${least} to ${most}, without quotes`,
    (raw) =>
      typeof raw === "number" && Number.isInteger(raw) && raw >= least && raw <= most ? raw : new Refusal(),
  );
}

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  const quoted = words.map((word) => `"${word}"`);
  const listed = `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  return textKind(
    quoted.map((word) => `\`${word}\``).join(", "),
    listed,
    (text) => words.find((word) => word === text) ?? new Refusal(),
  );
}

/** A list whose entries are all of one kind; doubles are dropped, the order stays. */
export function list<T>(entry: Kind<T>, least = 0): Kind<readonly T[]> {
  const some = least > 0 ? ", at least one" : "";
  return kind(
    `list (${entry.name}${some})`,
    `a list in square brackets${some}, each entry ${entry.must}`,
    (raw, folder) => {
      if (!Array.isArray(raw) || raw.length < least) return new Refusal();
      const entries: T[] = [];
      for (const one of raw) {
        const value = entry.read(one, folder);
        if (value instanceof Refusal) {
          return new Refusal(value.why, `has ${show(one)} in its list; each entry must be ${entry.must}`);
        }
        entries.push(value);
      }
      return [...new Set(entries)];
    },
  );
}

/** A list, or one entry alone without brackets; the empty string is the empty list. */
export function oneOrMore<T>(entry: Kind<T>): Kind<readonly T[]> {
  const several = list(entry);
  return kind(`${entry.name}, or a list of them`, `${entry.must}, or a list of them`, (raw, folder) => {
    if (raw === "") return [];
    return several.read(typeof raw === "string" ? [raw] : raw, folder);
  });
}

/** A value that may be switched off by the empty string. */
export function orEmpty<T>(full: Kind<T>): Kind<T | null> {
  return {
    ...full,
    name: `${full.name}, or empty`,
    must: `${full.must}, or ""`,
    read: (raw, folder) => (raw === "" ? null : full.read(raw, folder)),
  };
}

/** A path that need not exist yet; becomes absolute. */
export const PATH: Kind<string> = textKind("path", "a path", (text, folder) =>
  text !== "" && isPlainLine(text) ? resolve(folder, text) : new Refusal(),
);

/** A file that is there; becomes an absolute path. */
export const FILE: Kind<string> = textKind("file", "the path of a file", (text, folder) =>
  onDisk(text, folder, "file"),
);

/** A folder that is there; becomes an absolute path. */
export const FOLDER: Kind<string> = textKind("folder", "the path of a folder", (text, folder) =>
  onDisk(text, folder, "folder"),
);

function onDisk(text: string, folder: string, what: "file" | "folder"): string | Refusal {
  const path = PATH.read(text, folder);
  if (path instanceof Refusal) return path;
  try {
    const found = statSync(path);
    return (what === "file" ? !found.isDirectory() : found.isDirectory())
      ? path
      : new Refusal(`${path} is not a ${what}`);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    return new Refusal(code === "ENOENT" ? `there is no ${path}` : `${path} cannot be opened (${code})`);
  }
}

/** A value as an error shows it: what it is and, when short, what it says. */
export function show(raw: unknown): string {
  if (Array.isArray(raw)) return "a list";
  if (raw instanceof Date) return "a date";
  if (typeof raw === "object") return "a table";
  if (typeof raw !== "string") return String(raw);
  // JSON.stringify escapes C0 only; the rest of the control characters must not reach the terminal either.
  const text = JSON.stringify(raw.length > 60 ? `${raw.slice(0, 59)}…` : raw);
  return text.replace(/\p{Cc}/gu, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
