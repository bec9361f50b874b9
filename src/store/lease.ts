import { milliseconds } from "./column.ts";
import type { Connection } from "./connection.ts";

/** Who does something alone, until when; a holder that dies loses it by time. */
export interface Leases {
  /** Takes a lease that is free, lapsed or already the holder's own; false when another has it. */
  acquireLease(name: string, holder: string, ttlMs: number, now: Date): Promise<boolean>;
  /**
   * Prolongs a lease, also one that has lapsed while nobody else took it (the clock was set, the machine slept); false
   * when the holder has lost it and must stop.
   */
  renewLease(name: string, holder: string, ttlMs: number, now: Date): Promise<boolean>;
  /** Gives a lease back; nothing happens when another has it by now. */
  releaseLease(name: string, holder: string): Promise<void>;
  /** Everybody who has a lease, lapsed or not, or a mail of the outbox in hand. */
  holders(): Promise<readonly string[]>;
  /** Frees every lease and every claimed mail of a holder that is known to have died. */
  forgetHolder(holder: string): Promise<void>;
}

const ACQUIRE = `
  INSERT INTO lease (name, holder, expires_at) VALUES (:name, :holder, :expires_at)
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
  WHERE holder = excluded.holder OR expires_at <= :now`;
const RENEW = "UPDATE lease SET expires_at = :expires_at WHERE name = :name AND holder = :holder";
const RELEASE = "DELETE FROM lease WHERE name = ? AND holder = ?";
const HOLDERS = `
  SELECT holder FROM lease
  UNION SELECT claimed_by FROM outbox WHERE state = 'waiting' AND claimed_until IS NOT NULL AND claimed_by IS NOT NULL`;
const RELEASE_ALL = "DELETE FROM lease WHERE holder = ?";
const UNCLAIM =
  "UPDATE outbox SET claimed_until = NULL, claimed_by = NULL WHERE claimed_by = ? AND state = 'waiting'";

export function leases(on: Connection): Leases {
  const acquire = on.db.prepare(ACQUIRE);
  const renew = on.db.prepare(RENEW);
  const release = on.db.prepare<[string, string]>(RELEASE);
  const holders = on.db.prepare<[], string>(HOLDERS).pluck();
  const releaseAll = on.db.prepare<[string]>(RELEASE_ALL);
  const unclaim = on.db.prepare<[string]>(UNCLAIM);
  const values = (name: string, holder: string, ttlMs: number, now: Date) => ({
    name,
    holder,
    expires_at: milliseconds(now) + ttlMs,
    now: milliseconds(now),
  });
  return {
    acquireLease: (name, holder, ttlMs, now) =>
      on.write(() => acquire.run(values(name, holder, ttlMs, now)).changes === 1),
    renewLease: (name, holder, ttlMs, now) =>
      on.write(() => renew.run(values(name, holder, ttlMs, now)).changes === 1),
    releaseLease: (name, holder) =>
      on.write(() => {
        release.run(name, holder);
      }),
    holders: () => on.read(() => holders.all()),
    forgetHolder: (dead) =>
      on.write(() => {
        releaseAll.run(dead);
        unclaim.run(dead);
      }),
  };
}
