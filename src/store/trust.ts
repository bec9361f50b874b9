import { createHash } from "node:crypto";
import type { AuditWriter } from "./audit.ts";
import { bit, bytes, json, milliseconds, time, timeOrNull } from "./column.ts";
import type { Connection } from "./connection.ts";

/** `own`: added by hand. `public`: from the list of e-mail CAs that a browser vendor keeps. */
export type TrustOrigin = "own" | "public";

/** A CA certificate of the trust store, before it is stored. */
export interface TrustItem {
  readonly der: Uint8Array;
  /** An intermediate only helps to find a path; it vouches for nothing. */
  readonly kind: "anchor" | "intermediate";
  readonly origin: TrustOrigin;
  /** Mail domains (lower case, A-labels) that it may speak for; null: any. */
  readonly domains: readonly string[] | null;
  /** Certificates that were issued later are not believed; null: no such limit. */
  readonly distrustAfter: Date | null;
}

export interface TrustEntry extends TrustItem {
  readonly sha256: string;
  readonly enabled: boolean;
  readonly addedAt: Date;
  readonly addedBy: string;
}

export interface TrustChange {
  readonly actor: string;
  readonly reason?: string | null;
  readonly at: Date;
}

/** Trust anchors and intermediates. Each change is one transaction with its audit rows, and raises the version. */
export interface Trust {
  /** Adds a CA, or replaces what is said of one that is known (its domains, its kind). */
  addTrust(item: TrustItem, change: TrustChange): Promise<void>;
  /** Removes a CA by its SHA-256 in full; false when it is not there. */
  removeTrust(sha256: string, change: TrustChange): Promise<boolean>;
  /** Makes the CAs of one origin be exactly these; returns how many came and went. */
  replaceTrust(
    origin: TrustOrigin,
    items: readonly TrustItem[],
    change: TrustChange,
  ): Promise<{ readonly added: number; readonly removed: number }>;
  /** Own ones first, then in the order in which they were added. */
  listTrust(): Promise<readonly TrustEntry[]>;
  /** Grows with every change, so that a process that holds the trust store in memory notices. */
  trustVersion(): Promise<number>;
}

interface Row {
  readonly sha256: string;
  readonly kind: "anchor" | "intermediate";
  readonly origin: TrustOrigin;
  readonly domains: string | null;
  readonly distrust_after: number | null;
  readonly enabled: number;
  readonly added_at: number;
  readonly added_by: string;
  readonly der: Uint8Array;
}

const COLUMNS = "sha256, kind, origin, domains, distrust_after, enabled, added_at, added_by, der";
const ONE = `SELECT ${COLUMNS} FROM trust WHERE sha256 = ?`;
const LIST = `SELECT ${COLUMNS} FROM trust ORDER BY origin, id`;
const PUT = `
  INSERT INTO trust (sha256, kind, origin, domains, distrust_after, enabled, added_at, added_by, der)
  VALUES (:sha256, :kind, :origin, :domains, :distrust_after, 1, :added_at, :added_by, :der)
  ON CONFLICT (sha256) DO UPDATE SET kind = excluded.kind, origin = excluded.origin, domains = excluded.domains,
    distrust_after = excluded.distrust_after, enabled = 1, added_at = excluded.added_at, added_by = excluded.added_by`;
const DELETE = "DELETE FROM trust WHERE sha256 = ?";
const VERSION = "SELECT trust_version FROM installation WHERE id = 1";
const RAISE = "UPDATE installation SET trust_version = trust_version + 1 WHERE id = 1";

export function trust(on: Connection, record: AuditWriter): Trust {
  const one = on.db.prepare<[string], Row>(ONE);
  const list = on.db.prepare<[], Row>(LIST);
  const put = on.db.prepare(PUT);
  const remove = on.db.prepare<[string]>(DELETE);
  const version = on.db.prepare<[], { trust_version: number }>(VERSION);
  const raise = on.db.prepare(RAISE);

  /** Returns false when it stands there so already. */
  function add(item: TrustItem, { actor, reason, at }: TrustChange): boolean {
    const values = columns(item);
    const known = one.get(values.sha256);
    if (known !== undefined && says(known, values)) return false;
    put.run({ ...values, added_at: milliseconds(at), added_by: actor, der: item.der });
    const detail = { kind: item.kind, origin: item.origin, domains: item.domains ?? "any" };
    record({ at, actor, action: "trust.added", certificate: values.sha256, reason: reason ?? null, detail });
    return true;
  }

  function drop(row: Row, { actor, reason, at }: TrustChange): void {
    remove.run(row.sha256);
    const detail = { kind: row.kind, origin: row.origin };
    record({ at, actor, action: "trust.removed", certificate: row.sha256, reason: reason ?? null, detail });
  }

  return {
    addTrust: (item, change) =>
      on.write(() => {
        if (add(item, change)) raise.run();
      }),
    removeTrust: (sha256, change) =>
      on.write(() => {
        const row = one.get(sha256);
        if (row === undefined) return false;
        drop(row, change);
        raise.run();
        return true;
      }),
    replaceTrust: (origin, items, change) =>
      on.write(() => {
        const wanted = new Set(items.map(({ der }) => fingerprint(der)));
        const gone = list.all().filter((row) => row.origin === origin && !wanted.has(row.sha256));
        for (const row of gone) drop(row, change);
        // What was added by hand keeps the domains that a person gave it.
        const free = items.filter(({ der }) => (one.get(fingerprint(der))?.origin ?? origin) === origin);
        const added = free.filter((item) => add({ ...item, origin }, change)).length;
        if (added + gone.length > 0) raise.run();
        return { added, removed: gone.length };
      }),
    listTrust: () => on.read(() => list.all().map(entry)),
    trustVersion: () => on.read(() => version.get()?.trust_version ?? 0),
  };
}

interface Values {
  readonly sha256: string;
  readonly kind: string;
  readonly origin: string;
  readonly domains: string | null;
  readonly distrust_after: number | null;
}

function columns(item: TrustItem): Values {
  return {
    sha256: fingerprint(item.der),
    kind: item.kind,
    origin: item.origin,
    domains: item.domains === null ? null : JSON.stringify(item.domains),
    distrust_after: item.distrustAfter === null ? null : milliseconds(item.distrustAfter),
  };
}

function says(row: Row, values: Values): boolean {
  return (
    row.enabled === bit(true) &&
    row.kind === values.kind &&
    row.origin === values.origin &&
    row.domains === values.domains &&
    row.distrust_after === values.distrust_after
  );
}

function fingerprint(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}

function entry(row: Row): TrustEntry {
  return {
    sha256: row.sha256,
    der: bytes(row.der),
    kind: row.kind,
    origin: row.origin,
    domains: row.domains === null ? null : json<readonly string[]>(row.domains),
    distrustAfter: timeOrNull(row.distrust_after),
    enabled: row.enabled === 1,
    addedAt: time(row.added_at),
    addedBy: row.added_by,
  };
}
