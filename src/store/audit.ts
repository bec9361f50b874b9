import {
  type AuditCheck,
  type AuditQuestion,
  type AuditText,
  type ChainRow,
  chained,
  commitmentTo,
  followChain,
  GENESIS,
} from "./audit-chain.ts";
import { json, milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";
import { kept } from "./driver.ts";

/** What can happen to what keybot trusts. A name is API: it never changes its meaning. */
export const AUDIT_ACTIONS = [
  "certificate.active",
  "certificate.pending",
  "certificate.rejected",
  "certificate.revoked",
  "key.barred",
  "key.unbarred",
  "mailbox.added",
  "mailbox.removed",
  "mailbox.certificate-removed",
  "mailbox.certificate-revoked",
  "alias.added",
  "alias.removed",
  "trust.added",
  "trust.removed",
  "trust.enabled",
  "trust.disabled",
  "trust.updated",
  "partner.forgotten",
  "mail.retried",
  "mail.dropped",
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

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

/** A row of the trail; of one that was blanked only time, action and hash are left. */
export interface AuditEntry extends Omit<Required<AuditEvent>, "actor"> {
  readonly id: number;
  /** Null in a blanked row alone. */
  readonly actor: string | null;
  /** Its text went when a partner was forgotten. */
  readonly blanked: boolean;
  /** SHA-256 over this row and the hash of the row before it, lower-case hex. */
  readonly hash: string;
}

export interface AuditFilter {
  /** SHA-256 of a certificate, or its beginning. */
  readonly certificate?: string;
  readonly address?: string;
  readonly action?: AuditAction;
  readonly since?: Date;
  readonly limit?: number;
  readonly offset?: number;
}

/** The audit trail: append-only, each row chained to the one before by its hash. */
export interface Audit {
  /** Entries that match, newest first. */
  auditEntries(filter?: AuditFilter): Promise<readonly AuditEntry[]>;
  /** How many match, whatever limit and offset. */
  countAudit(filter: AuditFilter): Promise<number>;
  /** All that happened to a certificate (SHA-256) or under an address, oldest first; blanked rows belong to nobody. */
  history(sha256OrAddress: string): Promise<readonly AuditEntry[]>;
  /** Follows the hash chain, from the first row unless it is asked for the last ones; constant memory. */
  verifyAudit(question?: AuditQuestion): Promise<AuditCheck>;
}

interface Row extends ChainRow {
  readonly action: AuditAction;
}

const COLUMNS = `
  id, at, action, commitment, previous, hash, salt, actor, address, certificate, message_key, reason, detail`;

const HEAD = "SELECT hash FROM audit ORDER BY id DESC LIMIT 1";
const INSERT = `
  INSERT INTO audit (at, action, commitment, previous, hash, salt, actor, address, certificate, message_key, reason,
    detail)
  VALUES (:at, :action, :commitment, :previous, :hash, :salt, :actor, :address, :certificate, :message_key, :reason,
    :detail)`;
const LAST = `
  SELECT ${COLUMNS} FROM audit
  WHERE id > coalesce((SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET :last), 0)
  ORDER BY id`;
const ALL = `SELECT ${COLUMNS} FROM audit ORDER BY id`;
const FITS = `
  (:certificate IS NULL OR substr(certificate, 1, length(:certificate)) = :certificate)
    AND (:address IS NULL OR address = :address)
    AND (:action IS NULL OR action = :action)
    AND (:since IS NULL OR at >= :since)`;
const COUNT = `SELECT count(*) AS count FROM audit WHERE ${FITS}`;
const LIST = `
  SELECT ${COLUMNS} FROM audit
  WHERE ${FITS}
  ORDER BY id DESC LIMIT :limit OFFSET :offset`;
const OF_CERTIFICATE = `SELECT ${COLUMNS} FROM audit WHERE certificate = ? ORDER BY id`;
const OF_ADDRESS = `SELECT ${COLUMNS} FROM audit WHERE address = ? ORDER BY id`;
/** What we publish ourselves is no partner's, also where an address is both. */
const BLANK = `
  UPDATE audit SET salt = NULL, actor = NULL, address = NULL, certificate = NULL, message_key = NULL, reason = NULL,
    detail = NULL
  WHERE salt IS NOT NULL AND action NOT GLOB 'mailbox.*' AND action NOT GLOB 'alias.*'
    AND (address = :address
      OR (address IS NULL AND (message_key IN (SELECT value FROM json_each(:messageKeys))
                               OR detail ->> 'spkiSha256' IN (SELECT value FROM json_each(:spkis)))))`;

/** Writes audit rows inside the caller's transaction, so that a change and its record stand or fall together. */
export type AuditWriter = (event: AuditEvent) => void;

/** @param salt 16 random bytes, anew for each row */
export function auditWriter({ db }: Connection, salt: () => Uint8Array): AuditWriter {
  const head = db.prepare<[], Pick<Row, "hash">>(HEAD);
  const insert = db.prepare(INSERT);
  return (event) => {
    const text = textOf(event);
    const fresh = salt();
    const row = {
      at: milliseconds(event.at),
      action: event.action,
      commitment: commitmentTo(fresh, text),
      previous: head.get()?.hash ?? GENESIS,
    };
    insert.run({ ...row, ...text, hash: chained(row), salt: fresh });
  };
}

/** Everything but time and action can point to a person, fingerprints and free text included; so all of it can go. */
function textOf(event: AuditEvent): AuditText {
  return {
    actor: stored(event.actor),
    address: storedOrNull(event.address),
    certificate: event.certificate ?? null,
    message_key: event.messageKey ?? null,
    reason: storedOrNull(event.reason),
    detail: JSON.stringify(event.detail ?? {}),
  };
}

/** A text as the database gives it back: UTF-8 has no half surrogate pairs, which a stranger's name may hold. */
function stored(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

function storedOrNull(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : stored(text);
}

/** Whose rows are to be blanked. */
export interface ForgottenPartner {
  readonly address: string;
  /** Ledger keys of his mails, for rows under no address. */
  readonly messageKeys: readonly string[];
  /** His public keys that nobody else holds, for rows under no address. */
  readonly spkis: readonly string[];
}

/** Blanks a partner's rows inside the caller's transaction and returns how many; a tombstone must account for them. */
export type AuditBlanker = (partner: ForgottenPartner) => number;

export function auditBlanker({ db }: Connection): AuditBlanker {
  const blank = db.prepare(BLANK);
  return ({ address, messageKeys, spkis }) =>
    blank.run({ address, messageKeys: JSON.stringify(messageKeys), spkis: JSON.stringify(spkis) }).changes;
}

export function audit(on: Connection): Audit {
  const list = on.db.prepare<[object], Row>(LIST);
  const count = on.db.prepare<[object], { count: number }>(COUNT);
  const ofCertificate = on.db.prepare<[string], Row>(OF_CERTIFICATE);
  const ofAddress = on.db.prepare<[string], Row>(OF_ADDRESS);
  const all = on.db.prepare<[], Row>(ALL);
  const lastRows = on.db.prepare<[object], Row>(LAST);
  const rows = (last: number | undefined) =>
    kept(last === undefined ? all.iterate() : lastRows.iterate({ last }));
  return {
    auditEntries: (filter = {}) =>
      on.read(() =>
        list.all({ ...conditions(filter), limit: filter.limit ?? -1, offset: filter.offset ?? 0 }).map(entry),
      ),
    countAudit: (filter) => on.read(() => count.get(conditions(filter))?.count ?? 0),
    history: (wanted) =>
      on.read(() => (wanted.includes("@") ? ofAddress : ofCertificate).all(wanted).map(entry)),
    verifyAudit: (question = {}) => on.read(() => followChain(rows(question.last), question)),
  };
}

function conditions({ certificate, address, action, since }: AuditFilter): object {
  return {
    certificate: certificate ?? null,
    address: address ?? null,
    action: action ?? null,
    since: since ? milliseconds(since) : null,
  };
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
    detail: row.detail === null ? {} : json<AuditDetail>(row.detail),
    blanked: row.salt === null,
    hash: row.hash,
  };
}
