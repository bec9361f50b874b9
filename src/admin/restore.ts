import { statusOf, type Verdict, verdictOf } from "../decide/index.ts";
import { KeybotError } from "../errors.ts";
import { type Finding, type RevocationJudgement, ranked } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import type { AuditEntry, FoundCertificate, Holding, Rejudged, Store } from "../store/index.ts";
import { sameStored } from "./address.ts";
import { type AskCa, noteAnswered } from "./ask-ca.ts";
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
 * policy and time; what was found out about the mails that brought them stays. Nothing becomes active but by verdict, and
 * the CA of each is asked for it, where somebody can be asked.
 * @param ask null: nobody is asked, and what names somebody to ask waits for a person
 * @throws KeybotError `usage` when the key is not barred; `not-found`
 */
export async function restore(
  store: Store,
  sha256: string,
  change: Change,
  { policy, ask }: { readonly policy: Policy; readonly ask: AskCa | null },
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
  const { spkiSha256 } = certificate;
  const said = new Map<string, RevocationJudgement | null>();
  for (const one of await store.certificatesOfKey(spkiSha256, change.at))
    said.set(one.certificate.sha256, await askAbout(one, ask));
  const judged: Rejudged[] = [];
  // Read again: what CAs have said just now is known of them.
  for (const one of await store.certificatesOfKey(spkiSha256, change.at))
    judged.push(...(await rejudge(store, one, said.get(one.certificate.sha256) ?? null, bench)));
  await store.unbarKey({ spkiSha256, actor: change.actor, reason: change.reason, at: change.at, judged });
  for (const judgement of said.values()) await noteAnswered(store, judgement, change.at);
  return { spkiSha256, judged };
}

async function askAbout(
  { certificate: { sha256, der }, chain, holdings }: FoundCertificate,
  ask: AskCa | null,
): Promise<RevocationJudgement | null> {
  const held = holdings.find(({ status }) => status === "revoked");
  if (ask === null || held === undefined) return null;
  return ask({ sha256, der, chain, address: held.address });
}

/** What was found, with the CA's word in the place of "nobody was asked"; an earlier "revoked" is not undone here. */
function withAnswer(findings: readonly Finding[], judgement: RevocationJudgement | null): readonly Finding[] {
  if (judgement === null) return findings;
  const before = findings.filter(
    ({ code }) => !code.startsWith("revocation.") || code === "revocation.revoked",
  );
  const isKnown = before.some(({ code }) => code === "revocation.revoked");
  const now = judgement.findings.filter(({ code }) => !isKnown || code !== "revocation.revoked");
  return ranked([...before, ...now]);
}

async function rejudge(
  store: Store,
  found: FoundCertificate,
  judgement: RevocationJudgement | null,
  bench: Bench,
): Promise<Rejudged[]> {
  const { sha256 } = found.certificate;
  const history = await store.history(sha256);
  const revoked = found.holdings.filter(({ status }) => status === "revoked");
  return Promise.all(
    revoked.map(async (holding) => {
      const beside = await store.certificatesOf(holding.address, bench.at);
      const findings = withAnswer(judgeAgain(found, holding, beside, bench).findings, judgement);
      return {
        certificate: sha256,
        address: holding.address,
        status: settled(verdictOf(findings), holding, history),
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
