import type { CertificateSummary, Finding, FindingCode } from "../inspect/index.ts";
import type { AuditWriter } from "./audit.ts";
import { CERTIFICATE_COLUMNS, type CertificateRow, type CertificateRows, summary } from "./certificate.ts";
import type { ChangedHolding } from "./change.ts";
import { json, milliseconds, time, timeOrNull } from "./column.ts";
import type { Connection } from "./connection.ts";
import { type HoldingRows, ROBOT } from "./holding.ts";
import { mayBecome } from "./transition.ts";

/** A certificate that is used, to be asked about again. */
export interface CertificateToCheck {
  readonly certificate: CertificateSummary;
  /** DER of the CA certificates above it, nearest first. */
  readonly chain: readonly Uint8Array[];
  /** An address that uses it. */
  readonly address: string;
  /** The last time no path could be built. */
  readonly noPath: boolean;
}

/** A certificate in use of which nobody can be asked whether it is revoked, because no path to a trusted CA can be built. */
export interface WithoutPath {
  readonly sha256: string;
  /** Those that use it, in order. */
  readonly addresses: readonly string[];
  readonly since: Date;
  /** What breaks the path. */
  readonly code: FindingCode;
  /** When the admin was last told, or null. */
  readonly toldAt: Date | null;
}

/** A revocation by the CA itself. It says nothing of other certificates with the same key, so the key is not barred. */
export interface RevokedByCa {
  /** SHA-256. */
  readonly certificate: string;
  /** One sentence: when and why, as the CA says. */
  readonly reason: string;
  readonly finding: Finding;
  /** SHA-256 of the certificate, its own or a CA's above it, that is only on hold; null: it is revoked for good. */
  readonly heldBy: string | null;
  readonly at: Date;
}

/** The schedule on which CAs are asked again about what is stored. */
export interface RevocationChecks {
  /**
   * Takes the certificates whose check is due, those that wait longest first, and puts the next one off until `next`:
   * whoever takes them asks, nobody else. Only those that an address uses now; empty when none is due.
   */
  takeDueChecks(now: Date, next: Date, limit: number): Promise<readonly CertificateToCheck[]>;
  /** Notes that a certificate has no path, and when to look again. */
  noteNoPath(sha256: string, code: FindingCode, at: Date, next: Date): Promise<void>;
  /** Notes that it has one again, and the CA certificates on it, nearest first. */
  notePath(sha256: string, chain: readonly Uint8Array[]): Promise<void>;
  /** Certificates in use without a path, those without one for longest first, and how many there are. */
  withoutPath(
    now: Date,
    limit: number,
  ): Promise<{ readonly count: number; readonly items: readonly WithoutPath[] }>;
  /** Revokes every holding of a certificate that is active or pending, in the robot's name; returns those. */
  revokeByCa(revoked: RevokedByCa): Promise<readonly ChangedHolding[]>;
}

/** Rows looked at in one go: most of a directory may have expired or been rejected. */
const LOOKED_AT = 1_000;

const DUE = "SELECT certificate FROM revocation_check WHERE due_at <= ? ORDER BY due_at, certificate LIMIT ?";
const PUT_OFF = "UPDATE revocation_check SET due_at = ? WHERE certificate = ?";
const USED = `
  SELECT ${CERTIFICATE_COLUMNS},
    (SELECT min(address) FROM holding h WHERE h.certificate = c.id AND h.status = 'active') AS address,
    (SELECT no_path_since IS NOT NULL FROM revocation_check r WHERE r.certificate = c.id) AS no_path
  FROM certificate c JOIN used_certificate u ON u.certificate = c.id
  WHERE c.id = :id AND c.not_after >= :now`;
const NO_PATH = `
  UPDATE revocation_check SET no_path_since = coalesce(no_path_since, :at), no_path_why = :code, due_at = :next
  WHERE certificate = :id`;
const PATH = `
  UPDATE revocation_check SET no_path_since = NULL, no_path_why = NULL, no_path_told_at = NULL WHERE certificate = ?`;
/** The columns of a WithoutPath; `revocation_check r`, `certificate c`. */
export const WITHOUT_PATH_COLUMNS = `
  c.sha256, r.no_path_since, r.no_path_why, r.no_path_told_at,
  (SELECT json_group_array(address ORDER BY address) FROM holding
    WHERE certificate = c.id AND status = 'active') AS used_by`;
const WITHOUT_PATH = `
  FROM revocation_check r INDEXED BY revocation_check_no_path CROSS JOIN certificate c ON c.id = r.certificate
  WHERE r.no_path_since IS NOT NULL AND c.not_after >= :now
    AND EXISTS (SELECT 1 FROM used_certificate u WHERE u.certificate = c.id)`;
const WITHOUT_PATH_COUNT = `SELECT count(*) AS count ${WITHOUT_PATH}`;
const WITHOUT_PATH_LIST = `SELECT ${WITHOUT_PATH_COLUMNS} ${WITHOUT_PATH} ORDER BY r.no_path_since, c.id LIMIT :limit`;

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

const BY_SHA256 = "SELECT id FROM certificate WHERE sha256 = ?";

export function revocationChecks(
  on: Connection,
  certificates: CertificateRows,
  holdings: HoldingRows,
  record: AuditWriter,
): RevocationChecks {
  const due = on.db.prepare<[number, number], { certificate: number }>(DUE);
  const putOff = on.db.prepare<[number, number]>(PUT_OFF);
  const used = on.db.prepare<[object], CertificateRow & { address: string; no_path: number }>(USED);
  const noPath = on.db.prepare(NO_PATH);
  const path = on.db.prepare<[number]>(PATH);
  const withoutPathCount = on.db.prepare<[object], { count: number }>(WITHOUT_PATH_COUNT);
  const withoutPathList = on.db.prepare<[object], WithoutPathRow>(WITHOUT_PATH_LIST);
  const bySha256 = on.db.prepare<[string], { id: number }>(BY_SHA256);
  return {
    takeDueChecks: (now, next, limit) =>
      on.write(() => {
        const taken: CertificateToCheck[] = [];
        for (const { certificate: id } of due.all(milliseconds(now), LOOKED_AT)) {
          if (taken.length === limit) break;
          putOff.run(milliseconds(next), id);
          const row = used.get({ id, now: milliseconds(now) });
          if (row === undefined) continue;
          const { address, no_path } = row;
          const chain = certificates.chain(id);
          taken.push({ certificate: summary(row), chain, address, noPath: no_path === 1 });
        }
        return taken;
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
    revokeByCa: ({ certificate, reason, finding, heldBy, at }) =>
      on.write(() => {
        const found = bySha256.get(certificate);
        const held = found === undefined ? [] : holdings.ofCertificate(found.id);
        const hit = held.filter(({ status }) => mayBecome("ca", status, "revoked"));
        return hit.map((holding): ChangedHolding => {
          const { address, status: from } = holding;
          const before = json<readonly Finding[]>(holding.findings);
          const findings = [finding, ...before.filter(({ code }) => !code.startsWith("revocation."))];
          const approved = heldBy !== null && holding.approved === 1;
          holdings.move({ holding, to: "revoked", approved, actor: ROBOT, reason, at, findings, heldBy });
          const action = "certificate.revoked";
          record({ at, actor: ROBOT, action, address, certificate, reason, detail: { from, by: "CA" } });
          return { certificate, address, from, to: "revoked" };
        });
      }),
  };
}
