import { KeybotError } from "../errors.ts";
import { keyName } from "./schema.ts";

/** The text of a configuration file, and where it came from: what an error about it needs. */
export interface Source {
  /** Absolute path. */
  readonly file: string;
  readonly text: string;
}

/**
 * An error about one key: `FILE:LINE: imap.port is "993"; it must be …`.
 *
 * The line is that of the key, else that of its table, else none.
 */
export function keyFault(
  source: Source,
  code: string,
  table: string,
  key: string,
  sentence: string,
  hint: string | null = null,
): KeybotError {
  const line = lineOf(source.text, keyName(table, key)) ?? (table === "" ? null : lineOf(source.text, table));
  const place = line === null ? source.file : `${source.file}:${line}`;
  return new KeybotError(
    "config",
    code,
    `${place}: ${keyName(table, key)} ${sentence}`,
    hint === null ? {} : { hint },
  );
}

/**
 * The line (from 1) on which `path` is set, or the table `path` is opened; null when it is not found.
 *
 * The TOML parser gives no places. A line inside a multi-line string may look like a key; the number is a help for a
 * reader and nothing depends on it.
 */
export function lineOf(text: string, path: string): number | null {
  let table = "";
  let within: number | null = null;
  const lines = text.split("\n");
  for (const [i, line] of lines.entries()) {
    const header = /^\s*\[([^[\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) table = normal(header);
    const key =
      header === undefined ? /^\s*([A-Za-z0-9_."'-][A-Za-z0-9_."' -]*)=/.exec(line)?.[1] : undefined;
    const here = key === undefined ? table : table === "" ? normal(key) : `${table}.${normal(key)}`;
    if (here === path && (header !== undefined || key !== undefined)) return i + 1;
    // An inline table: its keys stand on the line of the table.
    if (key !== undefined && path.startsWith(`${here}.`)) within ??= i + 1;
  }
  return within;
}

function normal(dotted: string): string {
  return dotted.replace(/["'\s]/g, "");
}
