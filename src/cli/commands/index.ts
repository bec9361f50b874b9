import type { Command } from "commander";

import type { Context } from "../context.ts";
import { define as help } from "./help.ts";
import { define as init } from "./init.ts";
import { define as inspect } from "./inspect.ts";
import { define as poll } from "./poll.ts";
import { define as run } from "./run.ts";

/** Adds one command to the program: its arguments, its help with examples, and what it runs. */
export type Define = (program: Command, context: Context) => void;

/** Every command, in the order of `keybot help`. */
export const COMMANDS: readonly Define[] = [init, run, poll, inspect, help];
