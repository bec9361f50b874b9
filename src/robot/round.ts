import { setTimeout as sleep } from "node:timers/promises";
import type { ImapSession, ListedMail } from "../imap/index.ts";
import type { Asking, Mailbox, ToAsk, WithUid } from "./asking.ts";
import { completed, noMeans, type Prepared } from "./complete.ts";
import type { Deliverer } from "./deliver-outbox.ts";
import { fileMessages } from "./file-messages.ts";
import type { GatherAgain } from "./find-issuers.ts";
import { commitGathered, type Fetched, gatherAgain, gatherMessage, type Handled } from "./handle-message.ts";
import { Hand } from "./in-hand.ts";
import { NOTHING_DONE, plus, type Robot, type Summary } from "./robot.ts";
import { type Lease, takeLease } from "./round-lease.ts";
import { tellAdmin } from "./tell-admin.ts";
import { trustMaterialOf } from "./trust-material.ts";

/** Messages that share one transaction: enough to make its sync cheap, few enough to keep replies prompt. */
const MESSAGES_PER_COMMIT = 50;

/** Of a message over the size limit only this much is looked at: its header, for the ledger. */
const HEAD_BYTES = 64 * 1024;

/** A group ends with this many bytes, however few messages they are: all of them are in memory at once. */
const BYTES_PER_COMMIT = 8 * 1024 * 1024;

/** So long a group waits for all of its messages: judging takes milliseconds, a mail that is meant to take longer seconds. */
const PATIENCE_MS = 1_000;

/** From the wish to end until judging is given up; the whole end is to take no more than ten seconds. */
const LAST_JUDGEMENT_MS = 4_000;

/** How often the mailbox is listed again for what came in meanwhile, before the round is given back; the last time is done to its end. */
const LISTINGS = 20;

/**
 * One round: everything in the mailbox through the path (read, inspect, decide, commit, deliver, file), then what the
 * admin is to be told. Rounds of several processes follow each other, whoever comes second finds the work done.
 * @param deliverer what is committed is given to it first; a slow server is not waited for
 * @param asking takes the mails for which somebody must be asked; they are settled in the round that finds their answers
 * @param signal aborted: the messages in hand are finished, no new ones begun
 * @param begun UIDs of mails that are not to be begun (again), and those that this round begins
 * @throws KeybotError when the IMAP server or the database fails; nothing is lost, the next round goes on
 */
export async function runRound(
  robot: Robot,
  session: ImapSession,
  deliverer: Deliverer,
  asking: Asking,
  signal: AbortSignal,
  begun = new Set<number>(),
): Promise<Summary> {
  const lease = await takeLease(robot, signal);
  if (lease === null) return NOTHING_DONE;
  const hand = new Hand(robot, session);
  const cutShort = endJudgingAfter(robot, signal);
  try {
    const trustVersion = await prepareJudge(robot);
    const { uidValidity } = session;
    const work = { robot, session, lease, deliverer, asking, signal, hand, begun, left: new Set<number>() };
    const summary = await drain({ ...work, mailbox: { uidValidity, trustVersion } });
    if (!signal.aborted && (await tellAdmin(robot)) > 0) deliverer.begin();
    return summary;
  } finally {
    cutShort.stop();
    await hand.putBack();
    await lease.release();
  }
}

/** A robot that is to end waits for the judge a while, but not for all the seconds that a message may take. */
function endJudgingAfter({ judge }: Robot, signal: AbortSignal): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => judge.close(), LAST_JUDGEMENT_MS);
  };
  signal.addEventListener("abort", begin, { once: true });
  return {
    stop: () => {
      signal.removeEventListener("abort", begin);
      clearTimeout(timer);
    },
  };
}

/** @returns the version of the trust store that mails are judged by */
async function prepareJudge(robot: Robot): Promise<number> {
  const trust = await trustMaterialOf(robot.store, robot.policy);
  robot.judge.bench(robot.policy, trust);
  return trust.version;
}

interface Round {
  readonly robot: Robot;
  readonly session: ImapSession;
  readonly lease: Lease;
  readonly deliverer: Deliverer;
  readonly asking: Asking;
  readonly mailbox: Mailbox;
  readonly signal: AbortSignal;
  readonly hand: Hand;
  readonly begun: Set<number>;
  /** UIDs of mails that were listed and not begun, for the sake of what had come in meanwhile. */
  readonly left: Set<number>;
}

