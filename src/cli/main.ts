/*
 * cli: the command line. Words in, words out; every rule is elsewhere.
 *
 * Knows arguments, help texts, tables, JSON Lines, exit codes, and how to ask a person. One file a command in
 * commands/, each exporting `define(program, context)`. It alone imports the argument parser.
 *
 * Must not know what makes a certificate good or how anything is stored: a command loads the configuration, calls
 * one function of admin/ or robot/, and prints what came back.
 *
 * Rules of the terminal: results to standard output, everything else to standard error. An error is one line
 * `keybot: …` that begins small and has no full stop, with its hint below it, indented by two.
 */
import { inspect } from "node:util";
import { Command } from "commander";

import { KeybotError } from "../errors.ts";
import { escapeControl } from "../log.ts";
import { COMMANDS } from "./commands/index.ts";
import { type Context, contextOf, type GlobalOptions, type Outside } from "./context.ts";
import { type ExitCode, failureOf } from "./exit.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/**
 * Runs one command.
 *
 * @param args what stands behind `keybot` on the command line
 * @returns the exit code; never throws
 */
export async function main(
  args: readonly string[] = process.argv.slice(2),
  outside: Outside = thisProcess(),
): Promise<ExitCode> {
  const program = programFor(outside.terminal);
  let exitCode: ExitCode = 0;
  const context = contextOf(
    outside,
    () => globalOptions(program),
    (code) => {
      exitCode = code;
    },
  );
  for (const define of COMMANDS) define(program, context);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, context);
  }
}

function thisProcess(): Outside {
  return {
    terminal: processTerminal(),
    env: process.env,
    get cwd() {
      return workingFolder();
    },
    now: () => new Date(),
  };
}

/** Asked when it is needed: it may be gone, and not every command needs one. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new KeybotError(
      "usage",
      "cli.no-folder",
      "the working directory is not there any more, or must not be read",
      { hint: "go to another one: cd /", cause },
    );
  }
}

function programFor(terminal: Terminal): Command {
  return new Command("keybot")
    .description("The S/MIME key-management mail robot.")
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .option("--config <file>", "configuration (else $KEYBOT_CONFIG, ./keybot.toml, /etc/keybot/keybot.toml)")
    .option("--json", "print JSON, one object a line")
    .option("--quiet", "print results and errors only")
    .option("--verbose", "say more, and where an error comes from")
    .option("--no-color", "no colours (also NO_COLOR)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
      // Errors are printed by report(), all in one form.
      outputError: () => {},
    })
    .exitOverride();
}

function globalOptions(program: Command): GlobalOptions {
  const { config, json, quiet, verbose, color } = program.opts<{
    config?: string;
    json?: boolean;
    quiet?: boolean;
    verbose?: boolean;
    color: boolean;
  }>();
  return {
    config: config ?? null,
    json: json === true,
    quiet: quiet === true,
    verbose: verbose === true,
    color,
  };
}

/** Prints an error and says how the program ends. */
function report(error: unknown, { terminal, options }: Context): ExitCode {
  const failure = failureOf(error);
  if (failure === null) return 0;
  terminal.err(`keybot: ${failure.message}\n`);
  if (failure.hint !== null) terminal.err(`  ${failure.hint}\n`);
  if (options.verbose) {
    for (const line of inspect(error).split("\n")) terminal.err(`  ${escapeControl(line)}\n`);
  }
  return failure.code;
}
