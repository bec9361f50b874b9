import { styleText } from "node:util";

/** How wide the demo writes; a README shows it without scrolling. */
export const COLUMNS = 100;

const INDENT = "  ";

/** The demo's voice: everything that it prints goes through here. */
export class Show {
  readonly coloured: boolean;
  readonly #out: NodeJS.WriteStream;
  #steps = 0;
  #atGap = true;

  constructor(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#out = out;
    this.coloured = out.isTTY === true && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
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
  command(line: string): void {
    this.gap();
    this.#line(`${INDENT}${this.#style("cyan", `$ ${line}`)}`);
  }

  /** What a command printed, as it is. */
  output(text: string): void {
    for (const line of text.replace(/\n+$/, "").split("\n")) if (text !== "") this.#line(INDENT + line);
  }

  /** A mail that comes in: who, what, and in what form. */
  mailIn(from: string, to: string, subject: string, form: string): void {
    this.gap();
    this.#line(`${INDENT}> From: ${from}  To: ${to}`);
    this.#line(`${INDENT}  Subject: ${subject}  ${this.#style("dim", `(${form})`)}`);
  }

  /** A mail that somebody received, quoted. */
  quote(lines: readonly string[]): void {
    this.gap();
    for (const line of lines) this.#line(`${INDENT}${this.#style("dim", "|")} ${line}`.trimEnd());
    this.gap();
  }

  /** A claim that was checked. */
  claim(held: boolean, text: string): void {
    const mark = held ? this.#style("green", "[ok] ") : this.#style("red", "[NOT]");
    const [first = "", ...more] = wrap(text, COLUMNS - INDENT.length - 6);
    this.#line(`${INDENT}${mark} ${first}`);
    for (const line of more) this.#line(`${INDENT}      ${line}`);
  }

  /** A line as it is. */
  plain(text: string): void {
    this.#line(text);
  }

  /** One empty line, unless there is one already. */
  gap(): void {
    if (!this.#atGap) this.#line("");
  }

  #line(text: string): void {
    this.#atGap = text === "";
    this.#out.write(`${text}\n`);
  }

  #style(style: "bold" | "cyan" | "dim" | "green" | "red", text: string): string {
    return this.coloured ? styleText(style, text, { validateStream: false }) : text;
  }
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
