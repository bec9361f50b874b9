import { milliseconds } from "./column.ts";
import type { Connection } from "./connection.ts";

/** A mail by its place in the mailbox: all that is known of it before it is fetched. */
export interface MailMark {
  readonly uidValidity: bigint;
  readonly uid: number;
}

/** A mail that was in hand when a robot died. */
export interface Suspect {
  readonly uid: number;
  /** How many robots died while they had this mail in hand and no other. */
  readonly deaths: number;
}

/** Which mails are in hand, so that one that ends the robot itself is known after the restart. */
export interface InHand {
  /** Notes mails before their bytes are asked for. */
  takeInHand(uidValidity: bigint, uids: readonly number[], holder: string, at: Date): Promise<void>;
  /** A living holder gives back all that is left in its hand; that counts against none of them. */
  putBack(holder: string): Promise<void>;
  /**
   * What dead robots had in hand. To be asked by the holder of the lease, beside whom nobody works: whatever another
   * name still holds is a dead one's. Mails that are not `present` any more are forgotten.
   */
  suspects(uidValidity: bigint, holder: string, present: ReadonlySet<number>): Promise<readonly Suspect[]>;
}

/** Used inside the caller's transaction. */
export interface InHandRows {
  /** The mail is dealt with. */
  remove(mark: MailMark): void;
}

interface Row {
  readonly id: number;
  readonly uid_validity: string;
  readonly uid: number;
  readonly held_by: string | null;
  readonly deaths: number;
}

const TAKE = `
  INSERT INTO in_hand (uid_validity, uid, held_by, since) VALUES (:uid_validity, :uid, :held_by, :since)
  ON CONFLICT (uid_validity, uid) DO UPDATE SET held_by = excluded.held_by, since = excluded.since`;
const REMOVE = "DELETE FROM in_hand WHERE uid_validity = ? AND uid = ?";
const DROP_INNOCENT = "DELETE FROM in_hand WHERE held_by = ? AND deaths = 0";
const PUT_BACK = "UPDATE in_hand SET held_by = NULL WHERE held_by = ?";
const ANY = "SELECT 1 FROM in_hand LIMIT 1";
const ALL = "SELECT id, uid_validity, uid, held_by, deaths FROM in_hand";
const DROP = "DELETE FROM in_hand WHERE id = ?";
const ACCUSE = "UPDATE in_hand SET held_by = NULL, deaths = :deaths WHERE id = :id";

export function inHandRows({ db }: Connection): InHandRows {
  const remove = db.prepare<[string, number]>(REMOVE);
  return {
    remove: ({ uidValidity, uid }) => {
      remove.run(String(uidValidity), uid);
    },
  };
}

/**
 * A write that need not outlive the machine, only this process, and so waits for no disk: every mail is taken in hand, and
 * one whose sender waits for an answer would pay for the sync. The next commit syncs it too.
 */
function unsynced<T>(on: Connection, work: () => T): Promise<T> {
  on.db.pragma("synchronous = NORMAL");
  // Done when it returns: the connection works synchronously behind its promises.
  const written = on.write(work);
  on.db.pragma("synchronous = FULL");
  return written;
}

export function inHand(on: Connection): InHand {
  const take = on.db.prepare(TAKE);
  const dropInnocent = on.db.prepare<[string]>(DROP_INNOCENT);
  const putBack = on.db.prepare<[string]>(PUT_BACK);
  const any = on.db.prepare(ANY);
  const all = on.db.prepare<[], Row>(ALL);
  const drop = on.db.prepare<[number]>(DROP);
  const accuse = on.db.prepare(ACCUSE);
  const giveBack = (holder: string): void => {
    dropInnocent.run(holder);
    putBack.run(holder);
  };

  function accused(uidValidity: bigint, present: ReadonlySet<number>): Suspect[] {
    const rows = all.all();
    const heldBy = (holder: string) => rows.filter(({ held_by }) => held_by === holder).length;
    return rows.flatMap(({ id, uid_validity, uid, held_by, deaths: before }) => {
      if (uid_validity !== String(uidValidity) || !present.has(uid)) {
        drop.run(id);
        return [];
      }
      // A death among many says nothing of any one of them: they are suspects, and will be in hand alone.
      const deaths = before + (held_by !== null && heldBy(held_by) === 1 ? 1 : 0);
      accuse.run({ id, deaths });
      return [{ uid, deaths }];
    });
  }

  return {
    takeInHand: (uidValidity, uids, holder, at) =>
      unsynced(on, () => {
        const common = { uid_validity: String(uidValidity), held_by: holder, since: milliseconds(at) };
        for (const uid of uids) take.run({ ...common, uid });
      }),
    putBack: (holder) => on.write(() => giveBack(holder)),
    suspects: async (uidValidity, holder, present) => {
      // Nearly always there are none, and a round that finds nothing to do writes nothing.
      if (await on.read(() => any.get() === undefined)) return [];
      return on.write(() => {
        giveBack(holder);
        return accused(uidValidity, present);
      });
    },
  };
}
