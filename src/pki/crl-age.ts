/** Which of two CRLs is the newer one (RFC 5280 §5.1.2.4, §5.2.3). */
import type { Crl } from "./crl.ts";

/**
 * The CRLs by thisUpdate, then by CRL number, the newest first. Those that are equal in both keep their order, which says
 * nothing: whoever chooses among them must look at all (`isAsNew`).
 */
export function newestFirst(crls: readonly Crl[]): readonly Crl[] {
  return [...crls].sort(
    (left, right) => right.thisUpdate.getTime() - left.thisUpdate.getTime() || byNumber(right, left),
  );
}

/** What of a CRL says when it was made. */
export type DatedCrl = Pick<Crl, "thisUpdate" | "crlNumber">;

/** Whether the left one is known to be the older: by thisUpdate, of the same second by its number. */
export function isOlder(left: DatedCrl, right: DatedCrl): boolean {
  const [one, other] = [left.thisUpdate.getTime(), right.thisUpdate.getTime()];
  return one < other || (one === other && !isAsNew(left, right) && byNumber(left, right) < 0);
}

/** Whether neither is known to be the newer one: made in the same second, with one number or without any. */
export function isAsNew(left: DatedCrl, right: DatedCrl): boolean {
  return (
    left.thisUpdate.getTime() === right.thisUpdate.getTime() &&
    (left.crlNumber === null || right.crlNumber === null || byNumber(left, right) === 0)
  );
}

/** One without a number that counts is the older one. */
function byNumber(left: DatedCrl, right: DatedCrl): number {
  const [one, other] = [numberOf(left.crlNumber) ?? -1n, numberOf(right.crlNumber) ?? -1n];
  return Number(one > other) - Number(one < other);
}

/** A CRL number (RFC 5280 §5.2.3) from its hex, which is never negative; null: there is none that counts. */
export function numberOf(hex: string | null): bigint | null {
  return hex === null || hex.startsWith("-") ? null : BigInt(`0x${hex}`);
}
