import { sameAddress } from "../mail/index.ts";
import type { ReturnedMail } from "../read/index.ts";
import type { Evidence } from "./evidence.ts";
import type { BounceAction } from "./plan.ts";
import { type Reason, reason } from "./reason.ts";
import type { View } from "./view.ts";

/** What a bounce says of the mail that came back: in the open, or inside an opaque signature, which tells more than its header. */
export function returnedOf(evidence: Evidence): ReturnedMail | null {
  const inside = evidence.kind === "read" ? evidence.inspection.returned : undefined;
  return inside ?? evidence.facts?.returned ?? null;
}

/**
 * The mail of ours that a bounce brings back (RFC 3464). It is believed when it is addressed to us, names a Message-ID
 * of ours, which nobody can guess, and the recipient that this mail had; and then it does no more than leave a note.
 */
export function bounceOf(evidence: Evidence, view: View): BounceAction | null {
  const returned = returnedOf(evidence);
  if (returned === null || evidence.facts?.addressedToUs !== true) return null;
  for (const { messageId, to } of view.returned) {
    const recipient = returned.recipients.find(({ address }) =>
      sameAddress(address, to, { exactLocalPart: false }),
    );
    if (recipient === undefined) continue;
    const said = [recipient.status, recipient.diagnostic].filter((part) => part !== null);
    return { action: "bounce", messageId, to, error: said.length === 0 ? null : said.join(" ") };
  }
  return null;
}

/** What the ledger says of it. */
export function bounceReason({ messageId, error }: BounceAction): Reason {
  return reason("bounce", error === null ? messageId : `${messageId} ${error}`);
}
