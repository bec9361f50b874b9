import type { LedgerEntry, Outcome, Store } from "../store/index.ts";
import { parseAddress } from "./address.ts";
import { type Page, rowsFor } from "./page.ts";

/** What `keybot log` is asked for. */
export interface LogQuery {
  /** Left out: all that fits, or the newest when nothing narrows. */
  readonly limit?: number;
  /** A From address. */
  readonly from?: string;
  readonly since?: Date;
  readonly outcome?: Outcome | "waiting";
}

/**
 * The newest entries of the ledger that match, the newest last.
 * @throws KeybotError `usage` for more than 100,000 entries or an address that is none
 */
export async function logEntries(store: Store, query: LogQuery): Promise<Page<LedgerEntry>> {
  const { from, limit, ...rest } = query;
  const narrowed = (from ?? query.since ?? query.outcome) !== undefined;
  const rows = rowsFor(limit, narrowed, "--since and --from narrow the ledger");
  const filter = { ...rest, ...(from === undefined ? {} : { from: parseAddress(from) }) };
  const entries = await store.ledgerEntries({ ...filter, limit: rows });
  const cut = limit === undefined && entries.length === rows;
  const older = cut ? (await store.countLedger(filter)) - entries.length : 0;
  // The newest are asked for, and the oldest of them printed first.
  return { entries: [...entries].reverse(), older };
}
