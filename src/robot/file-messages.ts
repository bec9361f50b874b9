import type { Folder } from "../decide/index.ts";
import type { ImapSession } from "../imap/index.ts";
import type { Handled } from "./handle-message.ts";
import type { Robot } from "./robot.ts";

/**
 * Files committed messages into their folders. Repeatable: one that another process has filed meanwhile is gone from
 * the mailbox, which is what was wanted.
 * @returns how many are still in the mailbox
 */
export async function fileMessages(
  robot: Robot,
  session: ImapSession,
  messages: readonly Handled[],
): Promise<number> {
  let left = 0;
  const byFolder = new Map<Folder, Handled[]>();
  for (const message of messages)
    byFolder.set(message.folder, [...(byFolder.get(message.folder) ?? []), message]);
  for (const [folder, list] of byFolder) {
    const uids = list.map(({ uid }) => uid);
    const { moved, gone } = await session.move(uids, robot.folders[folder]);
    const isFiled = ({ uid }: Handled) => moved.has(uid) || gone.has(uid);
    const filed = list.filter(isFiled).map(({ key }) => key);
    await robot.store.markFiled(filed, robot.now());
    for (const { uid, key } of list.filter((message) => !isFiled(message))) {
      left += 1;
      robot.log.warn("message.not-filed", { key: key.slice(0, 16), uid, folder: robot.folders[folder] });
    }
  }
  return left;
}
