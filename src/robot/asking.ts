import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import type { ListedMail } from "../imap/index.ts";
import type { Means, Prepared, Unasked, Whom } from "./complete.ts";
import type { Robot } from "./robot.ts";

/** A mail for which somebody has to be asked, and how that is done. */
export interface ToAsk extends Unasked {
  /** Bytes of it that asking keeps in memory. */
  readonly size: number;
  readonly ask: (means: Means) => Promise<Prepared | Unasked>;
}

/** A mail that is known by its UID. */
export type WithUid<T> = T & { readonly uid: number };

/** What a round works with. */
export interface Mailbox {
  readonly uidValidity: bigint;
  /** Of the trust store that its mails are judged by. */
  readonly trustVersion: number;
}

interface Seat {
  readonly whom: Whom;
  readonly size: number;
  readonly work: Promise<void>;
}

/**
 * Mails that are asked about at a time. Those of strangers have seats of their own, so that however many there are of them, a
 * trusted CA is asked at once.
 */
const SEATS: Readonly<Record<Whom, number>> = { authorities: 16, strangers: 4 };

/** Bytes of mails that are in memory meanwhile; a larger one is alone. */
const MOST_BYTES = 32 * 1024 * 1024;

/** A mail whose asking has failed, by a fault of ours, is left alone so long. */
const REST_MS = 60_000;

/** What is still open is left behind after this long, when the robot is to end. */
const LAST_ANSWERS_MS = 4_000;

/**
 * Asks CAs and strangers' servers for mails, beside the rounds: none of them keeps another mail waiting. A mail that gets
 * no seat is known by its UID only and fetched again when its turn comes; nothing of all this outlives the process, since
 * until a mail is committed it lies in the mailbox and is asked about anew.
 */
export class Asking {
  readonly #robot: Pick<Robot, "desk" | "log" | "now">;
  readonly #wake: () => void;
  readonly #end = new AbortController();
  #mailbox: Mailbox | null = null;
  /** UIDs without a seat, the oldest first. */
  readonly #queue = new Map<number, Omit<Seat, "work">>();
  readonly #seated = new Map<number, Seat>();
  readonly #answered = new Map<number, WithUid<Prepared>>();
  #tell: () => void = () => {};

