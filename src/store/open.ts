import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { KeybotError, messageOf } from "../errors.ts";
import { type AdminNotices, adminNotices, newsRows } from "./admin-notice.ts";
import { type Audit, audit, auditBlanker, auditWriter } from "./audit.ts";
import { type Authorities, authorities } from "./authorities.ts";
import { type Backup, backup } from "./backup.ts";
import { keyBar } from "./bar.ts";
import { barredKeyRows } from "./barred-key.ts";
import { bucketRows } from "./bucket.ts";
import { certificateRows } from "./certificate.ts";
import { type Changes, changes } from "./change.ts";
import { bytes } from "./column.ts";
import { type Commit, commit } from "./commit.ts";
import { type Connection, connection, guarded } from "./connection.ts";
import { type Directory, directory } from "./directory.ts";
import { openDatabase } from "./driver.ts";
import { damaged } from "./error.ts";
import { type Forget, forget } from "./forget.ts";
import { holdingRows } from "./holding.ts";
import { type InHand, inHand, inHandRows } from "./in-hand.ts";
import { type Leases, leases } from "./lease.ts";
import { type Ledger, ledger, ledgerRows } from "./ledger.ts";
import { type Listing, listing } from "./listing.ts";
import { type Mailboxes, mailboxes } from "./mailboxes.ts";
import { makeFolder } from "./make-folder.ts";
import { checkVersion, migrate, readMigrations, schemaVersion } from "./migrate.ts";
import { type Outbox, outbox, outboxRows } from "./outbox.ts";
import { type RevocationCacheRows, revocationCacheRows } from "./revocation-cache.ts";
import { type RevocationChecks, revocationChecks } from "./revocation-check.ts";
import { revocationStateReader } from "./revocation-state.ts";
import { type StrangerFetches, strangerFetches } from "./stranger-fetch.ts";
import { type Trust, trust } from "./trust.ts";
import { publishedReader, viewReader } from "./view.ts";

/** Everything that keybot remembers. Every method is one transaction of its own. */
export interface Store
  extends Commit,
    Ledger,
    Outbox,
    AdminNotices,
    Directory,
    Listing,
    Changes,
    Mailboxes,
    Trust,
    Audit,
    Authorities,
    Leases,
    InHand,
    Backup,
    Forget,
    RevocationCacheRows,
    StrangerFetches,
    RevocationChecks {
  /** 32 random bytes, made with the database: the key of the HMAC behind reply Message-IDs. Never to be logged. */
  secret(): Promise<Uint8Array>;
  /** The number of the last migration. */
  version(): Promise<number>;
  /**
   * Looks through the whole file: seconds for a large one.
   * @throws KeybotError (rejects) `store.corrupt` (fault) when a part of it is damaged
   */
  checkIntegrity(): Promise<void>;
  /** Ends the connection; to be called once, nothing else afterwards. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** The folder of the database; made (0700) when it is missing. */
  readonly stateDir: string;
  /** Neither makes nor migrates nor changes anything; default false. */
  readonly readOnly?: boolean;
  /** Makes a database that is missing, unless it is opened read-only; default true. */
  readonly make?: boolean;
  /** How long to wait for another process' write, in milliseconds; it blocks this process meanwhile. */
  readonly busyTimeoutMs?: number;
}

/** Other processes write for milliseconds; five seconds bear a slow disk and a large import in batches. */
const BUSY_TIMEOUT_MS = 5_000;

/** As long as the strength that a row's commitment hides its text with is to be: 128 bits. */
const AUDIT_SALT_BYTES = 16;

/** Where the database of a state folder lies. */
export function databaseFile(stateDir: string): string {
  return join(stateDir, "keybot.db");
}

/**
 * Opens the database, makes it when it is missing (unless told not to), and brings it to the newest version.
 * @throws KeybotError (rejects) `store.newer`, `store.older`, `store.missing` (config); `store.corrupt`,
 *   `store.foreign` (fault); `store.busy`, `store.readonly`, `store.cannot-open` … (temporary)
 */
export async function openStore(options: OpenOptions): Promise<Store> {
  const readOnly = options.readOnly ?? false;
  const file = databaseFile(options.stateDir);
  if (readOnly || options.make === false) demand(file);
  else create(options.stateDir, file);
  const db = guarded(file, () => {
    const timeout = options.busyTimeoutMs ?? BUSY_TIMEOUT_MS;
    return openDatabase(file, { readonly: readOnly, fileMustExist: true, timeout });
  });
  try {
    guarded(file, () => prepare(db, readOnly));
    return assemble(connection(db));
  } catch (error) {
    db.close();
    throw error;
  }
}

