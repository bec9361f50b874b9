import { type AuthenticationResults, fieldsNamed, parseAuthenticationResults } from "../mail/index.ts";
import type { TrustedBlock } from "./trusted-block.ts";

/**
 * Whether the From domain passed: DMARC, or aligned DKIM or SPF (RFC 8601, RFC 7489 §3.1), as our own servers wrote
 * it inside the trusted block. A DMARC failure outweighs everything else; null when nothing was said.
 * @param domain domain of the single From address, lower case, or null
 * @param authservIds whose words count; empty: nobody's
 */
export function isAuthenticated(
  block: TrustedBlock,
  domain: string | null,
  authservIds: readonly string[],
): boolean | null {
  if (domain === null || authservIds.length === 0) return null;
  const ours = new Set(authservIds.map((id) => id.toLowerCase()));
  const results = fieldsNamed(block.fields, "Authentication-Results")
    .map((field) => parseAuthenticationResults(field.body))
    .filter((parsed) => parsed !== null && ours.has(parsed.authservId.toLowerCase()))
    .flatMap((parsed) => parsed?.results ?? []);

  if (results.some((result) => isDmarc(result, domain) && result.result === "fail")) return false;
  return results.some((result) => passes(result, domain)) ? true : null;
}

type Result = AuthenticationResults["results"][number];

function passes(result: Result, domain: string): boolean {
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
function isDmarc(result: Result, domain: string): boolean {
  if (result.method !== "dmarc") return false;
  const named = domainOf(result.properties.get("header.from"));
  return named === null || named === domain;
}

/**
 * Relaxed alignment (RFC 7489 §3.1). Departs from "same Organizational Domain" because that needs the Public Suffix
 * List: one must be the other or lie below it, and the upper one must have a dot, so `com` aligns with nobody.
 */
function aligned(authenticated: string | null, from: string): boolean {
  if (authenticated === null || !authenticated.includes(".")) return false;
  return (
    authenticated === from ||
    from.endsWith(`.${authenticated}`) ||
    (from.includes(".") && authenticated.endsWith(`.${from}`))
  );
}

function domainOf(value: string | undefined): string | null {
  if (value === undefined || value === "") return null;
  return value.slice(value.lastIndexOf("@") + 1).toLowerCase();
}
