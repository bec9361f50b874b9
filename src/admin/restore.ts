import { statusOf, type Verdict } from "../decide/index.ts";
import { KeybotError } from "../errors.ts";
import type { Policy } from "../policy.ts";
import type { AuditEntry, FoundCertificate, Holding, Rejudged, Store } from "../store/index.ts";
import { sameStored } from "./address.ts";
import type { Change } from "./change.ts";
import { findCertificate } from "./find-certificate.ts";
import { type Bench, judgeAgain } from "./judge-again.ts";
import { trustStoreOf } from "./trust-store.ts";

/** What became of a public key whose bar was lifted. */
export interface Restored {
  readonly spkiSha256: string;
  /** Each certificate with this key under each address, as it was judged again. */
  readonly judged: readonly Rejudged[];
}

/**
 * Lifts the bar on a certificate's public key and judges every certificate with it again, with today's trust store,
 * policy and time; what was found out about the mails that brought them stays. Nothing becomes active but by verdict.
 * @throws KeybotError `usage` when the key is not barred; `not-found`
 */
export async function restore(
  store: Store,
  sha256: string,
  change: Change,
  policy: Policy,
): Promise<Restored> {
  const { certificate, barred } = await findCertificate(store, sha256, change.at);
  if (barred === null) {
    const short = certificate.sha256.slice(0, 16);
    throw new KeybotError(
      "usage",
      "admin.not-barred",
      `the public key of ${short} is not barred; nothing was changed`,
    );
  }
  const bench: Bench = {
    trust: await trustStoreOf(store, policy),
    policy: policy.certificates,
    at: change.at,
  };
  const found = await store.certificatesOfKey(certificate.spkiSha256, change.at);
  const judged: Rejudged[] = [];
  for (const one of found) judged.push(...(await rejudge(store, one, bench)));
  const { spkiSha256 } = certificate;
  await store.unbarKey({ spkiSha256, actor: change.actor, reason: change.reason, at: change.at, judged });
  return { spkiSha256, judged };
}

async function rejudge(store: Store, found: FoundCertificate, bench: Bench): Promise<Rejudged[]> {
  const { sha256 } = found.certificate;
  const history = await store.history(sha256);
  const revoked = found.holdings.filter(({ status }) => status === "revoked");
  return Promise.all(
    revoked.map(async (holding) => {
      const beside = await store.certificatesOf(holding.address, bench.at);
      const { verdict, findings } = judgeAgain(found, holding, beside, bench);
      return {
        certificate: sha256,
        address: holding.address,
        status: settled(verdict, holding, history),
        findings,
      };
    }),
  );
}

/** What a person turned away before the key was barred is not put before him again, as when a mail brings it again. */
function settled(verdict: Verdict, { address }: Holding, history: readonly AuditEntry[]): Rejudged["status"] {
  const own = history.filter((entry) => entry.address !== null && sameStored(entry.address, address));
  const before = own.filter(({ action }) => action !== "certificate.revoked").at(-1);
  const turnedAway = before?.action === "certificate.rejected";
  return verdict === "pending" && turnedAway ? "rejected" : statusOf(verdict);
}
