import type { Folder } from "../decide/index.ts";
import { KeybotError, messageOf } from "../errors.ts";
import type { ImapSession } from "../imap/index.ts";
import type { Handled } from "./handle-message.ts";
import type { Robot } from "./robot.ts";

/** Into which folders this connection's server did not file, as the log has said already. */
const told = new WeakMap<ImapSession, Set<string>>();

/**
 * Files committed messages into their folders. Repeatable: one that another process has filed meanwhile is gone from
 * the mailbox, which is what was wanted. A folder that takes nothing (full, no right to insert) keeps its own mails in
 * the mailbox, and none of the others waiting.
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
    const path = robot.folders[folder];
    const { moved, gone, error } = await move(session, list, path);
    const isFiled = ({ uid }: Handled) => moved.has(uid) || gone.has(uid);
    const filed = list.filter(isFiled);
    await robot.store.markFiled(
      filed.map(({ key }) => key),
      robot.now(),
    );
    const stay = list.length - filed.length;
    left += stay;
    if (stay > 0 && isNews(session, path))
      robot.log.warn("message.not-filed", { folder: path, messages: stay, error });
  }
  return left;
}

type Filing = Awaited<ReturnType<ImapSession["move"]>> & { readonly error: string | null };

async function move(session: ImapSession, messages: readonly Handled[], path: string): Promise<Filing> {
  const uids = messages.map(({ uid }) => uid);
  try {
    return { ...(await session.move(uids, path)), error: null };
  } catch (error) {
    if (!(error instanceof KeybotError) || !/^imap\.(refused|quota|folder)$/.test(error.code)) throw error;
    return { moved: new Set(), gone: new Set(), error: messageOf(error) };
  }
}

function isNews(session: ImapSession, folder: string): boolean {
  const before = told.get(session) ?? new Set();
  if (before.has(folder)) return false;
  told.set(session, before.add(folder));
  return true;
}
