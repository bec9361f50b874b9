import type { Command } from "commander";
import { requireSecrets } from "../../config/index.ts";
import { type PollSummary, poll, putBackNow } from "../../robot/index.ts";
import { openStore } from "../../store/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../examples.ts";
import { openRobot } from "../installation.ts";
import { jsonLine } from "../json.ts";
import { endSignal } from "../signals.ts";

/** `keybot poll`: one pass over the robot mailbox and the outbox. */
export function define(program: Command, context: Context): void {
  program
    .command("poll")
    .description("drain the robot mailbox and the outbox once, then exit")
    .addHelpText(
      "after",
      examples(
        ["keybot poll", "one pass, as from cron; exit 1 when something was left for a retry"],
        ["keybot poll --json", "the summary as one JSON object"],
      ),
    )
    .action(() => pollOnce(context));
}

async function pollOnce(context: Context): Promise<void> {
  const config = await context.config();
  requireSecrets(config);
  const store = await openStore({ stateDir: config.stateDir });
  try {
    const { robot, close } = await openRobot(config, store, context.log("warn"), context.now);
    const end = endSignal(1);
    end.lastly(() => putBackNow(robot));
    try {
      const summary = await poll(robot, end.signal);
      context.terminal.out(context.options.json ? jsonLine(summary) : `${summaryLine(summary)}\n`);
      const { failed, senderRefused } = summary;
      // Not for a mail that was given up: whoever writes from an address that takes no mail would raise the alarm.
      if (failed > 0 || senderRefused || end.signal.aborted) context.exitWith(1);
    } finally {
      end.stop();
      await close();
    }
  } finally {
    await store.close();
  }
}

function summaryLine({
  seen,
  stored,
  answered,
  pending,
  rejected,
  unhandled,
  failed,
  givenUp,
}: PollSummary): string {
  const left = [
    ...(failed === 0 ? [] : [`; ${failed} left for a retry`]),
    ...(givenUp === 0 ? [] : [`; ${count(givenUp, "mail")} given up (keybot outbox list)`]),
  ].join("");
  const work = `${count(stored, "certificate")} stored, ${count(answered, "mail")} sent`;
  return `${count(seen, "message")} seen: ${work}, ${pending} pending, ${rejected} rejected, ${unhandled} unhandled${left}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
