import { KeybotError } from "../errors.ts";
import { sameAddress } from "../mail/index.ts";
import type { BarredKey, ChangedHolding, Store } from "../store/index.ts";
import { parseAddress, sameStored } from "./address.ts";
import type { Change } from "./change.ts";
import { findCertificate } from "./find-certificate.ts";

/** A public key that is to be revoked, with all that hangs on it. */
export interface RevokedKey {
  readonly spkiSha256: string;
  readonly barred: BarredKey | null;
  /** SHA-256 of each certificate with this key. */
  readonly certificates: readonly string[];
  /** Each address that holds such a certificate, once. */
  readonly addresses: readonly string[];
  /** Holdings that are not revoked yet. */
  readonly open: number;
}

/** What a revocation would do. */
export interface Revocation {
  /** The address that was named, or null when it was a certificate. */
  readonly address: string | null;
  readonly keys: readonly RevokedKey[];
  /** Addresses beside the named one (or, for a certificate, beside the first) that lose a certificate too. */
  readonly others: readonly string[];
  /** Own mailboxes that publish such a key; they go on publishing it. */
  readonly published: readonly string[];
  /** Certificates stored under the named address that do not name it: somebody else's, which are left alone. */
  readonly untouched: readonly string[];
  /** Nothing is left to do. */
  readonly done: boolean;
}

/**
 * What revoking a certificate, or everything of an address, would do; changes nothing.
 * @param target a SHA-256 or its beginning; or an address: every key of a certificate that is stored under it and names
 *   it, whatever its status. What a mail brought from others lies there too, as rejected (PRODUCT §6).
 * @throws KeybotError `not-found` when nothing is stored, or nothing that names the address
 */
export async function planRevocation(
  store: Store,
  target: string,
  { exactLocalPart, now }: { readonly exactLocalPart: boolean; readonly now: Date },
): Promise<Revocation> {
  const address = target.includes("@") ? parseAddress(target) : null;
  const held = address === null ? [] : await store.certificatesOf(address, now);
  const own = held.filter(({ addresses }) =>
    addresses.some((named) => sameAddress(named, address ?? "", { exactLocalPart })),
  );
  const untouched = held.filter((one) => !own.includes(one)).map(({ sha256 }) => sha256);
  if (address !== null && own.length === 0) throw nothingOf(address, untouched);
  const spkis =
    address === null
      ? [await keyOf(store, target, now)]
      : [...new Set(own.map(({ spkiSha256 }) => spkiSha256))];
  const keys = await Promise.all(spkis.map((spki) => revokedKey(store, spki, now)));
  const all = [...new Set(keys.flatMap(({ addresses }) => addresses))];
  const named = address ?? all[0] ?? "";
  return {
    address,
    keys,
    others: all.filter((one) => !sameStored(one, named)),
    published: await publishers(store, new Set(spkis)),
    untouched,
    done: keys.every(({ barred, open }) => barred !== null && open === 0),
  };
}

/**
 * Bars the keys of a plan for every address and revokes each of their certificates. A key that is barred already
 * keeps its first reason.
 * @returns the certificates that were not revoked before
 */
export async function revoke(
  store: Store,
  plan: Revocation,
  change: Change,
): Promise<readonly ChangedHolding[]> {
  const reason = change.reason ?? "revoked by hand";
  const changed: ChangedHolding[] = [];
  for (const { spkiSha256 } of plan.keys) {
    changed.push(...(await store.barKey({ spkiSha256, actor: change.actor, reason, at: change.at })));
  }
  return changed;
}

async function keyOf(store: Store, sha256: string, now: Date): Promise<string> {
  return (await findCertificate(store, sha256, now)).certificate.spkiSha256;
}

function nothingOf(address: string, untouched: readonly string[]): KeybotError {
  if (untouched.length === 0) {
    return new KeybotError("not-found", "admin.no-partner", `no certificate of ${address} is known`);
  }
  return new KeybotError(
    "not-found",
    "admin.none-named",
    `no certificate that is stored under ${address} names it; nothing was changed`,
    { hint: `others' are stored there: keybot show ${address}; keybot revoke SHA256 bars the key of one` },
  );
}

async function revokedKey(store: Store, spkiSha256: string, now: Date): Promise<RevokedKey> {
  const found = await store.certificatesOfKey(spkiSha256, now);
  const holdings = found.flatMap((one) => one.holdings);
  return {
    spkiSha256,
    barred: found[0]?.barred ?? null,
    certificates: found.map(({ certificate }) => certificate.sha256),
    addresses: [...new Set(holdings.map(({ address }) => address))],
    open: holdings.filter(({ status }) => status !== "revoked").length,
  };
}

async function publishers(store: Store, spkis: ReadonlySet<string>): Promise<readonly string[]> {
  return (await store.listMailboxes())
    .filter(({ certificates }) => certificates.some(({ spkiSha256 }) => spkis.has(spkiSha256)))
    .map(({ address }) => address);
}
