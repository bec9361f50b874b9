import type { Folder } from "../decide/index.ts";
import type { ImapSession } from "../imap/index.ts";
import type { Log } from "../log.ts";
import type { Policy } from "../policy.ts";
import type { RevocationDesk } from "../revocation/index.ts";
import type { Mailer, Sender } from "../smtp/index.ts";
import type { Store } from "../store/index.ts";
import type { Voice } from "./answer.ts";
import type { Judge } from "./judge.ts";

/** Everything that the robot works with. Clock and connections come in here and nowhere else. */
export interface Robot {
  readonly policy: Policy;
  readonly voice: Voice;
  /** Who is told of what needs a person; null: nobody. */
  readonly adminAddress: string | null;
  /** IMAP names of the four folders. */
  readonly folders: Readonly<Record<Folder, string>>;
  /** Larger messages are never fetched whole, in bytes. */
  readonly messageBytes: number;
  readonly store: Store;
  readonly judge: Judge;
  /** Asks CAs about revocation. One for the process, so that the same is not asked twice. */
  readonly desk: RevocationDesk;
  /**
   * UIDs of mails that wait for a CA's answer, and until when nobody need look at them. In memory only: the ledger knows
   * it too, but by a key that takes the whole mail to compute. A mailbox that numbers anew delays a mail by an hour.
   */
  readonly waiting: Map<number, Date>;
  readonly mailer: Mailer;
  /** As whom mails are sent. Of now, not of when they were written: a sender that the server refuses is mended here. */
  readonly sender: Sender;
  readonly connect: () => Promise<ImapSession>;
  readonly log: Log;
  readonly now: () => Date;
  /** Who holds the lease of a round: distinct for each running process. */
  readonly holder: string;
}

/** As much of the robot as asking CAs takes. */
export type Inquirer = Pick<Robot, "policy" | "store" | "judge" | "desk" | "log" | "now">;

/** What one pass did (CONTRACT.md §3): messages, but for `stored` (certificates) and `answered` (mails). */
export interface Summary {
  readonly seen: number;
  readonly stored: number;
  readonly answered: number;
  readonly pending: number;
  readonly rejected: number;
  readonly unhandled: number;
  /** Left for a retry: messages and mails. */
  readonly failed: number;
}

export const NOTHING_DONE: Summary = {
  seen: 0,
  stored: 0,
  answered: 0,
  pending: 0,
  rejected: 0,
  unhandled: 0,
  failed: 0,
};

/** Two summaries as one. */
export function plus(a: Summary, b: Summary): Summary {
  return {
    seen: a.seen + b.seen,
    stored: a.stored + b.stored,
    answered: a.answered + b.answered,
    pending: a.pending + b.pending,
    rejected: a.rejected + b.rejected,
    unhandled: a.unhandled + b.unhandled,
    failed: a.failed + b.failed,
  };
}

/** The folders that a message can end in. */
export const FOLDERS: readonly Folder[] = ["Processed", "Pending", "Rejected", "Unhandled"];
