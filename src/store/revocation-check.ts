import type { CertificateSummary, Finding, FindingCode, RevocationAnswer } from "../inspect/index.ts";
import type { AuditWriter } from "./audit.ts";
import { CERTIFICATE_COLUMNS, type CertificateRow, type CertificateRows, summary } from "./certificate.ts";
import type { ChangedHolding } from "./change.ts";
import { json, milliseconds, time, timeOrNull } from "./column.ts";
import type { Connection } from "./connection.ts";
import { type HoldingRows, ROBOT } from "./holding.ts";
import { mayBecome } from "./transition.ts";

/** A certificate that is in use, to be asked about again. */
export interface CertificateToCheck {
  readonly certificate: CertificateSummary;
  /** DER of the CA certificates above it: those that mails have brought nearest first, then those that go out with it. */
  readonly chain: readonly Uint8Array[];
  /** An address that uses it, or the mailbox that publishes it. */
  readonly address: string;
  /** The last time no path could be built. */
  readonly noPath: boolean;
  /** How often it was asked about in vain since the last answer. */
  readonly tries: number;
}

/** What came of asking about one certificate. */
export interface CheckNote {
  /** SHA-256. */
  readonly certificate: string;
  /** What was said of the certificate itself; null: nothing, or there is nobody to ask. */
  readonly answer: RevocationAnswer | null;
  /** Why no answer counts, of the certificate or of a CA above it; null: nobody who can be asked is silent. */
  readonly unanswered: string | null;
  /** When to ask again. */
  readonly next: Date;
}

/** A certificate in use of which nobody can be asked whether it is revoked, because no path to a trusted CA can be built. */
export interface WithoutPath {
  readonly sha256: string;
  /** Those that use it and the mailboxes that publish it, in order. */
  readonly addresses: readonly string[];
  readonly since: Date;
  /** What breaks the path. */
  readonly code: FindingCode;
  /** When the admin was last told, or null. */
  readonly toldAt: Date | null;
}

/** A certificate in use about which its CA has been asked in vain. */
export interface Unanswered {
  readonly sha256: string;
  /** As in `WithoutPath`. */
  readonly addresses: readonly string[];
  /** The last answer; the beginning of its use when there was none. */
  readonly since: Date;
  /** What the last try said. */
  readonly why: string;
}

/** A revocation by the CA itself. It says nothing of other certificates with the same key, so the key is not barred. */
export interface RevokedByCa {
  /** SHA-256. */
  readonly certificate: string;
  /** One sentence: when and why, as the CA says. */
  readonly reason: string;
  readonly finding: Finding;
  readonly at: Date;
}

/** The schedule on which CAs are asked again about what is in use. */
export interface RevocationChecks {
  /**
   * Takes the certificates whose check is due, those that wait longest first, and keeps them from others until `until`:
   * whoever takes them asks, and notes what came of it; what he does not come to is due again then. Only those that are
   * in use; empty when none is due.
   */
  takeDueChecks(now: Date, until: Date, limit: number): Promise<readonly CertificateToCheck[]>;
  /** How many certificates in use are due. */
  countDueChecks(now: Date): Promise<number>;
  /** Notes what came of asking; a certificate that is stored no longer is left out. */
  noteChecks(notes: readonly CheckNote[], at: Date): Promise<void>;
  /** Notes that a certificate has no path, and when to look again. */
  noteNoPath(sha256: string, code: FindingCode, at: Date, next: Date): Promise<void>;
  /** Notes that it has one again, and the CA certificates on it, nearest first. */
  notePath(sha256: string, chain: readonly Uint8Array[]): Promise<void>;
  /** Certificates in use without a path, those without one for longest first, and how many there are. */
  withoutPath(
    now: Date,
    limit: number,
  ): Promise<{ readonly count: number; readonly items: readonly WithoutPath[] }>;
  /** Certificates in use without an answer since before a time, the longest first, and how many there are. */
  unanswered(
    question: { readonly now: Date; readonly before: Date },
    limit: number,
  ): Promise<{ readonly count: number; readonly items: readonly Unanswered[] }>;
  /**
   * Revokes every holding of a certificate that is active or pending, in the robot's name, and publishes it for no mailbox
   * any more; notes both as news for the admin.
   * @returns the holdings, and the mailboxes as holdings that were active
   */
  revokeByCa(revoked: RevokedByCa): Promise<readonly ChangedHolding[]>;
}

