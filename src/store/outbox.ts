import type { Template } from "../decide/index.ts";
import { KeybotError } from "../errors.ts";
import type { AuditAction, AuditWriter } from "./audit.ts";
import { bit, bytes, milliseconds, time, timeOrNull } from "./column.ts";
import type { Connection } from "./connection.ts";
import { checkOutbox, mailMayBecome, type OutboxState } from "./transition.ts";

/** What a mail is about: a template of the plan, or a word to the admin. */
export type MailTemplate = Template | "notice";

/** A mail with its final bytes, as it enters the outbox. */
export interface RenderedReply {
  /** With angle brackets; a second mail with the same one is not stored, which makes a repeat harmless. */
  readonly messageId: string;
  /** The one recipient. */
  readonly to: string;
  readonly template: MailTemplate;
  readonly bytes: Uint8Array;
  /** Not to be sent before; null: at once. */
  readonly sendAfter: Date | null;
  /** Whether the sender who is answered was authenticated; left out: nobody is answered. */
  readonly authenticated?: boolean;
  /** What it says, in short (`saidIn`); left out or null: it is not about certificates. */
  readonly said?: string | null;
}

export interface OutboxEntry {
  readonly id: number;
  readonly messageId: string;
  readonly to: string;
  readonly template: MailTemplate;
  readonly state: OutboxState;
  /** How often a delivery was begun. */
  readonly attempts: number;
  readonly nextAttempt: Date;
  readonly createdAt: Date;
  /** Since when the server puts off this very mail; null: it does not. */
  readonly putOffSince: Date | null;
  readonly sentAt: Date | null;
  /** When it came back, or null. */
  readonly bouncedAt: Date | null;
  /** What the SMTP server said. Text of a stranger. */
  readonly response: string | null;
  /** Why it still waits, was given up or came back. Text of a stranger. */
  readonly lastError: string | null;
}

/** A mail in the hand of one deliverer. */
export interface ClaimedMail extends OutboxEntry {
  readonly bytes: Uint8Array;
}

/** Who changes the outbox by hand. */
export interface OutboxChange {
  readonly actor: string;
  readonly reason: string | null;
  readonly at: Date;
}

/** Which of the due mails comes first. */
export type DueOrder = "longest-waiting" | "latest";

export interface OutboxFilter {
  readonly state?: OutboxState | readonly OutboxState[];
  readonly ids?: readonly number[];
  readonly limit?: number;
  readonly offset?: number;
}

/** The mails that are decided but not yet accepted by the SMTP server, and the history of those that are. */
export interface Outbox {
  /**
   * Mails that no message caused (to an admin, after a decision). One whose Message-ID is known is left out.
   * @returns how many are new
   */
  enqueue(mails: readonly RenderedReply[], at: Date): Promise<number>;
  /**
   * Waiting mails whose time has come and that nobody has in hand.
   * @param first default the one that has waited longest
   */
  dueMails(now: Date, limit: number, first?: DueOrder): Promise<readonly OutboxEntry[]>;
  /**
   * Takes one due mail in hand until `until` (more than the SMTP dialogue can take): no other deliverer gets it
   * before then, and a deliverer that dies loses it by time. Null when it is not to be had (any more).
   * @param holder who takes it, as in a lease; `forgetHolder` frees what he has
   */
  claim(id: number, now: Date, until: Date, holder?: string): Promise<ClaimedMail | null>;
  /** The server has taken it; its bytes are dropped, the row stays as history. */
  markSent(id: number, response: string, at: Date): Promise<void>;
  /**
   * It stays waiting, to be tried again.
   * @param putOffAt when the server put off this very mail; left out when something else was in the way
   */
  markRetry(id: number, error: string, nextAttempt: Date, putOffAt?: Date): Promise<void>;
  /** Whether the last try of any waiting mail ended with these words. */
  isHeldBackBy(error: string): Promise<boolean>;
  /** It is given up. */
  markFailed(id: number, error: string): Promise<void>;
  /**
   * A person has mails tried again at once: those that were given up, and those that were tried in vain. A mail in hand,
   * or one that was never tried (a budget holds it back), stays as it is.
   * @param ids null: all of them
   * @returns those that will be tried, as they were
   */
  retryNow(ids: readonly number[] | null, by: OutboxChange): Promise<readonly OutboxEntry[]>;
  /**
   * A person gives mails up that are not sent yet; they are gone for good.
   * @returns those that are gone, as they were; not one in hand, and not one that was sent
   */
  dropMails(ids: readonly number[], by: OutboxChange): Promise<readonly OutboxEntry[]>;
  /**
   * Waiting mails that nobody has in hand and that were tried in vain before.
   * @param alsoDue count those, too, that are due and were never tried
   */
  countLeft(now: Date, alsoDue: boolean): Promise<number>;
  /** When the next waiting mail is to be tried; null when none waits. */
  nextDueAt(): Promise<Date | null>;
  /** Newest first. */
  outboxEntries(filter?: OutboxFilter): Promise<readonly OutboxEntry[]>;
}