  /**
   * @param signal aborted: what is open is given up
   * @param wake called when a round has something to do: a mail has its answers, or one without a seat could have one
   */
  constructor(robot: Pick<Robot, "desk" | "log" | "now">, signal: AbortSignal, wake: () => void = () => {}) {
    this.#robot = robot;
    this.#wake = wake;
    // Two budgets listen for each mail that has a seat, and let go of it; Node would take more than ten for a leak.
    setMaxListeners(0, this.#end.signal);
    if (signal.aborted) this.#end.abort();
    else signal.addEventListener("abort", () => this.#end.abort(), { once: true });
  }

  /** Mails that are not settled yet. */
  get left(): number {
    return this.#queue.size + this.#seated.size + this.#answered.size;
  }

  /** Whether a mail is in our care: a round leaves it alone. */
  has(uid: number): boolean {
    return this.#queue.has(uid) || this.#seated.has(uid) || this.#answered.has(uid);
  }

  /**
   * What a round is to do, who sees these mails in the mailbox: settle those that have their answers, which leave our care,
   * and begin anew with those for which there is a seat now. What is gone from the mailbox is forgotten, and all of it when
   * the trust store has changed: what was found by the old one is not to be decided by.
   */
  look(
    mailbox: Mailbox,
    present: readonly Pick<ListedMail, "uid">[],
  ): { readonly answered: readonly WithUid<Prepared>[]; readonly admitted: ReadonlySet<number> } {
    const uids = new Set(present.map(({ uid }) => uid));
    const isSame =
      // Under another UIDVALIDITY the numbers mean other mails (RFC 9051 §2.3.1.1).
      this.#mailbox?.uidValidity === mailbox.uidValidity &&
      this.#mailbox.trustVersion === mailbox.trustVersion;
    const isThere = (uid: number): boolean => isSame && uids.has(uid);
    for (const map of [this.#queue, this.#seated, this.#answered]) {
      for (const uid of [...map.keys()]) if (!isThere(uid)) map.delete(uid);
    }
    this.#mailbox = mailbox;
    const answered = [...this.#answered.values()];
    this.#answered.clear();
    return { answered, admitted: this.#admitted() };
  }

  /** Asks for a mail at once, or remembers that it is to be asked for. */
  take(message: WithUid<ToAsk>): void {
    const { uid, whom, size, ask } = message;
    if (this.#end.signal.aborted || this.has(uid)) return;
    if (!hasRoom({ whom, size }, [...this.#seated.values()])) {
      this.#queue.set(uid, { whom, size });
      return;
    }
    const seat: Seat = { whom, size, work: this.#work(uid, ask, () => this.#seated.get(uid) === seat) };
    this.#seated.set(uid, seat);
  }

  /** Wakes whoever begins rounds when there is something to do for one. */
  remind(): void {
    if (this.#hasNews()) this.#wake();
  }

  /** Waits until there is something to do for a round; false when that is not so in time. Never throws. */
  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (this.#hasNews()) return true;
    const timer = new AbortController();
    const told = new Promise<boolean>((resolve) => {
      this.#tell = () => resolve(true);
    });
    const either = AbortSignal.any([timer.signal, signal]);
    const over = sleep(milliseconds, false, { signal: either }).catch(() => false);
    const came = await Promise.race([told, over]);
    timer.abort();
    return came;
  }

  /** Gives up what is open, and waits a few seconds for it to end. Never throws. */
  async stop(): Promise<void> {
    this.#end.abort();
    const all = Promise.all([...this.#seated.values()].map(({ work }) => work));
    await Promise.race([all, sleep(LAST_ANSWERS_MS, null, { ref: false })]);
  }

  #hasNews(): boolean {
    const seated = [...this.#seated.values()];
    return this.#answered.size > 0 || [...this.#queue.values()].some((mail) => hasRoom(mail, seated));
  }

  /** As many mails of the queue as there is room for; they leave it. */
  #admitted(): ReadonlySet<number> {
    const seated: Omit<Seat, "work">[] = [...this.#seated.values()];
    const admitted = new Set<number>();
    for (const [uid, mail] of this.#queue) {
      if (!hasRoom(mail, seated)) continue;
      seated.push(mail);
      admitted.add(uid);
      this.#queue.delete(uid);
    }
    return admitted;
  }

  /** @param isOurs whether the mail is still in our care */
  async #work(uid: number, ask: ToAsk["ask"], isOurs: () => boolean): Promise<void> {
    const { desk } = this.#robot;
    const { signal } = this.#end;
    const means = { authorities: desk.budget(signal), strangers: desk.strangersBudget(signal) };
    const prepared = await ask(means).catch((error: unknown) => this.#failed(uid, error));
    means.authorities.close();
    means.strangers.close();
    if (!isOurs()) return;
    this.#seated.delete(uid);
    // Given up, or asked in vain whether it may be asked: it stays in the mailbox, and nobody's care.
    if (prepared.kind === "ready" || prepared.kind === "waiting")
      this.#answered.set(uid, { ...prepared, uid });
    this.#tell();
    this.remind();
  }

  #failed(uid: number, error: unknown): Prepared {
    const { log, now } = this.#robot;
    if (this.#end.signal.aborted) return { kind: "left" };
    const stack = error instanceof Error ? (error.stack ?? null) : null;
    log.error("asking.failed", { uid, error: messageOf(error), stack });
    return { kind: "waiting", until: new Date(now().getTime() + REST_MS) };
  }
}

function hasRoom({ whom, size }: Omit<Seat, "work">, seated: readonly Omit<Seat, "work">[]): boolean {
  const bytes = seated.reduce((sum, seat) => sum + seat.size, 0);
  const like = seated.filter((seat) => seat.whom === whom).length;
  return like < SEATS[whom] && (seated.length === 0 || bytes + size <= MOST_BYTES);
}