/** Rows looked at in one go: many of those in use may have expired. */
const LOOKED_AT = 1_000;
/** An expired certificate is asked about no more; its row comes up once a day all the same, as a clock may be wrong. */
const EXPIRED_AGAIN_MS = 24 * 60 * 60 * 1000;

export const DUE = `
  SELECT certificate FROM revocation_check WHERE in_use = 1 AND due_at <= ? ORDER BY due_at, certificate LIMIT ?`;
const DUE_COUNT = "SELECT count(*) AS count FROM revocation_check WHERE in_use = 1 AND due_at <= ?";
const PUT_OFF = "UPDATE revocation_check SET due_at = ? WHERE certificate = ?";
const TO_CHECK = `
  SELECT ${CERTIFICATE_COLUMNS}, r.tries, r.no_path_since IS NOT NULL AS no_path,
    coalesce((SELECT min(address) FROM holding h WHERE h.certificate = c.id AND h.status = 'active'),
      (SELECT min(m.address) FROM mailbox_certificate mc JOIN mailbox m ON m.id = mc.mailbox
        WHERE mc.certificate = c.id AND mc.revoked_at IS NULL)) AS address
  FROM certificate c JOIN revocation_check r ON r.certificate = c.id
  WHERE c.id = :id AND c.not_after >= :now`;
const PUBLISHED_CHAINS = `
  SELECT DISTINCT i.der FROM mailbox_chain k JOIN intermediate i ON i.id = k.intermediate
  WHERE k.certificate = ? ORDER BY k.position`;
const ANSWER = `
  UPDATE revocation_check SET answered_at = :at, answer = :status, answer_by = :by, answer_made_at = :made_at,
    answer_places = :places WHERE certificate = :id`;
const ANSWERED = `
  UPDATE revocation_check SET heard_at = :at, tries = 0, unanswered_why = NULL, unanswered_told_at = NULL, due_at = :next
  WHERE certificate = :id`;
const UNANSWERED = `
  UPDATE revocation_check SET tries = tries + 1, unanswered_why = :why, due_at = :next WHERE certificate = :id`;
const NO_PATH = `
  UPDATE revocation_check SET no_path_since = coalesce(no_path_since, :at), no_path_why = :code, due_at = :next
  WHERE certificate = :id`;
const PATH = `
  UPDATE revocation_check SET no_path_since = NULL, no_path_why = NULL, no_path_told_at = NULL WHERE certificate = ?`;
/** Who uses a certificate (`certificate c`), as a JSON list. */
const USED_BY = `
  (SELECT json_group_array(address ORDER BY address) FROM (
    SELECT address FROM holding WHERE certificate = c.id AND status = 'active'
    UNION SELECT m.address FROM mailbox_certificate mc JOIN mailbox m ON m.id = mc.mailbox
      WHERE mc.certificate = c.id AND mc.revoked_at IS NULL)) AS used_by`;
/** The columns of a WithoutPath; `revocation_check r`, `certificate c`. */
export const WITHOUT_PATH_COLUMNS = `c.sha256, r.no_path_since, r.no_path_why, r.no_path_told_at, ${USED_BY}`;
const WITHOUT_PATH = `
  FROM revocation_check r INDEXED BY revocation_check_no_path CROSS JOIN certificate c ON c.id = r.certificate
  WHERE r.no_path_since IS NOT NULL AND r.in_use = 1 AND c.not_after >= :now`;
const WITHOUT_PATH_COUNT = `SELECT count(*) AS count ${WITHOUT_PATH}`;
const WITHOUT_PATH_LIST = `SELECT ${WITHOUT_PATH_COLUMNS} ${WITHOUT_PATH} ORDER BY r.no_path_since, c.id LIMIT :limit`;
/** The columns of an Unanswered, and its rows. */
export const UNANSWERED_COLUMNS = `c.sha256, r.heard_at, r.unanswered_why, ${USED_BY}`;
export const UNANSWERED_ROWS = `
  FROM revocation_check r INDEXED BY revocation_check_unanswered CROSS JOIN certificate c ON c.id = r.certificate
  WHERE r.tries > 0 AND r.heard_at <= :unanswered_before AND r.in_use = 1 AND c.not_after >= :now`;
