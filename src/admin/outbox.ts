import { KeybotError } from "../errors.ts";
import type { OutboxEntry, OutboxState, Store } from "../store/index.ts";
import type { Change } from "./change.ts";

/** What `keybot outbox list` is asked for. */
export interface OutboxQuery {
  /** Left out: what is not sent, whether it waits or was given up. */
  readonly state?: OutboxState;
  readonly limit: number;
  readonly offset?: number;
}

const NOT_SENT: readonly OutboxState[] = ["waiting", "failed"];

/** Mails of the outbox, the newest first. */
export function outboxMails(store: Store, query: OutboxQuery): Promise<readonly OutboxEntry[]> {
  return store.outboxEntries({ ...query, state: query.state ?? NOT_SENT });
}

/**
 * Has mails tried again by the next pass: those that were given up, and those that were tried in vain.
 * @param ids null: all of them
 * @returns them as they were; with `ids` null perhaps none
 * @throws KeybotError `not-found` when none of the named ones can be tried again
 */
export async function retryMails(
  store: Store,
  ids: readonly number[] | null,
  change: Change,
): Promise<readonly OutboxEntry[]> {
  const retried = await store.retryNow(ids, change);
  if (ids !== null) demandAll(ids, retried, "it was sent, is being sent, or is due in its own time");
  return retried;
}

/**
 * The mails that are named, none of which is sent yet.
 * @throws KeybotError `not-found` when one is not there or was sent
 */
export async function notYetSent(store: Store, ids: readonly number[]): Promise<readonly OutboxEntry[]> {
  const found = await store.outboxEntries({ ids, state: NOT_SENT });
  demandAll(ids, found, "it was sent, or is not there");
  return found;
}

/** Gives mails up for good. Returns those that are gone; one that was taken in hand meanwhile is not. */
export function dropMails(
  store: Store,
  ids: readonly number[],
  change: Change,
): Promise<readonly OutboxEntry[]> {
  return store.dropMails(ids, change);
}

function demandAll(ids: readonly number[], found: readonly OutboxEntry[], why: string): void {
  const missing = ids.filter((id) => !found.some((mail) => mail.id === id));
  if (missing.length === 0) return;
  const names = missing.length === 1 ? `mail ${missing[0]}` : `mails ${missing.join(", ")}`;
  throw new KeybotError("not-found", "admin.no-mail", `no such ${names} in the outbox: ${why}`, {
    hint: "keybot outbox list shows what is not sent yet",
  });
}
