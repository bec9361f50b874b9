import { type Config, type Environment, findConfigFile, loadConfig } from "../config/index.ts";
import { createLog, type Log, type LogLevel } from "../log.ts";
import type { ExitCode } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

/** The options that every command takes. */
export interface GlobalOptions {
  /** `--config`, or null. */
  readonly config: string | null;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

/** What is outside of the program. */
export interface Outside {
  readonly terminal: Terminal;
  readonly env: Environment;
  readonly cwd: string;
  readonly now: () => Date;
}

/** What a command gets beside its own arguments. The options are there once a command's action runs. */
export interface Context extends Outside {
  readonly options: GlobalOptions;
  /** Colours are wanted: a terminal, and neither `--no-color` nor NO_COLOR. */
  readonly coloured: boolean;
  /** Finds, reads and checks the configuration. Throws KeybotError `config`. */
  config(): Promise<Config>;
  /** A log on standard error: errors only with `--quiet`, everything with `--verbose`, else from `usual` on. */
  log(usual: LogLevel): Log;
  /** One line for the person on standard error, none with `--quiet`: progress, what comes next. */
  note(line: string): void;
  /** The exit code of a command that did its work and found something to report by it; 0 when never called. */
  exitWith(code: ExitCode): void;
}

/**
 * The context of one run.
 *
 * @param options read when they are needed, because commands are defined before the arguments are parsed
 */
export function contextOf(
  outside: Outside,
  options: () => GlobalOptions,
  exitWith: (code: ExitCode) => void,
): Context {
  const { terminal, env, now } = outside;
  return {
    terminal,
    env,
    now,
    get cwd() {
      return outside.cwd;
    },
    get options() {
      return options();
    },
    get coloured() {
      return options().color && terminal.isTTY && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
    },
    config: async () => loadConfig(findConfigFile(options().config, env, outside.cwd), env),
    log: (usual) => {
      const level = options().verbose ? "debug" : options().quiet ? "error" : usual;
      return createLog({ level, json: false, now, write: (line) => terminal.err(`${line}\n`) });
    },
    note: (line) => {
      if (!options().quiet) terminal.err(`${line}\n`);
    },
    exitWith,
  };
}
