/** Delta CRLs (RFC 5280 §5.2.4), kept apart: who reads about complete CRLs need not know them. */
import type { Crl } from "./crl.ts";
import { newestFirst, numberOf } from "./crl-age.ts";
import { sameScope } from "./crl-scope.ts";
import { equalBytes } from "./der.ts";
import { sameName } from "./name.ts";

/**
 * RFC 5280 §6.3.3 (c): the delta CRLs that bring a complete CRL up to date, the newest first. Whether one is fresh and
 * signed by the same key is left to the caller.
 * @param others CRLs of the same issuer's name
 */
export function deltasOf(complete: Crl, others: readonly Crl[]): readonly Crl[] {
  return newestFirst(others.filter((crl) => completes(crl, complete)));
}

function completes(delta: Crl, complete: Crl): boolean {
  const [base, from, to] = [delta.baseCrlNumber, complete.crlNumber, delta.crlNumber].map(numberOf);
  if (base == null || from == null || to == null) return false;
  return (
    sameName(delta.issuer, complete.issuer) && // (c)(1)
    sameScope(delta, complete) && // (c)(2)
    sameKeyIdentifier(delta.authorityKeyIdentifier, complete.authorityKeyIdentifier) && // (c)(3)
    base <= from && // RFC 5280 §5.2.4 (c)
    from < to // RFC 5280 §5.2.4 (d)
  );
}

function sameKeyIdentifier(left: Uint8Array | null, right: Uint8Array | null): boolean {
  return left === null || right === null ? left === right : equalBytes(left, right);
}
