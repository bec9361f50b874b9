import type { CertificateStatus } from "../decide/index.ts";
import { json, milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";

/** A record of `keybot list` (CONTRACT §3): a certificate with the addresses that hold it in one status. */
export interface CertificateRecord {
  readonly sha256: string;
  readonly spkiSha256: string;
  /** Those it is stored under in this status, in order. */
  readonly addresses: readonly string[];
  readonly status: CertificateStatus;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly keyAlgorithm: string;
  readonly usage: { readonly sign: boolean; readonly encrypt: boolean };
  readonly firstSeen: Date;
  readonly lastSeen: Date;
  readonly source: string;
  readonly reason: string | null;
  /** Those of `addresses` for which no authenticated mail brought it: anybody can have written them. */
  readonly unauthenticated: readonly string[];
}

/** `address` and `expiry` ascending, `seen` the latest first. */
export type ListingSort = "address" | "expiry" | "seen";

export interface ListingFilter {
  readonly status?: CertificateStatus;
  /** GLOB over the address, ASCII case ignored: `*@partner.example`. */
  readonly address?: string;
  /** A part of the issuer's name, ASCII case ignored. */
  readonly issuer?: string;
  /** Active ones that lapse between now and then. */
  readonly expiringBefore?: Date;
  readonly sort?: ListingSort;
  readonly limit?: number;
  readonly offset?: number;
}

export interface Listing {
  /** One page of the directory, in memory. */
  listCertificates(filter: ListingFilter, now: Date): Promise<readonly CertificateRecord[]>;
  /**
   * The whole answer in constant memory, however large the directory: it is read in pages, each starting where the
   * last one ended, so no read transaction stays open while the caller prints. What changes meanwhile may be missed.
   */
  eachCertificate(filter: ListingFilter, now: Date): AsyncIterable<CertificateRecord>;
}

/** Rows a page: about 1 MB, read in a few milliseconds. */
const PAGE = 500;

/** Where a page begins: after the record with these values in the columns of the order. */
type Cursor = readonly (string | number)[];

interface Order {
  /** Together unique among records, and in the order of an index, so that no page has to be sorted or searched for. */
  readonly columns: readonly string[];
  readonly direction: "ASC" | "DESC";
  /** Comes before every record. */
  readonly start: Cursor;
}

const ORDERS: Record<ListingSort, Order> = {
  address: { columns: ["h.address", "h.certificate"], direction: "ASC", start: ["", -1] },
  expiry: {
    columns: ["c.not_after", "c.id", "h.status"],
    direction: "ASC",
    start: [Number.MIN_SAFE_INTEGER, -1, ""],
  },
  // Not the row number of the holding: SQLite does not seek in an index by that, and after an import all are seen at once.
  seen: {
    columns: ["h.last_seen", "h.certificate", "h.status"],
    direction: "DESC",
    start: [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, ""],
  },
};

/** One statement a sort order, and one more each for a given stored status, which has an index of its own. */
export function listingSql(sort: ListingSort, byStatus: boolean): string {
  const { columns, direction } = ORDERS[sort];
  const after = columns.map((_, index) => `:after${index}`).join(", ");
  const order = columns.map((column) => `${column} ${direction}`).join(", ");
  return `
  SELECT c.sha256, c.spki_sha256, c.subject, c.issuer, c.serial, c.not_before, c.not_after, c.key_algorithm,
    c.usage_sign, c.usage_encrypt, h.status, h.first_seen, h.last_seen, h.source, h.reason,
    json_array(${columns.join(", ")}) AS cursor,
    (SELECT json_group_array(address ORDER BY address) FROM holding
      WHERE certificate = h.certificate AND status = h.status) AS held_under,
    (SELECT json_group_array(address ORDER BY address) FROM holding
      WHERE certificate = h.certificate AND status = h.status AND authenticated IS NOT 1) AS unauthenticated
  FROM holding h JOIN certificate c ON c.id = h.certificate
  WHERE (${columns.join(", ")}) ${direction === "ASC" ? ">" : "<"} (${after})
    ${byStatus ? "AND h.status = :stored" : ""}
    AND (:expired IS NULL OR (c.not_after < :now) = :expired)
    AND (:address IS NULL OR lower(h.address) GLOB lower(:address))
    AND (:issuer IS NULL OR instr(lower(c.issuer), lower(:issuer)) > 0)
    AND (:before IS NULL OR (h.status = 'active' AND c.not_after BETWEEN :now AND :before))
    AND NOT EXISTS (SELECT 1 FROM holding o
      WHERE o.certificate = h.certificate AND o.status = h.status AND o.address < h.address
        AND (:address IS NULL OR lower(o.address) GLOB lower(:address)))
  ORDER BY ${order} LIMIT :limit OFFSET :offset`;
}

interface Row {
  readonly sha256: string;
  readonly spki_sha256: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly not_before: number;
  readonly not_after: number;
  readonly key_algorithm: string;
  readonly usage_sign: number;
  readonly usage_encrypt: number;
  readonly status: CertificateStatus;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly source: string;
  readonly reason: string | null;
  readonly cursor: string;
  readonly held_under: string;
  readonly unauthenticated: string;
}

export function listing(on: Connection): Listing {
  const prepare = (sort: ListingSort) => ({
    all: on.db.prepare<[object], Row>(listingSql(sort, false)),
    byStatus: on.db.prepare<[object], Row>(listingSql(sort, true)),
  });
  const statements = { address: prepare("address"), expiry: prepare("expiry"), seen: prepare("seen") };

  function page(
    filter: ListingFilter,
    now: Date,
    after: Cursor,
    limit: number,
    offset: number,
  ): readonly Row[] {
    const statement = statements[filter.sort ?? "address"];
    const values = { ...conditions(filter, now), ...beginning(after), limit, offset };
    return filter.status === undefined ? statement.all.all(values) : statement.byStatus.all(values);
  }

  return {
    listCertificates: (filter, now) =>
      on.read(() =>
        page(filter, now, ORDERS[filter.sort ?? "address"].start, filter.limit ?? -1, filter.offset ?? 0).map(
          (row) => record(row, now),
        ),
      ),
    async *eachCertificate(filter, now) {
      let after = ORDERS[filter.sort ?? "address"].start;
      let left = filter.limit ?? Number.MAX_SAFE_INTEGER;
      let offset = filter.offset ?? 0;
      while (left > 0) {
        const wanted = Math.min(PAGE, left);
        const rows = await on.read(() => page(filter, now, after, wanted, offset));
        for (const row of rows) yield record(row, now);
        const last = rows.at(-1);
        if (last === undefined || rows.length < wanted) return;
        after = json<Cursor>(last.cursor);
        left -= rows.length;
        offset = 0;
      }
    },
  };
}

function beginning(after: Cursor): object {
  return Object.fromEntries(after.map((value, index) => [`after${index}`, value]));
}

function conditions(filter: ListingFilter, now: Date): object {
  const { status } = filter;
  return {
    now: milliseconds(now),
    // `expired` is not stored: it is what is stored as active and has lapsed.
    stored: status === "expired" ? "active" : (status ?? null),
    expired: status === "expired" ? 1 : status === "active" ? 0 : null,
    address: filter.address ?? null,
    issuer: filter.issuer ?? null,
    before: filter.expiringBefore ? milliseconds(filter.expiringBefore) : null,
  };
}

function record(row: Row, now: Date): CertificateRecord {
  return {
    sha256: row.sha256,
    spkiSha256: row.spki_sha256,
    addresses: json<readonly string[]>(row.held_under),
    status: row.status === "active" && row.not_after < milliseconds(now) ? "expired" : row.status,
    subject: row.subject,
    issuer: row.issuer,
    serial: row.serial,
    notBefore: time(row.not_before),
    notAfter: time(row.not_after),
    keyAlgorithm: row.key_algorithm,
    usage: { sign: row.usage_sign === 1, encrypt: row.usage_encrypt === 1 },
    firstSeen: time(row.first_seen),
    lastSeen: time(row.last_seen),
    source: row.source,
    reason: row.reason,
    unauthenticated: json<readonly string[]>(row.unauthenticated),
  };
}
