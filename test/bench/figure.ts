/** One line of the bench's table. */
export interface Figure {
  readonly name: string;
  /** What PRODUCT demands, or null for a figure that only explains the others. */
  readonly goal: string | null;
  readonly measured: string;
}

/** The figures as a table of three columns. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = [
    ["figure", "goal", "measured"],
    ...figures.map(({ name, goal, measured }) => [name, goal ?? "", measured]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = rows;
  const rule = widths.map((width) => "-".repeat(width));
  return `${[head, rule, ...body].map(line).join("\n")}\n`;
}

/** The nearest-rank percentile: `percentile(times, 0.95)` is not exceeded by 95 of 100. NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
