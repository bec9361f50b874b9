import { KeybotError } from "../errors.ts";
import { place } from "../mail-server.ts";
import { BATCH_BYTES, UIDS_PER_COMMAND } from "./limits.ts";
import type { Link } from "./link.ts";
import { inPieces, uidSet } from "./uid-set.ts";

/** A mail of the mailbox, not yet fetched. */
export interface ListedMail {
  readonly uid: number;
  /** Bytes, as the server counts them. */
  readonly size: number;
  /** When the server took the mail in; null when it says nothing that is a date. */
  readonly internalDate: Date | null;
}

/** A mail as it lies on the server. */
export interface FetchedMail {
  readonly uid: number;
  readonly raw: Buffer;
  readonly internalDate: Date | null;
}

/** UID, size and date of the mails of a sequence-set, by UID ascending. */
export async function fetchSizes(link: Link, set: string): Promise<readonly ListedMail[]> {
  const mails = new Map<number, ListedMail>();
  let unsized = 0;
  await link.run("list the mailbox", async (client) => {
    for await (const row of client.fetch(set, { uid: true, size: true, internalDate: true }, { uid: true })) {
      if (row.size === undefined || row.uid === undefined) {
        // Without a date, too, it is not an answer but news of another client's flag change.
        if (row.internalDate !== undefined) unsized += 1;
        continue;
      }
      mails.set(row.uid, { uid: row.uid, size: row.size, internalDate: dateOf(row.internalDate) });
    }
  });
  if (unsized > 0 && mails.size === 0) {
    const message = `${place(link.settings)} tells no size of its mails (RFC 9051 §7.5.2: RFC822.SIZE), so none is fetched.`;
    throw new KeybotError("permanent", "imap.refused", message);
  }
  return [...mails.values()].sort((a, b) => a.uid - b.uid);
}

/**
 * The mails themselves, without touching \Seen. The next batch is on its way while the caller works on this one; no
 * fetch is open while it does, so it may run other commands. Vanished UIDs are simply absent. `sizes` holds what a list
 * has told; unknown ones are asked for.
 *
 * @param before told which mails the next FETCH will bring, before it is sent
 *
 * Throws `permanent` `imap.too-large` for a mail over the limit: the caller knows the sizes and must not ask for it.
 */
export async function* fetchMails(
  link: Link,
  uids: readonly number[],
  sizes: ReadonlyMap<number, number>,
  before: (uids: readonly number[]) => Promise<void>,
): AsyncGenerator<FetchedMail, void, undefined> {
  let coming: Promise<readonly FetchedMail[]> | null = null;
  for await (const batch of batches(link, uids, sizes)) {
    let ready = coming;
    coming = null;
    if (ready !== null && batch.bytes > BATCH_BYTES) {
      // A big mail waits until the ones before it are done with, so that it is alone in memory.
      yield* await ready;
      ready = null;
    }
    await before(batch.uids);
    coming = fetchBatch(link, batch.uids);
    // The caller may leave before it is awaited; the error is then nobody's.
    coming.catch(() => {});
    if (ready !== null) yield* await ready;
  }
  if (coming !== null) yield* await coming;
}

/** Mails that one FETCH brings. */
interface Batch {
  readonly uids: number[];
  bytes: number;
}

async function* batches(
  link: Link,
  uids: readonly number[],
  sizes: ReadonlyMap<number, number>,
): AsyncGenerator<Batch, void, undefined> {
  for (const piece of inPieces(uids, UIDS_PER_COMMAND)) {
    const known = piece.flatMap((uid) => {
      const size = sizes.get(uid);
      return size === undefined ? [] : [{ uid, size }];
    });
    yield* fillBatches(known.length === piece.length ? known : await fetchSizes(link, uidSet(piece)), link);
  }
}

function fillBatches(mails: readonly Pick<ListedMail, "uid" | "size">[], link: Link): readonly Batch[] {
  const filled: Batch[] = [];
  const limit = link.settings.maxLiteral;
  for (const { uid, size } of mails) {
    if (size > limit) {
      const message = `Mail ${uid} on ${place(link.settings)} has ${size} bytes; at most ${limit} are fetched.`;
      throw new KeybotError("permanent", "imap.too-large", message);
    }
    const batch = filled.at(-1);
    if (batch === undefined || batch.bytes + size > BATCH_BYTES) {
      filled.push({ uids: [uid], bytes: size });
    } else {
      batch.uids.push(uid);
      batch.bytes += size;
    }
  }
  return filled;
}

async function fetchBatch(link: Link, uids: readonly number[]): Promise<readonly FetchedMail[]> {
  const mails: FetchedMail[] = [];
  await link.run("fetch mails", async (client) => {
    const wanted = { uid: true, internalDate: true, source: true };
    // The loop holds the connection: the library would wait for ever for a command that is sent inside it.
    for await (const row of client.fetch(uidSet(uids), wanted, { uid: true })) {
      if (row.source === undefined) continue;
      mails.push({ uid: row.uid, raw: row.source, internalDate: dateOf(row.internalDate) });
    }
  });
  const turn = new Map(uids.map((uid, index) => [uid, index]));
  return mails.sort((a, b) => (turn.get(a.uid) ?? 0) - (turn.get(b.uid) ?? 0));
}

/** The first bytes of a mail, or null when it is no longer there. */
export async function fetchHead(link: Link, uid: number, bytes: number): Promise<Buffer | null> {
  const wanted = { uid: true, source: { start: 0, maxLength: bytes } };
  const row = await link.run("fetch the head of a mail", (client) =>
    client.fetchOne(`${uid}`, wanted, { uid: true }),
  );
  return row === false ? null : (row.source ?? null);
}

/**
 * The beginnings of the newest mails of a folder, oldest first; none when it is not there. The folder is opened for
 * reading only, and stays open instead of the mailbox.
 * @param bytes of each mail at most
 */
export async function fetchNewestHeads(
  link: Link,
  path: string,
  count: number,
  bytes: number,
): Promise<readonly Buffer[]> {
  try {
    return await link.run("look into a folder", async (client) => {
      const { exists } = await client.mailboxOpen(path, { readOnly: true });
      const heads: Buffer[] = [];
      if (exists === 0) return heads;
      const wanted = { uid: true, source: { start: 0, maxLength: bytes } };
      for await (const { source } of client.fetch(`${Math.max(1, exists - count + 1)}:*`, wanted)) {
        if (source !== undefined) heads.push(source);
      }
      return heads;
    });
  } catch (error) {
    if (error instanceof KeybotError && error.code === "imap.refused") return [];
    throw error;
  }
}

function dateOf(value: Date | string | undefined): Date | null {
  if (value === undefined) return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}