/** Used inside the caller's transaction. */
export interface OutboxRows {
  /** Returns false for one whose Message-ID is known, which stays as it is. */
  insert(mail: RenderedReply, ledger: number | null, at: Date): boolean;
  /** A mail that was sent came back; nothing for one that is unknown, was never taken, or did so before. */
  bounced(messageId: string, error: string | null, at: Date): void;
  /** What became of the mails that one message caused, in their order. */
  ofLedger(ledger: number): readonly OutboxEntry[];
}

const COLUMNS = `
  id, message_id, recipient, template, state, attempts, next_attempt_at, claimed_until, created_at, put_off_since,
  sent_at, bounced_at, response, last_error`;
const INSERT = `
  INSERT INTO outbox (message_id, ledger, recipient, recipient_folded, template, state,
    next_attempt_at, created_at, authenticated, said, bytes)
  VALUES (:message_id, :ledger, :recipient, :recipient_folded, :template, 'waiting',
    :next_attempt_at, :created_at, :authenticated, :said, :bytes)
  ON CONFLICT (message_id) DO NOTHING`;
const BY_MESSAGE_ID = `SELECT ${COLUMNS} FROM outbox WHERE message_id = ?`;
const BOUNCED = "UPDATE outbox SET bounced_at = :at, last_error = :error WHERE id = :id";
const OF_LEDGER = `SELECT ${COLUMNS} FROM outbox WHERE ledger = ? ORDER BY id`;
/** Waiting, and in nobody's hand. */
const IS_FREE = "state = 'waiting' AND (claimed_until IS NULL OR claimed_until <= :now)";
const IS_DUE = `${IS_FREE} AND next_attempt_at <= :now`;
export const DUE = `SELECT ${COLUMNS} FROM outbox WHERE ${IS_DUE} ORDER BY next_attempt_at, id LIMIT :limit`;
export const DUE_LATEST = `
  SELECT ${COLUMNS} FROM outbox WHERE ${IS_DUE} ORDER BY next_attempt_at DESC, id DESC LIMIT :limit`;
const LEFT = `
  SELECT count(*) AS count FROM outbox
  WHERE ${IS_FREE} AND (attempts > 0 OR (:also_due AND next_attempt_at <= :now))`;
const CLAIM = `
  UPDATE outbox SET claimed_until = :until, claimed_by = :holder, attempts = attempts + 1
  WHERE id = :id AND ${IS_DUE}`;
const ONE = `SELECT ${COLUMNS} FROM outbox WHERE id = ?`;
const BYTES = "SELECT bytes FROM outbox WHERE id = ?";
const SENT = `
  UPDATE outbox SET state = 'sent', sent_at = :at, response = :response, last_error = NULL, claimed_until = NULL, bytes = NULL
  WHERE id = :id`;
const WAITING = `
  UPDATE outbox SET next_attempt_at = :at, last_error = :error, claimed_until = NULL,
    put_off_since = coalesce(put_off_since, :put_off_at)
  WHERE id = :id`;
/** Given up, or tried in vain and in nobody's hand; of `:ids`, a JSON list, or all. */
const TO_RETRY = `
  SELECT ${COLUMNS} FROM outbox
  WHERE (state = 'failed' OR (${IS_FREE} AND attempts > 0))
    AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids))) ORDER BY id`;
