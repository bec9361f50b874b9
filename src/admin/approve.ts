import { KeybotError } from "../errors.ts";
import type { Policy } from "../policy.ts";
import type { FoundCertificate, Store } from "../store/index.ts";
import type { Change } from "./change.ts";
import { type Decision, type DecisionRequest, decidePending } from "./decide-pending.ts";
import type { Write } from "./letter.ts";

/**
 * Approves pending certificates: each becomes active, pins its address, and the partner is told.
 * @param write null: nobody is told
 * @throws KeybotError `usage` when one is not pending, has expired, is barred, cannot encrypt, or when it must be said
 *   under which address; `not-found`
 */
export function approve(
  store: Store,
  request: DecisionRequest,
  change: Change,
  options: { readonly policy: Policy; readonly write: Write | null },
): AsyncIterable<Decision> {
  return decidePending(store, {
    request,
    to: "active",
    change,
    ...options,
    check: (found) => refuse(found, change.at),
  });
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
