import { escapeControl } from "../log.ts";

/**
 * One record as one line of JSON, with its newline: for a single record and for JSON Lines alike.
 *
 * Times are RFC 3339 in UTC, whole seconds (CONTRACT.md: units). Bytes are left out: they are never meant to be
 * printed as a list of numbers. A bigint becomes a string of its digits.
 */
export function jsonLine(record: unknown): string {
  // JSON leaves C1, bidirectional and separating characters as they are, and a terminal may show the line. They can
  // only stand inside a string, where the escape means the same.
  return `${escapeControl(JSON.stringify(printable(record)))}\n`;
}

/** A time as every command prints it. */
export function isoTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

function printable(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return isoTime(value);
  if (value instanceof Uint8Array) return undefined;
  if (Array.isArray(value)) return value.map(printable);
  if ("toJSON" in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, printable(inner)]));
}
