import { KeybotError } from "../errors.ts";
import { summaryOf } from "../inspect/index.ts";
import { isProblem, parseCertificate } from "../pki/index.ts";
import type { Store, TrustEntry, TrustItem } from "../store/index.ts";
import type { Change } from "./change.ts";
import { ambiguous, parseFingerprint } from "./find-certificate.ts";
import type { TrustProposal } from "./trust-file.ts";

/** A CA of the trust store, with what its certificate says. */
export interface TrustedCa {
  readonly sha256: string;
  readonly kind: TrustEntry["kind"];
  readonly origin: TrustEntry["origin"];
  /** Mail domains that it may speak for; null: any, and always for an intermediate, which vouches for nothing. */
  readonly domains: readonly string[] | null;
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date | null;
  readonly notAfter: Date | null;
  readonly keyAlgorithm: string | null;
  readonly enabled: boolean;
  readonly distrustAfter: Date | null;
  readonly addedAt: Date;
  readonly addedBy: string;
  /** Why its certificate cannot be read, as after an update that reads more strictly: it then vouches for nobody. */
  readonly problem?: string;
}

/** What became of a CA that was to be added. */
export interface AddedTrust {
  readonly proposal: TrustProposal;
  /** As it is known now. */
  readonly item: TrustItem;
  readonly before: TrustEntry | null;
}

/**
 * Adds CAs to the trust store. A known one keeps what it may do and gets what is new, so that nobody loses a partner's
 * domain by adding another.
 * @param replace what is said now is all that holds of a known one
 */
export async function addTrust(
  store: Store,
  proposals: readonly TrustProposal[],
  replace: boolean,
  change: Change,
): Promise<readonly AddedTrust[]> {
  const known = new Map((await store.listTrust()).map((entry) => [entry.sha256, entry]));
  const added = proposals.map((proposal): AddedTrust => {
    const before = known.get(proposal.certificate.sha256) ?? null;
    return { proposal, item: replace ? proposal.item : joined(before, proposal.item), before };
  });
  for (const { item } of added) await store.addTrust(item, change);
  return added;
}

/** What a known CA may do and what is added to it: an anchor stays one, and null is every domain. */
function joined(before: TrustEntry | null, item: TrustItem): TrustItem {
  if (before === null || before.kind === "intermediate") return item;
  if (item.kind === "intermediate" || before.domains === null) return before;
  return {
    ...item,
    domains: item.domains === null ? null : [...new Set([...before.domains, ...item.domains])],
  };
}

/** Every CA of the trust store: own ones first, then in the order in which they came. */
export async function listTrust(store: Store): Promise<readonly TrustedCa[]> {
  return (await store.listTrust()).map(caOf);
}

/**
 * A CA of the trust store.
 * @param text SHA-256 or the beginning of it, of at least 8 digits
 * @throws KeybotError `not-found`; `usage` when the beginning fits several
 */
export async function findTrust(store: Store, text: string): Promise<TrustedCa> {
  const prefix = parseFingerprint(text);
  const found = (await store.listTrust()).filter(({ sha256 }) => sha256.startsWith(prefix));
  if (found.length > 1)
    throw ambiguous(
      prefix,
      found.map(({ sha256 }) => sha256),
    );
  const [entry] = found;
  if (entry !== undefined) return caOf(entry);
  throw new KeybotError("not-found", "admin.no-trust", `no CA ${prefix} is in the trust store`, {
    hint: "keybot trust list names all",
  });
}

/**
 * Removes a CA. What was accepted under it stays as it is.
 * @param sha256 in full
 * @throws KeybotError `not-found`
 */
export async function removeTrust(store: Store, sha256: string, change: Change): Promise<void> {
  if (await store.removeTrust(sha256, change)) return;
  throw new KeybotError("not-found", "admin.no-trust", `no CA ${sha256.slice(0, 16)} is in the trust store`);
}

/**
 * Switches a CA off, so that it vouches for nobody, or on again. An update of the public CAs leaves it so.
 * @param sha256 in full
 * @returns false when it stood so already
 */
export function switchTrust(
  store: Store,
  sha256: string,
  enabled: boolean,
  change: Change,
): Promise<boolean> {
  return store.switchTrust(sha256, enabled, change);
}

function caOf(entry: TrustEntry): TrustedCa {
  const { sha256, kind, origin, domains, enabled, distrustAfter, addedAt, addedBy } = entry;
  const certificate = parseCertificate(entry.der);
  const said = isProblem(certificate) ? null : summaryOf(certificate);
  return {
    sha256,
    kind,
    origin,
    domains,
    subject: said?.subject ?? "",
    issuer: said?.issuer ?? "",
    notBefore: said?.notBefore ?? null,
    notAfter: said?.notAfter ?? null,
    keyAlgorithm: said?.keyAlgorithm ?? null,
    enabled,
    distrustAfter,
    addedAt,
    addedBy,
    ...(isProblem(certificate) ? { problem: certificate.detail } : {}),
  };
}
