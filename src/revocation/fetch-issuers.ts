/** The issuers that a certificate names by URL (RFC 5280 §4.2.2.1, caIssuers), fetched under the rules of this room. */
import { type Certificate, OID } from "../pki/index.ts";
import type { AskBudget } from "./budget.ts";
import { type Attempt, attempt } from "./inquiry.ts";
import { MAX_ISSUER_URLS } from "./limits.ts";
import { urlsOf } from "./questions.ts";
import type { Reader, Stranger, Strangers } from "./strangers.ts";

/** CA certificates as they came, and what was tried in vain. */
export interface Issuers {
  /** DER of each; nothing is believed of them but that the first URL that had an issuer had them. */
  readonly certificates: readonly Uint8Array[];
  readonly attempts: readonly Attempt[];
}

/** Asks one URL after the other, until one has what the reader takes. Never rejects for what a URL does. */
export async function fetchIssuers(
  certificate: Certificate,
  by: Stranger,
  read: Reader,
  strangers: Strangers,
  budget: AskBudget,
): Promise<Issuers> {
  const attempts: Attempt[] = [];
  for (const url of issuerUrls(certificate)) {
    const answer = await strangers.ask(url, by, read, budget);
    if (answer.ok) return { certificates: answer.certificates, attempts };
    attempts.push(attempt(url, answer));
  }
  return { certificates: [], attempts };
}

function issuerUrls({ extensions }: Certificate): readonly string[] {
  const named = (extensions.authorityInfoAccess ?? []).filter(({ method }) => method === OID.caIssuersAccess);
  return urlsOf(named.map(({ location }) => location)).slice(0, MAX_ISSUER_URLS);
}
