import type { PublishedCertificate } from "../decide/index.ts";
import { KeybotError } from "../errors.ts";
import type { AuditWriter } from "./audit.ts";
import { CERTIFICATE_COLUMNS, type CertificateRow, type CertificateRows, summary } from "./certificate.ts";
import { milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";
import type { RevocationState, RevocationStateReader } from "./revocation-state.ts";
import type { PublishedReader } from "./view.ts";

/** A mailbox of the company and what it publishes. */
export interface Mailbox {
  readonly address: string;
  readonly addedAt: Date;
  readonly addedBy: string;
  /** Other addresses of ours that are answered with the same certificates. */
  readonly aliases: readonly string[];
  /** Also those that are not valid now, or revoked; the latest notBefore first. */
  readonly certificates: readonly MailboxCertificate[];
}

/** A certificate that a mailbox publishes, or published until its CA revoked it. */
export interface MailboxCertificate extends PublishedCertificate {
  /** Its CA has revoked it, so it goes out no more: when that was noted, and what the CA says; else null. */
  readonly revoked: { readonly at: Date; readonly why: string } | null;
  /** What its CA last said, and whether it answers. */
  readonly revocation: RevocationState;
}

/** A person's change; text for the audit trail. */
export interface MailboxChange {
  readonly actor: string;
  readonly reason?: string | null;
  readonly at: Date;
}

/** What the company publishes. Each change is one transaction with its audit row. */
export interface Mailboxes {
  /**
   * Publishes certificates for a mailbox, which is made when it is new; those that it has already stay, and one that its
   * CA had revoked goes out again: whoever calls has asked.
   * @throws KeybotError `store.alias` (usage) when the address is an alias
   */
  addMailbox(
    address: string,
    certificates: readonly PublishedCertificate[],
    change: MailboxChange,
  ): Promise<void>;
  /** Publishes nothing any more for a mailbox and removes it with its aliases; false when there is none. */
  removeMailbox(address: string, change: MailboxChange): Promise<boolean>;
  /** Withdraws one certificate (SHA-256 in full) of a mailbox; false when it does not publish it. */
  removeMailboxCertificate(address: string, sha256: string, change: MailboxChange): Promise<boolean>;
  /** All mailboxes by address. */
  listMailboxes(): Promise<readonly Mailbox[]>;
  /** A mailbox by its address or an alias, or null. */
  mailbox(address: string): Promise<Mailbox | null>;
  /** What a request for this address (or alias) is answered with: valid at that time and not revoked, the latest notBefore first. */
  publishedFor(address: string, at: Date): Promise<readonly PublishedCertificate[]>;
  /**
   * Lets an alias be answered as a mailbox. It says it already: nothing happens.
   * @throws KeybotError `store.no-mailbox` (not-found); `store.alias` (usage) when the alias is taken
   */
  addAlias(address: string, alias: string, change: MailboxChange): Promise<void>;
  /** False when there is no such alias. */
  removeAlias(alias: string, change: MailboxChange): Promise<boolean>;
  /** The mailbox behind an address or alias; null when there is none. */
  resolveAlias(address: string): Promise<string | null>;
}

interface MailboxRow {
  readonly id: number;
  readonly address: string;
  readonly added_at: number;
  readonly added_by: string;
}

interface ContentRow extends CertificateRow {
  readonly revoked_at: number | null;
  readonly revoked_why: string | null;
}

const ONE = "SELECT id, address, added_at, added_by FROM mailbox WHERE address = ?";
const LIST = "SELECT id, address, added_at, added_by FROM mailbox ORDER BY address";
const INSERT = "INSERT INTO mailbox (address, added_at, added_by) VALUES (?, ?, ?)";
const DELETE = "DELETE FROM mailbox WHERE id = ?";
const CERTIFICATES = `
  SELECT ${CERTIFICATE_COLUMNS}, mc.revoked_at, mc.revoked_why FROM mailbox_certificate mc JOIN certificate c ON c.id = mc.certificate
  WHERE mc.mailbox = ? ORDER BY c.not_before DESC, c.id DESC`;
const PUBLISH = `
  INSERT INTO mailbox_certificate (mailbox, certificate, added_at, added_by) VALUES (?, ?, ?, ?)
  ON CONFLICT (mailbox, certificate) DO UPDATE
    SET revoked_at = NULL, revoked_why = NULL, added_at = excluded.added_at, added_by = excluded.added_by
    WHERE revoked_at IS NOT NULL`;
const WITHDRAW = "DELETE FROM mailbox_certificate WHERE mailbox = ? AND certificate = ?";
const ALIAS = `
  SELECT m.id, m.address, m.added_at, m.added_by FROM mailbox_alias a JOIN mailbox m ON m.id = a.mailbox WHERE a.alias = ?`;
const ALIASES = "SELECT alias FROM mailbox_alias WHERE mailbox = ? ORDER BY alias";
const ALIAS_INSERT = "INSERT INTO mailbox_alias (alias, mailbox, added_at, added_by) VALUES (?, ?, ?, ?)";
const ALIAS_DELETE = "DELETE FROM mailbox_alias WHERE alias = ?";

export function mailboxes(
  on: Connection,
  certificates: CertificateRows,
  published: PublishedReader,
  stateOf: RevocationStateReader,
  record: AuditWriter,
): Mailboxes {
  const { db } = on;
  const one = db.prepare<[string], MailboxRow>(ONE);
  const list = db.prepare<[], MailboxRow>(LIST);
  const insert = db.prepare<[string, number, string]>(INSERT);
  const remove = db.prepare<[number]>(DELETE);
  const content = db.prepare<[number], ContentRow>(CERTIFICATES);
  const publish = db.prepare<[number, number, number, string]>(PUBLISH);
  const withdraw = db.prepare<[number, number]>(WITHDRAW);
  const alias = db.prepare<[string], MailboxRow>(ALIAS);
  const aliases = db.prepare<[number], { alias: string }>(ALIASES);
  const aliasInsert = db.prepare<[string, number, number, string]>(ALIAS_INSERT);
  const aliasDelete = db.prepare<[string]>(ALIAS_DELETE);

  const behind = (address: string) => one.get(address) ?? alias.get(address);
  const mailbox = (row: MailboxRow): Mailbox => ({
    address: row.address,
    addedAt: time(row.added_at),
    addedBy: row.added_by,
    aliases: aliases.all(row.id).map((found) => found.alias),
    certificates: content.all(row.id).map((found) => ({
      ...summary(found),
      chain: certificates.publishedChain(row.id, found.certificate_id),
      revoked:
        found.revoked_at === null ? null : { at: time(found.revoked_at), why: found.revoked_why ?? "" },
      revocation: stateOf(found.certificate_id),
    })),
  });

  function add(
    address: string,
    list: readonly PublishedCertificate[],
    { actor, reason, at }: MailboxChange,
  ): void {
    const taken = alias.get(address);
    if (taken !== undefined) {
      throw new KeybotError("usage", "store.alias", `${address} is an alias of ${taken.address}`, {
        hint: "remove the alias first, or add the certificates to that mailbox",
      });
    }
    const id = one.get(address)?.id ?? Number(insert.run(address, milliseconds(at), actor).lastInsertRowid);
    for (const certificate of list) {
      const certificateId = certificates.put(certificate);
      const isNew = publish.run(id, certificateId, milliseconds(at), actor).changes > 0;
      certificates.putPublishedChain(id, certificateId, certificate.chain);
      if (!isNew) continue;
      record({
        at,
        actor,
        action: "mailbox.added",
        address,
        certificate: certificate.sha256,
        reason: reason ?? null,
      });
    }
  }

  function addAlias(address: string, name: string, { actor, reason, at }: MailboxChange): void {
    const target = behind(address);
    if (target === undefined)
      throw new KeybotError("not-found", "store.no-mailbox", `there is no mailbox ${address}`);
    const taken = behind(name);
    if (taken !== undefined) {
      if (taken.id === target.id && one.get(name) === undefined) return;
      throw new KeybotError(
        "usage",
        "store.alias",
        `${name} is a mailbox or an alias already (${taken.address})`,
      );
    }
    aliasInsert.run(name, target.id, milliseconds(at), actor);
    record({
      at,
      actor,
      action: "alias.added",
      address: name,
      reason: reason ?? null,
      detail: { mailbox: target.address },
    });
  }

  return {
    addMailbox: (address, added, change) => on.write(() => add(address, added, change)),
    removeMailbox: (address, { actor, reason, at }) =>
      on.write(() => {
        const row = one.get(address);
        if (row === undefined) return false;
        const gone = content.all(row.id);
        remove.run(row.id); // aliases and certificate links go with it
        certificates.sweep(gone.map((found) => found.certificate_id));
        const detail = { certificates: gone.map((found) => found.sha256) };
        record({
          at,
          actor,
          action: "mailbox.removed",
          address: row.address,
          reason: reason ?? null,
          detail,
        });
        return true;
      }),
    removeMailboxCertificate: (address, sha256, { actor, reason, at }) =>
      on.write(() => {
        const row = one.get(address);
        const found = row && content.all(row.id).find((certificate) => certificate.sha256 === sha256);
        if (row === undefined || found === undefined) return false;
        withdraw.run(row.id, found.certificate_id);
        certificates.sweep([found.certificate_id]);
        const action = "mailbox.certificate-removed";
        record({ at, actor, action, address: row.address, certificate: sha256, reason: reason ?? null });
        return true;
      }),
    listMailboxes: () => on.read(() => list.all().map(mailbox)),
    mailbox: (address) =>
      on.read(() => {
        const row = behind(address);
        return row === undefined ? null : mailbox(row);
      }),
    publishedFor: (address, at) => on.read(() => published(address, at)),
    addAlias: (address, name, change) => on.write(() => addAlias(address, name, change)),
    removeAlias: (name, { actor, reason, at }) =>
      on.write(() => {
        const row = alias.get(name);
        if (row === undefined) return false;
        aliasDelete.run(name);
        const detail = { mailbox: row.address };
        record({ at, actor, action: "alias.removed", address: name, reason: reason ?? null, detail });
        return true;
      }),
    resolveAlias: (address) => on.read(() => behind(address)?.address ?? null),
  };
}
