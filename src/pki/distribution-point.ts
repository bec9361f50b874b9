/** Distribution points: where a certificate's CRLs are (RFC 5280 §4.2.1.13), and what a CRL says it is (§5.2.5). */
import { context, contextConstructed, DerError, type DerReader, enterOnly, TAG } from "./der.ts";
import { namedBits } from "./der-value.ts";
import { type GeneralName, readGeneralNames } from "./general-name.ts";

/** Where CRLs for a certificate are, and for which reasons (RFC 5280 §4.2.1.13). */
export interface DistributionPoint {
  readonly fullName: readonly GeneralName[];
  /** nameRelativeToCRLIssuer: raw DER of the RDN, or null. */
  readonly relativeName: Uint8Array | null;
  /** ReasonFlags as bit numbers (RFC 5280 §4.2.1.13), null when absent: all reasons. */
  readonly reasons: readonly number[] | null;
  readonly crlIssuer: readonly GeneralName[];
}

/**
 * CRLDistributionPoints out of the contents of extnValue.
 * @throws DerError
 */
export function distributionPoints(value: Uint8Array, what: string): DistributionPoint[] {
  const sequence = enterOnly(value, TAG.sequence, what);
  const points: DistributionPoint[] = [];
  do points.push(distributionPoint(sequence.enter(TAG.sequence, what), what));
  while (sequence.more());
  return points;
}

function distributionPoint(sequence: DerReader, what: string): DistributionPoint {
  const name = sequence.enterOptional(contextConstructed(0), what);
  const names = name === null ? NO_POINT_NAME : readDistributionPointName(name, what);
  const reasons = sequence.peek() === context(1) ? namedBits(sequence, what, context(1)) : null;
  const issuer = sequence.enterOptional(contextConstructed(2), what);
  const crlIssuer = issuer === null ? [] : readGeneralNames(issuer, what);
  sequence.finish(what);
  // RFC 5280 §4.2.1.13: not a point of reasons alone.
  if (name === null && issuer === null) throw new DerError(`${what}: a point without a name`);
  return { ...names, reasons, crlIssuer };
}

type PointName = Pick<DistributionPoint, "fullName" | "relativeName">;

const NO_POINT_NAME: PointName = { fullName: [], relativeName: null };

/**
 * DistributionPointName (RFC 5280 §4.2.1.13), the reader inside its EXPLICIT tag; also in issuingDistributionPoint.
 * @throws DerError
 */
export function readDistributionPointName(choice: DerReader, what: string): PointName {
  const full = choice.enterOptional(contextConstructed(0), what);
  if (full !== null) {
    choice.finish(what);
    return { fullName: readGeneralNames(full, what), relativeName: null };
  }
  const relative = Uint8Array.from(choice.raw(what, contextConstructed(1)));
  choice.finish(what);
  relative[0] = TAG.set; // the IMPLICIT tag hides the SET OF an RDN is
  return { fullName: [], relativeName: relative };
}
