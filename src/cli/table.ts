import { escapeControl } from "../log.ts";

/** One column of a table. */
export interface Column {
  readonly title: string;
  /** Figures stand at the right. */
  readonly right?: boolean;
  /** May be cut when the terminal is too narrow; the widest of these is cut first. */
  readonly shrink?: boolean;
}

/** Narrowest that a column is cut to: the start of an address or a hash that still tells two apart. */
const NARROWEST = 8;

/** Between two columns. */
const GAP = "  ";

/**
 * A table for a terminal: titles in capitals, columns aligned, no line wider than `width` as far as `shrink` allows.
 *
 * @param width columns of the terminal
 * @returns lines, each with its newline; nothing at all without rows
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  if (rows.length === 0) return "";
  const lines = [columns.map(({ title }) => title.toUpperCase()), ...rows].map((row) =>
    row.map(escapeControl),
  );
  const natural = columns.map((_, i) => Math.max(...lines.map((line) => widthOf(line[i] ?? ""))));
  const widths = shrunk(columns, natural, width - GAP.length * (columns.length - 1));
  return lines.map((line) => `${renderLine(columns, line, widths)}\n`).join("");
}

/** A row for a pipe: full values, separated by tabs, with its newline. Tabs inside a value are escaped. */
export function tabLine(cells: readonly string[]): string {
  return `${cells.map(escapeControl).join("\t")}\n`;
}

function renderLine(columns: readonly Column[], cells: readonly string[], widths: readonly number[]): string {
  return columns
    .map((column, i) => {
      const text = cut(cells[i] ?? "", widths[i] ?? 0);
      const blanks = " ".repeat(Math.max(0, (widths[i] ?? 0) - widthOf(text)));
      return column.right === true ? blanks + text : text + blanks;
    })
    .join(GAP)
    .trimEnd();
}

/** The widths after the shrinking columns gave up what does not fit. */
function shrunk(columns: readonly Column[], natural: readonly number[], room: number): readonly number[] {
  const widths = [...natural];
  for (let excess = widths.reduce((sum, width) => sum + width, 0) - room; excess > 0; excess--) {
    let widest = -1;
    for (const [i, width] of widths.entries()) {
      if (columns[i]?.shrink === true && width > Math.max(NARROWEST, widths[widest] ?? 0)) widest = i;
    }
    const width = widths[widest];
    if (width === undefined) break;
    widths[widest] = width - 1;
  }
  return widths;
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const char of text) {
    used += charWidth(char);
    if (used > width - 1) break;
    kept += char;
  }
  return `${kept}…`;
}

function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

// Unicode Standard Annex #11: wide in every terminal. Combining marks stand on the letter before them.
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{M}/u;

function charWidth(char: string): 0 | 1 | 2 {
  if (char <= "~") return 1;
  if (COMBINING.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}
