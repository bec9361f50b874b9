import type { Stage } from "../stage.ts";

/** The robot ends when it is told. */
export async function finish({ show, checks, stopRobot }: Stage): Promise<void> {
  show.command("kill %1");
  checks.check("the robot ends in good order", await stopRobot(), 0);
}
