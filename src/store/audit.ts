import { createHash } from "node:crypto";
import { json, milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";
import { kept } from "./driver.ts";

/** What can happen to what keybot trusts. A name is API: it never changes its meaning. */
export type AuditAction =
  | "certificate.active"
  | "certificate.pending"
  | "certificate.rejected"
  | "certificate.revoked"
  | "key.barred"
  | "key.unbarred"
  | "mailbox.added"
  | "mailbox.removed"
  | "mailbox.certificate-removed"
  | "alias.added"
  | "alias.removed"
  | "trust.added"
  | "trust.removed"
  | "trust.enabled"
  | "trust.disabled"
  | "trust.updated"
  | "partner.forgotten";

export type AuditDetail = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** One change, before it is written. */
export interface AuditEvent {
  readonly at: Date;
  /** `robot`, or who gave the command. */
  readonly actor: string;
  readonly action: AuditAction;
  readonly address?: string | null;
  /** SHA-256 of the certificate. */
  readonly certificate?: string | null;
  /** Ledger key of the mail that caused it. */
  readonly messageKey?: string | null;
  readonly reason?: string | null;
  readonly detail?: AuditDetail;
}

export interface AuditEntry extends Required<AuditEvent> {
  readonly id: number;
  /** SHA-256 over this row and the hash of the row before it, lower-case hex. */
  readonly hash: string;
}

export interface AuditFilter {
  readonly certificate?: string;
  readonly address?: string;
  readonly since?: Date;
  readonly limit?: number;
  readonly offset?: number;
}

/** The result of `verifyAudit`; `head` may be noted elsewhere, to prove later that no row was cut off the end. */
export interface AuditCheck {
  readonly entries: number;
  readonly head: string;
  /** The first row that does not fit, or null. */
  readonly fault: { readonly id: number; readonly sentence: string } | null;
}

/** The audit trail: append-only, each row chained to the one before by its hash. */
export interface Audit {
  /** Entries that match, newest first. */
  auditEntries(filter?: AuditFilter): Promise<readonly AuditEntry[]>;
  /** All that happened to a certificate (SHA-256) or under an address, oldest first. */
  history(sha256OrAddress: string): Promise<readonly AuditEntry[]>;
  /** Follows the hash chain from the first row; constant memory. */
  verifyAudit(): Promise<AuditCheck>;
}

interface Row {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly action: AuditAction;
  readonly address: string | null;
  readonly certificate: string | null;
  readonly message_key: string | null;
  readonly reason: string | null;
  readonly detail: string;
  readonly previous: string;
  readonly hash: string;
}

const COLUMNS = "id, at, actor, action, address, certificate, message_key, reason, detail, previous, hash";
const GENESIS = "0".repeat(64);

const HEAD = "SELECT hash FROM audit ORDER BY id DESC LIMIT 1";
const INSERT = `
  INSERT INTO audit (at, actor, action, address, certificate, message_key, reason, detail, previous, hash)
  VALUES (:at, :actor, :action, :address, :certificate, :message_key, :reason, :detail, :previous, :hash)`;
const ALL = `SELECT ${COLUMNS} FROM audit ORDER BY id`;
const LIST = `
  SELECT ${COLUMNS} FROM audit
  WHERE (:certificate IS NULL OR certificate = :certificate)
    AND (:address IS NULL OR address = :address)
    AND (:since IS NULL OR at >= :since)
  ORDER BY id DESC LIMIT :limit OFFSET :offset`;
const OF_CERTIFICATE = `SELECT ${COLUMNS} FROM audit WHERE certificate = ? ORDER BY id`;
const OF_ADDRESS = `SELECT ${COLUMNS} FROM audit WHERE address = ? ORDER BY id`;

/** Writes audit rows inside the caller's transaction, so that a change and its record stand or fall together. */
export type AuditWriter = (event: AuditEvent) => void;

export function auditWriter({ db }: Connection): AuditWriter {
  const head = db.prepare<[], Pick<Row, "hash">>(HEAD);
  const insert = db.prepare(INSERT);
  return (event) => {
    const row = {
      at: milliseconds(event.at),
      actor: event.actor,
      action: event.action,
      address: event.address ?? null,
      certificate: event.certificate ?? null,
      message_key: event.messageKey ?? null,
      reason: event.reason ?? null,
      detail: JSON.stringify(event.detail ?? {}),
      previous: head.get()?.hash ?? GENESIS,
    };
    insert.run({ ...row, hash: chained(row) });
  };
}

export function audit(on: Connection): Audit {
  const list = on.db.prepare<[object], Row>(LIST);
  const ofCertificate = on.db.prepare<[string], Row>(OF_CERTIFICATE);
  const ofAddress = on.db.prepare<[string], Row>(OF_ADDRESS);
  const all = on.db.prepare<[], Row>(ALL);
  return {
    auditEntries: (filter = {}) =>
      on.read(() =>
        list
          .all({
            certificate: filter.certificate ?? null,
            address: filter.address ?? null,
            since: filter.since ? milliseconds(filter.since) : null,
            limit: filter.limit ?? -1,
            offset: filter.offset ?? 0,
          })
          .map(entry),
      ),
    history: (wanted) =>
      on.read(() => (wanted.includes("@") ? ofAddress : ofCertificate).all(wanted).map(entry)),
    verifyAudit: () => on.read(() => verify(kept(all.iterate()))),
  };
}

function verify(rows: Iterable<Row>): AuditCheck {
  let head = GENESIS;
  let entries = 0;
  for (const row of rows) {
    if (row.previous !== head) {
      return {
        entries,
        head,
        fault: { id: row.id, sentence: "a row before this one was removed or replaced" },
      };
    }
    if (chained(row) !== row.hash) {
      return { entries, head, fault: { id: row.id, sentence: "this row was changed after it was written" } };
    }
    head = row.hash;
    entries += 1;
  }
  return { entries, head, fault: null };
}

/** A JSON array has one spelling only for these values, so no two rows can share it by moving text between fields. */
function chained(row: Omit<Row, "id" | "hash">): string {
  const fields = [row.previous, row.at, row.actor, row.action, row.address, row.certificate, row.message_key];
  return createHash("sha256")
    .update(JSON.stringify([...fields, row.reason, row.detail]))
    .digest("hex");
}

function entry(row: Row): AuditEntry {
  return {
    id: row.id,
    at: time(row.at),
    actor: row.actor,
    action: row.action,
    address: row.address,
    certificate: row.certificate,
    messageKey: row.message_key,
    reason: row.reason,
    detail: json<AuditDetail>(row.detail),
    hash: row.hash,
  };
}
