import type { CertificateSummary, Finding } from "../inspect/index.ts";
import type { AuditWriter } from "./audit.ts";
import { CERTIFICATE_COLUMNS, type CertificateRow, type CertificateRows, summary } from "./certificate.ts";
import type { ChangedHolding } from "./change.ts";
import { json, milliseconds } from "./column.ts";
import type { Connection } from "./connection.ts";
import { type HoldingRows, ROBOT } from "./holding.ts";
import { mayBecome } from "./transition.ts";

/** A certificate that is used, to be asked about again. */
export interface CertificateToCheck {
  readonly certificate: CertificateSummary;
  /** DER of the CA certificates above it, nearest first. */
  readonly chain: readonly Uint8Array[];
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

/** The schedule on which CAs are asked again about what is stored. */
export interface RevocationChecks {
  /**
   * Takes the certificates whose check is due, those that wait longest first, and puts the next one off until `next`:
   * whoever takes them asks, nobody else. Only those that an address uses now; empty when none is due.
   */
  takeDueChecks(now: Date, next: Date, limit: number): Promise<readonly CertificateToCheck[]>;
  /** Revokes every holding of a certificate that is active or pending, in the robot's name; returns those. */
  revokeByCa(revoked: RevokedByCa): Promise<readonly ChangedHolding[]>;
}

/** Rows looked at in one go: most of a directory may have expired or been rejected. */
const LOOKED_AT = 1_000;

const DUE = "SELECT certificate FROM revocation_check WHERE due_at <= ? ORDER BY due_at, certificate LIMIT ?";
const PUT_OFF = "UPDATE revocation_check SET due_at = ? WHERE certificate = ?";
const USED = `
  SELECT ${CERTIFICATE_COLUMNS} FROM certificate c
  WHERE c.id = :id AND c.not_after >= :now
    AND EXISTS (SELECT 1 FROM holding h WHERE h.certificate = c.id AND h.status = 'active')`;
const BY_SHA256 = "SELECT id FROM certificate WHERE sha256 = ?";

export function revocationChecks(
  on: Connection,
  certificates: CertificateRows,
  holdings: HoldingRows,
  record: AuditWriter,
): RevocationChecks {
  const due = on.db.prepare<[number, number], { certificate: number }>(DUE);
  const putOff = on.db.prepare<[number, number]>(PUT_OFF);
  const used = on.db.prepare<[object], CertificateRow>(USED);
  const bySha256 = on.db.prepare<[string], { id: number }>(BY_SHA256);
  return {
    takeDueChecks: (now, next, limit) =>
      on.write(() => {
        const taken: CertificateToCheck[] = [];
        for (const { certificate: id } of due.all(milliseconds(now), LOOKED_AT)) {
          if (taken.length === limit) break;
          putOff.run(milliseconds(next), id);
          const row = used.get({ id, now: milliseconds(now) });
          if (row !== undefined) taken.push({ certificate: summary(row), chain: certificates.chain(id) });
        }
        return taken;
      }),
    revokeByCa: ({ certificate, reason, finding, at }) =>
      on.write(() => {
        const found = bySha256.get(certificate);
        const held = found === undefined ? [] : holdings.ofCertificate(found.id);
        const hit = held.filter(({ status }) => mayBecome("ca", status, "revoked"));
        return hit.map((holding): ChangedHolding => {
          const { address, status: from } = holding;
          const before = json<readonly Finding[]>(holding.findings);
          const findings = [finding, ...before.filter(({ code }) => !code.startsWith("revocation."))];
          holdings.move({ holding, to: "revoked", approved: false, actor: ROBOT, reason, at, findings });
          const action = "certificate.revoked";
          record({ at, actor: ROBOT, action, address, certificate, reason, detail: { from, by: "CA" } });
          return { certificate, address, from, to: "revoked" };
        });
      }),
  };
}
