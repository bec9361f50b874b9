import { oneLine } from "./escape.ts";
import { VALUE_LENGTH } from "./limits.ts";

/** A text with places for values, parsed once. `P` is the set of its placeholders. */
export interface Section<P extends string = string> {
  readonly parts: readonly (string | { readonly placeholder: P })[];
}

/** Text that this room has put together: it goes into another text as it is, over as many lines as it has. */
export class Block {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Splits a text file into its sections: `[name]` at the start of a line opens one, `#` a comment.
 * @returns the sections in order, trimmed, and what is wrong with the file
 */
export function splitSections(file: string): {
  readonly sections: readonly { readonly name: string; readonly text: string }[];
  readonly problems: readonly string[];
} {
  const found: { name: string; lines: string[] }[] = [];
  const problems: string[] = [];
  for (const [index, line] of file
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const name = /^\[([a-z][a-z0-9.-]*)\]\s*$/.exec(line)?.[1];
    const open = found.at(-1);
    if (line.startsWith("#")) continue;
    if (name !== undefined) {
      if (found.some((section) => section.name === name)) problems.push(`[${name}] stands there twice`);
      found.push({ name, lines: [] });
    } else if (open !== undefined) open.lines.push(line.trimEnd());
    else if (line.trim() !== "") problems.push(`line ${index + 1} stands before the first [section]`);
  }
  return { sections: found.map(({ name, lines }) => ({ name, text: trimLines(lines) })), problems };
}

function trimLines(lines: readonly string[]): string {
  return lines.join("\n").replace(/^\n+/, "").trimEnd();
}

/**
 * Parses the `{placeholders}` of a section.
 * @param allowed the placeholders that may stand in it
 * @returns the section and what is wrong with it: an empty text, an unknown placeholder, a brace that opens none
 */
export function parseSection<P extends string>(
  text: string,
  allowed: readonly P[],
): { readonly section: Section<P>; readonly problems: readonly string[] } {
  const problems: string[] = text === "" ? ["is empty"] : [];
  const parts: (string | { readonly placeholder: P })[] = [];
  for (const piece of text.split(/(\{[^{}\n]*\})/)) {
    const name = /^\{(.*)\}$/.exec(piece)?.[1];
    const placeholder = allowed.find((candidate) => candidate === name);
    if (placeholder !== undefined) parts.push({ placeholder });
    else if (name !== undefined) problems.push(`has the unknown placeholder {${name}} (${known(allowed)})`);
    else if (/[{}]/.test(piece)) problems.push("has a brace that belongs to no placeholder");
    else if (piece !== "") parts.push(piece);
  }
  return { section: { parts }, problems };
}

function known(allowed: readonly string[]): string {
  return `known here: ${allowed.map((name) => `{${name}}`).join(" ")}`;
}

/**
 * Puts values into a section. A string is a value and goes through `oneLine`; only a `Block` may have lines, and it
 * takes over the indentation of the line where it stands.
 */
export function fill<P extends string>(
  section: Section<P>,
  values: Readonly<Record<P, string | Block>>,
): string {
  let text = "";
  for (const part of section.parts) {
    const value = typeof part === "string" ? part : values[part.placeholder];
    if (typeof part === "string") text += part;
    else if (value instanceof Block) text += value.text.replace(/\n(?!\n|$)/g, `\n${indentationAt(text)}`);
    else text += oneLine(value, VALUE_LENGTH);
  }
  return text;
}

function indentationAt(text: string): string {
  return /^ *$/.exec(text.slice(text.lastIndexOf("\n") + 1))?.[0] ?? "";
}
