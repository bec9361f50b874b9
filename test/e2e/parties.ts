import { runKeybot } from "../lab/keybot.ts";
import type { Site } from "../lab/site.ts";

/** A loop would go round for ever; after so many rounds it is called one. */
const ROUNDS = 8;

/** Somebody who acts on the mail that he got. Returns how many mails he moved. */
export type Party = () => Promise<number>;

/** Lets the robots act, then all others at once, until nobody has anything to do; throws when that does not end. */
export async function untilQuiet(robots: Party, ...others: readonly Party[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const answered = await robots();
    const moved = await Promise.all(others.map((other) => other()));
    if (moved.every((count) => count === 0) && answered === 0) return;
  }
  throw new Error(`still at it after ${ROUNDS} rounds`);
}

/** The robots of these configurations: one poll of each, at the same time. */
export function robots(...configFiles: readonly string[]): Party {
  return async () => {
    const runs = await Promise.all(configFiles.map((file) => runKeybot(file, ["poll", "--json"])));
    const sums = runs.map(({ stdout }) => JSON.parse(stdout) as Record<"seen" | "answered", number>);
    return sums.reduce((sum, { seen, answered }) => sum + seen + answered, 0);
  };
}

/** How many mails lie in each of these mailboxes' INBOX. */
export async function inboxes(site: Site, addresses: readonly string[]): Promise<Record<string, number>> {
  const counts = await Promise.all(
    addresses.map(async (address) => [address, (await site.partnerInbox(address)).length] as const),
  );
  return Object.fromEntries(counts);
}
