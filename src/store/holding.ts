import type { CertificateStatus } from "../decide/index.ts";
import type { CertificateRole, Finding } from "../inspect/index.ts";
import type { AuditWriter } from "./audit.ts";
import type { CertificateRows } from "./certificate.ts";
import { bit, domainOf, json, milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";
import { mayBecome, type StoredStatus } from "./transition.ts";

/** The actor of everything that no person decided. */
export const ROBOT = "robot";

/** A certificate under one partner address. */
export interface Holding {
  readonly address: string;
  /** `expired` when it is stored as active and its time is over. */
  readonly status: CertificateStatus;
  readonly role: CertificateRole;
  /** A person approved it, which pins the address. */
  readonly approved: boolean;
  readonly findings: readonly Finding[];
  readonly reason: string | null;
  /** The Message-ID (else the ledger key) of the mail that brought it, or what an import said. */
  readonly source: string;
  /** Ledger key of the mail that brought it, or null. */
  readonly messageKey: string | null;
  /** The sender of a mail that brought it was authenticated; null: nobody knows, which counts as no. */
  readonly authenticated: boolean | null;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
  /** `robot`, or the person who decided. */
  readonly decidedBy: string;
  readonly decidedAt: Date;
}

/** What is to be stored under an address, as it was judged. */
export interface Offer {
  readonly certificateId: number;
  readonly sha256: string;
  readonly address: string;
  readonly status: "active" | "pending" | "rejected";
  readonly role: CertificateRole;
  readonly findings: readonly Finding[];
  readonly reason: string | null;
  /** In whose cap it counts when it becomes pending; null: in nobody's. */
  readonly pendingOf: string | null;
  readonly source: string;
  readonly messageKey: string | null;
  /** Whether the sender was authenticated, and has caps of his own; null: nothing says so. */
  readonly authenticated: boolean | null;
  readonly actor: string;
  readonly at: Date;
  /** Its word counts for what is in use already. */
  readonly believed: boolean;
}

/** A holding and the status that it shall have. */
export interface Move {
  readonly holding: HoldingRow;
  readonly to: StoredStatus;
  readonly approved: boolean;
  readonly actor: string;
  readonly reason: string | null;
  readonly at: Date;
  /** New findings, when it was judged again. */
  readonly findings?: readonly Finding[] | undefined;
  /** SHA-256 of the certificate whose hold revokes it; when that is lifted, it is again what it was. */
  readonly heldBy?: string | null;
}

/** The columns of `holding h`. */
export const HOLDING_COLUMNS = `
  h.id AS holding_id, h.address, h.certificate AS certificate_id, h.status, h.role, h.approved, h.findings, h.reason,
  h.source, h.message_key, h.authenticated, h.first_seen, h.last_seen, h.decided_by, h.decided_at`;

export interface HoldingRow {
  readonly holding_id: number;
  readonly address: string;
  readonly certificate_id: number;
  readonly status: StoredStatus;
  readonly role: CertificateRole;
  readonly approved: number;
  readonly findings: string;
  readonly reason: string | null;
  readonly source: string;
  readonly message_key: string | null;
  readonly authenticated: number | null;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly decided_by: string;
  readonly decided_at: number;
}

/** A holding found by the public key, with the fingerprint of its certificate. */
export interface KeyHolding extends HoldingRow {
  readonly sha256: string;
}

/** The status as of `now`: what is stored as active has expired when its time is over (RFC 5280 §4.1.2.5: the end belongs to it). */
export function statusAt(status: StoredStatus, notAfter: number, now: number): CertificateStatus {
  return status === "active" && notAfter < now ? "expired" : status;
}

/** A row as the rest of keybot knows holdings. */
export function holding(row: HoldingRow, notAfter: number, now: Date): Holding {
  return {
    address: row.address,
    status: statusAt(row.status, notAfter, milliseconds(now)),
    role: row.role,
    approved: row.approved === 1,
    findings: json<readonly Finding[]>(row.findings),
    reason: row.reason,
    source: row.source,
    messageKey: row.message_key,
    authenticated: row.authenticated === null ? null : row.authenticated === 1,
    firstSeen: time(row.first_seen),
    lastSeen: time(row.last_seen),
    decidedBy: row.decided_by,
    decidedAt: time(row.decided_at),
  };
}

/** Rows of holdings; runs inside the caller's transaction and writes the audit trail with each change of trust. */
export interface HoldingRows {
  /**
   * Stores an offer, or notes that a known one was seen again: of one that is in use, or revoked, only when the offer is
   * believed. A known holding only ever improves by it, as `transition.ts` says; what a person rejected does not become
   * pending again.
   * @returns the status that is new with this offer, null when nothing changed
   */
  offer(offer: Offer): Offer["status"] | null;
  /** Removes what the robot rejected under an address; anything else stays. */
  drop(address: string, sha256: string): void;
  /** Writes a change that `transition.ts` allows; the caller has checked. */
  move(move: Move): void;
  /** The holding of a certificate under one address, or null. */
  one(address: string, certificateId: number): HoldingRow | null;
  /** The holdings of a certificate, by address. */
  ofCertificate(certificateId: number): readonly HoldingRow[];
  /** The holdings of every certificate with a public key, in whatever spelling, with the fingerprint of each. */
  ofKey(keyIdentity: string): readonly KeyHolding[];
}

const ONE = `SELECT ${HOLDING_COLUMNS} FROM holding h WHERE h.address = ? AND h.certificate = ?`;
const OF_CERTIFICATE = `SELECT ${HOLDING_COLUMNS} FROM holding h WHERE h.certificate = ? ORDER BY h.address`;
const OF_KEY = `
  SELECT ${HOLDING_COLUMNS}, c.sha256 FROM certificate c JOIN holding h ON h.certificate = c.id
  WHERE c.key_identity = ? ORDER BY h.address`;
const INSERT = `
  INSERT INTO holding (address, domain, certificate, status, role, approved, findings, reason, source, message_key,
    authenticated, first_seen, last_seen, pending_at, pending_of, pending_authenticated, decided_by, decided_at)
  VALUES (:address, :domain, :certificate, :status, :role, 0, :findings, :reason, :source, :message_key,
    :authenticated, :at, :at, :pending_at, :pending_of, :pending_authenticated, :decided_by, :at)`;
const SEEN = "UPDATE holding SET last_seen = max(last_seen, ?) WHERE id = ?";
const VOUCHED = "UPDATE holding SET authenticated = 1 WHERE id = ?";
const DROP = `
  DELETE FROM holding
  WHERE address = :address AND status = 'rejected' AND decided_by = :robot
    AND certificate = (SELECT id FROM certificate WHERE sha256 = :sha256)
  RETURNING certificate`;
const IMPROVE = `
  UPDATE holding SET status = :status, role = :role, findings = :findings, reason = :reason, source = :source,
    message_key = :message_key, authenticated = :authenticated, last_seen = max(last_seen, :at),
    pending_at = coalesce(:pending_at, pending_at),
    pending_of = iif(:pending_at IS NULL, pending_of, :pending_of),
    pending_authenticated = iif(:pending_at IS NULL, pending_authenticated, :pending_authenticated),
    decided_by = :decided_by, decided_at = :at
  WHERE id = :id`;
const MOVE = `
  UPDATE holding SET status = :status, approved = :approved, findings = coalesce(:findings, findings),
    reason = :reason, pending_at = coalesce(:pending_at, pending_at), decided_by = :decided_by, decided_at = :at,
    held_by = :held_by, held_from = :held_from
  WHERE id = :id`;

export function holdingRows(
  { db }: Connection,
  certificates: Pick<CertificateRows, "sweep">,
  record: AuditWriter,
): HoldingRows {
  const one = db.prepare<[string, number], HoldingRow>(ONE);
  const ofCertificate = db.prepare<[number], HoldingRow>(OF_CERTIFICATE);
  const ofKey = db.prepare<[string], KeyHolding>(OF_KEY);
  const insert = db.prepare(INSERT);
  const seen = db.prepare<[number, number]>(SEEN);
  const vouched = db.prepare<[number]>(VOUCHED);
  const drop = db.prepare<[object], { certificate: number }>(DROP);
  const improve = db.prepare(IMPROVE);
  const change = db.prepare(MOVE);

  function audited(offer: Offer, from: StoredStatus | null): void {
    // A rejected offer changes nothing that keybot trusts, and the trail can never be pruned: strangers must not fill it.
    if (offer.status === "rejected") return;
    record({
      at: offer.at,
      actor: offer.actor,
      action: `certificate.${offer.status}`,
      address: offer.address,
      certificate: offer.sha256,
      messageKey: offer.messageKey,
      reason: offer.reason,
      detail: from === null ? {} : { from },
    });
  }

  return {
    offer: (offer) => {
      const known = one.get(offer.address, offer.certificateId);
      if (known === undefined) {
        insert.run({ ...offered(offer), address: offer.address, domain: domainOf(offer.address) });
        audited(offer, null);
        return offer.status;
      }
      if (!mayImprove(known, offer.status)) {
        if (offer.believed || isUnsettled(known)) seen.run(milliseconds(offer.at), known.holding_id);
        // Its address has sent it itself, if not the first time. What a rejected mail says proves nothing.
        if (offer.authenticated === true && offer.status !== "rejected") vouched.run(known.holding_id);
        return null;
      }
      improve.run({ ...offered(offer), id: known.holding_id });
      audited(offer, known.status);
      return offer.status;
    },
    drop: (address, sha256) => {
      const gone = drop.all({ address, sha256, robot: ROBOT });
      certificates.sweep(gone.map(({ certificate }) => certificate));
    },
    move: ({ holding: row, to, approved, actor, reason, at, findings, heldBy = null }) => {
      change.run({
        id: row.holding_id,
        status: to,
        approved: bit(approved),
        findings: findings === undefined ? null : JSON.stringify(findings),
        reason,
        pending_at: to === "pending" ? milliseconds(at) : null,
        decided_by: actor,
        at: milliseconds(at),
        held_by: heldBy,
        held_from: heldBy === null ? null : row.status,
      });
    },
    one: (address, id) => one.get(address, id) ?? null,
    ofCertificate: (id) => ofCertificate.all(id),
    ofKey: (key) => ofKey.all(key),
  };
}

/** Nothing rests on when it was seen. */
function isUnsettled({ status }: HoldingRow): boolean {
  return status === "pending" || status === "rejected";
}

/** What a person turned away is not put before him again; that it is beyond doubt now (its CA is trusted) does count. */
function mayImprove(known: HoldingRow, to: StoredStatus): boolean {
  if (known.status === "rejected" && to === "pending" && known.decided_by !== ROBOT) return false;
  return mayBecome("mail", known.status, to);
}

function offered(offer: Offer): object {
  const at = milliseconds(offer.at);
  return {
    certificate: offer.certificateId,
    status: offer.status,
    role: offer.role,
    findings: JSON.stringify(offer.findings),
    reason: offer.reason,
    source: offer.source,
    message_key: offer.messageKey,
    authenticated: offer.authenticated === null ? null : bit(offer.authenticated),
    pending_at: offer.status === "pending" ? at : null,
    pending_of: offer.pendingOf,
    pending_authenticated: bit(offer.authenticated === true),
    decided_by: offer.actor,
    at,
  };
}

/** The finding that decided, as `code: detail`; null for an active certificate, whose findings only note. */
export function decisive(status: StoredStatus, findings: readonly Finding[]): string | null {
  if (status === "active") return null;
  const first = findings.find(({ severity }) => severity === (status === "pending" ? "warning" : "error"));
  return first === undefined ? null : `${first.code}: ${first.detail}`;
}
