import { KeybotError } from "../errors.ts";
import type { Finding } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import type { FoundCertificate, Holding, Store } from "../store/index.ts";
import { parseAddress, sameStored } from "./address.ts";
import type { Change } from "./change.ts";
import { findCertificate } from "./find-certificate.ts";
import { judgeAgain } from "./judge-again.ts";
import { type Write, whyUntold } from "./letter.ts";
import { trustStoreOf } from "./trust-store.ts";

/** What is decided: one certificate under every address where it is pending, or under one. */
export interface DecisionRequest {
  /** SHA-256 or the beginning of it. */
  readonly sha256: string;
  readonly address: string | null;
}

/** What became of the certificate under one address. */
export interface DecidedHolding {
  readonly address: string;
  readonly from: "pending";
  readonly to: "active" | "rejected";
  /** To whom a mail goes, or null. */
  readonly told: string | null;
  /** Why none goes; null when one does. */
  readonly untold: string | null;
}

export interface Decision {
  readonly certificate: FoundCertificate["certificate"];
  readonly holdings: readonly DecidedHolding[];
}

/** A decision on a pending certificate, in both its directions. */
export interface Deciding {
  readonly request: DecisionRequest;
  readonly to: "active" | "rejected";
  readonly change: Change;
  readonly policy: Policy;
  /** Null: the partner is not told (`--silent`). */
  readonly write: Write | null;
  /** Refuses what must not be decided so. @throws KeybotError `usage` */
  readonly check: (found: FoundCertificate) => void;
}

/**
 * Decides a pending certificate and has the partners told; each address is one transaction with its mail.
 * @throws KeybotError `not-found` when it is not stored (there); `usage` when it is not pending
 */
export async function decidePending(store: Store, deciding: Deciding): Promise<Decision> {
  const { request, to, change } = deciding;
  const found = await findCertificate(store, request.sha256, change.at);
  const pending = pendingHoldings(found, request.address, to);
  deciding.check(found);
  const holdings: DecidedHolding[] = [];
  for (const holding of pending) holdings.push(await decideHolding(store, found, holding, deciding));
  return { certificate: found.certificate, holdings };
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
  return { address, from: "pending", to, told: untold === null ? address : null, untold };
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

function pendingHoldings(
  found: FoundCertificate,
  text: string | null,
  to: "active" | "rejected",
): readonly Holding[] {
  const short = found.certificate.sha256.slice(0, 16);
  const address = text === null ? null : parseAddress(text);
  const held = found.holdings.filter((one) => address === null || sameStored(one.address, address));
  if (held.length === 0) {
    const where = address === null ? "" : ` under ${address}`;
    throw new KeybotError("not-found", "admin.no-holding", `${short} is no partner's certificate${where}`);
  }
  const pending = held.filter(({ status }) => status === "pending");
  if (pending.length > 0) return pending;
  const stands = held.map((one) => `${one.status} under ${one.address}`).join(", ");
  const verb = to === "active" ? "approved" : "rejected";
  throw new KeybotError("usage", "admin.not-pending", `${short} is not pending: it is ${stands}`, {
    hint: held.some(({ status }) => status === "revoked")
      ? `only pending certificates are ${verb}; keybot restore judges a revoked one again`
      : `only pending certificates are ${verb}; keybot show ${short} tells more`,
  });
}
