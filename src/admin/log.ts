import { KeybotError } from "../errors.ts";
import type { LedgerEntry, Outcome, Store } from "../store/index.ts";
import { parseAddress } from "./address.ts";

/** What `keybot log` is asked for. */
export interface LogQuery {
  readonly limit: number;
  /** A From address. */
  readonly from?: string;
  readonly since?: Date;
  readonly outcome?: Outcome | "waiting";
}

/** The newest are asked for and the oldest of them printed first, so all of them are in memory at once: about 100 MB. */
const LARGEST_LIMIT = 100_000;

/**
 * The newest entries of the ledger that match, the newest last.
 * @throws KeybotError `usage` for more than 100,000 entries or an address that is none
 */
export async function logEntries(store: Store, query: LogQuery): Promise<readonly LedgerEntry[]> {
  if (query.limit > LARGEST_LIMIT) {
    throw new KeybotError("usage", "admin.limit", `--limit is at most ${LARGEST_LIMIT}`, {
      hint: "--since and --from narrow the ledger",
    });
  }
  const { from, ...filter } = query;
  const entries = await store.ledgerEntries({
    ...filter,
    ...(from === undefined ? {} : { from: parseAddress(from) }),
  });
  return [...entries].reverse();
}
