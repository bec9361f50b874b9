/** The examples below a command's help: what is typed, and what it does. */
export function examples(...rows: readonly (readonly [typed: string, does: string])[]): string {
  const width = Math.max(...rows.map(([typed]) => typed.length));
  return `\nExamples:\n${rows.map(([typed, does]) => `  $ ${typed.padEnd(width)}  # ${does}`).join("\n")}`;
}
