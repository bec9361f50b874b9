import type { CopyResponseObject, ImapFlow } from "imapflow";
import { KeybotError } from "../errors.ts";
import { escapeControl } from "../log.ts";
import { place } from "../mail-server.ts";
import { isMissingFolder, refusedError } from "./errors.ts";
import { fetchSizes } from "./fetch.ts";
import { createFolder } from "./folder.ts";
import { UIDS_PER_COMMAND } from "./limits.ts";
import type { Link } from "./link.ts";
import type { ImapSettings } from "./settings.ts";
import { inPieces, uidSet } from "./uid-set.ts";

/** What became of the UIDs of a move. One in neither set is still in the mailbox, as far as we know. */
export interface Moved {
  /** Certainly in the folder, and no longer in the mailbox. */
  readonly moved: ReadonlySet<number>;
  /** Certainly not in the mailbox, and not moved by us. */
  readonly gone: ReadonlySet<number>;
}

/** How this server moves mails without the danger of losing one. */
export interface MoveAbilities {
  /** RFC 6851. */
  readonly move: boolean;
  /** RFC 4315: UID EXPUNGE, and COPYUID, which says what was moved. */
  readonly uidPlus: boolean;
}

/** RFC 9051 Appendix E: both are part of IMAP4rev2, which a server may offer alone. */
export function moveAbilities(client: ImapFlow): MoveAbilities {
  const all = client.capabilities.has("IMAP4rev2") && !client.capabilities.has("IMAP4rev1");
  return { move: all || client.capabilities.has("MOVE"), uidPlus: all || client.capabilities.has("UIDPLUS") };
}

/**
 * Moves mails into a folder, which is created when it is missing. When a later part of many fails, what was reached is
 * returned and the rest is in neither set; when nothing was reached it throws.
 */
export async function moveMails(
  link: Link,
  abilities: MoveAbilities,
  uids: readonly number[],
  path: string,
): Promise<Moved> {
  const moved = new Set<number>();
  const gone = new Set<number>();
  for (const piece of inPieces(uids, UIDS_PER_COMMAND)) {
    try {
      const part = await movePiece(link, abilities, piece, path);
      for (const uid of part.moved) moved.add(uid);
      for (const uid of part.gone) gone.add(uid);
    } catch (error) {
      if (moved.size + gone.size === 0 || !(error instanceof KeybotError)) throw error;
      break;
    }
  }
  return { moved, gone };
}

async function movePiece(
  link: Link,
  abilities: MoveAbilities,
  uids: readonly number[],
  path: string,
): Promise<Moved> {
  // Without COPYUID nobody tells which mails were there to be moved, so we look before and after.
  const before = abilities.uidPlus ? null : await presentOf(link, uids);
  const told = await (abilities.move
    ? moveAtOnce(link, abilities, uids, path)
    : copyAndRemove(link, uids, path));
  const untold = uids.filter((uid) => !told.has(uid));
  if (untold.length === 0) return { moved: told, gone: new Set() };
  const after = await presentOf(link, untold);
  const left = untold.filter((uid) => !after.has(uid));
  if (before === null) return { moved: told, gone: new Set(left) };
  return {
    moved: new Set([...told, ...left.filter((uid) => before.has(uid))]),
    gone: new Set(left.filter((uid) => !before.has(uid))),
  };
}

async function presentOf(link: Link, uids: readonly number[]): Promise<ReadonlySet<number>> {
  return new Set((await fetchSizes(link, uidSet(uids))).map(({ uid }) => uid));
}

/**
 * UID MOVE; the UIDs that are moved for certain: COPYUID names them, or they were removed by hand, because some servers
 * (Cyrus, when the folder is on another machine) answer OK to a MOVE that was only a COPY. Moved again and again they would
 * pile up in the folder.
 */
async function moveAtOnce(
  link: Link,
  abilities: MoveAbilities,
  uids: readonly number[],
  path: string,
): Promise<ReadonlySet<number>> {
  const set = uidSet(uids);
  const counted = countOf(link);
  const answer = await intoFolder(link, path, (client) => client.messageMove(set, path, { uid: true }));
  const told = named(uids, answer);
  // The library counts each EXPUNGE, so where all is well no further question is needed.
  if (!abilities.uidPlus || (told.size > 0 && counted - countOf(link) >= told.size)) return told;
  const stayed = await presentOf(link, uids);
  const copied = [...told].filter((uid) => stayed.has(uid));
  if (copied.length > 0) await remove(link, copied);
  const untold = answer.uidMap === undefined ? [...stayed] : [];
  return new Set([...told, ...(untold.length === 0 ? [] : await copyAndRemove(link, untold, path))]);
}