const TO_DROP = `
  SELECT ${COLUMNS} FROM outbox
  WHERE (state = 'failed' OR ${IS_FREE}) AND id IN (SELECT value FROM json_each(:ids)) ORDER BY id`;
/** The five days of a mail that is put off begin anew. */
const RETRY = `
  UPDATE outbox SET state = 'waiting', next_attempt_at = :at, put_off_since = NULL, claimed_until = NULL WHERE id = :id`;
const DROP = "DELETE FROM outbox WHERE id = ?";
const FAILED = "UPDATE outbox SET state = 'failed', last_error = :error, claimed_until = NULL WHERE id = :id";
const HELD_BACK = "SELECT 1 FROM outbox WHERE state = 'waiting' AND last_error = ? LIMIT 1";
const NEXT = `
  SELECT min(max(next_attempt_at, coalesce(claimed_until, 0))) AS at FROM outbox WHERE state = 'waiting'`;
const LIST = `
  SELECT ${COLUMNS} FROM outbox
  WHERE (:states IS NULL OR iif(bounced_at IS NULL, state, 'bounced') IN (SELECT value FROM json_each(:states)))
    AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
  ORDER BY id DESC LIMIT :limit OFFSET :offset`;

interface Row {
  readonly id: number;
  readonly message_id: string;
  readonly recipient: string;
  readonly template: MailTemplate;
  /** What is stored: a mail that bounced is one that was sent, with the time when it came back. */
  readonly state: Exclude<OutboxState, "bounced">;
  readonly attempts: number;
  readonly next_attempt_at: number;
  readonly created_at: number;
  readonly put_off_since: number | null;
  readonly sent_at: number | null;
  readonly bounced_at: number | null;
  readonly response: string | null;
  readonly last_error: string | null;
}

export function outboxRows({ db }: Connection): OutboxRows {
  const insert = db.prepare(INSERT);
  const ofLedger = db.prepare<[number], Row>(OF_LEDGER);
  const byMessageId = db.prepare<[string], Row>(BY_MESSAGE_ID);
  const bounced = db.prepare(BOUNCED);
  return {
    insert: (mail, ledger, at) => {
      const { changes } = insert.run({
        message_id: mail.messageId,
        ledger,
        recipient: mail.to,
        recipient_folded: folded(mail.to),
        template: mail.template,
        next_attempt_at: milliseconds(mail.sendAfter ?? at),
        created_at: milliseconds(at),
        authenticated: mail.authenticated === undefined ? null : bit(mail.authenticated),
        said: mail.said ?? null,
        bytes: mail.bytes,
      });
      return changes === 1;
    },
    bounced: (messageId, error, at) => {
      const row = byMessageId.get(messageId);
      if (row === undefined || !mailMayBecome(stateOf(row), "bounced")) return;
      bounced.run({ id: row.id, error, at: milliseconds(at) });
    },
    ofLedger: (ledger) => ofLedger.all(ledger).map(entry),
  };
}

