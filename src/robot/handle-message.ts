import { createHash } from "node:crypto";
import { type Evidence, type Folder, viewQuery } from "../decide/index.ts";
import { messageOf } from "../errors.ts";
import type { PathHelp } from "../inspect/index.ts";
import { ledgerKey } from "../read/index.ts";
import type { CommitAttempt } from "../store/index.ts";
import { decideAndRender } from "./answer.ts";
import type { Gathered } from "./gather.ts";
import type { Hand } from "./in-hand.ts";
import { ledgerMessage } from "./ledger-message.ts";
import type { Robot } from "./robot.ts";

/** A message in the robot mailbox, as far as it was fetched. */
export interface Fetched {
  readonly uid: number;
  readonly raw: Uint8Array;
  readonly internalDate: Date | null;
  /** `raw` is only the beginning: the message is over the size limit. */
  readonly headOnly: boolean;
}

/** A message whose decision is committed: all that is left is to file it. */
export interface Handled {
  readonly uid: number;
  readonly key: string;
  readonly folder: Folder;
  /** Null: it was known, nothing was decided anew. */
  readonly outcome: { readonly newlyActive: number; readonly folder: Folder } | null;
}

/**
 * The slow part: read and inspect in the judge process. Never rejects for anything that a message does.
 * @returns null when it was given up because the robot is to end: nothing is known of the message, it stays where it is
 */
export async function gatherMessage(robot: Robot, message: Fetched): Promise<Gathered | null> {
  const judgement = await robot.judge.judge(message.raw, robot.now(), message.internalDate);
  if (judgement.kind === "given-up") return null;
  if (judgement.kind === "gathered")
    return message.headOnly ? tooLarge(judgement.gathered) : judgement.gathered;
  const digest = createHash("sha256").update(message.raw).digest("hex");
  return {
    key: ledgerKey(digest, []),
    evidence: { kind: "unreadable", problem: judgement.problem, facts: null },
    paths: [],
    along: [],
    orphans: [],
  };
}

/** The same message once more, knowing more; null when that ended its judging, and what is known already has to do. */
export async function gatherAgain(robot: Robot, message: Fetched, help: PathHelp): Promise<Gathered | null> {
  const judgement = await robot.judge.judge(message.raw, robot.now(), message.internalDate, help);
  return judgement.kind === "gathered" ? judgement.gathered : null;
}

function tooLarge({ key, evidence }: Gathered): Gathered {
  const { facts } = evidence;
  return {
    key,
    evidence: { kind: "unreadable", problem: "message.too-large", facts },
    paths: [],
    along: [],
    orphans: [],
  };
}

/**
 * Commits several gathered messages in one transaction, each wholly or not at all.
 * @returns one entry a message, null for one that failed or has to wait; it stays in the mailbox
 * @throws KeybotError `temporary` when the database cannot be written; nothing of any is written then
 */
export async function commitGathered(
  robot: Robot,
  messages: readonly { readonly uid: number; readonly gathered: Gathered }[],
  hand: Hand,
): Promise<(Handled | null)[]> {
  const at = robot.now();
  const attempts = await robot.store.commitMessages(
    messages.map(({ uid, gathered: { key, evidence } }) => ({
      input: {
        key,
        mark: hand.mark(uid),
        query: viewQuery(evidence, robot.policy),
        message: ledgerMessage(evidence),
        certificates: certificatesOf(evidence),
        at,
      },
      decide: (view) => decideAndRender(evidence, key, view, robot.policy, robot.voice, at),
    })),
  );
  return messages.map(({ uid, gathered }, index) => handled(robot, uid, gathered, attempts[index]));
}

function certificatesOf(evidence: Evidence) {
  return evidence.kind === "read" ? evidence.inspection.certificates : [];
}

function handled(
  robot: Robot,
  uid: number,
  { key, evidence }: Gathered,
  attempt: CommitAttempt | undefined,
): Handled | null {
  const log = robot.log.with({ key: key.slice(0, 16), uid });
  if (attempt === undefined || !attempt.done) {
    const error = attempt?.error;
    log.error("message.failed", {
      error: messageOf(error),
      stack: error instanceof Error ? (error.stack ?? null) : null,
    });
    return null;
  }
  const { result } = attempt;
  if (result.known) {
    log.debug("message.known", { folder: result.folder });
    return { uid, key, folder: result.folder, outcome: null };
  }
  if (result.outcome === "waiting") {
    robot.waiting.set(uid, result.until);
    log.warn("message.waits-for-room", {
      from: evidence.facts?.fromAddresses[0] ?? null,
      until: result.until,
    });
    return null;
  }
  log.info("message.decided", {
    kind: result.plan.kind,
    outcome: result.outcome,
    from: evidence.facts?.fromAddresses[0] ?? null,
    reasons: result.plan.reasons.map(({ code }) => code).join(","),
  });
  return {
    uid,
    key,
    folder: result.folder,
    outcome: { newlyActive: result.newlyActive, folder: result.folder },
  };
}
