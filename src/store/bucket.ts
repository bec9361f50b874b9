import type { BucketState } from "../decide/index.ts";
import { milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";

/** The reply budgets' memory; runs inside the caller's transaction. */
export interface BucketRows {
  /** The states of those that are drawn on; a full one has none. */
  get(names: readonly string[]): readonly BucketState[];
  /** Writes states, and forgets those that are full again: strangers choose the names, so old ones must go. */
  put(states: readonly BucketState[], now: Date): void;
}

const GET = "SELECT name, used_until FROM bucket WHERE name = ?";
const PUT = `
  INSERT INTO bucket (name, used_until) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET used_until = excluded.used_until`;
const FORGET = "DELETE FROM bucket WHERE used_until <= ?";

export function bucketRows({ db }: Connection): BucketRows {
  const get = db.prepare<[string], { name: string; used_until: number }>(GET);
  const put = db.prepare<[string, number]>(PUT);
  const forget = db.prepare<[number]>(FORGET);
  return {
    get: (names) =>
      names.flatMap((name) => {
        const row = get.get(name);
        return row === undefined ? [] : [{ name: row.name, usedUntil: time(row.used_until) }];
      }),
    put: (states, now) => {
      if (states.length === 0) return;
      for (const state of states) put.run(state.name, milliseconds(state.usedUntil));
      forget.run(milliseconds(now));
    },
  };
}
