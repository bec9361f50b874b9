import type { Folder } from "../decide/index.ts";
import type { AuditWriter } from "./audit.ts";
import type { CertificateRows } from "./certificate.ts";
import type { Connection } from "./connection.ts";

/** What was removed, and what is still elsewhere. */
export interface Forgotten {
  /** Certificates that were stored under the address. */
  readonly certificates: number;
  /** Mails from the address that were filed: they still lie in IMAP. */
  readonly messages: readonly { readonly messageId: string | null; readonly folder: Folder | null }[];
}

export interface Forget {
  /**
   * Removes a partner (Art. 17 GDPR): certificates under the address, mails to it in the outbox, and what the ledger
   * says of it. The ledger keys stay, so that no old mail is harvested again, and so do barred keys. The audit trail
   * keeps its rows and gets a tombstone.
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

export function forget(on: Connection, certificates: CertificateRows, record: AuditWriter): Forget {
  const held = on.db.prepare<[string], { certificate: number }>(HELD);
  const holdings = on.db.prepare<[string]>(HOLDINGS);
  const messages = on.db.prepare<[string], { message_id: string | null; folder: Folder | null }>(MESSAGES);
  const ledger = on.db.prepare<[string]>(LEDGER);
  const outbox = on.db.prepare<[string]>(OUTBOX);
  return {
    forgetPartner: (address, { actor, reason, at }) =>
      on.write(() => {
        const ids = held.all(address).map(({ certificate }) => certificate);
        const left = messages.all(address);
        holdings.run(address);
        certificates.sweep(ids);
        ledger.run(address);
        outbox.run(address);
        const detail = { certificates: ids.length, messages: left.length };
        record({ at, actor, action: "partner.forgotten", address, reason, detail });
        return {
          certificates: ids.length,
          messages: left.map((row) => ({ messageId: row.message_id, folder: row.folder })),
        };
      }),
  };
}
