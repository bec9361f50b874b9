import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile, openStore, type Store } from "../../src/store/index.ts";
import type { Random } from "../long/mutate.ts";
import { at, decision, input, mail, report, storing } from "./kit.ts";

/**
 * What a disk holds when the power fails. SQLite promises: what was synced is there; of what was written since the last
 * sync each sector is there or not, in any order. So a state is made of the files before and after, sector by sector.
 */
export interface DiskState {
  readonly name: string;
  readonly db: Buffer;
  readonly wal: Buffer;
  /** How many commits had been reported, and so must be there; the next one was being written and must not be there in part. */
  readonly commits: number;
}

/** A life of the database: commits into a journal, a checkpoint, commits into the journal's beginning again. */
export interface Life {
  readonly before: Generation;
  readonly after: Generation;
}

interface Generation {
  /** The database file as it is all the while. */
  readonly db: Buffer;
  /** What stood in the journal before the first commit. */
  readonly old: Buffer;
  /** What stands in it after the last one. */
  readonly wal: Buffer;
  /** How far the journal is valid after each commit; the first is the length before any. */
  readonly ends: readonly number[];
}

const SECTOR = 512;
const WAL_HEADER = 32;
const FRAME_HEADER = 24;

/** @param commits in each half; well below SQLite's thousand pages, so that it makes no checkpoint of its own */
export async function liveThrough(commits: number): Promise<Life> {
  const dir = mkdtempSync(join(tmpdir(), "keybot-power-"));
  const read = (name: string) => readFileSync(join(dir, name));
  try {
    await (await openStore({ stateDir: dir })).close(); // made and migrated: the journal is empty
    const store = await openStore({ stateDir: dir });
    const work = async (first: number, db: Buffer, old: Buffer): Promise<Generation> => {
      const ends = [0];
      for (let number = first; number < first + commits; number++) {
        await commitNumber(store, number);
        ends.push(validEnd(read("keybot.db-wal")));
      }
      if (!read("keybot.db").equals(db)) throw new Error("SQLite has made a checkpoint of its own");
      return { db, old, wal: read("keybot.db-wal"), ends };
    };
    const before = await work(0, read("keybot.db"), Buffer.alloc(0));
    const other = openDatabase(databaseFile(dir));
    other.pragma("wal_checkpoint(RESTART)");
    other.close();
    const after = await work(commits, read("keybot.db"), before.wal);
    await store.close();
    return { before, after };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** One message, as the robot commits it: ledger, certificate, audit trail and, for every second one, a reply. */
async function commitNumber(store: Store, number: number): Promise<void> {
  const address = `p${number}@partner.example`;
  const certificate = report(`p${number}`);
  const replies = number % 2 === 0 ? [mail(`r${number}`, address)] : [];
  const decide = () => decision([storing(certificate, address)], { replies });
  await store.commitMessage(input(keyOf(number), address, [certificate], at(number)), decide);
}

export function keyOf(number: number): string {
  return `message-${number}`;
}

/** Up to where frames carry the salt of the journal's header: those behind it are of an earlier round. */
function validEnd(wal: Buffer): number {
  const pageSize = wal.readUInt32BE(8);
  const salt = wal.subarray(16, 24);
  let end = WAL_HEADER;
  while (end + FRAME_HEADER <= wal.length && wal.subarray(end + 8, end + 16).equals(salt))
    end += FRAME_HEADER + pageSize;
  return end;
}

/** States of all kinds, for ever. */
export function* diskStates({ before, after }: Life, random: Random): Generator<DiskState> {
  const reported = before.ends.length - 1;
  for (;;) {
    yield cutOff(before, random);
    yield { ...tornWrite(before, 0, random), name: "while the journal was written" };
    yield {
      name: "while a checkpoint was written",
      db: mixed(before.db, after.db, 0, random),
      wal: before.wal,
      commits: reported,
    };
    yield {
      ...tornWrite(after, reported, random),
      name: "while the journal was written over an older one",
    };
  }
}

/** The journal ends at any byte. */
function cutOff({ db, wal, ends }: Generation, random: Random): DiskState {
  const cut = Math.floor(random() * (wal.length + 1));
  return { name: "the journal cut off", db, wal: wal.subarray(0, cut), commits: reachedBy(ends, cut) };
}

/** All commits up to one are synced; of the next one some sectors are there. */
function tornWrite({ db, old, wal, ends }: Generation, earlier: number, random: Random) {
  const synced = Math.floor(random() * (ends.length - 1));
  const [from = 0, to = 0] = [ends[synced], ends[synced + 1]];
  const then = Buffer.concat([wal.subarray(0, from), old.subarray(from)]);
  const next = Buffer.concat([wal.subarray(0, to), old.subarray(to)]);
  const torn = mixed(then, next, from, random);
  // Seldom, all of its sectors happen to be there.
  const all = torn.subarray(0, to).equals(next.subarray(0, to));
  return { db, wal: torn, commits: earlier + synced + (all ? 1 : 0) };
}

function reachedBy(ends: readonly number[], cut: number): number {
  return ends.filter((end) => end > 0 && end <= cut).length;
}

/** Each sector from one of two files; where one is shorter there is nothing, or the file ends. */
function mixed(one: Buffer, two: Buffer, from: number, random: Random): Buffer {
  const length = Math.max(one.length, two.length);
  const result = Buffer.alloc(length);
  one.copy(result);
  const share = random();
  const begin = Math.floor(from / SECTOR) * SECTOR;
  for (let start = begin; start < length; start += SECTOR) {
    if (random() < share) {
      result.fill(0, start, Math.min(start + SECTOR, length));
      two.copy(result, start, start, Math.min(start + SECTOR, two.length));
    }
  }
  const shortest = Math.max(from, Math.min(one.length, two.length));
  return random() < 0.5 ? result : result.subarray(0, shortest + Math.floor(random() * (length - shortest)));
}

/** What is there when keybot is started again. */
export interface Recovered {
  readonly integrity: unknown;
  readonly foreignKeys: unknown;
  readonly fault: unknown;
  /** Commits that are there from the first one on, without a gap, and those that are there in all. */
  readonly commits: number;
  readonly messages: number;
  readonly auditEntries: number;
  readonly certificates: number;
}

/** Puts a state onto a disk, without the shared memory that no power failure leaves, and opens it. */
export async function recover({ db, wal }: Pick<DiskState, "db" | "wal">): Promise<Recovered> {
  const dir = mkdtempSync(join(tmpdir(), "keybot-power-"));
  try {
    writeFileSync(join(dir, "keybot.db"), db);
    writeFileSync(join(dir, "keybot.db-wal"), wal);
    return await examine(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Opens a copy of the database in a folder as keybot does, and looks at all of it; the folder stays as it is. */
export async function examine(dir: string): Promise<Recovered> {
  const copy = mkdtempSync(join(tmpdir(), "keybot-power-"));
  try {
    for (const name of ["keybot.db", "keybot.db-wal"])
      cpSync(join(dir, name), join(copy, name), { force: true });
    const store = await openStore({ stateDir: copy });
    const { fault, entries } = await store.verifyAudit();
    let commits = 0;
    while (await store.isKnown(keyOf(commits))) commits += 1;
    const messages = (await store.ledgerEntries()).length;
    await store.close();
    const raw = openDatabase(databaseFile(copy));
    const integrity = raw.pragma("integrity_check", { simple: true });
    const foreignKeys = raw.pragma("foreign_key_check");
    const { certificates } = raw.prepare("SELECT count(*) AS certificates FROM holding").get() as {
      certificates: number;
    };
    raw.close();
    return { integrity, foreignKeys, fault, commits, messages, auditEntries: entries, certificates };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Whole, and exactly so many commits of it, each with all of its rows. */
export function whole(commits: number): Recovered {
  return {
    integrity: "ok",
    foreignKeys: [],
    fault: null,
    commits,
    messages: commits,
    auditEntries: commits,
    certificates: commits,
  };
}
