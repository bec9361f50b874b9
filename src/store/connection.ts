import type Database from "better-sqlite3";
import { translated } from "./error.ts";

/**
 * One connection to the database and the only two ways to use it.
 *
 * Both run their work synchronously, start to end, before the promise is handed out, so no transaction spans an
 * await and nothing else of this process can get between its statements.
 */
export interface Connection {
  readonly db: Database.Database;
  /** Runs reads over one snapshot. */
  read<T>(work: () => T): Promise<T>;
  /**
   * Runs reads and writes in one transaction; when `work` throws, nothing was written.
   * BEGIN IMMEDIATE: a transaction that reads first and takes the write lock later fails busy in WAL when another
   * process has written in between, whatever the timeout.
   */
  write<T>(work: () => T): Promise<T>;
}

/** Wraps an open database. Rejects with KeybotError for what the environment did, with the error itself for a bug. */
export function connection(db: Database.Database): Connection {
  const transaction = db.transaction((work: () => unknown) => work());
  return {
    db,
    read: async <T>(work: () => T) => guarded(db.name, () => transaction.deferred(work) as T),
    write: async <T>(work: () => T) => guarded(db.name, () => transaction.immediate(work) as T),
  };
}

/** Runs `work` on a database file and lets no error of the driver out. */
export function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translated(error, file);
  }
}
