import type { Policy } from "../policy.ts";
import type { MessageFacts } from "../read/index.ts";
import type { ReplyContent } from "./plan.ts";
import { type Reason, reason } from "./reason.ts";
import type { View } from "./view.ts";

/** The own addresses that a request asks for, at most as many as one request may (PRODUCT §4). */
export function requestedMailboxes(facts: MessageFacts, policy: Policy): string[] {
  if (facts.request !== "exact") return [];
  return facts.addressed.slice(0, policy.replies.mailboxesPerRequest).map(({ address }) => address);
}

/** What a request is answered with: one reply with all certificates, or the same words for "none" and "unknown". */
export function answerOf(view: View): ReplyContent {
  const mailboxes = view.mailboxes;
  const some = mailboxes.some(({ certificates }) => certificates.length > 0);
  return { template: some ? "certificate" : "no-certificate", mailboxes };
}

/** What the ledger notes of a request beside its answer. */
export function requestReasons(facts: MessageFacts, policy: Policy): Reason[] {
  const over = facts.addressed.length - policy.replies.mailboxesPerRequest;
  return over > 0 ? [reason("request.too-many", `${over} left out`)] : [];
}