export function outbox(on: Connection, rows: OutboxRows, record: AuditWriter): Outbox {
  const { db } = on;
  const one = db.prepare<[number], Row>(ONE);
  const content = db.prepare<[number], { bytes: Uint8Array }>(BYTES);
  const due = {
    "longest-waiting": db.prepare<[object], Row>(DUE),
    latest: db.prepare<[object], Row>(DUE_LATEST),
  };
  const left = db.prepare<[object], { count: number }>(LEFT);
  const claim = db.prepare(CLAIM);
  const sent = db.prepare(SENT);
  const waiting = db.prepare(WAITING);
  const failed = db.prepare(FAILED);
  const heldBack = db.prepare<[string]>(HELD_BACK);
  const toRetry = db.prepare<[object], Row>(TO_RETRY);
  const toDrop = db.prepare<[object], Row>(TO_DROP);
  const retry = db.prepare(RETRY);
  const drop = db.prepare<[number]>(DROP);
  const next = db.prepare<[], { at: number | null }>(NEXT);
  const list = db.prepare<[object], Row>(LIST);

  function move(id: number, to: OutboxState, write: () => void): Promise<void> {
    return on.write(() => {
      const row = one.get(id);
      if (row === undefined)
        throw new KeybotError("not-found", "store.no-mail", `no mail ${id} in the outbox`);
      checkOutbox(stateOf(row), to);
      write();
    });
  }

  function recordChange(action: AuditAction, { recipient, template, state }: Row, by: OutboxChange): void {
    record({ ...by, action, address: recipient, detail: { template, state } });
  }

  return {
    enqueue: (mails, at) => on.write(() => mails.filter((mail) => rows.insert(mail, null, at)).length),
    dueMails: (now, limit, first = "longest-waiting") =>
      on.read(() => due[first].all({ now: milliseconds(now), limit }).map(entry)),
    claim: (id, now, until, holder) =>
      on.write(() => {
        if (
          claim.run({ id, now: milliseconds(now), until: milliseconds(until), holder: holder ?? null })
            .changes === 0
        )
          return null;
        const row = one.get(id);
        const mail = content.get(id);
        if (row === undefined || mail === undefined) return null;
        return { ...entry(row), bytes: bytes(mail.bytes) };
      }),
    markSent: (id, response, at) => move(id, "sent", () => sent.run({ id, response, at: milliseconds(at) })),
    markRetry: (id, error, nextAttempt, putOffAt) =>
      move(id, "waiting", () =>
        waiting.run({
          id,
          error,
          at: milliseconds(nextAttempt),
          put_off_at: putOffAt === undefined ? null : milliseconds(putOffAt),
        }),
      ),
    isHeldBackBy: (error) => on.read(() => heldBack.get(error) !== undefined),
    markFailed: (id, error) => move(id, "failed", () => failed.run({ id, error })),
    retryNow: (ids, by) =>
      on.write(() => {
        const now = milliseconds(by.at);
        const found = toRetry.all({ now, ids: ids === null ? null : JSON.stringify(ids) });
        for (const row of found) {
          checkOutbox(stateOf(row), "waiting");
          retry.run({ id: row.id, at: now });
          recordChange("mail.retried", row, by);
        }
        return found.map(entry);
      }),
    dropMails: (ids, by) =>
      on.write(() => {
        const found = toDrop.all({ now: milliseconds(by.at), ids: JSON.stringify(ids) });
        for (const row of found) {
          drop.run(row.id);
          recordChange("mail.dropped", row, by);
        }
        return found.map(entry);
      }),
    countLeft: (now, alsoDue) =>
      on.read(() => left.get({ now: milliseconds(now), also_due: alsoDue ? 1 : 0 })?.count ?? 0),
    nextDueAt: () => on.read(() => timeOrNull(next.get()?.at ?? null)),
    outboxEntries: (filter = {}) =>
      on.read(() =>
        list
          .all({
            states: filter.state === undefined ? null : JSON.stringify([filter.state].flat()),
            ids: filter.ids === undefined ? null : JSON.stringify(filter.ids),
            limit: filter.limit ?? -1,
            offset: filter.offset ?? 0,
          })
          .map(entry),
      ),
  };
}

/**
 * The person behind an address: lower case, the plus form removed (RFC 5233 §1: user+detail), so that changing the
 * detail does not start a new history.
 */
export function folded(address: string): string {
  const at = address.lastIndexOf("@");
  if (at < 0) return address.toLowerCase();
  const plus = address.indexOf("+");
  const user = plus > 0 && plus < at ? address.slice(0, plus) : address.slice(0, at);
  return (user + address.slice(at)).toLowerCase();
}

function stateOf(row: Row): OutboxState {
  return row.bounced_at === null ? row.state : "bounced";
}

function entry(row: Row): OutboxEntry {
  return {
    id: row.id,
    messageId: row.message_id,
    to: row.recipient,
    template: row.template,
    state: stateOf(row),
    attempts: row.attempts,
    nextAttempt: time(row.next_attempt_at),
    createdAt: time(row.created_at),
    putOffSince: timeOrNull(row.put_off_since),
    sentAt: timeOrNull(row.sent_at),
    bouncedAt: timeOrNull(row.bounced_at),
    response: row.response,
    lastError: row.last_error,
  };
}
