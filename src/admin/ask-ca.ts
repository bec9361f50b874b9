import { checkAgainAt } from "../decide/index.ts";
import { KeybotError } from "../errors.ts";
import { type RevocationJudgement, revokedText, unansweredText } from "../inspect/index.ts";
import type { Store } from "../store/index.ts";

/** A certificate about which its CA is to be asked before a person's decision counts. */
export interface CertificateToAsk {
  readonly sha256: string;
  readonly der: Uint8Array;
  /** DER of CA certificates that may stand above it. */
  readonly chain: readonly Uint8Array[];
  /** An address that uses it, or will. */
  readonly address: string;
}

/**
 * Asks the CAs of a certificate, within a bounded time; what they have revoked and is stored is revoked by it.
 * @returns null when there is nobody to ask
 */
export type AskCa = (certificate: CertificateToAsk) => Promise<RevocationJudgement | null>;

/** What came of asking before a decision, for whoever reads of it. */
export interface AskedBefore {
  /** `unasked`: there is nobody to ask, or the policy asks nobody. */
  readonly revocation: "good" | "unanswered" | "unasked";
  /** Why nobody has answered, or null. */
  readonly why: string | null;
}

/**
 * Asks before a certificate is used by a person's decision.
 * @param undone what a refusal says was not done, as "it was not approved"
 * @param hint what to do instead
 * @throws KeybotError `usage` (`admin.revoked`) when its CA says that it is revoked
 */
export async function askBefore(
  ask: AskCa | null,
  certificate: CertificateToAsk,
  { undone, hint }: { readonly undone: string; readonly hint: string },
): Promise<RevocationJudgement | null> {
  const judgement = ask === null ? null : await ask(certificate);
  const revoked = judgement === null ? null : revokedText(judgement);
  if (revoked === null) return judgement;
  const short = certificate.sha256.slice(0, 16);
  throw new KeybotError("usage", "admin.revoked", `the CA of ${short} says: ${revoked}; ${undone}`, { hint });
}

/** A judgement in the words of a record. */
export function askedBefore(judgement: RevocationJudgement | null): AskedBefore {
  if (judgement === null) return { revocation: "unasked", why: null };
  const why = unansweredText(judgement);
  return { revocation: why === null ? "good" : "unanswered", why };
}

/**
 * Notes an answer of just now beside a certificate that is in use, so that its CA is asked again in a day and not at once. No
 * answer is not noted: its check is due since it came into use.
 */
export async function noteAnswered(
  store: Pick<Store, "noteChecks">,
  judgement: RevocationJudgement | null,
  at: Date,
): Promise<void> {
  if (judgement === null || unansweredText(judgement) !== null) return;
  const { certificate, answer } = judgement;
  await store.noteChecks([{ certificate, answer, unanswered: null, next: checkAgainAt(at, 0) }], at);
}