function countOf({ client: { mailbox } }: Link): number {
  return mailbox === false ? 0 : mailbox.exists;
}

/**
 * RFC 6851 §3.3 by hand, for a server with UIDPLUS only: COPY, \Deleted, UID EXPUNGE of exactly what was copied. A plain
 * EXPUNGE would also take what another client has marked.
 */
async function copyAndRemove(
  link: Link,
  uids: readonly number[],
  path: string,
): Promise<ReadonlySet<number>> {
  // What an earlier attempt copied and could not remove is not copied a second time.
  const waiting = unremoved(link, path);
  const toCopy = uids.filter((uid) => !waiting.has(uid));
  for (const uid of toCopy.length === 0 ? [] : await copy(link, toCopy, path)) waiting.add(uid);
  const copied = uids.filter((uid) => waiting.has(uid));
  if (copied.length > 0) await remove(link, copied);
  for (const uid of copied) waiting.delete(uid);
  return new Set(copied);
}

/**
 * UID COPY; what is in the folder now. COPYUID says it. A server that leaves it out (RFC 4315 §3 allows that) said OK, which
 * means all of what was there (RFC 9051 §6.4.7); only if its own count of the folder contradicts it we do not go on.
 *
 * Throws `temporary` `imap.refused`.
 */
async function copy(link: Link, uids: readonly number[], path: string): Promise<readonly number[]> {
  const present = await presentOf(link, uids);
  if (present.size === 0) return [];
  const before = await messagesIn(link, path);
  const set = uidSet(uids);
  const answer = await intoFolder(link, path, (client) => client.messageCopy(set, path, { uid: true }));
  if (answer.uidMap !== undefined) return [...named(uids, answer)];
  const after = await messagesIn(link, path);
  if (before !== null && after !== null && after - before < present.size) {
    const message = `${place(link.settings)} says that it copied ${present.size} mails into ${escapeControl(path)}, but counts ${after - before} more there; they stay where they are.`;
    throw new KeybotError("temporary", "imap.refused", message);
  }
  return [...present];
}

/** How many mails a folder holds; null when the server does not say, for example because the folder is not there. */
async function messagesIn(link: Link, path: string): Promise<number | null> {
  const status = await link
    .run("count the mails of a folder", (client) => client.status(path, { messages: true }))
    .catch((error: unknown) => {
      if (error instanceof KeybotError && error.code === "imap.refused") return false as const;
      throw error;
    });
  return status === false ? null : (status.messages ?? null);
}

async function remove(link: Link, uids: readonly number[]): Promise<void> {
  const removing = "remove the mails that were copied";
  const removed = await link.run(removing, (client) => client.messageDelete(uidSet(uids), { uid: true }));
  // They lie in both places now.
  if (removed !== true) throw refusedError(link.refusal, link.settings, removing);
}

/** Copied and not removed yet, by server account, mailbox and folder: known for as long as this process lives. */
const UNREMOVED = new WeakMap<ImapSettings, Map<string, Set<number>>>();

function unremoved({ client, settings }: Link, path: string): Set<number> {
  const of = UNREMOVED.get(settings) ?? new Map<string, Set<number>>();
  UNREMOVED.set(settings, of);
  const key = `${client.mailbox === false ? "" : client.mailbox.uidValidity} ${path}`;
  const uids = of.get(key) ?? new Set<number>();
  of.set(key, uids);
  return uids;
}

/** Runs a command with a target folder; creates the folder and repeats once when the server misses it. */
async function intoFolder(
  link: Link,
  path: string,
  command: (client: ImapFlow) => Promise<CopyResponseObject | false | undefined>,
): Promise<CopyResponseObject> {
  const doing = "move mails into a folder";
  const first = await link.run(doing, command);
  if (first) return first;
  if (!isMissingFolder(link.refusal)) throw failed(link, doing);
  await createFolder(link, path);
  const second = await link.run(doing, command);
  if (second) return second;
  throw failed(link, doing);
}

// The library answers `false` both for a refusal and for a connection that went away meanwhile.
function failed(link: Link, doing: string): KeybotError {
  if (link.refusal !== null || !link.closed) return refusedError(link.refusal, link.settings, doing);
  return new KeybotError(
    "temporary",
    "imap.closed",
    `The connection to ${place(link.settings)} was lost while we tried to ${doing}.`,
  );
}

// Only what we asked for: a server's answer may name anything.
function named(uids: readonly number[], answer: CopyResponseObject): ReadonlySet<number> {
  return new Set(uids.filter((uid) => answer.uidMap?.has(uid) === true));
}
