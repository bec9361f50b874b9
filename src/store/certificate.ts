import { hash } from "node:crypto";
import type { CertificateSummary } from "../inspect/index.ts";
import { bit, bytes, bytesOrNull, json, milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";

/** The columns of `certificate c` that make a CertificateSummary. */
export const CERTIFICATE_COLUMNS = `
  c.id AS certificate_id, c.sha256, c.spki_sha256, c.key_identity, c.subject, c.issuer, c.serial, c.not_before, c.not_after,
  c.key_algorithm, c.usage_sign, c.usage_encrypt, c.addresses AS named, c.capabilities, c.der`;

export interface CertificateRow {
  readonly certificate_id: number;
  readonly sha256: string;
  readonly spki_sha256: string;
  readonly key_identity: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly not_before: number;
  readonly not_after: number;
  readonly key_algorithm: string;
  readonly usage_sign: number;
  readonly usage_encrypt: number;
  readonly named: string;
  readonly capabilities: Uint8Array | null;
  readonly der: Uint8Array;
}

/** A row as the rest of keybot knows certificates. */
export function summary(row: CertificateRow): CertificateSummary {
  return {
    sha256: row.sha256,
    spkiSha256: row.spki_sha256,
    keyIdentity: row.key_identity,
    der: bytes(row.der),
    addresses: json<readonly string[]>(row.named),
    subject: row.subject,
    issuer: row.issuer,
    serial: row.serial,
    notBefore: time(row.not_before),
    notAfter: time(row.not_after),
    keyAlgorithm: row.key_algorithm,
    usage: { sign: row.usage_sign === 1, encrypt: row.usage_encrypt === 1 },
  };
}

/** SMIMECapabilities as raw DER, or null when no mail told them. */
export function capabilitiesOf(row: CertificateRow): Uint8Array | null {
  return bytesOrNull(row.capabilities);
}

/** Rows of certificates and of the CA certificates above them; runs inside the caller's transaction. */
export interface CertificateRows {
  /** Stores a certificate unless it is known, and returns its row number. */
  put(certificate: CertificateSummary): number;
  /**
   * Notes the capabilities of its mail program. A list that was told by an earlier signature, or by one without a time,
   * takes no other's place.
   */
  putCapabilities(id: number, capabilities: Uint8Array, signedAt: Date | null): void;
  /**
   * Notes the CA certificates above it, nearest first, so that its path can be built again. An empty list says nothing.
   * All who hold the certificate share them, so only a valid path is to be noted, never what a mail merely had with it.
   */
  putChain(id: number, chain: readonly Uint8Array[]): void;
  chain(id: number): readonly Uint8Array[];
  /** Notes the CA certificates that go out with a certificate of a mailbox, in place of those before. An empty list says nothing. */
  putPublishedChain(mailbox: number, id: number, chain: readonly Uint8Array[]): void;
  publishedChain(mailbox: number, id: number): readonly Uint8Array[];
  /** Removes certificates (of these row numbers) that nobody holds or publishes, and CA certificates above none. */
  sweep(ids: readonly number[]): void;
}

const ID = "SELECT id FROM certificate WHERE sha256 = ?";
const INSERT = `
  INSERT INTO certificate (sha256, spki_sha256, key_identity, subject, issuer, serial, not_before, not_after, key_algorithm,
    usage_sign, usage_encrypt, addresses, capabilities, der)
  VALUES (:sha256, :spki_sha256, :key_identity, :subject, :issuer, :serial, :not_before, :not_after, :key_algorithm,
    :usage_sign, :usage_encrypt, :addresses, NULL, :der)`;
const CAPABILITIES = `
  UPDATE certificate SET capabilities = :capabilities, capabilities_at = :signed_at
  WHERE id = :id AND (capabilities IS NULL OR :signed_at > coalesce(capabilities_at, :signed_at - 1))`;
const INTERMEDIATE_ID = "SELECT id FROM intermediate WHERE sha256 = ?";
const INTERMEDIATE_INSERT = "INSERT INTO intermediate (sha256, der) VALUES (?, ?)";
const CHAIN = `
  SELECT i.id, i.der FROM certificate_chain k JOIN intermediate i ON i.id = k.intermediate
  WHERE k.certificate = ? ORDER BY k.position`;
const CHAIN_DELETE = "DELETE FROM certificate_chain WHERE certificate = ?";
const CHAIN_INSERT = "INSERT INTO certificate_chain (certificate, position, intermediate) VALUES (?, ?, ?)";
const PUBLISHED_CHAIN = `
  SELECT i.id, i.der FROM mailbox_chain k JOIN intermediate i ON i.id = k.intermediate
  WHERE k.mailbox = ? AND k.certificate = ? ORDER BY k.position`;
const PUBLISHED_CHAIN_DELETE = "DELETE FROM mailbox_chain WHERE mailbox = ? AND certificate = ?";
const PUBLISHED_CHAIN_INSERT =
  "INSERT INTO mailbox_chain (mailbox, certificate, position, intermediate) VALUES (?, ?, ?, ?)";
const SWEEP = `
  DELETE FROM certificate WHERE id = :id
    AND NOT EXISTS (SELECT 1 FROM holding WHERE certificate = :id)
    AND NOT EXISTS (SELECT 1 FROM mailbox_certificate WHERE certificate = :id)`;
const SWEEP_INTERMEDIATES = `
  DELETE FROM intermediate
  WHERE NOT EXISTS (SELECT 1 FROM certificate_chain k WHERE k.intermediate = intermediate.id)
    AND NOT EXISTS (SELECT 1 FROM mailbox_chain m WHERE m.intermediate = intermediate.id)`;

export function certificateRows({ db }: Connection): CertificateRows {
  const id = db.prepare<[string], { id: number }>(ID);
  const insert = db.prepare(INSERT);
  const capabilities = db.prepare(CAPABILITIES);
  const intermediateId = db.prepare<[string], { id: number }>(INTERMEDIATE_ID);
  const intermediateInsert = db.prepare<[string, Uint8Array]>(INTERMEDIATE_INSERT);
  const chainOf = db.prepare<[number], { id: number; der: Uint8Array }>(CHAIN);
  const chainDelete = db.prepare<[number]>(CHAIN_DELETE);
  const chainInsert = db.prepare<[number, number, number]>(CHAIN_INSERT);
  const published = db.prepare<[number, number], { id: number; der: Uint8Array }>(PUBLISHED_CHAIN);
  const publishedDelete = db.prepare<[number, number]>(PUBLISHED_CHAIN_DELETE);
  const publishedInsert = db.prepare<[number, number, number, number]>(PUBLISHED_CHAIN_INSERT);
  const sweepOne = db.prepare(SWEEP);
  const sweepIntermediates = db.prepare(SWEEP_INTERMEDIATES);

  function putIntermediate(der: Uint8Array): number {
    const sha256 = hash("sha256", der, "hex");
    return intermediateId.get(sha256)?.id ?? Number(intermediateInsert.run(sha256, der).lastInsertRowid);
  }

  return {
    put: (certificate) =>
      id.get(certificate.sha256)?.id ?? Number(insert.run(columns(certificate)).lastInsertRowid),
    putCapabilities: (row, value, signedAt) => {
      const signed_at = signedAt === null ? null : milliseconds(signedAt);
      capabilities.run({ id: row, capabilities: value, signed_at });
    },
    putChain: (row, chain) => {
      if (chain.length === 0) return;
      const wanted = chain.map(putIntermediate);
      const known = chainOf.all(row).map((link) => link.id);
      if (wanted.length === known.length && wanted.every((link, index) => link === known[index])) return;
      chainDelete.run(row);
      for (const [position, link] of wanted.entries()) chainInsert.run(row, position, link);
    },
    chain: (row) => chainOf.all(row).map((link) => bytes(link.der)),
    putPublishedChain: (mailbox, row, chain) => {
      if (chain.length === 0) return;
      publishedDelete.run(mailbox, row);
      for (const [position, der] of chain.entries())
        publishedInsert.run(mailbox, row, position, putIntermediate(der));
    },
    publishedChain: (mailbox, row) => published.all(mailbox, row).map((link) => bytes(link.der)),
    sweep: (ids) => {
      let removed = 0;
      for (const row of ids) removed += sweepOne.run({ id: row }).changes;
      if (removed > 0) sweepIntermediates.run();
    },
  };
}

function columns(certificate: CertificateSummary): object {
  return {
    sha256: certificate.sha256,
    spki_sha256: certificate.spkiSha256,
    key_identity: certificate.keyIdentity,
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial: certificate.serial,
    not_before: milliseconds(certificate.notBefore),
    not_after: milliseconds(certificate.notAfter),
    key_algorithm: certificate.keyAlgorithm,
    usage_sign: bit(certificate.usage.sign),
    usage_encrypt: bit(certificate.usage.encrypt),
    addresses: JSON.stringify(certificate.addresses),
    der: certificate.der,
  };
}
