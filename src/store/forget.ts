import type { Folder } from "../decide/index.ts";
import type { AuditBlanker, AuditWriter } from "./audit.ts";
import type { BarredKeyRows, KeyNames } from "./barred-key.ts";
import type { CertificateRows } from "./certificate.ts";
import type { Connection } from "./connection.ts";

/** What was removed, and what is still elsewhere. */
export interface Forgotten {
  /** Certificates that were stored under the address. */
  readonly certificates: number;
  /** Mails from the address that were filed: they still lie in IMAP. */
  readonly messages: readonly { readonly messageId: string | null; readonly folder: Folder | null }[];
  /** Rows of the audit trail whose text was blanked. */
  readonly auditEntries: number;
  /** False: another process kept the journal from being emptied just now, and old pages stay in it until it is. */
  readonly overwritten: boolean;
}

export interface Forget {
  /**
   * Removes a partner (Art. 17 GDPR): certificates under the address, mails to it in the outbox, what the ledger says of
   * it, and the text of its rows in the audit trail, whose chain holds on. The ledger keys stay, so that no old mail is
   * harvested again, and so do barred keys. A tombstone in the trail says how much went, and not of whom. What goes is
   * overwritten in the database file, not only unlinked.
   */
  forgetPartner(
    address: string,
    change: { readonly actor: string; readonly reason: string | null; readonly at: Date },
  ): Promise<Forgotten>;
}

const HELD = "SELECT certificate FROM holding WHERE address = ?";
const HOLDINGS = "DELETE FROM holding WHERE address = ?";
const MESSAGES = "SELECT message_id, folder FROM ledger WHERE from_address = ? ORDER BY id";
/** The reasons stay, without their details: those may quote the mail. */
const LEDGER = `
  UPDATE ledger SET from_address = NULL, from_domain = NULL, message_id = NULL, addressed = '[]',
    reasons = (SELECT json_group_array(json_object('code', value ->> 'code', 'rule', value ->> 'rule', 'detail', NULL))
               FROM json_each(reasons))
  WHERE from_address = ?`;
const OUTBOX = "DELETE FROM outbox WHERE recipient = ? COLLATE NOCASE";
const KEYS = "SELECT key FROM ledger WHERE from_address = ?";
const PUBLIC_KEYS = `
  SELECT DISTINCT c.spki_sha256 AS spkiSha256, c.key_identity AS keyIdentity
  FROM holding h JOIN certificate c ON c.id = h.certificate WHERE h.address = ?`;
const KEY_IN_USE = "SELECT 1 FROM certificate WHERE key_identity = ? LIMIT 1";

/** In place of why a key was barred that was this partner's alone: a person's words may name him. */
const FORGOTTEN = "barred before its partner was forgotten";

export interface ForgetRooms {
  readonly certificates: CertificateRows;
  readonly keys: BarredKeyRows;
  readonly blank: AuditBlanker;
  readonly record: AuditWriter;
}

export function forget(on: Connection, { certificates, keys, blank, record }: ForgetRooms): Forget {
  const held = on.db.prepare<[string], { certificate: number }>(HELD);
  const holdings = on.db.prepare<[string]>(HOLDINGS);
  const messages = on.db.prepare<[string], { message_id: string | null; folder: Folder | null }>(MESSAGES);
  const ledger = on.db.prepare<[string]>(LEDGER);
  const outbox = on.db.prepare<[string]>(OUTBOX);
  const messageKeys = on.db.prepare<[string], { key: string }>(KEYS);
  const publicKeysOf = on.db.prepare<[string], KeyNames>(PUBLIC_KEYS);
  const keyInUse = on.db.prepare<[string]>(KEY_IN_USE);

  function remove(
    address: string,
    { actor, reason, at }: { actor: string; reason: string | null; at: Date },
  ) {
    const ids = held.all(address).map(({ certificate }) => certificate);
    const publicKeys = publicKeysOf.all(address);
    const left = messages.all(address);
    const mails = messageKeys.all(address).map(({ key }) => key);
    holdings.run(address);
    certificates.sweep(ids);
    ledger.run(address);
    outbox.run(address);
    const own = publicKeys.filter(({ keyIdentity }) => keyInUse.get(keyIdentity) === undefined);
    for (const key of own) keys.reword(key, FORGOTTEN);
    const entries = blank({ address, messageKeys: mails, spkis: own.map(({ spkiSha256 }) => spkiSha256) });
    const detail = { certificates: ids.length, messages: left.length, entries };
    record({ at, actor, action: "partner.forgotten", reason, detail });
    return {
      certificates: ids.length,
      messages: left.map((row) => ({ messageId: row.message_id, folder: row.folder })),
      auditEntries: entries,
    };
  }

  return {
    forgetPartner: async (address, change) => {
      // Without it SQLite only unlinks: the text would stay readable in the file until something is written over it.
      on.db.pragma("secure_delete = ON");
      try {
        const removed = await on.write(() => remove(address, change));
        return { ...removed, overwritten: emptyJournal(on) };
      } finally {
        on.db.pragma("secure_delete = OFF");
      }
    },
  };
}

/** The old pages stand in the journal until it is written into the database and cut. */
function emptyJournal({ db }: Connection): boolean {
  try {
    return db.pragma("wal_checkpoint(TRUNCATE)", { simple: true }) === 0;
  } catch {
    // It is done, and must not be reported as failed: the next checkpoint will empty it.
    return false;
  }
}
