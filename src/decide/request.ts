import { formsPath } from "../inspect/index.ts";
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

/**
 * What a request is answered with: one reply with all certificates, or the same words for "none" and "unknown". The CA
 * certificates that are stored with one are looked at again: whoever imports what we send trusts it.
 */
export function answerOf(view: View): ReplyContent {
  const mailboxes = view.mailboxes.map((mailbox) => ({
    ...mailbox,
    certificates: mailbox.certificates.map((one) =>
      formsPath(one.der, one.chain) ? one : { ...one, chain: [] },
    ),
  }));
  const some = mailboxes.some(({ certificates }) => certificates.length > 0);
  return { template: some ? "certificate" : "no-certificate", mailboxes };
}

/** What the ledger notes of a request beside its answer. */
export function requestReasons(facts: MessageFacts, view: View, policy: Policy): Reason[] {
  const over = facts.addressed.length - policy.replies.mailboxesPerRequest;
  const broken = view.mailboxes.filter(({ certificates }) =>
    certificates.some(({ der, chain }) => !formsPath(der, chain)),
  );
  return [
    ...(over > 0 ? [reason("request.too-many", `${over} left out`)] : []),
    ...broken.map(({ address }) => reason("request.without-chain", address)),
  ];
}