/** An empty store in memory, for who wants to look at all else where there is no database yet. */
export async function openEmptyStore(): Promise<Store> {
  const db = openDatabase(":memory:");
  prepare(db, false);
  return assemble(connection(db));
}

function demand(file: string): void {
  try {
    statSync(file);
    return;
  } catch (error) {
    // Where nobody may look, the database may be: opening it says who keeps us out.
    if (!(error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")))
      return;
  }
  throw new KeybotError("config", "store.missing", `there is no database ${file}`, {
    hint: "`keybot init` makes it, and so do `keybot trust add` and `keybot run`; or state_dir in keybot.toml names another folder",
  });
}

/** SQLite would make the file readable to all; its journal files take over the mode of the database. */
function create(stateDir: string, file: string): void {
  try {
    makeFolder(stateDir, 0o700);
    if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
  } catch (error) {
    throw new KeybotError(
      "temporary",
      "store.cannot-open",
      `the database cannot be made: ${messageOf(error)}`,
      {
        hint: "state_dir must be a folder that belongs to the user that runs keybot",
        cause: error,
      },
    );
  }
}

function prepare(db: Database.Database, readOnly: boolean): void {
  if (readOnly) {
    checkVersion(db);
    if (schemaVersion(db) === readMigrations().length) return;
    throw new KeybotError("config", "store.older", "the database was made by an older keybot", {
      hint: "any command that may write (`keybot poll`, `keybot run`) brings it up to date",
    });
  }
  // Before the file is touched: a database of somebody else, or of a newer keybot, stays as it is.
  checkVersion(db);
  configure(db);
  migrate(db);
  // DO NOTHING: of two first opens at once, one makes the secret and both use it.
  db.prepare(
    `INSERT INTO installation (id, secret, created_at) VALUES (1, ?, CAST(unixepoch('subsec') * 1000 AS INTEGER))
     ON CONFLICT (id) DO NOTHING`,
  ).run(randomBytes(32));
}

/** How a connection that may write is set, at every open. */
export function configure(db: Database.Database): void {
  db.pragma("foreign_keys = ON");
  db.pragma("journal_mode = WAL");
  // The driver's build opens a known WAL file with NORMAL, which may lose the last commits when the power fails, and a
  // mail is filed as soon as the commit says so.
  db.pragma("synchronous = FULL");
}

/** Puts the store together over one connection to a migrated database; every statement is prepared here. */
export function assemble(on: Connection): Store {
  const record = auditWriter(on, () => randomBytes(AUDIT_SALT_BYTES));
  const certificates = certificateRows(on);
  const holdings = holdingRows(on, certificates, record);
  const keys = barredKeyRows(on);
  const bar = keyBar(keys, holdings, record);
  const buckets = bucketRows(on);
  const mails = outboxRows(on);
  const published = publishedReader(on, certificates);
  const stateOf = revocationStateReader(on);
  const view = viewReader(on, keys, buckets, published);
  const messages = ledgerRows(on);
  const secret = on.db.prepare<[], { secret: Uint8Array }>("SELECT secret FROM installation WHERE id = 1");
  return {
    ...commit(on, {
      certificates,
      holdings,
      bar,
      buckets,
      ledger: messages,
      outbox: mails,
      news: newsRows(on),
      view,
      inHand: inHandRows(on),
    }),
    ...ledger(on, mails),
    ...outbox(on, mails, record),
    ...adminNotices(on, mails),
    ...directory(on, certificates, holdings, keys, stateOf),
    ...listing(on),
    ...changes(on, { certificates, holdings, keys, bar, outbox: mails, record }),
    ...mailboxes(on, certificates, published, stateOf, record),
    ...trust(on, record),
    ...audit(on),
    ...authorities(on),
    ...leases(on),
    ...inHand(on),
    ...backup(on),
    ...forget(on, { certificates, keys, blank: auditBlanker(on), record }),
    ...revocationCacheRows(on),
    ...strangerFetches(on),
    ...revocationChecks(on, certificates, holdings, record),
    secret: () =>
      on.read(() => {
        const row = secret.get();
        if (row === undefined)
          throw new KeybotError("fault", "store.corrupt", "the database has lost its secret");
        return bytes(row.secret);
      }),
    version: () => on.read(() => schemaVersion(on.db)),
    checkIntegrity: () =>
      on.read(() => {
        const says = String(on.db.pragma("quick_check(1)", { simple: true }));
        if (says !== "ok") throw damaged(on.db.name, new Error(says));
      }),
    close: async () => {
      guarded(on.db.name, () => on.db.close());
    },
  };
}
