import { KeybotError } from "../errors.ts";
import type { Finding } from "../inspect/index.ts";
import { type Revocation, standing } from "../pki/index.ts";
import type {
  AuditEntry,
  BarredKey,
  CertificateRecord,
  FoundCertificate,
  Holding,
  RevocationState,
  Store,
} from "../store/index.ts";
import { meansAddress, parseAddress, sameStored } from "./address.ts";
import { findCertificate } from "./find-certificate.ts";
import { recordOf, withSameStatus } from "./record.ts";
import { whyNotUsed } from "./why-not-used.ts";

/** All that is known of a certificate under the addresses that hold it in one status. */
export interface ShownCertificate extends CertificateRecord {
  /** Mail to these addresses is encrypted to it now. */
  readonly used: boolean;
  /** Its place among those that are used for the address that was asked for, from 1; else null. */
  readonly place: number | null;
  /** Why it is not used, or null. */
  readonly why: string | null;
  /** Approved by hand, which pins the address. */
  readonly approved: boolean;
  readonly decidedBy: string;
  readonly decidedAt: Date;
  readonly findings: readonly Finding[];
  readonly barred: Pick<BarredKey, "at" | "actor" | "reason"> | null;
  /** It is used, but nobody can be asked whether it is revoked: since when, and what breaks its path; else null. */
  readonly noPath: FoundCertificate["noPath"];
  /** What its CA last said and when it was asked, and since when nobody has answered. */
  readonly revocation: RevocationState;
  /** Its CA has revoked it, and has not taken that back: when, why, and by which answer; else null. */
  readonly revokedByCa: Revocation | null;
  /** The mail that brought it, or null. */
  readonly message: ShownMessage | null;
  /** Every change, oldest first. */
  readonly history: readonly ShownChange[];
}

export interface ShownMessage {
  readonly key: string;
  readonly messageId: string | null;
  readonly from: string | null;
  readonly seenAt: Date;
  readonly folder: string | null;
}

export type ShownChange = Pick<AuditEntry, "at" | "actor" | "action" | "address" | "reason">;

export interface Shown {
  /** The address that was asked for, or null. */
  readonly address: string | null;
  /** Those that are used first, in the order in which they are used. */
  readonly certificates: readonly ShownCertificate[];
}

/**
 * All that is known of a partner, or of one certificate.
 * @param target an address, or a SHA-256 or the beginning of it
 * @throws KeybotError `not-found` when nothing is stored
 */
export async function show(
  store: Store,
  target: string,
  options: { readonly exactLocalPart: boolean; readonly now: Date },
): Promise<Shown> {
  return target.includes("@")
    ? showPartner(store, parseAddress(target), options)
    : { address: null, certificates: await showCertificate(store, target, options.now) };
}

async function showPartner(
  store: Store,
  address: string,
  { exactLocalPart, now }: { readonly exactLocalPart: boolean; readonly now: Date },
): Promise<Shown> {
  const held = (await store.certificatesOf(address, now)).filter((one) =>
    meansAddress(one.address, address, exactLocalPart),
  );
  if (held.length === 0) throw await noPartner(store, address);
  const order = (await store.usableFor(address, now)).map(({ sha256 }) => sha256);
  const shown = await Promise.all(
    held.map(async (one) => {
      const place = order.indexOf(one.sha256);
      const found = await findCertificate(store, one.sha256, now);
      const all = await shownOf(store, found, withSameStatus(one, found.holdings), now);
      // What happened to the same certificate under other addresses is another partner's story.
      const history = all.history.filter(
        (change) => change.address === null || sameStored(change.address, address),
      );
      return { ...all, history, place: place < 0 ? null : place + 1 };
    }),
  );
  return {
    address,
    certificates: shown.sort((a, b) => (a.place ?? held.length + 1) - (b.place ?? held.length + 1)),
  };
}

async function showCertificate(store: Store, sha256: string, now: Date): Promise<ShownCertificate[]> {
  const found = await findCertificate(store, sha256, now);
  if (found.holdings.length === 0) throw await publishedOnly(store, found.certificate.sha256);
  const firsts = found.holdings.filter(
    (one, index) => found.holdings.findIndex(({ status }) => status === one.status) === index,
  );
  return Promise.all(firsts.map((one) => shownOf(store, found, withSameStatus(one, found.holdings), now)));
}

async function shownOf(
  store: Store,
  found: FoundCertificate,
  holdings: readonly [Holding, ...Holding[]],
  now: Date,
): Promise<ShownCertificate> {
  const { certificate, barred } = found;
  const [holding] = holdings;
  const word = found.words.find(({ certificate: sha256 }) => sha256 === certificate.sha256)?.word;
  const revokedByCa = word === undefined ? null : standing(word);
  const why =
    whyNotUsed({ ...certificate, ...holding, barred: barred !== null }, now) ??
    (revokedByCa === null ? null : "its CA has revoked it");
  return {
    ...recordOf(certificate, holdings),
    used: why === null,
    place: null,
    why,
    approved: holding.approved,
    decidedBy: holding.decidedBy,
    decidedAt: holding.decidedAt,
    findings: holding.findings,
    barred: barred === null ? null : { at: barred.at, actor: barred.actor, reason: barred.reason },
    noPath: holding.status === "active" ? found.noPath : null,
    revocation: found.revocation,
    revokedByCa,
    message: await messageOf(store, holding),
    history: (await store.history(certificate.sha256)).map(({ at, actor, action, address, reason }) => ({
      at,
      actor,
      action,
      address,
      reason,
    })),
  };
}

async function messageOf(store: Store, { messageKey }: Holding): Promise<ShownMessage | null> {
  const entry = messageKey === null ? null : await store.ledgerEntry(messageKey);
  if (entry === null) return null;
  const { key, messageId, from, seenAt, folder } = entry;
  return { key, messageId, from, seenAt, folder };
}

async function noPartner(store: Store, address: string): Promise<KeybotError> {
  const own = await store.mailbox(address);
  return new KeybotError(
    "not-found",
    "admin.no-partner",
    `no certificate of ${address} is known`,
    own === null ? {} : { hint: `it is a mailbox of ours: keybot mailbox show ${address}` },
  );
}

async function publishedOnly(store: Store, sha256: string): Promise<KeybotError> {
  const publisher = (await store.listMailboxes()).find(({ certificates }) =>
    certificates.some((certificate) => certificate.sha256 === sha256),
  );
  return new KeybotError(
    "not-found",
    "admin.no-holding",
    `${sha256.slice(0, 16)} is no partner's certificate`,
    publisher === undefined ? {} : { hint: `it is our own: keybot mailbox show ${publisher.address}` },
  );
}