const UNANSWERED_COUNT = `SELECT count(*) AS count ${UNANSWERED_ROWS}`;
const UNANSWERED_LIST = `SELECT ${UNANSWERED_COLUMNS} ${UNANSWERED_ROWS} ORDER BY r.heard_at, c.id LIMIT :limit`;
const PUBLISHERS = `
  SELECT m.address FROM mailbox_certificate mc JOIN mailbox m ON m.id = mc.mailbox
  WHERE mc.certificate = ? AND mc.revoked_at IS NULL ORDER BY m.address`;
const WITHDRAW = `
  UPDATE mailbox_certificate SET revoked_at = :at, revoked_why = :why WHERE certificate = :id AND revoked_at IS NULL`;
const REVOKED_NEWS = `
  INSERT INTO revoked_news (kind, certificate, address, at, why) VALUES (:kind, :id, :address, :at, :why)`;
const BY_SHA256 = "SELECT id FROM certificate WHERE sha256 = ?";

export interface WithoutPathRow {
  readonly sha256: string;
  readonly no_path_since: number;
  readonly no_path_why: FindingCode;
  readonly no_path_told_at: number | null;
  readonly used_by: string;
}

export function withoutPathOf(row: WithoutPathRow): WithoutPath {
  return {
    sha256: row.sha256,
    addresses: json<readonly string[]>(row.used_by),
    since: time(row.no_path_since),
    code: row.no_path_why,
    toldAt: timeOrNull(row.no_path_told_at),
  };
}

export interface UnansweredRow {
  readonly sha256: string;
  readonly heard_at: number;
  readonly unanswered_why: string | null;
  readonly used_by: string;
}

export function unansweredOf(row: UnansweredRow): Unanswered {
  return {
    sha256: row.sha256,
    addresses: json<readonly string[]>(row.used_by),
    since: time(row.heard_at),
    why: row.unanswered_why ?? "",
  };
}

interface ToCheckRow extends CertificateRow {
  readonly address: string | null;
  readonly no_path: number;
  readonly tries: number;
}

