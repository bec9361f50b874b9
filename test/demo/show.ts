import { styleText } from "node:util";

/** How wide the demo writes; a README shows it without scrolling. */
export const COLUMNS = 100;

const INDENT = "  ";

/** The demo's voice: everything that it prints goes through here. */
export class Show {
  readonly coloured: boolean;
  readonly #out: NodeJS.WriteStream;
  #steps = 0;
  #muted = false;
  #afterClaim = false;
  #atGap = true;

  constructor(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#out = out;
    this.coloured = out.isTTY === true && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
  }

  title(text: string): void {
    this.#line(this.#style("bold", text));
  }

  /** Begins the next step. */
  heading(title: string): void {
    this.#steps += 1;
    this.gap();
    this.#line(this.#style("bold", `${this.#steps}. ${title}`));
    this.gap();
  }

  /** A paragraph of the story, wrapped. */
  say(text: string): void {
    this.gap();
    for (const line of wrap(text, COLUMNS - INDENT.length)) this.#line(INDENT + line);
    this.gap();
  }

  /** A command, as it is typed. */
  command(text: string): void {
    this.gap();
    const [first = "", ...more] = text.split("\n");
    this.#line(`${INDENT}${this.#style("cyan", `$ ${first}`)}`);
    for (const line of more) this.#line(`${INDENT}  ${this.#style("cyan", line)}`);
  }

  /** What a command printed; lines that are too long go on in the next one. */
  output(text: string): void {
    if (text === "") return;
    for (const line of text.replace(/\n+$/, "").split("\n")) {
      for (const piece of fold(line, COLUMNS - INDENT.length)) this.#line((INDENT + piece).trimEnd());
    }
  }

  /** A mail that somebody outside sends. */
  mailIn(from: string, to: string, subject: string, form: string): void {
    this.#line(`${INDENT}> From: ${from}, Subject: ${subject}`);
    this.#line(`${INDENT}  ${this.#style("dim", `to ${to}; ${form}`)}`);
  }

  /** A mail that somebody received, quoted. */
  quote(lines: readonly string[]): void {
    this.gap();
    for (const line of lines) this.#line(`${INDENT}${this.#style("dim", "|")} ${line}`.trimEnd());
    this.gap();
  }

  /** A claim that was checked. */
  claim(held: boolean, text: string): void {
    if (!this.#afterClaim) this.gap();
    const mark = held ? this.#style("green", "[ok] ") : this.#style("red", "[NOT]");
    const [first = "", ...more] = wrap(text, COLUMNS - INDENT.length - 6);
    this.#line(`${INDENT}${mark} ${first}`);
    for (const line of more) this.#line(`${INDENT}      ${line}`);
    this.#afterClaim = true;
  }

  /** A line as it is. */
  plain(text: string): void {
    this.#line(text);
  }

  /** One empty line, unless there is one already. */
  gap(): void {
    if (!this.#atGap) this.#line("");
  }

  /** Prints nothing any more. */
  mute(): void {
    this.#muted = true;
  }

  #line(text: string): void {
    if (this.#muted) return;
    this.#atGap = text === "";
    this.#afterClaim = false;
    this.#out.write(`${text}\n`);
  }

  #style(style: "bold" | "cyan" | "dim" | "green" | "red", text: string): string {
    return this.coloured ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** A line in pieces of at most `width` characters, cut between words; all but the first stand further in. */
function fold(line: string, width: number): string[] {
  if (line.length <= width) return [line.trimEnd()];
  const cut = line.lastIndexOf(" ", width);
  const margin = " ".repeat(line.length - line.trimStart().length);
  if (cut <= margin.length) return [line];
  const rest = line.slice(cut).trim();
  return [line.slice(0, cut).trimEnd(), ...fold(`${margin.slice(0, 40)}    ${rest}`, width)];
}

/** The words of a text in lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}
