import { bytes, milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";

/** An answer of a CA, proven when it came. */
export interface CachedAnswer {
  readonly bytes: Uint8Array;
  /** From then on the CA is asked anew. */
  readonly renewAt: Date;
  /** From then on it is worth nothing. */
  readonly validUntil: Date;
}

/** Answers of CAs over a restart; what is in memory is asked first. */
export interface RevocationCacheRows {
  /** The answer to a question, unless its time is over. */
  cachedAnswer(key: string, now: Date): Promise<CachedAnswer | null>;
  /** Keeps an answer in the place of the one before. */
  cacheAnswer(key: string, answer: CachedAnswer): Promise<void>;
  /** Removes the answers whose time is over. */
  forgetAnswers(now: Date): Promise<void>;
}

interface Row {
  readonly renew_at: number;
  readonly valid_until: number;
  readonly bytes: Uint8Array;
}

const GET = "SELECT renew_at, valid_until, bytes FROM revocation_answer WHERE key = ? AND valid_until >= ?";
const PUT = `
  INSERT INTO revocation_answer (key, renew_at, valid_until, bytes) VALUES (:key, :renew_at, :valid_until, :bytes)
  ON CONFLICT (key) DO UPDATE SET
    renew_at = excluded.renew_at, valid_until = excluded.valid_until, bytes = excluded.bytes`;
const FORGET = "DELETE FROM revocation_answer WHERE valid_until < ?";

export function revocationCacheRows(on: Connection): RevocationCacheRows {
  const get = on.db.prepare<[string, number], Row>(GET);
  const put = on.db.prepare(PUT);
  const forget = on.db.prepare<[number]>(FORGET);
  return {
    cachedAnswer: (key, now) =>
      on.read(() => {
        const row = get.get(key, milliseconds(now));
        return row === undefined
          ? null
          : { bytes: bytes(row.bytes), renewAt: time(row.renew_at), validUntil: time(row.valid_until) };
      }),
    cacheAnswer: (key, { bytes: der, renewAt, validUntil }) =>
      on.write(() => {
        put.run({ key, renew_at: milliseconds(renewAt), valid_until: milliseconds(validUntil), bytes: der });
      }),
    forgetAnswers: (now) =>
      on.write(() => {
        forget.run(milliseconds(now));
      }),
  };
}
