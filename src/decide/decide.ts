import type { Policy } from "../policy.ts";
import type { MessageFacts } from "../read/index.ts";
import { bounceOf, bounceReason, returnedOf } from "./bounce.ts";
import { bucketNames, bucketsFor, drawReply } from "./budget.ts";
import { capOf } from "./counted-as.ts";
import type { Evidence } from "./evidence.ts";
import { assertProven } from "./invariant.ts";
import { certificatesOnPath, judgeCertificates, keysOf } from "./judge.ts";
import { automaticMark, isSubmission, kindOf } from "./kind.ts";
import type {
  Action,
  BucketState,
  Folder,
  NotUsable,
  Plan,
  ReplyAction,
  ReplyContent,
  Template,
} from "./plan.ts";
import { type Reason, reason } from "./reason.ts";
import { answerOf, requestedMailboxes, requestReasons } from "./request.ts";
import { roomAgainAt } from "./room.ts";
import { isRobot, silence } from "./silence.ts";
import { decideSubmission, type SubmissionOutcome } from "./submission.ts";
import type { View, ViewQuery } from "./view.ts";

/** What has to be known of the directory to decide this message. */
export function viewQuery(evidence: Evidence, policy: Policy): ViewQuery {
  const { facts } = evidence;
  const from = facts?.from.kind === "one" ? facts.from.address : null;
  const authenticated = facts?.authenticated ?? null;
  return {
    from,
    authenticated: authenticated === true,
    pendingOf: from === null ? null : capOf(from),
    mailboxes: facts === null ? [] : requestedMailboxes(facts, policy),
    spkis: evidence.kind === "read" ? evidence.inspection.certificates.flatMap(keysOf) : [],
    certificates:
      evidence.kind === "read" ? evidence.inspection.certificates.flatMap(certificatesOnPath) : [],
    references: facts?.references ?? [],
    returned: returnedOf(evidence)?.messageIds ?? [],
    buckets: from === null ? [] : bucketNames(bucketsFor(from, authenticated, policy.replies)),
  };
}

/**
 * Decides everything that becomes of one message. Pure: the same evidence, view, policy and time give the same plan.
 * @param view what the directory answered to `viewQuery` of the same evidence
 * @param now the time of deciding
 */
export function decide(evidence: Evidence, view: View, policy: Policy, now: Date): Plan {
  const kind = kindOf(evidence);
  if (evidence.kind === "unreadable") {
    const reasons = [reason("unreadable", evidence.problem)];
    return { kind, judged: [], actions: [file("Unhandled")], reasons, buckets: [] };
  }
  const { inspection } = evidence;
  const facts = { ...evidence.facts, automatic: automaticMark(evidence) };
  const judged = judgeCertificates(inspection, facts, view, policy.certificates, now);
  const submission = isSubmission(evidence)
    ? decideSubmission(judged, inspection, facts, view.held, now)
    : null;
  assertProven(submission?.actions ?? [], inspection, view.held);
  const bounced = bounceOf(evidence, view);
  const waits = judged.some(({ findings }) => findings.some(({ code }) => code === "cert.pending-later"));
  const changes = submission?.changes === true && !waits;
  // What was said when it began to wait is not said, and not counted, again.
  const due = repliesDue(evidence, submission, view, policy).filter(
    ({ template }) => view.waited?.told.includes(template) !== true,
  );
  const replies = tell(due, { facts, changes, view, policy, now });
  const answered =
    replies.actions.some(({ template }) => isAnswer(template)) || (view.waited?.told ?? []).some(isAnswer);
  return {
    kind,
    judged: judged.map(({ report, verdict, findings }) => ({
      certificate: report.sha256,
      verdict,
      findings,
    })),
    actions: [
      ...(submission?.actions ?? []).filter(({ action }) => !waits || action === "bar"),
      ...(bounced === null ? [] : [bounced]),
      ...replies.actions,
      waits ? { action: "wait", until: roomAgainAt(view, now) } : file(folderOf(submission, answered)),
    ],
    reasons: [
      ...(submission?.reasons ?? []),
      ...(waits ? [reason("submission.over-cap")] : []),
      ...noted(evidence, view, policy),
      ...(bounced === null ? [] : [bounceReason(bounced)]),
      ...replies.reasons,
    ],
    buckets: replies.buckets,
  };
}

/** Each mailbox of a request counts in the budget (PRODUCT §4). */
function weightOf(content: ReplyContent): number {
  return "mailboxes" in content ? content.mailboxes.length : 1;
}

