import { askAgainAt, decide, isWorthWaiting, LONGEST_WAIT_MS, reason, viewQuery } from "../decide/index.ts";
import {
  judgeRevocation,
  type PathToAsk,
  type RevocationJudgement,
  withRevocation,
} from "../inspect/index.ts";
import { isProblem, parseCertificate } from "../pki/index.ts";
import { revocationQuestions } from "../revocation/index.ts";
import type { Gathered } from "./gather.ts";
import { ledgerMessage } from "./ledger-message.ts";
import type { Robot } from "./robot.ts";

/** A message that can be decided, or one that stays in the mailbox because no CA answers. */
export type Prepared =
  | { readonly kind: "ready"; readonly gathered: Gathered }
  | { readonly kind: "waiting"; readonly until: Date };

/**
 * The second half of gathering: CAs are asked about the certificates of a message, and what they say becomes findings.
 * Nothing is decided yet, so a crash only asks again; what a CA has revoked is revoked in the directory at once, because
 * that is true whatever becomes of the mail.
 * @throws KeybotError when the database fails
 */
export async function completed(robot: Robot, gathered: Gathered): Promise<Prepared> {
  const { store } = robot;
  const { key, evidence, paths } = gathered;
  const ready: Prepared = { kind: "ready", gathered };
  if (evidence.kind !== "read" || paths.length === 0 || (await store.isKnown(key))) return ready;
  const before = await store.waiting(key);
  if (before?.askAgainAt && before.askAgainAt > robot.now())
    return { kind: "waiting", until: before.askAgainAt };

  const judgements = await askAbout(robot, paths);
  for (const judgement of judgements) await revokeIfRevoked(robot, judgement);
  const inspection = withRevocation(evidence.inspection, judgements);
  const whole: Gathered = { ...gathered, evidence: { ...evidence, inspection } };
  return (await wait(robot, whole)) ?? { kind: "ready", gathered: whole };
}

/** Asks about paths and has the answers judged. Never rejects for what a CA does. */
export async function askAbout(
  robot: Robot,
  paths: readonly PathToAsk[],
): Promise<readonly RevocationJudgement[]> {
  const answers = await robot.desk.ask(eachCertificateOnce(paths));
  const at = robot.now();
  const judgement = await robot.judge.judgeAnswers(paths, answers, at);
  if (judgement.kind === "judged") return judgement.judgements;
  robot.log.warn("revocation.unreadable", { problem: judgement.problem });
  return judgeRevocation(paths, { ocsp: [], crls: [], unanswered: [] }, [], robot.policy.certificates, at);
}

/** The paths of two certificates of one CA share all that is above them. */
function eachCertificateOnce(paths: readonly PathToAsk[]) {
  const questions = paths.flatMap(({ path }) => {
    const certificates = path.flatMap((der) => {
      const certificate = parseCertificate(der);
      return isProblem(certificate) ? [] : [certificate];
    });
    return revocationQuestions(certificates);
  });
  return [...new Map(questions.map((question) => [question.certificate.sha256, question])).values()];
}

/** A certificate that its CA has revoked is used no longer, under any address; its key is not barred (PRODUCT §6). */
export async function revokeIfRevoked(
  robot: Robot,
  { certificate, findings }: RevocationJudgement,
): Promise<boolean> {
  const revoked = findings.find(({ code }) => code === "revocation.revoked");
  if (revoked === undefined) return false;
  const changed = await robot.store.revokeByCa({
    certificate,
    reason: `revoked by its CA: ${revoked.detail}`,
    finding: revoked,
    at: robot.now(),
  });
  for (const { address } of changed) {
    robot.log.warn("certificate.revoked-by-ca", { certificate, address, detail: revoked.detail });
  }
  return changed.length > 0;
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
