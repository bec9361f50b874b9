import { KeybotError } from "../errors.ts";
import type { FoundCertificate, Store } from "../store/index.ts";

/** CONTRACT.md §1: a SHA256 may be shortened to this many digits. */
const SHORTEST_PREFIX = 8;

/**
 * A SHA-256 or the beginning of it as people copy it: upper case and colons are taken.
 * @returns lower-case hex, 8 to 64 digits
 * @throws KeybotError `usage`
 */
export function parseFingerprint(text: string): string {
  const hex = text.trim().replaceAll(":", "").toLowerCase();
  if (!/^[0-9a-f]+$/.test(hex) || hex.length > 64) {
    throw new KeybotError(
      "usage",
      "admin.fingerprint",
      `${JSON.stringify(text)} is not a SHA-256 fingerprint`,
      {
        hint: "64 hex digits, or at least the first 8 of them, as keybot list prints them",
      },
    );
  }
  if (hex.length < SHORTEST_PREFIX) {
    throw new KeybotError(
      "usage",
      "admin.fingerprint",
      `${hex} is too short: at least ${SHORTEST_PREFIX} digits of a SHA-256 are needed`,
    );
  }
  return hex;
}

/**
 * The certificate that a SHA-256 or the beginning of it means.
 * @throws KeybotError `usage` when it is too short or fits several, `not-found` when it fits none
 */
export async function findCertificate(store: Store, text: string, now: Date): Promise<FoundCertificate> {
  const prefix = parseFingerprint(text);
  const search = await store.findCertificate(prefix, now);
  switch (search.found) {
    case "one":
      return search.certificate;
    case "none":
      throw new KeybotError("not-found", "admin.no-certificate", `no certificate ${prefix} is stored`);
    case "several":
      throw ambiguous(prefix, search.sha256);
    default:
      return search satisfies never;
  }
}

/** The error for a beginning that fits several; names them. */
export function ambiguous(prefix: string, candidates: readonly string[]): KeybotError {
  return new KeybotError("usage", "admin.ambiguous", `${prefix} fits several: ${candidates.join(", ")}`, {
    hint: "give more digits",
  });
}