export function revocationChecks(
  on: Connection,
  certificates: CertificateRows,
  holdings: HoldingRows,
  record: AuditWriter,
): RevocationChecks {
  const { db } = on;
  const due = db.prepare<[number, number], { certificate: number }>(DUE);
  const dueCount = db.prepare<[number], { count: number }>(DUE_COUNT);
  const putOff = db.prepare<[number, number]>(PUT_OFF);
  const toCheck = db.prepare<[object], ToCheckRow>(TO_CHECK);
  const publishedChains = db.prepare<[number], { der: Uint8Array }>(PUBLISHED_CHAINS);
  const noteAnswer = db.prepare(ANSWER);
  const noteAnswered = db.prepare(ANSWERED);
  const noteUnanswered = db.prepare(UNANSWERED);
  const noPath = db.prepare(NO_PATH);
  const path = db.prepare<[number]>(PATH);
  const withoutPathCount = db.prepare<[object], { count: number }>(WITHOUT_PATH_COUNT);
  const withoutPathList = db.prepare<[object], WithoutPathRow>(WITHOUT_PATH_LIST);
  const unansweredCount = db.prepare<[object], { count: number }>(UNANSWERED_COUNT);
  const unansweredList = db.prepare<[object], UnansweredRow>(UNANSWERED_LIST);
  const publishers = db.prepare<[number], { address: string }>(PUBLISHERS);
  const withdraw = db.prepare(WITHDRAW);
  const news = db.prepare(REVOKED_NEWS);
  const bySha256 = db.prepare<[string], { id: number }>(BY_SHA256);

  function chainOf(id: number): readonly Uint8Array[] {
    const published = publishedChains.all(id).map(({ der }) => new Uint8Array(der));
    return published.length === 0 ? certificates.chain(id) : [...certificates.chain(id), ...published];
  }

  function note({ certificate, answer, unanswered, next }: CheckNote, at: number): void {
    const id = bySha256.get(certificate)?.id;
    if (id === undefined) return;
    if (answer !== null) {
      const { status, by, thisUpdate, places } = answer;
      const made_at = milliseconds(thisUpdate);
      noteAnswer.run({ id, at, status, by, made_at, places: JSON.stringify(places) });
    }
    if (unanswered === null) noteAnswered.run({ id, at, next: milliseconds(next) });
    else noteUnanswered.run({ id, why: unanswered, next: milliseconds(next) });
  }

  function revokeHoldings(id: number, { certificate, reason, finding, at }: RevokedByCa): ChangedHolding[] {
    const hit = holdings.ofCertificate(id).filter(({ status }) => mayBecome("ca", status, "revoked"));
    return hit.map((holding): ChangedHolding => {
      const { address, status: from } = holding;
      const before = json<readonly Finding[]>(holding.findings);
      const findings = [finding, ...before.filter(({ code }) => !code.startsWith("revocation."))];
      holdings.move({ holding, to: "revoked", approved: false, actor: ROBOT, reason, at, findings });
      const action = "certificate.revoked";
      record({ at, actor: ROBOT, action, address, certificate, reason, detail: { from, by: "CA" } });
      // One that was pending was used by nobody, and whoever looks at what waits finds it gone with the reason.
      if (from === "active")
        news.run({ kind: "revoked", id, address, at: milliseconds(at), why: finding.detail });
      return { certificate, address, from, to: "revoked" };
    });
  }

  function withdrawPublished(
    id: number,
    { certificate, reason, finding, at }: RevokedByCa,
  ): ChangedHolding[] {
    const hit = publishers.all(id);
    withdraw.run({ id, at: milliseconds(at), why: finding.detail });
    return hit.map(({ address }): ChangedHolding => {
      const action = "mailbox.certificate-revoked";
      record({ at, actor: ROBOT, action, address, certificate, reason, detail: { by: "CA" } });
      news.run({ kind: "withdrawn", id, address, at: milliseconds(at), why: finding.detail });
      return { certificate, address, from: "active", to: "revoked" };
    });
  }

  return {
    takeDueChecks: (now, until, limit) =>
      on.write(() => {
        const taken: CertificateToCheck[] = [];
        for (const { certificate: id } of due.all(milliseconds(now), LOOKED_AT)) {
          if (taken.length === limit) break;
          const row = toCheck.get({ id, now: milliseconds(now) });
          if (row === undefined || row.address === null) {
            putOff.run(milliseconds(now) + EXPIRED_AGAIN_MS, id);
            continue;
          }
          putOff.run(milliseconds(until), id);
          const { address, no_path, tries } = row;
          taken.push({
            certificate: summary(row),
            chain: chainOf(id),
            address,
            noPath: no_path === 1,
            tries,
          });
        }
        return taken;
      }),
    countDueChecks: (now) => on.read(() => dueCount.get(milliseconds(now))?.count ?? 0),
    noteChecks: (notes, at) =>
      on.write(() => {
        for (const one of notes) note(one, milliseconds(at));
      }),
    noteNoPath: (sha256, code, at, next) =>
      on.write(() => {
        const id = bySha256.get(sha256)?.id;
        if (id !== undefined) noPath.run({ id, code, at: milliseconds(at), next: milliseconds(next) });
      }),
    notePath: (sha256, chain) =>
      on.write(() => {
        const id = bySha256.get(sha256)?.id;
        if (id === undefined) return;
        certificates.putChain(id, chain);
        path.run(id);
      }),
    withoutPath: (now, limit) =>
      on.read(() => ({
        count: withoutPathCount.get({ now: milliseconds(now) })?.count ?? 0,
        items: withoutPathList.all({ now: milliseconds(now), limit }).map(withoutPathOf),
      })),
    unanswered: ({ now, before }, limit) =>
      on.read(() => {
        const when = { now: milliseconds(now), unanswered_before: milliseconds(before) };
        return {
          count: unansweredCount.get(when)?.count ?? 0,
          items: unansweredList.all({ ...when, limit }).map(unansweredOf),
        };
      }),
    revokeByCa: (revoked) =>
      on.write(() => {
        const id = bySha256.get(revoked.certificate)?.id;
        return id === undefined ? [] : [...revokeHoldings(id, revoked), ...withdrawPublished(id, revoked)];
      }),
  };
}
