import { Block } from "./section.ts";

/**
 * A SHA-256 fingerprint for comparing by eye or over the telephone: upper case, in groups of four, two lines.
 * @param sha256 64 hex digits
 */
export function readableFingerprint(sha256: string): Block {
  const groups = sha256.toUpperCase().match(/[0-9A-F]{1,4}/g) ?? [];
  return new Block(`${groups.slice(0, 8).join(" ")}\n${groups.slice(8).join(" ")}`);
}