/**
 * Handles every message of the mailbox once, also those that come in while it works: these first, so that who asks now waits
 * for no more than a group or two, however many mails lie there or are asked about.
 */
async function drain(round: Round): Promise<Summary> {
  const { robot, session, asking, mailbox, signal, hand, begun, left } = round;
  let summary = NOTHING_DONE;
  for (let listing = 0; listing < LISTINGS && !signal.aborted; listing++) {
    const isCut = (): boolean => session.hasNews && listing < LISTINGS - 1;
    const all = await session.list();
    if (listing === 0) await hand.recall(all);
    const { answered, admitted } = asking.look(mailbox, all);
    summary = plus(summary, await settlePrepared(round, answered));
    for (const { uid } of answered) begun.add(uid);
    const listed = all.filter(({ uid }) => admitted.has(uid) || !(begun.has(uid) || asking.has(uid)));
    const fresh = listed.filter(({ uid }) => !stillWaits(robot, uid));
    for (const { uid } of listed) begun.add(uid);
    summary = plus(summary, { ...NOTHING_DONE, failed: listed.length - fresh.length });
    if (fresh.length === 0) break;
    if (fresh.length > 1) robot.log.info("round.begins", { messages: fresh.length });
    const { plain, suspects, poisoned } = hand.sort(fresh);
    summary = plus(summary, await settlePrepared(round, poisoned.map(setAside(hand))));
    const waited = ({ uid }: ListedMail): boolean => left.has(uid) || admitted.has(uid);
    const byTurn = [...plain.filter((mail) => !waited(mail)), ...plain.filter(waited)];
    left.clear();
    summary = plus(summary, await settleBySize(round, byTurn, isCut));
    // Each by itself, so that the robot's death names the mail that it died of.
    for (const suspect of suspects) {
      if (isCut()) leave(round, [suspect.uid]);
      else summary = plus(summary, await settleBySize(round, [suspect], isCut));
    }
  }
  asking.remind();
  return summary;
}

/** For the next listing, which follows at once. */
function leave({ begun, left }: Round, uids: Iterable<number>): void {
  for (const uid of uids) {
    begun.delete(uid);
    left.add(uid);
  }
}

function setAside(hand: Hand): (mail: ListedMail) => WithUid<Prepared> {
  return (mail) => ({ uid: mail.uid, kind: "ready", gathered: hand.unread(mail) });
}

/**
 * Mails over the size limit come last; only their header is fetched.
 * @param isCut what is not begun by then is left for the next listing
 */
async function settleBySize(
  round: Round,
  mails: readonly ListedMail[],
  isCut: () => boolean,
): Promise<Summary> {
  const { robot, session, signal, hand } = round;
  if (signal.aborted) return NOTHING_DONE;
  let summary = await settleAll(
    round,
    mails.filter(({ size }) => size <= robot.messageBytes).map(({ uid }) => uid),
    isCut,
  );
  await hand.putBack();
  for (const { uid, internalDate } of mails.filter(({ size }) => size > robot.messageBytes)) {
    if (signal.aborted) break;
    if (isCut()) {
      leave(round, [uid]);
      continue;
    }
    await hand.take([uid]);
    const raw = await session.fetchHead(uid, HEAD_BYTES);
    if (raw === null) continue;
    const group = [begin(round, { uid, raw, internalDate, headOnly: true })];
    summary = plus(summary, await settle(round, group));
  }
  await hand.putBack();
  return summary;
}

/** A mail that waits for a CA's answer is not even fetched before its time. */
function stillWaits({ waiting, now }: Robot, uid: number): boolean {
  const until = waiting.get(uid);
  if (until === undefined || until > now()) return until !== undefined;
  waiting.delete(uid);
  return false;
}

