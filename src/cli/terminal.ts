import { createInterface } from "node:readline";

import { KeybotError } from "../errors.ts";

/**
 * The way of a command to its user; an argument, so that a test can be the user.
 *
 * Results go out, everything else goes to err. Text of strangers must have passed `renderTable`, `jsonLine` or
 * `escapeControl` before it comes here.
 */
export interface Terminal {
  /** Writes to standard output as it is, without a newline. Bytes are for certificates. */
  out(text: string | Uint8Array): void;
  /** Writes to standard error as it is, without a newline. */
  err(text: string): void;
  /** Standard output is read by a person: tables are drawn, else values are separated by tabs. */
  readonly isTTY: boolean;
  /** Width of the terminal in columns; 80 when there is none. */
  readonly columns: number;
  /** A person can be asked. */
  readonly interactive: boolean;
  /** Nobody reads standard output any more (`keybot list | head`): a long list may stop. */
  readonly closed: boolean;
  /** All of standard input, to its end. */
  input(): Promise<Buffer>;
  /** Asks for one line; the answer is trimmed. Throws KeybotError `usage` when nobody can be asked, or answers with Ctrl-C or Ctrl-D. */
  ask(question: string): Promise<string>;
  /** True at once with `yes`; else asks. Throws KeybotError `usage` when nobody can be asked. */
  confirm(question: string, options: { readonly yes: boolean }): Promise<boolean>;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  let closed = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // The reader has gone. What is printed from now on is for nobody, and no reason to leave work half done.
    closed = true;
    if (error.code === "EPIPE") return;
    // A result that somebody wanted to keep is lost: a script must not go on as if it had it.
    process.stderr.write(`keybot: standard output: ${error.message}\n`);
    process.exit(1);
  });
  process.stderr.on("error", () => {});
  const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true;

  async function ask(question: string): Promise<string> {
    if (!interactive) throw cannotAsk(question);
    return answerTo(question, process.stdin, process.stderr);
  }

  return {
    out: (text) => {
      if (!closed) process.stdout.write(text);
    },
    err: (text) => {
      process.stderr.write(text);
    },
    isTTY: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 80,
    interactive,
    get closed() {
      return closed;
    },
    input: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    },
    ask,
    confirm: async (question, { yes }) => yes || isYes(await ask(`${question} [y/N] `)),
  };
}

/**
 * One line from a terminal, trimmed.
 * @throws KeybotError `usage` (rejects): `cli.interrupted` for Ctrl-C, `cli.no-answer` for Ctrl-D or a terminal that is gone
 */
function answerTo(
  question: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<string> {
  const lines = createInterface({ input, output });
  const gone = () => lines.close();
  input.once("error", gone);
  return new Promise<string>((resolve, reject) => {
    let fault = noAnswer();
    let answer: string | null = null;
    lines.once("SIGINT", () => {
      fault = interrupted();
      lines.close();
    });
    lines.once("close", () => {
      input.off("error", gone);
      if (answer !== null) return resolve(answer.trim());
      output.write("\n");
      reject(fault);
    });
    lines.question(question, (line) => {
      answer = line;
      lines.close();
    });
  });
}

/** Every question is asked before anything is changed. */
const UNCHANGED = "nothing was changed";

/** The error for Ctrl-C at a question. */
export function interrupted(): KeybotError {
  return new KeybotError("usage", "cli.interrupted", UNCHANGED);
}

/** The error for Ctrl-D at a question. */
export function noAnswer(): KeybotError {
  return new KeybotError("usage", "cli.no-answer", UNCHANGED);
}

/** Only a written yes is one. */
export function isYes(answer: string): boolean {
  return /^y(es)?$/i.test(answer.trim());
}

/** The error for a question that nobody can answer. */
export function cannotAsk(question: string): KeybotError {
  return new KeybotError("usage", "cli.cannot-ask", `there is nobody to ask: ${question.trim()}`, {
    hint: "without a terminal, --yes confirms, and options give the answers",
  });
}
