import type { Finding } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import type { FoundCertificate, Holding, Store } from "../store/index.ts";
import { parseAddress } from "./address.ts";
import type { Change } from "./change.ts";
import { type ChosenHoldings, choosePending } from "./choose-pending.ts";
import { findCertificate } from "./find-certificate.ts";
import { judgeAgain } from "./judge-again.ts";
import { type Write, whyUntold } from "./letter.ts";
import { trustStoreOf } from "./trust-store.ts";

/** What is decided: pairs of a certificate and an address. */
export interface DecisionRequest {
  /** At least one SHA-256 or the beginning of it. */
  readonly sha256: readonly string[];
  /** Under which addresses; none: the one where it is pending, as `choosePending` allows. */
  readonly addresses: readonly string[];
}

/** What became of the certificate under one address. */
export interface DecidedHolding {
  readonly address: string;
  readonly from: "pending";
  readonly to: "active" | "rejected";
  /** The sender of a mail that brought it was authenticated; else anybody can have written the address. */
  readonly authenticated: boolean;
  /** To whom a mail goes, or null. */
  readonly told: string | null;
  /** Why none goes; null when one does. */
  readonly untold: string | null;
  /** What has come for the address since this waits: whoever decides may not have seen it. */
  readonly since: readonly LaterCertificate[];
}

/** Another certificate under an address, which came after the one that is decided. */
export interface LaterCertificate {
  readonly sha256: string;
  readonly status: "active" | "pending";
  readonly at: Date;
}

export interface Decision {
  readonly certificate: FoundCertificate["certificate"];
  readonly holdings: readonly DecidedHolding[];
  /** Where it is pending still, because those addresses were not named. */
  readonly undecided: readonly Pick<Holding, "address" | "authenticated">[];
}

/** A decision on pending certificates, in both its directions. */
export interface Deciding {
  readonly request: DecisionRequest;
  readonly to: "active" | "rejected";
  readonly change: Change;
  readonly policy: Policy;
  /** Null: the partner is not told (`--silent`). */
  readonly write: Write | null;
  /** Refuses what must not be decided so. @throws KeybotError (rejects) `usage` */
  readonly check: (found: FoundCertificate) => Promise<void>;
}

/**
 * Decides pending certificates and has the partners told; each pair is one transaction with its mail. Everything is looked
 * at before the first is changed, so what cannot be decided as it was asked changes nothing.
 * @returns what was decided of each certificate, as it is done
 * @throws KeybotError `not-found` when one is not stored (there); `usage` when one is not pending, or is pending under
 *   several addresses and none is named
 */
export async function* decidePending(store: Store, deciding: Deciding): AsyncGenerator<Decision> {
  const { request, to, change } = deciding;
  const found = new Map<string, FoundCertificate>();
  for (const sha256 of request.sha256) {
    const one = await findCertificate(store, sha256, change.at);
    found.set(one.certificate.sha256, one);
  }
  const chosen = choosePending([...found.values()], request.addresses.map(parseAddress), to);
  for (const one of chosen) await deciding.check(one.found);
  for (const one of chosen) yield await decideCertificate(store, one, deciding);
}

async function decideCertificate(
  store: Store,
  { found, chosen, undecided }: ChosenHoldings,
  deciding: Deciding,
): Promise<Decision> {
  const holdings: DecidedHolding[] = [];
  for (const holding of chosen) holdings.push(await decideHolding(store, found, holding, deciding));
  return { certificate: found.certificate, holdings, undecided };
}

async function decideHolding(
  store: Store,
  found: FoundCertificate,
  holding: Holding,
  deciding: Deciding,
): Promise<DecidedHolding> {
  const { to, change, write } = deciding;
  const { address, messageKey } = holding;
  const message = messageKey === null ? null : await store.ledgerEntry(messageKey);
  const untold = write === null ? "silent" : whyUntold(holding, message, deciding.policy.replies);
  const mails =
    write === null || untold !== null
      ? []
      : [
          write({
            content: await contentOf(store, found, holding, deciding),
            to: address,
            inReplyTo: message?.messageId ?? null,
            references: [],
            key: `${to} ${found.certificate.sha256} ${change.at.toISOString()}`,
            sendAfter: null,
          }),
        ];
  const { actor, reason, at } = change;
  const certificate = found.certificate.sha256;
  const since = await laterCertificates(store, certificate, holding, at);
  await store.changeHolding({
    certificate,
    address,
    status: to,
    approved: to === "active",
    actor,
    reason,
    at,
    mails,
  });
  return {
    address,
    from: "pending",
    to,
    authenticated: holding.authenticated === true,
    told: untold === null ? address : null,
    untold,
    since,
  };
}

async function laterCertificates(
  store: Store,
  sha256: string,
  { address, decidedAt }: Holding,
  now: Date,
): Promise<LaterCertificate[]> {
  const beside = await store.certificatesOf(address, now);
  return beside.flatMap(({ sha256: other, status, decidedAt: at }) =>
    other !== sha256 && at > decidedAt && (status === "active" || status === "pending")
      ? [{ sha256: other, status, at }]
      : [],
  );
}

async function contentOf(
  store: Store,
  found: FoundCertificate,
  holding: Holding,
  { to, change, policy }: Deciding,
) {
  const bench = { trust: await trustStoreOf(store, policy), policy: policy.certificates, at: change.at };
  const { quotable } = judgeAgain(found, holding, [], bench);
  const template = to === "active" ? ("accepted" as const) : ("rejected" as const);
  // No findings: a person has decided, and what was doubtful for the robot need not have been his reason.
  const findings: readonly Finding[] = [];
  const judged = [{ certificate: found.certificate, verdict: template, findings, quotable }];
  return { template, judged, problems: [] };
}
