import type { Folder, MessageKind, Reason } from "../decide/index.ts";
import { KeybotError } from "../errors.ts";
import type { AddressedMailbox } from "../read/index.ts";
import { domainOf, json, milliseconds, time, timeOrNull } from "./column.ts";
import type { Connection } from "./connection.ts";
import type { MailTemplate, OutboxRows } from "./outbox.ts";
import type { OutboxState } from "./transition.ts";

/** What became of a message, in one word. */
export type Outcome = "stored" | "known" | "answered" | "pending" | "rejected" | "unhandled";

/** What the ledger notes of a message itself. All text of strangers. */
export interface LedgerMessage {
  readonly messageId: string | null;
  /** The single From address, or null. */
  readonly from: string | null;
  readonly addressed: readonly AddressedMailbox[];
  /** Whether our border authenticated the sender; null or left out: nothing says so. */
  readonly authenticated?: boolean | null;
}

/** A record of `keybot log` (CONTRACT §3). */
export interface LedgerEntry {
  readonly key: string;
  readonly messageId: string | null;
  readonly from: string | null;
  readonly addressed: readonly AddressedMailbox[];
  readonly seenAt: Date;
  readonly kind: MessageKind;
  /** `waiting`: it stays in the mailbox until revocation can be asked. */
  readonly outcome: Outcome | "waiting";
  /** Null while it is waiting. */
  readonly folder: Folder | null;
  readonly filedAt: Date | null;
  readonly reasons: readonly Reason[];
  readonly replies: readonly {
    readonly template: MailTemplate;
    readonly to: string;
    readonly state: OutboxState;
    /** Why it still waits, was given up or came back; else null. Text of a stranger. */
    readonly error: string | null;
    readonly messageId: string;
  }[];
}

export interface LedgerFilter {
  readonly since?: Date;
  /** A From address. */
  readonly from?: string;
  readonly outcome?: Outcome | "waiting";
  readonly limit?: number;
  readonly offset?: number;
}

/** A message that cannot be judged yet. */
export interface WaitingMessage {
  readonly key: string;
  readonly message: LedgerMessage;
  readonly kind: MessageKind;
  readonly at: Date;
  /** Why it waits; nothing when it is left out. */
  readonly reasons?: readonly Reason[];
  /** When it is to be judged again; at any time when it is left out. */
  readonly askAgainAt?: Date;
  /** In whose cap it waits for room among the pending certificates; left out when it waits for another reason. */
  readonly waitingOf?: string | null;
}

/** How long a message has been waiting. */
export interface Waiting {
  /** Since it was first seen. */
  readonly since: Date;
  /** How often it was judged. */
  readonly attempts: number;
  readonly askAgainAt: Date | null;
}

/** One row for every message ever seen, and what became of it. */
export interface Ledger {
  /** Whether a message is dealt with; false also while it is waiting. */
  isKnown(key: string): Promise<boolean>;
  /** What became of a message, or null when it was never seen. */
  ledgerEntry(key: string): Promise<LedgerEntry | null>;
  /** How a message waits, or null when it does not. */
  waiting(key: string): Promise<Waiting | null>;
  /** Notes that a message has to be judged again later; tells since when it waits and how often it was tried. */
  noteWaiting(message: WaitingMessage): Promise<Waiting>;
  /** They lie in their folders; all are noted, or none. @throws KeybotError `store.no-message` (not-found) */
  markFiled(keys: readonly string[], at: Date): Promise<void>;
  /** Newest first. */
  ledgerEntries(filter?: LedgerFilter): Promise<readonly LedgerEntry[]>;
  /** How many match, whatever the limit. */
  countLedger(filter: LedgerFilter): Promise<number>;
  /** The whole answer in constant memory, newest first; rows that come in meanwhile are left out. */
  eachLedgerEntry(filter?: LedgerFilter): AsyncIterable<LedgerEntry>;
}

/** What a plan made of a message, as a row. */
export interface LedgerRecord extends WaitingMessage {
  readonly outcome: Outcome | "waiting";
  readonly folder: Folder | null;
  readonly reasons: readonly Reason[];
}

/** Used inside the caller's transaction. */
export interface LedgerRows {
  get(key: string): LedgerRow | null;
  /** Writes the row of a message that is new or was waiting, and returns its number. */
  put(record: LedgerRecord): number;
}

export interface LedgerRow {
  readonly id: number;
  readonly key: string;
  readonly message_id: string | null;
  readonly from_address: string | null;
  readonly seen_at: number;
  readonly kind: MessageKind;
  readonly outcome: Outcome | "waiting";
  readonly folder: Folder | null;
  readonly reasons: string;
  readonly addressed: string;
  readonly attempts: number;
  readonly filed_at: number | null;
  readonly ask_again_at: number | null;
  readonly waiting_of: string | null;
}

const COLUMNS = `
  id, key, message_id, from_address, seen_at, kind, outcome, folder, reasons, addressed, attempts, filed_at,
  ask_again_at, waiting_of`;
export const BY_KEY = `SELECT ${COLUMNS} FROM ledger WHERE key = ?`;
const PUT = `
  INSERT INTO ledger (key, message_id, from_address, from_domain, seen_at, kind, outcome, folder, reasons, addressed,
    ask_again_at, waiting_of)
  VALUES (:key, :message_id, :from_address, :from_domain, :seen_at, :kind, :outcome, :folder, :reasons, :addressed,
    :ask_again_at, :waiting_of)
  ON CONFLICT (key) DO UPDATE SET
    kind = excluded.kind, outcome = excluded.outcome, folder = excluded.folder, reasons = excluded.reasons,
    ask_again_at = excluded.ask_again_at, waiting_of = excluded.waiting_of, attempts = attempts + 1
  WHERE outcome = 'waiting'
  RETURNING id`;
