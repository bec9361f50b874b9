import { askAgainAt, decide, isWorthWaiting, LONGEST_WAIT_MS, reason, viewQuery } from "../decide/index.ts";
import {
  gravity,
  ofFitAnchors,
  type PathHelp,
  type RevocationJudgement,
  withRevocation,
} from "../inspect/index.ts";
import type { AskBudget } from "../revocation/index.ts";
import { askAbout, keepWords, revokeIfRevoked } from "./ask-revocation.ts";
import { askerOf, type GatherAgain, type Helped, issuerSources, withIssuers } from "./find-issuers.ts";
import type { Gathered } from "./gather.ts";
import { ledgerMessage } from "./ledger-message.ts";
import type { Robot } from "./robot.ts";

/**
 * A message that can be decided, one that stays in the mailbox because no CA answers, or one that was left as it was
 * because the robot is to end.
 */
export type Prepared =
  | { readonly kind: "ready"; readonly gathered: Gathered }
  | { readonly kind: "waiting"; readonly until: Date }
  | { readonly kind: "left" };

/** A message for which somebody has to be asked first. */
export interface Unasked {
  readonly kind: "unasked";
  readonly whom: Whom;
}

/** Servers that a certificate names whose path ends nowhere, or those of CAs that we trust. */
export type Whom = "strangers" | "authorities";

/** What may be spent on asking for one message. */
export interface Means {
  /** For CAs on a path to an anchor. */
  readonly authorities: AskBudget;
  /** For whatever a certificate names whose path ends nowhere. */
  readonly strangers: AskBudget;
}

/** Nothing: what is known already has to do, or the message is `unasked`. */
export function noMeans({ desk }: Robot): Means {
  return { authorities: desk.nobody(), strangers: desk.nobody() };
}

/** Paths of one certificate that are asked about, when CAs on the ones before were revoked or did not answer. */
export const PATHS = 3;

/**
 * The second half of gathering: missing issuers are looked for, then CAs are asked about the certificates of a message,
 * and what they say becomes findings. Nothing is decided yet, so a crash only asks again; what a CA has revoked is
 * revoked in the directory at once, because that is true whatever becomes of the mail.
 * @param again gathers the same message once more
 * @throws KeybotError when the database fails
 */
export async function completed(
  robot: Robot,
  first: Gathered,
  again: GatherAgain,
  means: Means,
): Promise<Prepared | Unasked> {
  const { store } = robot;
  const { key, evidence, paths, orphans } = first;
  const ready: Prepared = { kind: "ready", gathered: first };
  const complete = paths.length === 0 && orphans.length === 0;
  if (evidence.kind !== "read" || complete || (await store.isKnown(key))) return ready;
  const before = await store.waiting(key);
  if (before?.askAgainAt && before.askAgainAt > robot.now())
    return { kind: "waiting", until: before.askAgainAt };

  const { authorities, strangers } = means;
  const helped = await withIssuers(first, issuerSources(robot, askerOf(evidence.facts), strangers), again);
  if (strangers.missed) return { kind: "unasked", whom: "strangers" };
  const whole = await withAnswers(robot, helped, again, authorities);
  if (authorities.missed) return { kind: "unasked", whom: "authorities" };
  if (whole === null) return { kind: "left" };
  return (await wait(robot, whole)) ?? { kind: "ready", gathered: whole };
}

/** What came of asking about one choice of paths. */
interface Answered {
  readonly gathered: Gathered;
  readonly judgements: readonly RevocationJudgement[];
}

/**
 * The message with what CAs say. Where one on the path is revoked, or nobody tells of it, paths round it are tried:
 * a cross-certificate may lead to an anchor just as well (RFC 4158 §2.4). The first with the mildest verdict counts.
 * @returns null when it was given up
 */
