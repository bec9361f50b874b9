import { TEXT_WIDTH } from "./limits.ts";

interface Item {
  readonly indent: string;
  /** Where its second line starts: below the text of a list item, two further in below an indented line. */
  readonly hanging: string;
  readonly words: string[];
  open: boolean;
}

/**
 * Sets a text in lines of at most 76 columns where words allow it (a word is never broken, so that an address or
 * a file name can be copied). A blank line parts paragraphs; a list item (`- `, `1. `) and an indented line start
 * anew; a line continues the one above when it stands under its text; `\` at its end keeps a line's end. A command of
 * keybot (`    keybot …`) is never broken: half of it is another command.
 * @returns lines parted by `\n`, without blank lines at the ends, and never two blank lines in a row
 */
export function wrapText(text: string): string {
  const items: (Item | null)[] = [];
  for (const line of text.split("\n")) {
    const kept = line.endsWith("\\");
    const body = (kept ? line.slice(0, -1) : line).trimEnd();
    const indent = /^ */.exec(body)?.[0] ?? "";
    const marker = /^(?:- |\d{1,2}\. )/.exec(body.slice(indent.length))?.[0] ?? "";
    const last = items.at(-1) ?? null;
    if (COMMAND.test(body)) {
      items.push({ indent, hanging: indent, words: [body.trimStart()], open: false });
      continue;
    }
    if (body === "") {
      if (last !== null) items.push(null);
    } else if (last?.open && marker === "" && indent === last.hanging) {
      last.words.push(...words(body));
      last.open = !kept;
    } else {
      const hanging = marker !== "" ? indent + " ".repeat(marker.length) : indent === "" ? "" : `${indent}  `;
      items.push({ indent, hanging, words: words(body), open: !kept });
    }
  }
  return items
    .map((item) => (item === null ? "" : setItem(item)))
    .join("\n")
    .trimEnd();
}

const COMMAND = /^ {4}keybot /;

function words(line: string): string[] {
  return line.split(" ").filter((word) => word !== "");
}

function setItem({ indent, hanging, words: all }: Item): string {
  const lines: string[] = [];
  let line = indent;
  let width = indent.length;
  let empty = true;
  for (const word of all) {
    const length = [...word].length;
    if (!empty && width + 1 + length > TEXT_WIDTH) {
      lines.push(line);
      line = hanging;
      width = hanging.length;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    width += length + (empty ? 0 : 1);
    empty = false;
  }
  lines.push(line);
  return lines.join("\n");
}
