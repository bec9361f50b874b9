import { createHash } from "node:crypto";
import { messageOf } from "../errors.ts";
import type { ImapSession, ListedMail } from "../imap/index.ts";
import { ledgerKey } from "../read/index.ts";
import type { MailMark } from "../store/index.ts";
import type { Gathered } from "./gather.ts";
import type { Robot } from "./robot.ts";

/** A mail that was alone in hand at so many deaths is not touched again. Two may be chance: a power cut, an admin's kill. */
export const DEATHS_OF_A_POISONED_MAIL = 3;

/**
 * Gives back all that a robot has in hand, for a process that ends on purpose in the midst of it: that is no death. The
 * store works synchronously behind its promises, so it is done when this returns. Never throws.
 */
export function putBackNow({ store, holder, log }: Robot): void {
  store.putBack(holder).catch((error: unknown) => {
    log.debug("round.not-put-back", { error: messageOf(error) });
  });
}

/** Mails of the mailbox by what is known of them before they are fetched. */
export interface Sorted {
  /** Nothing speaks against them: they are worked through in groups. */
  readonly plain: readonly ListedMail[];
  /** In hand when a robot died: each is judged alone, those with the fewest deaths first. */
  readonly suspects: readonly ListedMail[];
  /** Set aside unread. */
  readonly poisoned: readonly ListedMail[];
}

/**
 * The mails that this robot has in hand, noted in the database before their bytes are asked for. What the child process
 * cannot shield us from (the kernel's OOM killer takes the robot, native code crashes) would else start again with the
 * same mail for ever.
 */
export class Hand {
  readonly #robot: Robot;
  readonly #session: ImapSession;
  #deaths: ReadonlyMap<number, number> = new Map();
  #holds = false;

  constructor(robot: Robot, session: ImapSession) {
    this.#robot = robot;
    this.#session = session;
  }

  /** What robots that died have left behind; to be called with the lease, before anything is taken. */
  async recall(present: readonly ListedMail[]): Promise<void> {
    const { store, holder, log } = this.#robot;
    const uids = new Set(present.map(({ uid }) => uid));
    const suspects = await store.suspects(this.#session.uidValidity, holder, uids);
    this.#deaths = new Map(suspects.map(({ uid, deaths }) => [uid, deaths]));
    if (suspects.length > 0) {
      const worst = Math.max(...suspects.map(({ deaths }) => deaths));
      log.warn("round.after-a-death", { suspects: suspects.length, deaths: worst });
    }
  }

  /** Suspects come last, so that nobody waits behind a mail that may end the robot. */
  sort(mails: readonly ListedMail[]): Sorted {
    const deathsOf = ({ uid }: ListedMail) => this.#deaths.get(uid) ?? 0;
    const suspects = mails.filter(({ uid }) => this.#deaths.has(uid));
    return {
      plain: mails.filter(({ uid }) => !this.#deaths.has(uid)),
      suspects: suspects
        .filter((mail) => deathsOf(mail) < DEATHS_OF_A_POISONED_MAIL)
        .sort((a, b) => deathsOf(a) - deathsOf(b)),
      poisoned: suspects.filter((mail) => deathsOf(mail) >= DEATHS_OF_A_POISONED_MAIL),
    };
  }

  async take(uids: readonly number[]): Promise<void> {
    const { store, holder, now } = this.#robot;
    this.#holds = true;
    await store.takeInHand(this.#session.uidValidity, uids, holder, now());
  }

  /** Where the commit finds what it takes out of our hand. */
  mark(uid: number): MailMark {
    return { uidValidity: this.#session.uidValidity, uid };
  }

  /** Gives back what was not decided (it waits, it failed, it has gone). Never throws: the next round gives it back, too. */
  async putBack(): Promise<void> {
    if (!this.#holds) return;
    try {
      await this.#robot.store.putBack(this.#robot.holder);
      this.#holds = false;
    } catch (error) {
      this.#robot.log.debug("round.not-put-back", { error: messageOf(error) });
    }
  }

  /**
   * The evidence of a mail whose bytes nobody dares to read. Its ledger key is of the place where it lay: moved back
   * into the mailbox, which gives it a new UID, it is a new mail and tried anew.
   */
  unread({ uid, size, internalDate }: ListedMail): Gathered {
    this.#robot.log.error("message.poisoned", { uid, size, arrived: internalDate });
    const place = `poisoned ${this.#session.uidValidity} ${uid} ${size} ${internalDate?.toISOString() ?? ""}`;
    return {
      key: ledgerKey(createHash("sha256").update(place).digest("hex"), []),
      evidence: { kind: "unreadable", problem: "message.poisoned", facts: null },
      paths: [],
      along: [],
      orphans: [],
    };
  }
}
