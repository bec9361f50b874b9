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

/** A list of CAs that somebody keeps, as far as it says what it is. */
export interface TrustList {
  /** What it calls itself, or the name of its file. */
  readonly name: string;
  /** SHA-256 of its bytes. */
  readonly sha256: string;
  /** The day that it says it is from; null when it says none. */
  readonly dated: Date | null;
}

export interface LoadedTrustList extends TrustList {
  readonly loadedAt: Date;
  readonly loadedBy: string;
}

/** How many CAs came, are described otherwise than before, and went. */
export interface TrustReplacement {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/** Trust anchors and intermediates. Each change is one transaction with its audit rows, and raises the version. */
export interface Trust {
  /** Adds a CA, or replaces what is said of one that is known (its domains, its kind). */
  addTrust(item: TrustItem, change: TrustChange): Promise<void>;
  /** Removes a CA by its SHA-256 in full; false when it is not there. */
  removeTrust(sha256: string, change: TrustChange): Promise<boolean>;
  /**
   * Makes the CAs of one origin be exactly these. What was switched off stays off, and what the other origin holds stays
   * its own. The list itself gets an audit row too, also when it changes nothing: that is how old it is.
   */
  replaceTrust(
    origin: TrustOrigin,
    items: readonly TrustItem[],
    change: TrustChange,
    list: TrustList,
  ): Promise<TrustReplacement>;
  /** Switches a CA off, or on again, by its SHA-256 in full; false when it is not there or stands so already. */
  switchTrust(sha256: string, enabled: boolean, change: TrustChange): Promise<boolean>;
  /** The list that an origin was last replaced by, and when; null when it never was. */
  lastTrustList(origin: TrustOrigin): Promise<LoadedTrustList | null>;
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
  VALUES (:sha256, :kind, :origin, :domains, :distrust_after, :enabled, :added_at, :added_by, :der)
  ON CONFLICT (sha256) DO UPDATE SET kind = excluded.kind, origin = excluded.origin, domains = excluded.domains,
    distrust_after = excluded.distrust_after, enabled = excluded.enabled, added_at = excluded.added_at,
    added_by = excluded.added_by`;
const SWITCH = "UPDATE trust SET enabled = :enabled WHERE sha256 = :sha256 AND enabled <> :enabled";
const LAST_LIST = `
  SELECT at, actor, detail FROM audit
  WHERE action = 'trust.updated' AND json_extract(detail, '$.origin') = ?
  ORDER BY id DESC LIMIT 1`;
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
  const flip = on.db.prepare(SWITCH);
  const lastList = on.db.prepare<[string], ListRow>(LAST_LIST);

  /** Says which it was. `off` leaves a CA switched off that is known and is. */
  function add(item: TrustItem, off: "stays" | "ends", change: TrustChange): keyof TrustReplacement | "same" {
    const { actor, reason, at } = change;
    const fresh = columns(item);
    const known = one.get(fresh.sha256);
    const values = { ...fresh, enabled: off === "stays" ? (known?.enabled ?? bit(true)) : bit(true) };
    if (known !== undefined && says(known, values)) return "same";
    put.run({ ...values, added_at: milliseconds(at), added_by: actor, der: item.der });
    const detail = {
      kind: item.kind,
      origin: item.origin,
      domains: item.domains ?? "any",
      ...(item.distrustAfter === null ? {} : { distrustAfter: item.distrustAfter.toISOString() }),
    };
    record({ at, actor, action: "trust.added", certificate: fresh.sha256, reason: reason ?? null, detail });
    return known === undefined ? "added" : "changed";
  }

  function drop(row: Row, { actor, reason, at }: TrustChange): void {
    remove.run(row.sha256);
    const detail = { kind: row.kind, origin: row.origin };
    record({ at, actor, action: "trust.removed", certificate: row.sha256, reason: reason ?? null, detail });
  }

  function recordList(
    origin: TrustOrigin,
    { name, sha256, dated }: TrustList,
    count: Readonly<Record<string, number>>,
    { actor, reason, at }: TrustChange,
  ): void {
    const detail = { origin, list: name, sha256, dated: dated?.toISOString() ?? null, ...count };
    record({ at, actor, action: "trust.updated", reason: reason ?? null, detail });
  }

  return {
    addTrust: (item, change) =>
      on.write(() => {
        if (add(item, "ends", change) !== "same") raise.run();
      }),
    removeTrust: (sha256, change) =>
      on.write(() => {
        const row = one.get(sha256);
        if (row === undefined) return false;
        drop(row, change);
        raise.run();
        return true;
      }),
    replaceTrust: (origin, items, change, source) =>
      on.write(() => {
        const wanted = new Set(items.map(({ der }) => fingerprint(der)));
        const gone = list.all().filter((row) => row.origin === origin && !wanted.has(row.sha256));
        for (const row of gone) drop(row, change);
        const count = { added: 0, changed: 0, removed: gone.length, same: 0 };
        for (const item of items) {
          // What was added by hand keeps the domains that a person gave it.
          const held = one.get(fingerprint(item.der))?.origin ?? origin;
          if (held === origin) count[add({ ...item, origin }, "stays", change)] += 1;
        }
        const { same, ...result } = count;
        if (result.added + result.changed + result.removed > 0) raise.run();
        recordList(origin, source, { ...result, same }, change);
        return result;
      }),
    switchTrust: (sha256, enabled, { actor, reason, at }) =>
      on.write(() => {
        if (flip.run({ sha256, enabled: bit(enabled) }).changes === 0) return false;
        const action = enabled ? "trust.enabled" : "trust.disabled";
        record({ at, actor, action, certificate: sha256, reason: reason ?? null });
        raise.run();
        return true;
      }),
    lastTrustList: (origin) =>
      on.read(() => {
        const row = lastList.get(origin);
        return row === undefined ? null : loadedList(row);
      }),
    listTrust: () => on.read(() => list.all().map(entry)),
    trustVersion: () => on.read(() => version.get()?.trust_version ?? 0),
  };
}

interface ListRow {
  readonly at: number;
  readonly actor: string;
  readonly detail: string;
}

function loadedList(row: ListRow): LoadedTrustList {
  const detail = json<{ list: string; sha256: string; dated: string | null }>(row.detail);
  return {
    name: detail.list,
    sha256: detail.sha256,
    dated: detail.dated === null ? null : new Date(detail.dated),
    loadedAt: time(row.at),
    loadedBy: row.actor,
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

function says(row: Row, values: Values & { readonly enabled: number }): boolean {
  return (
    row.enabled === values.enabled &&
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
