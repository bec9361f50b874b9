import { CommanderError } from "commander";

import { type ErrorKind, KeybotError, messageOf } from "../errors.ts";
import { escapeControl } from "../log.ts";

/** What the shell is told (CONTRACT.md §1). */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;

/** The exit codes with their meaning, as `keybot help exit-codes` prints them. */
export const EXIT_CODES: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [0, "done"],
  [1, "failed: a server, a file, the database"],
  [2, "wrong usage, wrong configuration, or a confirmation that was refused or could not be asked"],
  [3, "nothing found for what was asked"],
  [4, "doctor or audit verify found a fault"],
  [130, "ended by Ctrl-C, at a question before anything was changed"],
];

const CODE_OF_KIND: Readonly<Record<ErrorKind, ExitCode>> = {
  temporary: 1,
  permanent: 1,
  config: 2,
  usage: 2,
  "not-found": 3,
  // 4 is what doctor and audit verify report themselves.
  fault: 1,
};

/** What is printed of an error, and how the program ends. */
export interface Failure {
  readonly code: ExitCode;
  /** One line, without the `keybot: ` before it. */
  readonly message: string;
  readonly hint: string | null;
}

/**
 * What an error means to the person who typed the command; null when it is none (help or version was asked for).
 *
 * Nothing that was thrown reaches the terminal unescaped: a message may quote what a stranger wrote.
 */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof KeybotError) {
    // 128 + SIGINT, as the shell has it for a program that Ctrl-C ended.
    const code = error.code === "cli.interrupted" ? 130 : CODE_OF_KIND[error.kind];
    return failure(code, error.message, error.hint);
  }
  if (error instanceof CommanderError) return usageFailure(error);
  // The operating system refused something that nobody foresaw: its own words are the best.
  if (error instanceof Error && "syscall" in error) return failure(1, error.message, null);
  return failure(
    1,
    `this is a bug in keybot: ${messageOf(error)}`,
    "please report it, with what the same command prints with --verbose",
  );
}

/** Refused by a person: no error of anybody, but nothing was done. */
export function notConfirmed(): KeybotError {
  return new KeybotError("usage", "cli.not-confirmed", "not confirmed; nothing was changed");
}

const USAGE_HINT = "keybot help lists the commands, keybot help COMMAND explains one";

function usageFailure(error: CommanderError): Failure | null {
  if (error.exitCode === 0) return null;
  // `keybot` alone: commander has printed the help to standard error already.
  if (error.code === "commander.help") return failure(2, "which command?", null);
  // "error: unknown command 'lisst'\n(Did you mean list?)"
  const [first = "", suggestion] = error.message.split("\n");
  const near = suggestion === undefined ? null : suggestion.replace(/^\(D(.*)\)$/, "d$1");
  return failure(2, first.replace(/^error: /, ""), near ?? USAGE_HINT);
}

function failure(code: ExitCode, message: string, hint: string | null): Failure {
  return { code, message: line(message), hint: hint === null ? null : line(hint) };
}

/** As the terminal has it: begins small (but for `IMAP`), no full stop, nothing raw. */
function line(sentence: string): string {
  const small = /^[A-Z][a-z]* /.test(sentence)
    ? sentence.charAt(0).toLowerCase() + sentence.slice(1)
    : sentence;
  return escapeControl(small.replace(/([^.])\.$/, "$1"));
}