/** The answer to a request, in either of its two forms. */
function isAnswer(template: Template): boolean {
  return template === "certificate" || template === "no-certificate";
}

/** The replies that the message itself calls for; whether they may be sent is `silence`'s question. */
function repliesDue(
  evidence: Extract<Evidence, { kind: "read" }>,
  submission: SubmissionOutcome | null,
  view: View,
  policy: Policy,
): ReplyContent[] {
  const { facts } = evidence;
  const due: ReplyContent[] = [];
  if (facts.request === "exact" && view.mailboxes.length > 0) due.push(answerOf(view));
  if (submission !== null) due.push(submission.content);
  // PRODUCT §3: whoever sent a private key along is told, whatever else he wants.
  if (submission === null && evidence.inspection.openPgpKey)
    due.push({ template: "not-usable", why: "openpgp-key" });
  // PRODUCT §4: whole companies sign every mail; their slips are put right as well.
  if (facts.request === "near-miss") due.push({ template: "hint" });
  if (due.length > 0) return due;
  // PRODUCT §3: mail to the robot itself that offers nothing usable.
  if (facts.addressed.length > 0 && facts.addressed.every(({ address }) => isRobot(address, policy))) {
    return [{ template: "not-usable", why: notUsable(evidence) }];
  }
  return [];
}

function notUsable(evidence: Extract<Evidence, { kind: "read" }>): NotUsable {
  const kind = kindOf(evidence);
  if (kind === "encrypted" || kind === "openpgp") return kind;
  const { carries } = evidence.facts;
  return carries === "rich-text" || carries === "rights-protected" ? carries : "unsigned";
}

interface Told {
  readonly actions: readonly ReplyAction[];
  readonly reasons: readonly Reason[];
  readonly buckets: readonly BucketState[];
}

/** Which of the due replies leave, and when: the rules of silence, then the budget. */
function tell(
  due: readonly ReplyContent[],
  situation: {
    readonly facts: MessageFacts;
    readonly changes: boolean;
    readonly view: View;
    readonly policy: Policy;
    readonly now: Date;
  },
): Told {
  const { facts, view, policy, now } = situation;
  const actions: ReplyAction[] = [];
  const reasons: Reason[] = [];
  let buckets: readonly BucketState[] = view.buckets;
  for (const content of due) {
    // A new certificate makes no new hint.
    const changes = situation.changes && content.template !== "hint";
    const forbidden = silence({ ...situation, changes, content });
    if (forbidden !== null || facts.from.kind !== "one") {
      reasons.push(forbidden ?? reason("no-reply.from", facts.from.kind));
      continue;
    }
    const to = facts.from.address;
    const wanted = bucketsFor(to, facts.authenticated, policy.replies);
    const allowance = drawReply(wanted, buckets, now, weightOf(content));
    if (allowance.sendAt === null) {
      reasons.push(reason("no-reply.over-budget", content.template));
      continue;
    }
    const delayed = allowance.sendAt.getTime() > now.getTime();
    if (delayed) reasons.push(reason("reply.delayed", allowance.sendAt.toISOString()));
    buckets = [
      ...buckets.filter(({ name }) => !allowance.buckets.some((drawn) => drawn.name === name)),
      ...allowance.buckets,
    ];
    reasons.push(...sent(content));
    actions.push({
      action: "reply",
      template: content.template,
      to,
      content,
      sendAfter: delayed ? allowance.sendAt : null,
      authenticated: facts.authenticated === true,
    });
  }
  return { actions, reasons, buckets };
}

function sent(content: ReplyContent): Reason[] {
  if (isAnswer(content.template)) return [reason("request.answered", content.template)];
  return content.template === "hint" ? [reason("hint.sent")] : [];
}

function noted(evidence: Extract<Evidence, { kind: "read" }>, view: View, policy: Policy): Reason[] {
  const { facts } = evidence;
  if (facts.request === "exact") return requestReasons(facts, view, policy);
  if (isSubmission(evidence)) return [];
  const key = evidence.inspection.openPgpKey ? ", mail.private-key" : "";
  return [reason("nothing-offered", `${facts.carries}${key}`)];
}

/** PRODUCT §2: Processed, else Pending, else Rejected when anything was judged, else Unhandled. */
function folderOf(submission: SubmissionOutcome | null, answered: boolean): Folder {
  if (answered || submission?.verdict === "accepted") return "Processed";
  if (submission === null) return "Unhandled";
  return submission.verdict === "pending" ? "Pending" : "Rejected";
}

function file(folder: Folder): Action {
  return { action: "file", folder };
}
