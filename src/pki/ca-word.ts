/**
 * What CAs have said of one certificate, as far as it outlives the answers. "Revoked" is final (RFC 5280 §5.3.1, RFC 6960
 * §2.2); only certificateHold is ever lifted. A join: the order in which answers come, and how often, changes nothing.
 */

/** CRLReason certificateHold (RFC 5280 §5.3.1). */
export const CERTIFICATE_HOLD = 6;

/** "Revoked", proven by an answer of the CA or of whoever it lets speak. */
export interface Revocation {
  readonly by: "OCSP" | "CRL";
  readonly revocationTime: Date;
  /** CRLReason (RFC 5280 §5.3.1); null when it is not said. */
  readonly reason: number | null;
  /** thisUpdate of the answer. */
  readonly thisUpdate: Date;
}

/** All that is known of a certificate. */
export interface CaWord {
  /** Null: no answer ever said "revoked". */
  readonly revocation: Revocation | null;
  /** thisUpdate of the newest answer that said "good"; null: none did. */
  readonly goodAt: Date | null;
}

/** Nobody has said anything. */
export const NO_WORD: CaWord = { revocation: null, goodAt: null };

/** Both words together: commutative, associative, and the same word twice is one. */
export function joined(one: CaWord, other: CaWord): CaWord {
  return {
    revocation: stronger(one.revocation, other.revocation),
    goodAt: later(one.goodAt, other.goodAt),
  };
}

/** The revocation that holds: a final one, or a hold that no newer "good" has lifted; null: none does. */
export function standing({ revocation, goodAt }: CaWord): Revocation | null {
  if (revocation === null || isFinal(revocation)) return revocation;
  // Of the same second errs on the safe side.
  return goodAt !== null && goodAt > revocation.thisUpdate ? null : revocation;
}

/** Whether nothing that a CA says later lifts it. */
export function isFinal({ reason }: Pick<Revocation, "reason">): boolean {
  return reason !== CERTIFICATE_HOLD;
}

/** A final one before a hold, the newest hold, the earliest of what is final. */
function stronger(one: Revocation | null, other: Revocation | null): Revocation | null {
  if (one === null || other === null) return one ?? other;
  if (isFinal(one) !== isFinal(other)) return isFinal(one) ? one : other;
  const order = isFinal(one)
    ? compare(one, other)
    : other.thisUpdate.getTime() - one.thisUpdate.getTime() || compare(one, other);
  return order <= 0 ? one : other;
}

/** Any order will do that does not ask which came first. */
function compare(one: Revocation, other: Revocation): number {
  return (
    one.revocationTime.getTime() - other.revocationTime.getTime() ||
    one.thisUpdate.getTime() - other.thisUpdate.getTime() ||
    (one.reason ?? -1) - (other.reason ?? -1) ||
    Number(one.by > other.by) - Number(one.by < other.by)
  );
}

function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}
