import type { ReplyContent } from "../decide/index.ts";
import { parseAddrSpec } from "../mail/index.ts";
import type { Policy } from "../policy.ts";
import type { Holding, LedgerEntry, RenderedReply } from "../store/index.ts";

/** A mail that tells a partner what a person decided, before it is rendered. */
export interface Letter {
  readonly content: ReplyContent;
  readonly to: string;
  /** Message-ID of the mail that is answered, or null. */
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  /** What its Message-ID is derived from: the same decision never makes two mails. */
  readonly key: string;
  readonly sendAfter: Date | null;
}

/** Renders a letter to the final bytes that go into the outbox. Synchronous and pure. */
export type Write = (letter: Letter) => RenderedReply;

/**
 * Why a partner must not be told of a decision, or null. What may not be answered by the robot may not be written to
 * because a person decided (RFC 3834 §2, PRODUCT §5): the mail was automatic, or its sender never sent it.
 * @param message the ledger's entry of the mail that brought the certificate, null when none did
 */
export function whyUntold(
  holding: Holding,
  message: LedgerEntry | null,
  policy: Policy["replies"],
): string | null {
  if (message === null) return "it did not come by mail";
  const localPart = parseAddrSpec(holding.address)?.localPart.toLowerCase() ?? "";
  if (policy.robotLocalParts.includes(localPart)) return "no person reads that address";
  const forbidden = message.reasons.find(({ code }) => SILENT.has(code));
  return forbidden === undefined ? null : forbidden.rule.replace(/^[^:]*: /, "");
}

/** Reasons of the ledger that speak against every mail to that sender, not only against the one reply. */
const SILENT: ReadonlySet<string> = new Set([
  "no-reply.automatic",
  "no-reply.from",
  "no-reply.own-domain",
  "no-reply.not-addressed",
  "no-reply.authentication-failed",
]);
