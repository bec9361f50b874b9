import Database from "better-sqlite3";
import { KeybotError } from "../errors.ts";
import { refusedFile } from "./access.ts";

interface Translation {
  /** SQLite's primary result code; its extended codes (`SQLITE_IOERR_WRITE`) begin with it. */
  readonly sqlite: string;
  readonly kind: "temporary" | "fault";
  readonly code: string;
  readonly sentence: (file: string) => string;
  readonly hint: string;
}

/** An old journal beside a restored copy would be played into it, and damage that too. */
const RESTORE =
  "stop keybot, put keybot.db, keybot.db-wal and keybot.db-shm aside together, and the last good copy in place as keybot.db";

const DAMAGED = (file: string) => `the database ${file} is damaged`;

const FULL: Omit<Translation, "sqlite"> = {
  kind: "temporary",
  code: "store.full",
  sentence: (file) => `the disk with the database ${file} is full`,
  hint: "free some space on the disk of state_dir; nothing is lost, the mail stays where it is",
};

/** The first that fits counts. */
const TRANSLATIONS: readonly Translation[] = [
  {
    sqlite: "SQLITE_BUSY",
    kind: "temporary",
    code: "store.busy",
    sentence: (file) => `the database ${file} is locked by another process`,
    hint: "another keybot is writing to it; try again, and see that no backup tool holds the file open",
  },
  {
    sqlite: "SQLITE_FULL",
    ...FULL,
  },
  {
    // The index of the journal cannot be made: SQLite says SQLITE_FULL for the other files only.
    sqlite: "SQLITE_IOERR_SHMSIZE",
    ...FULL,
  },
  {
    sqlite: "SQLITE_IOERR",
    kind: "temporary",
    code: "store.io",
    sentence: (file) => `the database ${file} cannot be read or written`,
    hint: "look at the disk of state_dir and the system's log; a network file system will not do",
  },
  {
    sqlite: "SQLITE_READONLY",
    kind: "temporary",
    code: "store.readonly",
    sentence: (file) => `the database ${file} cannot be written`,
    hint: "state_dir and the files in it must belong to the user that runs keybot, on a disk that is not read-only",
  },
  {
    sqlite: "SQLITE_CANTOPEN",
    kind: "temporary",
    code: "store.cannot-open",
    sentence: (file) => `the database ${file} cannot be opened`,
    hint: "state_dir must exist and belong to the user that runs keybot",
  },
  {
    sqlite: "SQLITE_NOTADB",
    kind: "fault",
    code: "store.corrupt",
    sentence: (file) => `${file} is not a database`,
    hint: RESTORE,
  },
  {
    sqlite: "SQLITE_CORRUPT",
    kind: "fault",
    code: "store.corrupt",
    sentence: DAMAGED,
    hint: RESTORE,
  },
];

/**
 * What SQLite threw over a database file → a KeybotError, so that the driver's errors do not pass this room's border.
 * Whatever else was thrown (a KeybotError, a bug) is handed back as it is.
 */
export function translated(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const match = TRANSLATIONS.find(
    ({ sqlite }) => error.code === sqlite || error.code.startsWith(`${sqlite}_`),
  );
  if (match === undefined) {
    return new KeybotError(
      "fault",
      "store.internal",
      `the database ${file} refused a statement: ${error.message}`,
      {
        cause: error,
      },
    );
  }
  const refused = OF_ACCESS.has(match.sqlite) ? refusedFile(file) : null;
  const sentence = match.sentence(file);
  return new KeybotError(
    match.kind,
    match.code,
    refused === null ? sentence : `${sentence}: ${refused.says}`,
    { hint: refused?.mend ?? match.hint, cause: error },
  );
}

/** What a file of somebody else is the usual cause of. */
const OF_ACCESS: ReadonlySet<string> = new Set(["SQLITE_READONLY", "SQLITE_CANTOPEN"]);

/** What SQLite found wrong without failing over it. */
export function damaged(file: string, cause: Error): KeybotError {
  return new KeybotError("fault", "store.corrupt", DAMAGED(file), { hint: RESTORE, cause });
}

/** True when the database itself failed (lock, disk, damage), so that no other row would have fared better. */
export function isOfDatabase(error: unknown): boolean {
  return error instanceof KeybotError && (error.kind === "temporary" || error.code === "store.corrupt");
}
