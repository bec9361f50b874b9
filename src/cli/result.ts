import { escapeControl } from "../log.ts";
import type { Context } from "./context.ts";
import { isoTime, jsonLine } from "./json.ts";
import { type Column, renderTable, tabLine } from "./table.ts";

/** One thing that a command changed: a sentence for a person, a record with `--json`. */
export function printChange(context: Context, sentence: string, record: object): void {
  context.terminal.out(context.options.json ? jsonLine(record) : `${escapeControl(sentence)}\n`);
}

/** How a kind of record is listed. */
export interface Listing<T> {
  readonly columns: readonly Column[];
  /** Cells for a terminal, shortened as a person reads them. */
  readonly cells: (record: T) => readonly string[];
  /** The same columns in full, for a pipe. */
  readonly full: (record: T) => readonly string[];
  /** The record of `--json`; the value itself when left out. */
  readonly json?: (record: T) => object;
}

/** Rows of a table that are aligned together: more than anybody reads at once, and little memory. */
const ROWS_TOGETHER = 500;

/**
 * Prints records as they come, in constant memory: a table on a terminal, values separated by tabs in a pipe, JSON
 * Lines with `--json`. Stops when nobody reads any more.
 *
 * @returns how many were printed
 */
export async function printList<T>(
  context: Context,
  records: AsyncIterable<T> | Iterable<T>,
  listing: Listing<T>,
): Promise<number> {
  const { terminal, options } = context;
  let count = 0;
  let rows: (readonly string[])[] = [];
  const flush = () => {
    terminal.out(renderTable(listing.columns, rows, terminal.columns));
    rows = [];
  };
  for await (const record of records) {
    if (terminal.closed) break;
    count += 1;
    if (options.json) terminal.out(jsonLine(listing.json === undefined ? record : listing.json(record)));
    else if (!terminal.isTTY) terminal.out(tabLine(listing.full(record)));
    else if (rows.push(listing.cells(record)) === ROWS_TOGETHER) flush();
  }
  if (rows.length > 0) flush();
  return count;
}

/** A date as a table shows it, in UTC. */
export function day(time: Date): string {
  return isoTime(time).slice(0, 10);
}

/** A time to the minute as a table shows it, in UTC. */
export function minute(time: Date): string {
  return isoTime(time).slice(0, 16).replace("T", " ");
}

/** The beginning of a fingerprint: enough to tell two apart and to type in the next command. */
export function short(sha256: string): string {
  return sha256.slice(0, 16);
}
