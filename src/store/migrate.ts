import { readdirSync, readFileSync } from "node:fs";
import type Database from "better-sqlite3";
import { KeybotError } from "../errors.ts";
import { keyIdentityOf } from "../pki/index.ts";

/** Two levels below the project root both as `src/store` and as `dist/store`. */
const SHIPPED = new URL("../../data/migrations/", import.meta.url);

/** "keyb", set by the first migration. */
const APPLICATION_ID = 0x6b657962;

export interface Migration {
  /** The version that the database has afterwards; the number that begins the file's name. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/**
 * Reads the numbered `.sql` files of a folder in their order.
 * @throws Error when a number is missing or stands twice: the package is broken
 */
export function readMigrations(folder: URL = SHIPPED): readonly Migration[] {
  const names = readdirSync(folder)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
  return names.map((name, index) => {
    const version = Number(name.slice(0, 4));
    if (version !== index + 1) throw new Error(`the migrations have a gap or a double number at ${name}`);
    return { version, name, sql: readFileSync(new URL(name, folder), "utf8") };
  });
}

/** The schema version of a database; 0 for a new one. */
export function schemaVersion(db: Database.Database): number {
  return Number(db.pragma("user_version", { simple: true }));
}

/**
 * Brings a database to the newest version, forward only, each migration in one transaction with its user_version: a
 * failing one leaves the database as it was. Two processes at once do no harm: the second finds the work done.
 * @throws KeybotError `store.newer` (config) for a database of a later keybot, `store.foreign` (fault) for one that
 *   is not keybot's
 */
export function migrate(db: Database.Database, migrations: readonly Migration[] = readMigrations()): void {
  checkVersion(db, migrations);
  // For the migrations alone: a statement that runs later must not depend on it.
  db.function("key_identity", { deterministic: true }, (der) =>
    der instanceof Uint8Array ? keyIdentityOf(der) : null,
  );
  const step = db.transaction((migration: Migration) => {
    // Asked again under the write lock: another process may have been faster.
    if (schemaVersion(db) >= migration.version) return;
    db.exec(migration.sql);
    db.pragma(`user_version = ${migration.version}`);
  });
  for (const migration of migrations) {
    if (schemaVersion(db) < migration.version) step.immediate(migration);
  }
}

/**
 * Whether this keybot can use the database at all; changes nothing.
 * @throws as `migrate`
 */
export function checkVersion(
  db: Database.Database,
  migrations: readonly Migration[] = readMigrations(),
): void {
  const version = schemaVersion(db);
  if (version === 0 ? hasTables(db) : db.pragma("application_id", { simple: true }) !== APPLICATION_ID) {
    throw new KeybotError("fault", "store.foreign", "the database was not made by keybot", {
      hint: "state_dir must be a folder of keybot's own",
    });
  }
  if (version > migrations.length) {
    throw new KeybotError(
      "config",
      "store.newer",
      `the database was made by a newer keybot (its version is ${version}, this keybot knows ${migrations.length})`,
      { hint: "install that version, or restore the backup that was made before the upgrade" },
    );
  }
}

function hasTables(db: Database.Database): boolean {
  // Version and tables are two statements: a migration of another process that commits between them is no stranger.
  const found = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' LIMIT 1").get() !== undefined;
  return found && schemaVersion(db) === 0;
}
