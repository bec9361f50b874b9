import type { Stage } from "../stage.ts";

/** What is left: every mail in one folder. */
export async function remain({ site, show, checks }: Stage): Promise<void> {
  show.heading("What remains");
  show.say("keybot deletes no mail. Each one lies in a folder of the robot's mailbox:");
  const folders = await site.robotFolders();
  const counts = NAMES.map((name) => [name, folders[name]?.length] as const);
  for (const [name, count] of counts) show.output(`${name.padEnd(12)} ${count}`);
  // Alice's and Bob's keys and two requests; Dora's key; Carol's and Alice's revoked one; the vacation responder.
  const expected = { INBOX: 0, Processed: 4, Pending: 1, Rejected: 2, Unhandled: 1 };
  checks.check("all are filed as they were judged", Object.fromEntries(counts), expected);
}

const NAMES = ["INBOX", "Processed", "Pending", "Rejected", "Unhandled"];
