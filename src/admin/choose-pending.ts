import { KeybotError } from "../errors.ts";
import type { FoundCertificate, Holding } from "../store/index.ts";
import { marked } from "../text.ts";
import { sameStored } from "./address.ts";

/** A certificate with the addresses where it is decided, and those where it is not. */
export interface ChosenHoldings {
  readonly found: FoundCertificate;
  /** Pending ones, at least one. */
  readonly chosen: readonly Holding[];
  /** Pending ones too, whose addresses were not named. */
  readonly undecided: readonly Holding[];
}

/**
 * Which pairs of certificate and address a person means. A certificate that he was shown under one address may have come
 * for others since, by mails that anybody wrote; so without an address only what cannot be mistaken is decided: the one
 * pending address of a certificate, which an authenticated mail brought or which is the only one that it is stored under.
 * @param addresses as `parseAddress` gives them; none: none was named
 * @throws KeybotError `usage`, `not-found`
 */
export function choosePending(
  certificates: readonly FoundCertificate[],
  addresses: readonly string[],
  to: "active" | "rejected",
): readonly ChosenHoldings[] {
  const chosen = certificates.map((found) => {
    const pending = pendingOf(found, addresses, to);
    if (addresses.length === 0) demandOne(found, pending);
    const all = found.holdings.filter(({ status }) => status === "pending");
    return { found, chosen: pending, undecided: all.filter((one) => !pending.includes(one)) };
  });
  for (const address of addresses) {
    if (chosen.some((one) => one.chosen.some((holding) => sameStored(holding.address, address)))) continue;
    // Each certificate is pending under another of the addresses, and nothing under this one.
    for (const { found } of chosen) pendingOf(found, [address], to);
  }
  return chosen;
}

function pendingOf(
  found: FoundCertificate,
  addresses: readonly string[],
  to: "active" | "rejected",
): readonly Holding[] {
  const short = shortOf(found);
  const held = found.holdings.filter(
    (one) => addresses.length === 0 || addresses.some((address) => sameStored(one.address, address)),
  );
  if (held.length === 0) {
    const where = addresses.length === 0 ? "" : ` under ${addresses.map(marked).join(" or ")}`;
    throw new KeybotError("not-found", "admin.no-holding", `${short} is no partner's certificate${where}`);
  }
  const pending = held.filter(({ status }) => status === "pending");
  if (pending.length > 0) return pending;
  const stands = held.map((one) => `${one.status} under ${marked(one.address)}`).join(", ");
  const verb = to === "active" ? "approved" : "rejected";
  throw new KeybotError("usage", "admin.not-pending", `${short} is not pending: it is ${stands}`, {
    hint: held.some(({ status }) => status === "revoked")
      ? `only pending certificates are ${verb}; keybot restore judges a revoked one again`
      : `only pending certificates are ${verb}; keybot show ${short} tells more`,
  });
}

function demandOne(found: FoundCertificate, pending: readonly Holding[]): void {
  const [only] = pending;
  const short = shortOf(found);
  if (pending.length > 1 || only === undefined) {
    throw new KeybotError(
      "usage",
      "admin.several-addresses",
      `${short} is pending under ${pending.length} addresses: ${pending.map(senderOf).join(", ")}; nothing was changed`,
      { hint: "say which are meant: --address ADDRESS, once for each" },
    );
  }
  if (only.authenticated === true || found.holdings.length === 1) return;
  const others = found.holdings.filter((one) => one !== only).map(({ address }) => marked(address));
  throw new KeybotError(
    "usage",
    "admin.not-authenticated",
    `${short} is pending under ${senderOf(only)}, and is stored under ${others.join(", ")} too; nothing was changed`,
    { hint: "if that address is meant, name it: --address ADDRESS" },
  );
}

/** An address with what must be known of the mail that wrote it. */
export function senderOf({ address, authenticated }: Pick<Holding, "address" | "authenticated">): string {
  return authenticated === true ? marked(address) : `${marked(address)} (sender not authenticated)`;
}

function shortOf({ certificate }: FoundCertificate): string {
  return certificate.sha256.slice(0, 16);
}
