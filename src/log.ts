/**
 * The structured log: one line an event, and the only writer to it.
 *
 * An event has a stable dotted name (`imap.connected`) and named values. Strangers' text may stand in any value, so
 * every value is cut to a length and escaped here; there is no other way to write to the log. The clock and the sink
 * come in as arguments.
 */
import { escaped, replaceUnseen } from "./text.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

export type LogValue = string | number | bigint | boolean | Date | null | undefined | readonly string[];

/** Named values of an event; a value that is `undefined` is left out. */
export type LogFields = Readonly<Record<string, LogValue>>;

/** Where the program reports what it does. Never throws; secrets and message contents do not belong in it. */
export interface Log {
  /** What only someone who looks for a fault wants to see. */
  debug(event: string, fields?: LogFields): void;
  /** What happened. */
  info(event: string, fields?: LogFields): void;
  /** What went wrong and mends itself. */
  warn(event: string, fields?: LogFields): void;
  /** What needs a person. */
  error(event: string, fields?: LogFields): void;
  /** The same log, with these values in every line; the event's own value wins over one of the same name. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  /** Events below it are dropped. */
  readonly level: LogLevel;
  /** Takes one whole line, without its line end. */
  readonly write: (line: string) => void;
  /** JSON objects, for a log collector; else `time level event name=value …`, for eyes. */
  readonly json: boolean;
  readonly now: () => Date;
}

/**
 * Longest text of one value, in UTF-16 units. A server's answer and a certificate's subject fit; a mail that fills the
 * disk through the log does not.
 */
const LONGEST_TEXT = 1_000;
/** Most items of a list: an address list of a real mail fits. */
const LONGEST_LIST = 50;

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A log that writes to `options.write`. */
export function createLog(options: LogOptions): Log {
  return logWith(options, {});
}

const ignore = (): void => {};

/** A log that drops everything. */
export const silentLog: Log = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  with: () => silentLog,
};

/**
 * Makes text of strangers harmless for a terminal or a log: every character that cannot be seen or breaks the line (C0,
 * DEL, C1, bidirectional overrides, zero-width and tag characters, U+2028, fillers, blanks other than the ASCII one …)
 * becomes `\uXXXX`, as in JSON, one for each UTF-16 unit. The result is one line that shows what it holds, and has no blank
 * that a table could be forged with; all other text, umlauts and emoji included, stays.
 */
export function escapeControl(text: string): string {
  return replaceUnseen(text, escaped);
}

function logWith(options: LogOptions, always: LogFields): Log {
  const line = options.json ? jsonLine : textLine;
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (RANK[level] < RANK[options.level]) return;
      options.write(line(options.now(), level, event, { ...always, ...fields }));
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => logWith(options, { ...always, ...fields }),
  };
}

function jsonLine(time: Date, level: LogLevel, event: string, fields: LogFields): string {
  const values = Object.entries(fields).map(([name, value]) => [name, jsonValue(value)] as const);
  // JSON.stringify leaves C1, bidirectional and separating characters as they are. Outside of its strings JSON has only
  // ASCII, so what is escaped here always stands in a string, where \uXXXX says the same.
  return escapeControl(
    JSON.stringify({ ...Object.fromEntries(values), time: time.toISOString(), level, event }),
  );
}

function jsonValue(value: LogValue): string | number | boolean | null | undefined | readonly string[] {
  if (typeof value === "string") return cut(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Date) return isoTime(value);
  if (isList(value)) return cutList(value);
  return value;
}

function textLine(time: Date, level: LogLevel, event: string, fields: LogFields): string {
  const values = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${escapeControl(name)}=${textValue(value)}`);
  return `${time.toISOString()} ${level.padEnd(5)} ${escapeControl(event)}${values.join("")}`;
}

function textValue(value: LogValue): string {
  if (typeof value === "string") return quoted(cut(value));
  if (value instanceof Date) return isoTime(value);
  if (isList(value)) return quoted(cutList(value).join(", "));
  return String(value);
}

/** A value stands bare when it cannot be mistaken for anything else on the line. */
function quoted(text: string): string {
  return /^[\w.:@/+<>#-]+$/.test(text) ? text : escapeControl(JSON.stringify(text));
}

function cut(text: string): string {
  const rest = text.length - LONGEST_TEXT;
  return rest > 0 ? `${text.slice(0, LONGEST_TEXT)}… (${rest} more)` : text;
}

function cutList(list: readonly string[]): readonly string[] {
  const rest = list.length - LONGEST_LIST;
  const shown = list.slice(0, LONGEST_LIST).map(cut);
  return rest > 0 ? [...shown, `… (${rest} more)`] : shown;
}

function isList(value: LogValue): value is readonly string[] {
  return Array.isArray(value);
}

function isoTime(time: Date): string {
  return Number.isNaN(time.getTime()) ? "invalid" : time.toISOString();
}
