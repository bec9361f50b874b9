import { milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";

/**
 * The names of a public key: which key it is, whatever its spelling, and the hash of its spelling. A bar is looked up by
 * both, because one that was set before keys had identities, and whose certificate is gone, knows its spelling alone.
 */
export interface KeyNames {
  readonly keyIdentity: string;
  /** SHA-256 over the DER of subjectPublicKeyInfo. */
  readonly spkiSha256: string;
}

export interface BarredKey {
  /** SHA-256 over the DER of subjectPublicKeyInfo, in the spelling that was barred. */
  readonly spkiSha256: string;
  readonly at: Date;
  readonly actor: string;
  readonly reason: string;
}

/** Public keys that no address may use again; runs inside the caller's transaction. */
export interface BarredKeyRows {
  has(key: KeyNames): boolean;
  get(key: KeyNames): BarredKey | null;
  /** Returns false when it was barred already; the first reason stays. */
  insert(key: BarredKey & KeyNames): boolean;
  /** Returns false when it was not barred. */
  remove(key: KeyNames): boolean;
  /** Puts another reason in place of the first, if it is barred. */
  reword(key: KeyNames, reason: string): void;
}

const OF_KEY = "key_identity IN (:keyIdentity, :spkiSha256)";
const GET = `SELECT spki_sha256, at, actor, reason FROM barred_key WHERE ${OF_KEY} ORDER BY id LIMIT 1`;
/** A bar that knew its spelling alone learns which key that is. */
const INSERT = `
  INSERT INTO barred_key (spki_sha256, key_identity, at, actor, reason)
  SELECT :spkiSha256, :keyIdentity, :at, :actor, :reason
  WHERE NOT EXISTS (SELECT 1 FROM barred_key WHERE key_identity = :keyIdentity)
  ON CONFLICT (spki_sha256) DO UPDATE SET key_identity = excluded.key_identity`;
const DELETE = `DELETE FROM barred_key WHERE ${OF_KEY}`;
const REWORD = `UPDATE barred_key SET reason = :reason WHERE ${OF_KEY}`;

interface Row {
  readonly spki_sha256: string;
  readonly at: number;
  readonly actor: string;
  readonly reason: string;
}

export function barredKeyRows({ db }: Connection): BarredKeyRows {
  const get = db.prepare<[KeyNames], Row>(GET);
  const insert = db.prepare(INSERT);
  const remove = db.prepare<[KeyNames]>(DELETE);
  const reword = db.prepare<[KeyNames & { reason: string }]>(REWORD);
  return {
    has: (key) => get.get(named(key)) !== undefined,
    get: (key) => {
      const row = get.get(named(key));
      if (row === undefined) return null;
      return { spkiSha256: row.spki_sha256, at: time(row.at), actor: row.actor, reason: row.reason };
    },
    insert: ({ at, actor, reason, ...key }) =>
      insert.run({ ...named(key), at: milliseconds(at), actor, reason }).changes === 1,
    remove: (key) => remove.run(named(key)).changes > 0,
    reword: (key, reason) => {
      reword.run({ ...named(key), reason });
    },
  };
}

function named({ keyIdentity, spkiSha256 }: KeyNames): KeyNames {
  return { keyIdentity, spkiSha256 };
}
