import { KeybotError } from "../errors.ts";
import type { AuditAction, AuditCheck, AuditEntry, Store } from "../store/index.ts";
import { parseAddress } from "./address.ts";
import { parseFingerprint } from "./find-certificate.ts";
import { type Page, rowsFor } from "./page.ts";

/** What `keybot audit list` is asked for. */
export interface AuditQuery {
  /** Left out: all that fits, or the newest when nothing narrows. */
  readonly limit?: number;
  readonly offset?: number;
  readonly address?: string;
  /** A SHA-256 or its beginning. */
  readonly certificate?: string;
  readonly action?: AuditAction;
  readonly since?: Date;
}

/**
 * The entries of the audit trail that match, the newest first.
 * @throws KeybotError `usage` for more than 100,000 entries, an address or a fingerprint that is none
 */
export async function auditTrail(store: Store, query: AuditQuery): Promise<Page<AuditEntry>> {
  const { address, certificate, limit, offset = 0, ...rest } = query;
  const narrowed = (address ?? certificate ?? query.action ?? query.since) !== undefined;
  const hint = "--offset gives the next ones, --since and --action narrow the trail";
  const rows = rowsFor(limit, narrowed, hint);
  const filter = {
    ...rest,
    ...(address === undefined ? {} : { address: parseAddress(address) }),
    ...(certificate === undefined ? {} : { certificate: parseFingerprint(certificate) }),
  };
  const entries = await store.auditEntries({ ...filter, limit: rows, offset });
  const cut = limit === undefined && entries.length === rows;
  return { entries, older: cut ? (await store.countAudit(filter)) - offset - entries.length : 0 };
}

/** What an admin learns of the chain. */
export interface TrailCheck extends Omit<AuditCheck, "noted"> {
  /** The chain is whole, and goes on from the head that was noted, if one was given. */
  readonly ok: boolean;
  /** The head that was noted and the entry that it is the hash of: 0 before the first, null when it is not in the chain. */
  readonly noted: { readonly head: string; readonly entry: number | null } | null;
}

/**
 * Follows the whole audit chain.
 * @param head what an earlier check said, or null
 * @throws KeybotError `usage` when `head` is no whole hash
 */
export async function checkTrail(store: Store, head: string | null): Promise<TrailCheck> {
  const wanted = head === null ? null : parseHead(head);
  const { noted, ...check } = await store.verifyAudit(wanted === null ? {} : { noted: wanted });
  return {
    ok: check.fault === null && (wanted === null || noted !== null),
    ...check,
    noted: wanted === null ? null : { head: wanted, entry: noted },
  };
}

/** A beginning would do to find it, but not to prove anything. */
function parseHead(text: string): string {
  const hex = text.trim().toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw new KeybotError("usage", "admin.head", `${JSON.stringify(text)} is not a head of the audit trail`, {
    hint: "all 64 hex digits, as keybot audit verify printed them",
  });
}
