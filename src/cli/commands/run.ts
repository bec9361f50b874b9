import type { Command } from "commander";
import { type Config, requireSecrets } from "../../config/index.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { putBackNow, runDaemon } from "../../robot/index.ts";
import { openStore } from "../../store/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { openRobot, signingIdentity } from "../installation.ts";
import { type End, endSignal } from "../signals.ts";

/** `keybot run`: the daemon. */
export function define(program: Command, context: Context): void {
  program
    .command("run")
    .description("work until stopped: new mail at once (IDLE), and by the schedule")
    .addHelpText(
      "after",
      `${examples(
        ["keybot run", "in the foreground, for systemd or a container; the log goes to standard error"],
        ["keybot run --verbose", "says every step"],
      )}\n\nSIGTERM ends it after the message in hand, SIGHUP reads the configuration again.`,
    )
    .action(() => run(context));
}

async function run(context: Context): Promise<void> {
  const end = endSignal(0);
  try {
    let config = await usableConfig(context);
    while (!end.signal.aborted) config = await serve(config, end, context);
  } finally {
    end.stop();
  }
}

async function usableConfig(context: Context): Promise<Config> {
  const config = await context.config();
  requireSecrets(config);
  return config;
}

/** Works with one configuration until the end, or until SIGHUP has brought another that is right. */
async function serve(config: Config, end: End, context: Context): Promise<Config> {
  const log = context.log("info");
  const reload = new AbortController();
  let next = config;
  const onHangUp = () => {
    void newConfig(context, log).then((read) => {
      if (read === null) return;
      next = read;
      reload.abort();
    });
  };
  process.on("SIGHUP", onHangUp);
  const store = await openStore({ stateDir: config.stateDir });
  try {
    const { robot, close } = await openRobot(config, store, log, context.now);
    try {
      end.lastly(() => {
        log.warn("daemon.cut-short");
        putBackNow(robot);
      });
      log.info("daemon.starts", {
        config: config.file,
        imap: config.imap.host,
        mailbox: config.imap.mailbox,
      });
      await runDaemon(robot, config.schedule, AbortSignal.any([end.signal, reload.signal]));
      log.info(reload.signal.aborted ? "daemon.reloads" : "daemon.ends");
    } finally {
      await close();
    }
  } finally {
    process.off("SIGHUP", onHangUp);
    await store.close();
  }
  return next;
}

/** A configuration that is wrong does not stop a robot that works. */
async function newConfig(context: Context, log: Log): Promise<Config | null> {
  try {
    const config = await usableConfig(context);
    await signingIdentity(config);
    return config;
  } catch (error) {
    log.error("config.refused", { error: messageOf(error), goesOnWith: "the configuration it has" });
    return null;
  }
}
