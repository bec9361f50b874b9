import type { Stage } from "../stage.ts";

/** The robot begins its work. */
export async function start({ site, show, startRobot, robotLog, checks }: Stage): Promise<void> {
  show.heading("The robot starts");
  show.say("From here on it runs by itself and listens at its IMAP mailbox (IDLE).");
  show.command("keybot run &");
  await startRobot();
  show.output(withoutFolder(robotLog(), site.folder));
  checks.check("it listens", robotLog().includes("daemon.ready idle=true"));
}

function withoutFolder(log: string, folder: string): string {
  return log.replaceAll(folder, "…");
}
