import type { Command } from "commander";

import type { Context } from "../context.ts";
import { define as approve } from "./approve.ts";
import { define as audit } from "./audit.ts";
import { define as doctor } from "./doctor.ts";
import { define as help } from "./help.ts";
import { define as init } from "./init.ts";
import { define as inspect } from "./inspect.ts";
import { define as list } from "./list.ts";
import { define as log } from "./log.ts";
import { define as lookup } from "./lookup.ts";
import { define as mailbox } from "./mailbox.ts";
import { define as outbox } from "./outbox.ts";
import { define as poll } from "./poll.ts";
import { define as reject } from "./reject.ts";
import { define as restore } from "./restore.ts";
import { define as revoke } from "./revoke.ts";
import { define as run } from "./run.ts";
import { define as show } from "./show.ts";
import { define as trust } from "./trust.ts";

/** Adds one command to the program: its arguments, its help with examples, and what it runs. */
export type Define = (program: Command, context: Context) => void;

/** Every command, in the order of `keybot help`. */
export const COMMANDS: readonly Define[] = [
  init,
  doctor,
  run,
  poll,
  inspect,
  list,
  show,
  lookup,
  approve,
  reject,
  revoke,
  restore,
  mailbox,
  trust,
  log,
  outbox,
  audit,
  help,
];
