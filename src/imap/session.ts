import { KeybotError } from "../errors.ts";
import { place } from "../mail-server.ts";
import { mailboxError } from "./errors.ts";
import {
  type FetchedMail,
  fetchHead,
  fetchMails,
  fetchNewestHeads,
  fetchSizes,
  type ListedMail,
} from "./fetch.ts";
import { Folders, type Hierarchy } from "./folder.ts";
import { LOGOUT_TIMEOUT } from "./limits.ts";
import type { Link } from "./link.ts";
import { type MoveAbilities, type Moved, moveMails } from "./move.ts";
import { type News, NewsWatch } from "./news.ts";

/**
 * One connection with one mailbox open. It is used by one caller, and does not reconnect: after it is closed every
 * method throws `temporary` `imap.closed`, and a new session takes its place.
 */
export interface ImapSession {
  /** UIDs mean the same mail as long as this is the same (RFC 9051 §2.3.1.1). */
  readonly uidValidity: bigint;
  readonly closed: boolean;
  /** The mailbox has grown since the last `list`, as far as the server has told beside the commands since. */
  readonly hasNews: boolean;
  /**
   * All mails of the mailbox, by UID ascending. Throws `temporary` `imap.uid-validity`, and closes, when the UIDs have
   * begun to mean other mails.
   */
  list(): Promise<readonly ListedMail[]>;
  /**
   * The mails themselves, in this order and in batches, without \Seen; a vanished UID is absent. Other commands may run in the loop.
   * @param before told which mails come next, before their bytes are asked for
   */
  fetch(
    uids: readonly number[],
    before?: (uids: readonly number[]) => Promise<void>,
  ): AsyncIterable<FetchedMail>;
  /** At most `bytes` from the beginning of a mail; null when it is gone. */
  fetchHead(uid: number, bytes: number): Promise<Buffer | null>;
  /**
   * The beginnings of the newest mails of a folder next to the mailbox, or of the mailbox itself (null); none when there
   * is no such folder. It stays open, for reading only, until the next `list`.
   */
  newestHeads(folder: string | null, count: number, bytes: number): Promise<readonly Buffer[]>;
  /** Into a folder next to the mailbox, named as in `ensureFolders`; it is created when it is missing. */
  move(uids: readonly number[], folder: string): Promise<Moved>;
  /**
   * Creates and subscribes what is missing of these folders next to the mailbox (`folderPaths` says where); `/` parts levels.
   * Returns their paths. Throws `permanent` `imap.folder`.
   */
  ensureFolders(names: readonly string[]): Promise<readonly string[]>;
  /** `news`: the mailbox has grown since the last `list`. `timeout` also when `signal` is aborted. Never throws. */
  waitForNews(timeoutMs: number, signal?: AbortSignal): Promise<News>;
  /** Logs out, within seconds. Never throws. */
  close(): Promise<void>;
}

/** What connecting found out. */
export interface OpenMailbox {
  readonly uidValidity: bigint;
  readonly abilities: MoveAbilities;
  readonly hierarchy: Hierarchy;
}

/** The session over a link whose mailbox is open. */
export function openSession(link: Link, open: OpenMailbox): ImapSession {
  const news = new NewsWatch(link);
  const folders = new Folders(link, open.hierarchy);
  let sizes: ReadonlyMap<number, number> = new Map();
  return {
    uidValidity: open.uidValidity,
    get closed() {
      return link.closed;
    },
    get hasNews() {
      return news.fresh;
    },
    list: async () => {
      const mails = await list(link, open, news);
      sizes = new Map(mails.map((mail) => [mail.uid, mail.size]));
      return mails;
    },
    fetch: (uids, before = async () => {}) => fetchMails(link, uids, sizes, before),
    fetchHead: (uid, bytes) => fetchHead(link, uid, bytes),
    newestHeads: async (folder, count, bytes) => {
      const path = folder === null ? open.hierarchy.mailbox : await folders.pathOf(folder);
      return fetchNewestHeads(link, path, count, bytes);
    },
    move: async (uids, folder) => moveMails(link, open.abilities, uids, await folders.pathOf(folder)),
    ensureFolders: (names) => folders.ensure(names),
    waitForNews: (timeoutMs, signal) => news.wait(timeoutMs, signal),
    close: () => close(link),
  };
}

async function list(link: Link, open: OpenMailbox, news: NewsWatch): Promise<readonly ListedMail[]> {
  // Opened anew each time: only SELECT tells UIDVALIDITY, and a mailbox may be replaced under an open connection.
  const box = await link.run("open the mailbox", (client) =>
    client.mailboxOpen(open.hierarchy.mailbox).catch((error: unknown) => {
      throw mailboxError(error, link.settings);
    }),
  );
  if (box.uidValidity !== open.uidValidity) {
    link.drop();
    const message = `The mailbox on ${place(link.settings)} was replaced: its UIDVALIDITY is ${box.uidValidity}, it was ${open.uidValidity}.`;
    throw new KeybotError("temporary", "imap.uid-validity", message);
  }
  const announced = box.exists;
  news.clear();
  const mails = await fetchSizes(link, "1:*");
  const { mailbox } = link.client;
  // The library counts down with each EXPUNGE, so a mailbox that was emptied meanwhile does not come here.
  if (mails.length === 0 && announced > 0 && mailbox !== false && mailbox.exists >= announced) {
    const message = `${place(link.settings)} says that the mailbox holds ${announced} mails, but lists none.`;
    throw new KeybotError("temporary", "imap.refused", message);
  }
  return mails;
}

async function close(link: Link): Promise<void> {
  if (!link.closed) {
    const patience = new Promise<void>((resolve) => {
      setTimeout(resolve, LOGOUT_TIMEOUT).unref();
    });
    await Promise.race([link.client.logout().catch(() => {}), link.gone, patience]);
  }
  link.drop();
}
