import { domainToASCII } from "node:url";
import type { CertificateStatus } from "../decide/index.ts";
import type { CertificateRecord, ListingSort, Store } from "../store/index.ts";

/** What `keybot list` is asked for; what is left out does not narrow. */
export interface ListQuery {
  readonly status?: CertificateStatus;
  /** GLOB over the addresses, case ignored. */
  readonly address?: string;
  readonly issuer?: string;
  /** Active ones that lapse within this many days. */
  readonly expiringDays?: number;
  /** By address; what is asked for because it lapses: what lapses first. */
  readonly sort?: ListingSort;
  readonly limit?: number;
  readonly offset?: number;
}

const DAY = 86_400_000;

/** Partner certificates, one record a certificate and status, in constant memory. */
export function listCertificates(
  store: Store,
  query: ListQuery,
  now: Date,
): AsyncIterable<CertificateRecord> {
  const { expiringDays, address, sort, ...rest } = query;
  const expiring =
    expiringDays === undefined ? {} : { expiringBefore: new Date(now.getTime() + expiringDays * DAY) };
  const filter = {
    ...rest,
    ...expiring,
    ...(address === undefined ? {} : { address: globOf(address) }),
    sort: sort ?? (expiringDays === undefined ? "address" : "expiry"),
  } as const;
  return store.eachCertificate(filter, now);
}

/** The store knows domains as A-labels (RFC 5890 §2.3.2.1), people type them as they are written. */
function globOf(pattern: string): string {
  const at = pattern.lastIndexOf("@");
  const ascii = at < 0 ? "" : domainToASCII(pattern.slice(at + 1));
  return ascii === "" ? pattern : `${pattern.slice(0, at + 1)}${ascii}`;
}
