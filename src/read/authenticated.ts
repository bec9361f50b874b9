import {
  type AuthenticationResult,
  type AuthenticationResults,
  canonicalDomain,
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
 * when nothing was said, or only that a domain failed that asks for nothing then.
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

  const failures = [...results, ...below].filter((one) => one.result === "fail" && isDmarc(one, domain));
  if (failures.length > 0) return failures.every((one) => asksForNothing(one, domain)) ? null : false;
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
        domainOf(result.properties.get("header.d") ?? result.properties.get("header.i")),
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

/** Where filters name the published policy: OpenDMARC, Gmail, Fastmail, rspamd in a comment, others in a property. */
const POLICY_SAID = /(?<![\w.-])(p|policy|sp|np)\s*=\s*"?([a-z]+)/gi;
const POLICY_PROPERTIES: ReadonlyMap<string, "p" | "sp"> = new Map([
  ["p", "p"],
  ["policy", "p"],
  ["policy.p", "p"],
  ["policy.policy", "p"],
  ["policy.dmarc", "p"],
  ["policy.published-policy", "p"],
  ["policy.published-domain-policy", "p"],
  ["sp", "sp"],
  ["policy.sp", "sp"],
  ["policy.published-subdomain-policy", "sp"],
  // Exchange Online names what it does: `none` where the policy asks for nothing.
  ["action", "p"],
]);

/**
 * Whether the domain asks for nothing where DMARC fails (RFC 7489 §6.3): every policy that the result names is `none`.
 * That for subdomains (`sp`, `np`) counts for a subdomain only.
 */
function asksForNothing({ comments, properties }: AuthenticationResult, domain: string): boolean {
  const isSubdomain = organisationalDomain(domain) !== domain;
  const named = [
    ...comments.flatMap((comment) =>
      [...comment.matchAll(POLICY_SAID)].map(([, tag, value]) => [tag, value]),
    ),
    ...[...properties].map(([name, value]) => [POLICY_PROPERTIES.get(name), value]),
  ].map((pair) => pair.map((text) => text?.toLowerCase()));
  const policies = named.filter(([tag]) => tag === "p" || tag === "policy");
  const ofSubdomains = named.filter(([tag]) => isSubdomain && (tag === "sp" || tag === "np"));
  return policies.length > 0 && [...policies, ...ofSubdomains].every(([, value]) => value === "none");
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

/** As A-labels: a server may write U-labels (EAI). What is no domain is "": another one than any From's. */
function domainOf(value: string | undefined): string | null {
  if (value === undefined || value === "") return null;
  const domain = value.slice(value.lastIndexOf("@") + 1).replace(/\.$/, "");
  return canonicalDomain(domain) ?? "";
}
