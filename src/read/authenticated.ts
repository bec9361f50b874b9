import {
  type AuthenticationResult,
  type AuthenticationResults,
  fieldsNamed,
  type HeaderField,
  organisationalDomain,
  parseAuthenticationResults,
} from "../mail/index.ts";
import { EXCHANGE_ONLINE, type TrustedBlock } from "./trusted-block.ts";

/**
 * Whether the From domain passed: DMARC, or aligned DKIM or SPF (RFC 8601, RFC 7489 §3.1), as our own servers wrote
 * it inside the trusted block. A DMARC failure outweighs everything else, and is believed as well between the border
 * and the next hop, where a filter may have written it and a sender could only lie to his own harm (PRODUCT §4); null
 * when nothing was said.
 * @param domain domain of the single From address, lower case, or null
 * @param authservIds whose words count, `EXCHANGE_ONLINE` for the first field without a name; empty: nobody's
 */
export function isAuthenticated(
  block: TrustedBlock,
  domain: string | null,
  authservIds: readonly string[],
): boolean | null {
  if (domain === null || authservIds.length === 0) return null;
  const inside = parsedFields(block.fields);
  const results = [...resultsOf(inside, authservIds), ...firstNameless(inside, authservIds)];
  const below = resultsOf(parsedFields(block.below), authservIds);

  if ([...results, ...below].some((result) => isDmarc(result, domain) && result.result === "fail"))
    return false;
  return results.some((result) => passes(result, domain)) ? true : null;
}

function parsedFields(fields: readonly HeaderField[]): readonly AuthenticationResults[] {
  return fieldsNamed(fields, "Authentication-Results").flatMap((field) => {
    const parsed = parseAuthenticationResults(field.body);
    return parsed === null ? [] : [parsed];
  });
}

/** What the fields of these authserv-ids say. */
function resultsOf(
  fields: readonly AuthenticationResults[],
  authservIds: readonly string[],
): readonly AuthenticationResult[] {
  const ours = new Set(authservIds.filter((id) => id !== EXCHANGE_ONLINE).map((id) => id.toLowerCase()));
  return fields.flatMap(({ authservId, results }) =>
    authservId !== null && ours.has(authservId) ? results : [],
  );
}

/** The first field that names nobody: the last server to write one, where the servers are Exchange Online's. */
function firstNameless(
  fields: readonly AuthenticationResults[],
  authservIds: readonly string[],
): readonly AuthenticationResult[] {
  if (!authservIds.includes(EXCHANGE_ONLINE)) return [];
  return fields.find(({ authservId }) => authservId === null)?.results ?? [];
}

function passes(result: AuthenticationResult, domain: string): boolean {
  if (result.result !== "pass") return false;
  switch (result.method) {
    case "dmarc":
      return isDmarc(result, domain);
    case "dkim":
      // RFC 7489 §3.1.1: the signing domain (header.d), or that of the signing identity (header.i).
      return aligned(
        result.properties.get("header.d") ?? domainOf(result.properties.get("header.i")),
        domain,
      );
    case "spf":
      // RFC 7489 §3.1.2: the domain of MAIL FROM; a HELO identity alone is not the author's.
      return aligned(domainOf(result.properties.get("smtp.mailfrom")), domain);
    default:
      return false;
  }
}

/** A DMARC result that names another From domain than the one we read is about something else. */
function isDmarc(result: AuthenticationResult, domain: string): boolean {
  if (result.method !== "dmarc") return false;
  const named = domainOf(result.properties.get("header.from"));
  return named === null || named === domain;
}

/**
 * Relaxed alignment (RFC 7489 §3.1): the same domain, or two of one organisation. A public suffix (`co.uk`, `github.io`)
 * is no organisation, so it aligns with nothing but itself, and a name without a dot not even with that.
 */
function aligned(authenticated: string | null, from: string): boolean {
  if (authenticated === null || !authenticated.includes(".")) return false;
  if (authenticated === from) return true;
  const organisation = organisationalDomain(authenticated);
  return organisation !== null && organisation === organisationalDomain(from);
}

function domainOf(value: string | undefined): string | null {
  if (value === undefined || value === "") return null;
  return value.slice(value.lastIndexOf("@") + 1).toLowerCase();
}
