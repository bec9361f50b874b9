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

/** Whether neither is known to be the newer one: made in the same second, with one number or without any. */
export function isAsNew(left: Crl, right: Crl): boolean {
  return (
    left.thisUpdate.getTime() === right.thisUpdate.getTime() &&
    (left.crlNumber === null || right.crlNumber === null || byNumber(left, right) === 0)
  );
}

/** One without a number that counts is the older one. */
function byNumber(left: Crl, right: Crl): number {
  const [one, other] = [numberOf(left.crlNumber) ?? -1n, numberOf(right.crlNumber) ?? -1n];
  return Number(one > other) - Number(one < other);
}

/** A CRL number (RFC 5280 §5.2.3) from its hex, which is never negative; null: there is none that counts. */
export function numberOf(hex: string | null): bigint | null {
  return hex === null || hex.startsWith("-") ? null : BigInt(`0x${hex}`);
}
