import { recheck } from "./recheck.ts";
import { FOLDERS, type Robot, type Summary } from "./robot.ts";
import { runRound } from "./round.ts";

/**
 * One pass over the robot mailbox and the outbox, as a cron job makes it; then CAs are asked again about what is stored.
 * @throws KeybotError when a server is out of reach or refuses us
 */
export async function poll(robot: Robot, signal: AbortSignal): Promise<Summary> {
  const summary = await drained(robot, signal);
  await recheck(robot, signal);
  return summary;
}

async function drained(robot: Robot, signal: AbortSignal): Promise<Summary> {
  const session = await robot.connect();
  try {
    await session.ensureFolders(FOLDERS.map((folder) => robot.folders[folder]));
    return await runRound(robot, session, signal);
  } finally {
    await session.close();
  }
}