/** Settles one group while the next one is fetched and judged. */
async function settleAll(round: Round, uids: readonly number[], isCut: () => boolean): Promise<Summary> {
  const open = new Set(uids);
  let summary = NOTHING_DONE;
  let settling = Promise.resolve(NOTHING_DONE);
  try {
    for await (const group of groups(round, uids)) {
      summary = plus(summary, await settling);
      settling = Promise.resolve(NOTHING_DONE);
      if (!(await round.lease.renew())) return summary;
      settling = settle(round, group);
      // It is awaited one turn later; a failure before that must not count as one that nobody handles.
      settling.catch(() => {});
      for (const { uid } of group) open.delete(uid);
      if (!isCut()) continue;
      leave(round, open);
      break;
    }
  } finally {
    // Also when fetching failed: what is committed is to be delivered and filed before the connection is given up.
    summary = plus(summary, await settling);
  }
  return summary;
}

interface Begun {
  readonly uid: number;
  readonly prepared: Promise<Prepared | ToAsk>;
}

/** Judges a mail by what is known; whoever must be asked for it is asked beside the rounds. */
function begin({ robot }: Round, message: Fetched): Begun {
  const again: GatherAgain = (help) => gatherAgain(robot, message, help);
  const prepared = gatherMessage(robot, message).then(async (gathered): Promise<Prepared | ToAsk> => {
    if (gathered === null) return { kind: "left" };
    const known = await completed(robot, gathered, again, noMeans(robot));
    if (known.kind !== "unasked") return known;
    const ask: ToAsk["ask"] = (means) => completed(robot, gathered, again, means);
    return { ...known, size: message.raw.length, ask };
  });
  // It is awaited with its group; a failure before that must not count as one that nobody handles.
  prepared.catch(() => {});
  return { uid: message.uid, prepared };
}

/** Messages in groups that will share a transaction; the next ones are being judged while a group is settled. */
async function* groups(round: Round, uids: readonly number[]): AsyncGenerator<Begun[]> {
  const { session, signal, hand } = round;
  let group: Begun[] = [];
  let bytes = 0;
  for await (const { uid, raw, internalDate } of session.fetch(uids, (next) => hand.take(next))) {
    if (signal.aborted) break;
    group.push(begin(round, { uid, raw, internalDate, headOnly: false }));
    bytes += raw.length;
    if (group.length < MESSAGES_PER_COMMIT && bytes < BYTES_PER_COMMIT) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

/**
 * Settles a group: those first that can be decided now, so that a request does not wait for a slow CA that somebody
 * else's certificate names, then the others.
 */
async function settle(round: Round, group: readonly Begun[]): Promise<Summary> {
  const patience = sleep(PATIENCE_MS, null, { ref: false });
  const soon = await Promise.all(group.map((begun) => Promise.race([withUid(begun), patience])));
  const summary = await settlePrepared(
    round,
    soon.filter((message) => message !== null),
  );
  const late = group.filter((_, index) => soon[index] === null);
  if (late.length === 0) return summary;
  return plus(summary, await settlePrepared(round, await Promise.all(late.map(withUid))));
}

async function withUid({ uid, prepared }: Begun): Promise<WithUid<Prepared | ToAsk>> {
  return { uid, ...(await prepared) };
}

/** Commit, deliver, file: from here on a message is safe whatever happens. */
async function settlePrepared(round: Round, all: readonly WithUid<Prepared | ToAsk>[]): Promise<Summary> {
  if (all.length === 0) return NOTHING_DONE;
  const { robot, session, deliverer, asking, hand } = round;
  const messages = all.flatMap((message) => (message.kind === "ready" ? [message] : []));
  for (const message of all) {
    if (message.kind === "waiting") robot.waiting.set(message.uid, message.until);
    if (message.kind === "unasked") asking.take(message);
  }
  const seen = all.filter(({ kind }) => kind !== "unasked").length;
  const handled = (await commitGathered(robot, messages, hand)).filter((message) => message !== null);
  await deliverer.beginFirst();
  const left = await fileMessages(robot, session, handled);
  return {
    ...countOf(handled),
    seen,
    failed: seen - handled.length + left,
  };
}

function countOf(handled: readonly Handled[]): Summary {
  const decided = handled.flatMap(({ outcome }) => outcome ?? []);
  const filed = (folder: Handled["folder"]) => decided.filter((outcome) => outcome.folder === folder).length;
  return {
    ...NOTHING_DONE,
    stored: decided.reduce((sum, { newlyActive }) => sum + newlyActive, 0),
    pending: filed("Pending"),
    rejected: filed("Rejected"),
    unhandled: filed("Unhandled"),
  };
}
