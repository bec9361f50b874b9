/**
 * `npm run demo`: keybot on real mail servers, step by step, with every claim checked.
 *
 * Exit 0 when all came out as told, else 1. `--keep` leaves everything running until Ctrl-C.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../src/errors.ts";
import { Checks } from "./checks.ts";
import { invite } from "./invite.ts";
import { saveLogs } from "./save-logs.ts";
import { Show } from "./show.ts";
import { openStage, type Stage } from "./stage.ts";
import { approve } from "./steps/approve.ts";
import { encrypt } from "./steps/encrypt.ts";
import { finish } from "./steps/finish.ts";
import { harvest } from "./steps/harvest.ts";
import { introduce } from "./steps/introduce.ts";
import { judge } from "./steps/judge.ts";
import { publish } from "./steps/publish.ts";
import { remain } from "./steps/remain.ts";
import { request } from "./steps/request.ts";
import { revoke } from "./steps/revoke.ts";
import { start } from "./steps/start.ts";

const STEPS = [introduce, publish, start, harvest, judge, approve, request, encrypt, revoke, remain];

const show = new Show(process.stdout, process.env);
const checks = new Checks(show);
const args = process.argv.slice(2);
const keeps = args.includes("--keep");
let stage: Stage | undefined;

if (args.some((arg) => arg !== "--keep")) {
  process.stderr.write("usage: npm run demo [-- --keep]\n");
  process.exitCode = 2;
} else {
  endOnSignals();
  process.exitCode = await demo();
}

async function demo(): Promise<number> {
  try {
    stage = await openStage(show, checks);
    for (const step of keeps ? STEPS : [...STEPS, finish]) await step(stage);
  } catch (error) {
    checks.fail(messageOf(error));
  }
  const wrong = checks.differing;
  show.gap();
  if (wrong.length === 0) show.plain(`All ${checks.held} claims came out as told.`);
  else show.plain(["These did not come out as told:", ...wrong.map((claim) => `  ${claim}`)].join("\n"));
  if (stage !== undefined) {
    if (wrong.length > 0) show.plain(`The logs of all servers: ${saveLogs(stage)}`);
    if (keeps) await stay(stage);
    await stage.site.stop();
  }
  return wrong.length === 0 ? 0 : 1;
}

/** Until a signal ends the process: what the robot says, as it says it. */
async function stay(open: Stage): Promise<never> {
  invite(open);
  for (let shown = open.robotLog().length; ; ) {
    await sleep(100);
    const log = open.robotLog();
    show.output(log.slice(shown));
    shown = log.length;
  }
}

/** Ctrl-C and its like: everything ends in good order, and the exit code is the shell's for that signal. */
function endOnSignals(): void {
  for (const [signal, exit] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.once(signal, () => {
      show.mute();
      // Before the stage stands, the guard of its folder clears up when this process has gone.
      void (stage?.site.stop() ?? Promise.resolve()).finally(() => process.exit(exit));
    });
  }
}
