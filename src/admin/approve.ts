import { KeybotError } from "../errors.ts";
import type { RevocationJudgement } from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import type { FoundCertificate, Store } from "../store/index.ts";
import { type AskCa, type AskedBefore, askBefore, askedBefore, noteAnswered } from "./ask-ca.ts";
import type { Change } from "./change.ts";
import { type Decision, type DecisionRequest, decidePending } from "./decide-pending.ts";
import type { Write } from "./letter.ts";

/** An approval, and what the CA of its certificate said just before. */
export interface Approval extends Decision {
  readonly asked: AskedBefore;
}

/**
 * Approves pending certificates: each becomes active, pins its address, and the partner is told. The CA of each is asked
 * first, where somebody can be asked: a person knows who the partner is, and not whether his key was stolen yesterday.
 * @param options `write` null: nobody is told; `ask` null: nobody is asked
 * @throws KeybotError `usage` when one is not pending, has expired, is barred, cannot encrypt, is revoked by its CA (then it
 *   is stored as revoked), or when it must be said under which address; `not-found`
 */
export async function* approve(
  store: Store,
  request: DecisionRequest,
  change: Change,
  { ask, ...options }: { readonly policy: Policy; readonly write: Write | null; readonly ask: AskCa | null },
): AsyncGenerator<Approval> {
  const said = new Map<string, RevocationJudgement | null>();
  const decided = decidePending(store, {
    request,
    to: "active",
    change,
    ...options,
    check: async (found) => {
      refuse(found, change.at);
      said.set(found.certificate.sha256, await askAbout(found, ask));
    },
  });
  for await (const decision of decided) {
    const judgement = said.get(decision.certificate.sha256) ?? null;
    await noteAnswered(store, judgement, change.at);
    yield { ...decision, asked: askedBefore(judgement) };
  }
}

async function askAbout(
  { certificate, chain, holdings }: FoundCertificate,
  ask: AskCa | null,
): Promise<RevocationJudgement | null> {
  const { sha256, der } = certificate;
  const address = holdings[0]?.address ?? "";
  return askBefore(
    ask,
    { sha256, der, chain, address },
    { undone: "it was not approved", hint: "the partner must send another one" },
  );
}

/** What no person can make good. */
function refuse({ certificate, barred, holdings }: FoundCertificate, at: Date): void {
  const short = certificate.sha256.slice(0, 16);
  if (barred !== null) {
    throw refusal(
      `the public key of ${short} is barred (${barred.reason})`,
      "keybot restore lifts the bar and judges it again",
    );
  }
  if (certificate.notAfter < at) {
    throw refusal(
      `${short} expired on ${certificate.notAfter.toISOString().slice(0, 10)}`,
      "the partner must send a newer one",
    );
  }
  if (holdings.some(({ findings }) => findings.some(({ code }) => code === "cert.domain"))) {
    // PRODUCT §3: the key of a gateway is no partner's; whoever runs the domain could read his mail.
    throw refusal(
      `${short} speaks for a whole domain, not for one mailbox`,
      "keybot cannot use certificates of domains yet",
    );
  }
  if (!certificate.usage.encrypt)
    throw refusal(`the key of ${short} cannot encrypt`, "the partner must send another one");
}

function refusal(why: string, hint: string): KeybotError {
  return new KeybotError("usage", "admin.refused", `${why}; it was not approved`, { hint });
}
