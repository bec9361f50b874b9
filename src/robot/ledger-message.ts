import type { Evidence } from "../decide/index.ts";
import type { LedgerMessage } from "../store/index.ts";

/** What the ledger notes of a message itself. */
export function ledgerMessage({ facts }: Evidence): LedgerMessage {
  return {
    messageId: facts?.messageId ?? null,
    from: facts?.from.kind === "one" ? facts.from.address : null,
    addressed: facts?.addressed ?? [],
    authenticated: facts?.authenticated ?? null,
  };
}