const FILED = "UPDATE ledger SET filed_at = coalesce(filed_at, :at) WHERE key = :key";
const FITS = `
  (:since IS NULL OR seen_at >= :since) AND (:from IS NULL OR from_address = :from)
    AND (:outcome IS NULL OR outcome = :outcome)`;
const COUNT = `SELECT count(*) AS count FROM ledger WHERE ${FITS}`;
const LIST = `
  SELECT ${COLUMNS} FROM ledger
  WHERE id < :below AND ${FITS}
  ORDER BY id DESC LIMIT :limit OFFSET :offset`;

/** Above every row number. */
const NEWEST = Number.MAX_SAFE_INTEGER;
/** Rows a page of `eachLedgerEntry`. */
const PAGE = 500;

export function ledgerRows({ db }: Connection): LedgerRows {
  const byKey = db.prepare<[string], LedgerRow>(BY_KEY);
  const put = db.prepare<[object], { id: number }>(PUT);
  return {
    get: (key) => byKey.get(key) ?? null,
    put: (record) => {
      const row = put.get({ ...columns(record), outcome: record.outcome, folder: record.folder });
      if (row === undefined) throw new Error(`the message ${record.key} is in the ledger already`);
      return row.id;
    },
  };
}

export function ledger(on: Connection, mails: OutboxRows): Ledger {
  const byKey = on.db.prepare<[string], LedgerRow>(BY_KEY);
  const put = on.db.prepare<[object], { id: number }>(PUT);
  const filed = on.db.prepare(FILED);
  const list = on.db.prepare<[object], LedgerRow>(LIST);
  const count = on.db.prepare<[object], { count: number }>(COUNT);
  const known = (key: string) => {
    const row = byKey.get(key);
    return row !== undefined && row.outcome !== "waiting";
  };
  const conditions = ({ since, from, outcome }: LedgerFilter) => ({
    since: since ? milliseconds(since) : null,
    from: from ?? null,
    outcome: outcome ?? null,
  });
  const page = (filter: LedgerFilter, below: number, limit: number, offset: number) =>
    list.all({ below, ...conditions(filter), limit, offset });
  return {
    isKnown: (key) => on.read(() => known(key)),
    ledgerEntry: (key) =>
      on.read(() => {
        const row = byKey.get(key);
        return row === undefined ? null : entry(row, mails);
      }),
    waiting: (key) =>
      on.read(() => {
        const row = byKey.get(key);
        return row === undefined || row.outcome !== "waiting" ? null : waitOf(row);
      }),
    noteWaiting: (message) =>
      on.write(() => {
        put.get({ ...columns(message), outcome: "waiting", folder: null });
        const row = byKey.get(message.key);
        return row === undefined ? { since: message.at, attempts: 1, askAgainAt: null } : waitOf(row);
      }),
    markFiled: (keys, at) =>
      on.write(() => {
        for (const key of keys) {
          if (filed.run({ key, at: milliseconds(at) }).changes === 1) continue;
          throw new KeybotError("not-found", "store.no-message", `no message ${key} in the ledger`);
        }
      }),
    ledgerEntries: (filter = {}) =>
      on.read(() =>
        page(filter, NEWEST, filter.limit ?? -1, filter.offset ?? 0).map((row) => entry(row, mails)),
      ),
    countLedger: (filter) => on.read(() => count.get(conditions(filter))?.count ?? 0),
    async *eachLedgerEntry(filter = {}) {
      let below = NEWEST;
      let left = filter.limit ?? Number.MAX_SAFE_INTEGER;
      let offset = filter.offset ?? 0;
      while (left > 0) {
        const wanted = Math.min(PAGE, left);
        const rows = await on.read(() =>
          page(filter, below, wanted, offset).map((row) => ({ id: row.id, entry: entry(row, mails) })),
        );
        for (const row of rows) yield row.entry;
        const last = rows.at(-1);
        if (last === undefined || rows.length < wanted) return;
        below = last.id;
        left -= rows.length;
        offset = 0;
      }
    },
  };
}

function waitOf(row: LedgerRow): Waiting {
  return { since: time(row.seen_at), attempts: row.attempts, askAgainAt: timeOrNull(row.ask_again_at) };
}

function columns(record: WaitingMessage): object {
  const { message } = record;
  return {
    key: record.key,
    message_id: message.messageId,
    from_address: message.from,
    from_domain: message.from === null ? null : domainOf(message.from),
    seen_at: milliseconds(record.at),
    kind: record.kind,
    reasons: JSON.stringify(record.reasons ?? []),
    addressed: JSON.stringify(message.addressed),
    ask_again_at: record.askAgainAt === undefined ? null : milliseconds(record.askAgainAt),
    waiting_of: record.waitingOf ?? null,
  };
}

function entry(row: LedgerRow, mails: OutboxRows): LedgerEntry {
  return {
    key: row.key,
    messageId: row.message_id,
    from: row.from_address,
    addressed: json<readonly AddressedMailbox[]>(row.addressed),
    seenAt: time(row.seen_at),
    kind: row.kind,
    outcome: row.outcome,
    folder: row.folder,
    filedAt: timeOrNull(row.filed_at),
    reasons: json<readonly Reason[]>(row.reasons),
    replies: mails.ofLedger(row.id).map(({ template, to, state, lastError, messageId }) => ({
      template,
      to,
      state,
      error: lastError,
      messageId,
    })),
  };
}