async function withAnswers(
  robot: Robot,
  { gathered: first, help }: Helped,
  again: GatherAgain,
  budget: AskBudget,
): Promise<Gathered | null> {
  let best = await answered(robot, first, budget);
  if (best === null || budget.missed) return null;
  let [latest, known] = [best, help];
  for (let paths = 1; paths < PATHS; paths++) {
    const wiser = withdrawing(known, latest.judgements);
    if (wiser.withdrawn.length === known.withdrawn.length) break;
    known = wiser;
    const gathered = await again(known);
    if (gathered === null) break;
    const next = await answered(robot, gathered, budget);
    if (next === null) return null;
    latest = next;
    if (isMilder(latest, best)) best = latest;
  }
  if (budget.givenUp || budget.missed) return null;
  const { evidence } = best.gathered;
  const believed = evidence.kind === "read" ? ofFitAnchors(evidence.inspection, best.judgements) : [];
  for (const judgement of believed) await revokeIfRevoked(robot, judgement);
  return best.gathered;
}

/** @returns null when it was given up */
async function answered(robot: Robot, gathered: Gathered, budget: AskBudget): Promise<Answered | null> {
  const { evidence, paths, along } = gathered;
  if (budget.givenUp) return null;
  if (evidence.kind !== "read" || paths.length === 0) return { gathered, judgements: [] };
  const { certificates } = evidence.inspection;
  const beside = [...along, ...certificates.flatMap(({ path }) => path.intermediates)];
  const judgements = await askAbout(robot, paths, beside, budget);
  if (judgements === null) return null;
  await keepWords(robot, ofFitAnchors(evidence.inspection, judgements));
  const inspection = withRevocation(evidence.inspection, judgements);
  return { gathered: { ...gathered, evidence: { ...evidence, inspection } }, judgements };
}

function withdrawing(help: PathHelp, judgements: readonly RevocationJudgement[]): PathHelp {
  const doubtful = judgements.flatMap((judgement) => judgement.doubtful);
  return { ...help, withdrawn: [...new Set([...help.withdrawn, ...doubtful])] };
}

/**
 * Whether one choice of paths has the milder verdict, as `pathOf` takes the path with the mildest: more certificates with
 * nothing against them, then more for a person. One without a valid path does not count: a loose end softens nothing.
 */
function isMilder(one: Answered, other: Answered): boolean {
  const [left, right] = [weights(one), weights(other)];
  const better = [0, 1].find((weight) => left[weight] !== right[weight]);
  return better !== undefined && (left[better] ?? 0) > (right[better] ?? 0);
}

/** How many certificates with a valid path there are of each verdict, by what speaks against them. */
function weights({ gathered: { evidence } }: Answered): readonly number[] {
  const counts = [0, 0, 0];
  if (evidence.kind !== "read") return counts;
  for (const { findings, path } of evidence.inspection.certificates) {
    const weight = gravity(findings);
    if (path.valid) counts[weight] = (counts[weight] ?? 0) + 1;
  }
  return counts;
}

/** Notes that a message waits (PRODUCT §3 6.); null when there is nothing to wait for, or it has waited long enough. */
async function wait(robot: Robot, { key, evidence }: Gathered): Promise<Prepared | null> {
  const { store, policy } = robot;
  const at = robot.now();
  const view = await store.view(viewQuery(evidence, policy), at);
  if (!isWorthWaiting(evidence, view, policy, at)) return null;
  const before = await store.waiting(key);
  const end = new Date((before?.since ?? at).getTime() + LONGEST_WAIT_MS);
  if (at >= end) return null;
  const again = askAgainAt(at, (before?.attempts ?? 0) + 1);
  const until = again < end ? again : end;
  const message = ledgerMessage(evidence);
  const { kind } = decide(evidence, view, policy, at);
  const reasons = [reason("submission.waiting", until.toISOString())];
  await store.noteWaiting({ key, message, kind, at, reasons, askAgainAt: until });
  const fields = { key: key.slice(0, 16), from: message.from, until, end };
  // Once a message, not at every try.
  if (before === null) robot.log.warn("message.waits-for-revocation", fields);
  else robot.log.debug("message.still-waits", fields);
  return { kind: "waiting", until };
}
