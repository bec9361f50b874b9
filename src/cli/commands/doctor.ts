import type { Command } from "commander";
import { requireSecrets } from "../../config/index.ts";
import { KeybotError } from "../../errors.ts";
import { escapeControl, silentLog } from "../../log.ts";
import { type Check, checkHealth, fault, ok } from "../../robot/index.ts";
import { openEmptyStore, openStore } from "../../store/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { openRobot } from "../installation.ts";
import { jsonLine } from "../json.ts";
import { checkFiles } from "../private-files.ts";

/** `keybot doctor`: everything that `run` needs, and how to mend what fails. */
export function define(program: Command, context: Context): void {
  program
    .command("doctor")
    .description("check everything that run needs, and say how to mend what fails")
    .addHelpText(
      "after",
      examples(
        ["keybot doctor", "exit 4 when something would keep the robot from working"],
        ["keybot doctor --json", "one JSON object a check, for monitoring"],
      ),
    )
    .action(() => doctor(context));
}

async function doctor(context: Context): Promise<void> {
  for await (const check of checks(context)) {
    if (check.state === "fault") context.exitWith(4);
    context.terminal.out(context.options.json ? jsonLine(check) : checkText(check));
  }
}

/** What comes first keeps what follows from being looked at, but for a database that is not there yet. */
async function* checks(context: Context): AsyncGenerator<Check> {
  const config = await context.config();
  yield ok("configuration", config.file);
  yield* checkFiles(config, process.geteuid?.() ?? 0);
  try {
    requireSecrets(config);
  } catch (error) {
    yield fault("secrets", error);
    return;
  }
  yield ok("secrets", "readable, and by nobody else");
  let opened: Awaited<ReturnType<typeof openRobot>> | null = null;
  let step = "database";
  try {
    const missing: Check[] = [];
    const store = await openStore({ stateDir: config.stateDir, make: false }).catch((error: unknown) => {
      if (!(error instanceof KeybotError && error.code === "store.missing")) throw error;
      missing.push(fault("database", error));
      return openEmptyStore();
    });
    try {
      yield* missing;
      if (missing.length === 0) {
        await store.checkIntegrity();
        yield ok("database", `version ${await store.version()} in ${config.stateDir}, undamaged`);
      }
      step = "installation";
      opened = await openRobot(config, store, silentLog, context.now);
      step = "robot";
      yield ok("texts", config.languages.join(", "));
      yield* checkHealth(opened.robot);
    } finally {
      await opened?.close();
      await store.close();
    }
  } catch (error) {
    yield fault(step, error);
  }
}

function checkText({ name, state, says, mend }: Check): string {
  const mark = { ok: "ok", warning: "WARN", fault: "FAIL" }[state];
  const line = `${mark.padEnd(5)} ${`${name}:`.padEnd(16)} ${escapeControl(says)}\n`;
  return mend === null ? line : `${line}${" ".repeat(23)}${escapeControl(mend)}\n`;
}
