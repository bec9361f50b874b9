import Database from "better-sqlite3";
import { KeybotError } from "../errors.ts";

interface Translation {
  /** SQLite's primary result code; its extended codes (`SQLITE_IOERR_WRITE`) begin with it. */
  readonly sqlite: string;
  readonly kind: "temporary" | "fault";
  readonly code: string;
  readonly sentence: string;
  readonly hint: string;
}

const TRANSLATIONS: readonly Translation[] = [
  {
    sqlite: "SQLITE_BUSY",
    kind: "temporary",
    code: "store.busy",
    sentence: "the database is locked by another process",
    hint: "another keybot is writing to it; try again, and see that no backup tool holds the file open",
  },
  {
    sqlite: "SQLITE_FULL",
    kind: "temporary",
    code: "store.full",
    sentence: "the disk with the database is full",
    hint: "free some space on the disk of state_dir; nothing is lost, the mail stays where it is",
  },
  {
    sqlite: "SQLITE_IOERR",
    kind: "temporary",
    code: "store.io",
    sentence: "the database cannot be read or written",
    hint: "look at the disk of state_dir and the system's log; a network file system will not do",
  },
  {
    sqlite: "SQLITE_READONLY",
    kind: "temporary",
    code: "store.readonly",
    sentence: "the database cannot be written",
    hint: "state_dir and the files in it must belong to the user that runs keybot",
  },
  {
    sqlite: "SQLITE_CANTOPEN",
    kind: "temporary",
    code: "store.cannot-open",
    sentence: "the database cannot be opened",
    hint: "state_dir must exist and belong to the user that runs keybot",
  },
  {
    sqlite: "SQLITE_NOTADB",
    kind: "fault",
    code: "store.corrupt",
    sentence: "the file is not a database",
    hint: "put it aside and restore the last good copy of keybot.db",
  },
  {
    sqlite: "SQLITE_CORRUPT",
    kind: "fault",
    code: "store.corrupt",
    sentence: "the database is damaged",
    hint: "put it aside and restore the last good copy of keybot.db",
  },
];

/**
 * What SQLite threw → a KeybotError, so that the driver's errors do not pass this room's border.
 * Whatever else was thrown (a KeybotError, a bug) is handed back as it is.
 */
export function translated(error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const match = TRANSLATIONS.find(
    ({ sqlite }) => error.code === sqlite || error.code.startsWith(`${sqlite}_`),
  );
  if (match === undefined) {
    return new KeybotError("fault", "store.internal", `the database refused a statement: ${error.message}`, {
      cause: error,
    });
  }
  return new KeybotError(match.kind, match.code, match.sentence, { hint: match.hint, cause: error });
}

/** True when the environment failed (lock, disk), so that no other row would have fared better. */
export function isTemporary(error: unknown): boolean {
  return error instanceof KeybotError && error.kind === "temporary";
}
