import type { Outside } from "../../src/cli/context.ts";
import { cannotAsk, isYes, type Terminal } from "../../src/cli/terminal.ts";

/** A terminal that remembers what was written, and a person who gives the answers in order. */
export class FakeTerminal implements Terminal {
  stdout = "";
  stderr = "";
  readonly isTTY: boolean;
  readonly columns = 80;
  readonly interactive: boolean;
  readonly closed = false;
  readonly #answers: string[];

  /** @param answers null: nobody is there to be asked */
  constructor(answers: readonly string[] | null = null, isTTY = false) {
    this.#answers = [...(answers ?? [])];
    this.interactive = answers !== null;
    this.isTTY = isTTY;
  }

  out(text: string | Uint8Array): void {
    this.stdout += typeof text === "string" ? text : Buffer.from(text).toString("latin1");
  }

  err(text: string): void {
    this.stderr += text;
  }

  /** What stands on standard input. */
  stdin = Buffer.alloc(0);

  async input(): Promise<Buffer> {
    return this.stdin;
  }

  async ask(question: string): Promise<string> {
    if (!this.interactive) throw cannotAsk(question);
    const answer = this.#answers.shift();
    if (answer === undefined) throw new Error(`nobody expected the question: ${question}`);
    this.stderr += `${question}${answer}\n`;
    return answer.trim();
  }

  async confirm(question: string, { yes }: { readonly yes: boolean }): Promise<boolean> {
    return yes || isYes(await this.ask(`${question} [y/N] `));
  }
}

/** What is outside of the program in a test: a fixed time and no environment. */
export function outside(terminal: Terminal, cwd: string, env: Record<string, string> = {}): Outside {
  return { terminal, cwd, env, now: () => new Date("2026-06-01T12:00:00Z") };
}
