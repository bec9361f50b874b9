import { milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";

export interface BarredKey {
  /** SHA-256 over the DER of subjectPublicKeyInfo. */
  readonly spkiSha256: string;
  readonly at: Date;
  readonly actor: string;
  readonly reason: string;
}

/** Public keys that no address may use again; runs inside the caller's transaction. */
export interface BarredKeyRows {
  has(spkiSha256: string): boolean;
  get(spkiSha256: string): BarredKey | null;
  /** Returns false when it was barred already; the first reason stays. */
  insert(key: BarredKey): boolean;
  /** Returns false when it was not barred. */
  remove(spkiSha256: string): boolean;
  /** Puts another reason in place of the first, if it is barred. */
  reword(spkiSha256: string, reason: string): void;
}

const GET = "SELECT spki_sha256, at, actor, reason FROM barred_key WHERE spki_sha256 = ?";
const INSERT = `
  INSERT INTO barred_key (spki_sha256, at, actor, reason) VALUES (:spki_sha256, :at, :actor, :reason)
  ON CONFLICT (spki_sha256) DO NOTHING`;
const DELETE = "DELETE FROM barred_key WHERE spki_sha256 = ?";
const REWORD = "UPDATE barred_key SET reason = ? WHERE spki_sha256 = ?";

interface Row {
  readonly spki_sha256: string;
  readonly at: number;
  readonly actor: string;
  readonly reason: string;
}

export function barredKeyRows({ db }: Connection): BarredKeyRows {
  const get = db.prepare<[string], Row>(GET);
  const insert = db.prepare(INSERT);
  const remove = db.prepare<[string]>(DELETE);
  const reword = db.prepare<[string, string]>(REWORD);
  return {
    has: (spki) => get.get(spki) !== undefined,
    get: (spki) => {
      const row = get.get(spki);
      if (row === undefined) return null;
      return { spkiSha256: row.spki_sha256, at: time(row.at), actor: row.actor, reason: row.reason };
    },
    insert: ({ spkiSha256, at, actor, reason }) =>
      insert.run({ spki_sha256: spkiSha256, at: milliseconds(at), actor, reason }).changes === 1,
    remove: (spki) => remove.run(spki).changes === 1,
    reword: (spki, reason) => {
      reword.run(reason, spki);
    },
  };
}
