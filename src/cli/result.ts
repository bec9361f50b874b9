import { escapeControl } from "../log.ts";
import { unmistakable } from "../text.ts";
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
  const legend = new Set<string>();
  const flush = () => {
    terminal.out(renderTable(listing.columns, rows, terminal.columns));
    for (const line of legendOf(rows.flat())) legend.add(line);
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
  for (const line of legend) context.note(line);
  return count;
}

/** Says, also beside JSON, that there is more than was printed; a revision must not take a part for the whole. */
export function noteOlder(older: number, context: Context): void {
  if (older > 0) context.note(`${older} older ${older === 1 ? "one is" : "ones are"} not shown: --limit`);
}

/** A date as a table shows it, in UTC. */
export function day(time: Date): string {
  return isoTime(time).slice(0, 10);
}

/** A time to the minute as a table shows it, in UTC. */
export function minute(time: Date): string {
  return isoTime(time).slice(0, 16).replace("T", " ");
}

/**
 * An address as a table shows it. What can be taken for another one is written out, with the mark first: the end of a
 * cell may be cut.
 */
export function addressCell(address: string): string {
  const real = unmistakable(address);
  return real === null ? address : `${LOOK_ALIKE} ${real}`;
}

const LOOK_ALIKE = "(!)";

/** What the marks in the cells of a table mean, for those that stand there. */
function legendOf(cells: Iterable<string>): readonly string[] {
  let lookAlike = false;
  let unauthenticated = false;
  for (const cell of cells) {
    lookAlike ||= cell.includes(`${LOOK_ALIKE} `) && cell.includes("\\u");
    unauthenticated ||= cell === UNAUTHENTICATED;
  }
  return [
    ...(lookAlike ? [`${LOOK_ALIKE} has letters that can be taken for others`] : []),
    ...(unauthenticated ? ["pending*: the sender of its mail was not authenticated"] : []),
  ];
}

/** A certificate that waits for a person and that anybody can have sent. */
export const UNAUTHENTICATED = "pending*";

/** The beginning of a fingerprint: enough to tell two apart and to type in the next command. */
export function short(sha256: string): string {
  return sha256.slice(0, 16);
}
