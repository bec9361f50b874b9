import { createRequire } from "node:module";
import { domainToASCII } from "node:url";

/** The list takes a tenth of a second to load, so it is loaded by the first who asks: most commands ask for no domain. */
const load = createRequire(import.meta.url);
let list: typeof import("tldts") | null = null;

/**
 * The registered domain: the public suffix (`co.uk`) and one label before it, by the ICANN section of the Public Suffix
 * List alone. So whoever hands out names below a domain of his own (dynamic DNS, web space) is one with his customers:
 * this is the name that somebody pays for, and the one to count by.
 * @param domain in any case, U-labels or A-labels
 * @returns lower case, A-labels; null for a public suffix, an IP address and a name without a dot
 */
export function registeredDomain(domain: string): string | null {
  return domainAbove(domain, false);
}

/**
 * The organisational domain (RFC 7489 §3.2), by the whole Public Suffix List: the customers of one who hands out names
 * are organisations of their own, and must not speak for each other.
 * @param domain in any case, U-labels or A-labels
 * @returns lower case, A-labels; null for a public suffix, an IP address and a name without a dot
 */
export function organisationalDomain(domain: string): string | null {
  return domainAbove(domain, true);
}

function domainAbove(domain: string, allowPrivateDomains: boolean): string | null {
  const lower = domain.toLowerCase().replace(/\.$/, "");
  // What cannot be written in A-labels is no domain of anybody; it is cut as it stands.
  const name = domainToASCII(lower) || lower;
  list ??= load("tldts") as typeof import("tldts");
  return list.getDomain(name, { allowPrivateDomains, extractHostname: false, validateHostname: false });
}
