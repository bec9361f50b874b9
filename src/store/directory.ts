import type { CertificateSummary, FindingCode } from "../inspect/index.ts";
import { CLOCK_SKEW_MS } from "../pki/index.ts";
import type { BarredKey, BarredKeyRows } from "./barred-key.ts";
import {
  CERTIFICATE_COLUMNS,
  type CertificateRow,
  type CertificateRows,
  capabilitiesOf,
  summary,
} from "./certificate.ts";
import { milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";
import { HOLDING_COLUMNS, type Holding, type HoldingRow, type HoldingRows, holding } from "./holding.ts";
import type { RevocationState, RevocationStateReader } from "./revocation-state.ts";

/** A certificate under one address, with all that is known of both. */
export interface DirectoryCertificate extends CertificateSummary, Omit<Holding, "address"> {
  /** The address that was asked for, as it is stored. */
  readonly address: string;
  /** SMIMECapabilities (RFC 8551 §2.5.2), raw DER. */
  readonly capabilities: Uint8Array | null;
  /** Its public key is barred for every address. */
  readonly barred: boolean;
  /** DER of the CA certificates above it, nearest first. */
  readonly chain: readonly Uint8Array[];
}

/** A certificate with everybody who holds it. */
export interface FoundCertificate {
  readonly certificate: CertificateSummary;
  readonly capabilities: Uint8Array | null;
  readonly chain: readonly Uint8Array[];
  readonly barred: BarredKey | null;
  readonly holdings: readonly Holding[];
  /** Since when no path to a trusted CA can be built, and what breaks it; null: there is one, or nobody has looked. */
  readonly noPath: { readonly since: Date; readonly code: FindingCode } | null;
  /** What its CA last said, and whether it answers. */
  readonly revocation: RevocationState;
}

/** What a shortened fingerprint leads to. */
export type Search =
  | { readonly found: "none" }
  | { readonly found: "one"; readonly certificate: FoundCertificate }
  /** The first few, in order. */
  | { readonly found: "several"; readonly sha256: readonly string[] };

/** The directory of partners, read only. */
export interface Directory {
  /** Every certificate under an address, whatever its status; active and approved first, then the latest notBefore. */
  certificatesOf(address: string, now: Date): Promise<readonly DirectoryCertificate[]>;
  /**
   * What to encrypt to now, best first: active, valid, usable for encryption, not barred; approved ones before
   * others, then the latest notBefore.
   */
  usableFor(address: string, now: Date): Promise<readonly DirectoryCertificate[]>;
  /** Finds a certificate by its SHA-256 or the beginning of it (8 digits at least), also one that only a mailbox publishes. */
  findCertificate(sha256: string, now: Date): Promise<Search>;
  /** Every certificate that has a public key, whatever the spelling, by the SHA-256 of one spelling in full. */
  certificatesOfKey(spkiSha256: string, now: Date): Promise<readonly FoundCertificate[]>;
}

/** Shorter beginnings would make `several` the ordinary answer. */
const SHORTEST_PREFIX = 8;
/** How many fingerprints are named when a beginning fits several. */
const SEVERAL = 10;

interface JoinedRow extends CertificateRow, HoldingRow {
  readonly barred: number;
}

const COLUMNS = `${CERTIFICATE_COLUMNS}, ${HOLDING_COLUMNS.replace(" h.certificate AS certificate_id,", "")},
  EXISTS (SELECT 1 FROM barred_key b WHERE b.key_identity = c.key_identity) AS barred`;
export const OF_ADDRESS = `
  SELECT ${COLUMNS} FROM holding h JOIN certificate c ON c.id = h.certificate WHERE h.address = :address
  ORDER BY h.status = 'active' AND c.not_after >= :now DESC, h.approved DESC, c.not_before DESC, c.id DESC`;
/** A certificate's beginning is granted the same difference between clocks as when it was accepted. */
export const USABLE = `
  SELECT ${COLUMNS} FROM holding h JOIN certificate c ON c.id = h.certificate
  WHERE h.address = :address AND h.status = 'active' AND c.usage_encrypt = 1
    AND c.not_before <= :now + ${CLOCK_SKEW_MS} AND c.not_after >= :now
    AND NOT EXISTS (SELECT 1 FROM barred_key b WHERE b.key_identity = c.key_identity)
  ORDER BY h.approved DESC, c.not_before DESC, c.id DESC`;
/** Hex digits end before `g`, so this range is all that begins with the prefix, and the index finds it. */
export const BY_PREFIX = `
  SELECT ${CERTIFICATE_COLUMNS} FROM certificate c
  WHERE c.sha256 >= :prefix AND c.sha256 < :prefix || 'g' ORDER BY c.sha256 LIMIT ${SEVERAL}`;
const NO_PATH = `
  SELECT no_path_since AS since, no_path_why AS code FROM revocation_check
  WHERE certificate = ? AND no_path_since IS NOT NULL`;
export const BY_KEY = `SELECT ${CERTIFICATE_COLUMNS} FROM certificate c WHERE c.key_identity = ? ORDER BY c.id`;
export const IDENTITY = "SELECT key_identity FROM certificate WHERE spki_sha256 = ? LIMIT 1";

export function directory(
  on: Connection,
  certificates: CertificateRows,
  holdings: HoldingRows,
  keys: BarredKeyRows,
  stateOf: RevocationStateReader,
): Directory {
  const ofAddress = on.db.prepare<[object], JoinedRow>(OF_ADDRESS);
  const usable = on.db.prepare<[object], JoinedRow>(USABLE);
  const byPrefix = on.db.prepare<[object], CertificateRow>(BY_PREFIX);
  const noPath = on.db.prepare<[number], { since: number; code: FindingCode }>(NO_PATH);
  const byKey = on.db.prepare<[string], CertificateRow>(BY_KEY);
  const identity = on.db.prepare<[string], { key_identity: string }>(IDENTITY);

  const joined = (row: JoinedRow, now: Date): DirectoryCertificate => ({
    ...summary(row),
    ...holding(row, row.not_after, now),
    capabilities: capabilitiesOf(row),
    barred: row.barred === 1,
    chain: certificates.chain(row.certificate_id),
  });
  const withoutPath = (id: number): FoundCertificate["noPath"] => {
    const row = noPath.get(id);
    return row === undefined ? null : { since: time(row.since), code: row.code };
  };
  const found = (row: CertificateRow, now: Date): FoundCertificate => ({
    certificate: summary(row),
    capabilities: capabilitiesOf(row),
    chain: certificates.chain(row.certificate_id),
    barred: keys.get({ keyIdentity: row.key_identity, spkiSha256: row.spki_sha256 }),
    holdings: holdings.ofCertificate(row.certificate_id).map((held) => holding(held, row.not_after, now)),
    noPath: withoutPath(row.certificate_id),
    revocation: stateOf(row.certificate_id),
  });

  return {
    certificatesOf: (address, now) =>
      on.read(() => ofAddress.all({ address, now: milliseconds(now) }).map((row) => joined(row, now))),
    usableFor: (address, now) =>
      on.read(() => usable.all({ address, now: milliseconds(now) }).map((row) => joined(row, now))),
    findCertificate: (sha256, now) =>
      on.read(() => {
        const prefix = sha256.toLowerCase();
        if (prefix.length < SHORTEST_PREFIX || !/^[0-9a-f]+$/.test(prefix)) return { found: "none" };
        const rows = byPrefix.all({ prefix });
        const [first] = rows;
        if (first === undefined) return { found: "none" };
        if (rows.length > 1) return { found: "several", sha256: rows.map((row) => row.sha256) };
        return { found: "one", certificate: found(first, now) };
      }),
    certificatesOfKey: (spki, now) =>
      on.read(() => byKey.all(identity.get(spki)?.key_identity ?? spki).map((row) => found(row, now))),
  };
}
