/** Asks CAs before a person's decision counts, with a word to the person who waits for it. */
import type { AskCa, AskedBefore } from "../admin/index.ts";
import type { Config } from "../config/index.ts";
import { askOnce } from "../robot/index.ts";
import type { Store } from "../store/index.ts";
import type { Context } from "./context.ts";
import { openInquirer } from "./installation.ts";
import { short } from "./result.ts";
import { endSignal } from "./signals.ts";
import { interrupted } from "./terminal.ts";

/**
 * Runs a use case with somebody who asks CAs, and ends what was started for it.
 * @throws KeybotError `usage` (`cli.interrupted`) when the command is ended while it asks; whatever the work throws
 */
export async function withAskCa<T>(
  config: Config,
  store: Store,
  context: Context,
  work: (ask: AskCa | null) => Promise<T>,
): Promise<T> {
  if (config.policy.certificates.revocation === "off") return work(null);
  const { inquirer, close } = openInquirer(config, store, context.log("error"), context.now);
  const end = endSignal(1);
  try {
    return await work(async (certificate) => {
      const asking = () => {
        if (context.terminal.interactive) context.note(`asking the CA of ${short(certificate.sha256)} …`);
      };
      const judgement = await askOnce(inquirer, certificate, { asking, signal: end.signal });
      // Who ends the command while it asks wants nothing decided, least of all without the answer.
      if (end.signal.aborted) throw interrupted();
      return judgement;
    });
  } finally {
    end.stop();
    close();
  }
}

/** What a person must know of a CA that gave no answer; null when it gave one, or nobody was to be asked. */
export function unansweredWarning(sha256: string, { revocation, why }: AskedBefore): string | null {
  if (revocation !== "unanswered") return null;
  return `nobody says whether ${short(sha256)} is revoked (${why ?? "no answer"}); its CA is asked again at once, and keybot show says what came of it`;
}
