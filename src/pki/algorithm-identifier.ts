/** AlgorithmIdentifier (RFC 5280 §4.1.1.2), read and compared. */
import { definiteForm } from "./definite-form.ts";
import { attempt, DerReader, equalBytes, isProblem, TAG } from "./der.ts";
import { isNull, oid } from "./der-value.ts";
import { MAX_PARAMETERS_BYTES } from "./limits.ts";

/** AlgorithmIdentifier (RFC 5280 §4.1.1.2): the OID and the parameters' DER, null when absent. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: Uint8Array | null;
}

/**
 * Reads an AlgorithmIdentifier; `tag` for where it is IMPLICIT.
 * @throws DerError
 */
export function readAlgorithm(
  reader: DerReader,
  what: string,
  tag: number = TAG.sequence,
): AlgorithmIdentifier {
  const sequence = reader.enter(tag, what);
  const algorithm = oid(sequence, what);
  const parameters = sequence.more() ? sequence.raw(what) : null;
  sequence.finish(what);
  return {
    oid: algorithm,
    parameters: parameters === null || reader.encoding === "DER" ? parameters : inDer(parameters),
  };
}

/**
 * Parameters out of a BER structure, as whoever reads them expects: a gateway that encodes a structure anew does so with them
 * too. They are what the algorithm needs, so a form that has no DER stays as it is and is refused by its reader.
 */
function inDer(parameters: Uint8Array): Uint8Array {
  if (parameters.length > MAX_PARAMETERS_BYTES) return parameters;
  const definite = attempt(() => definiteForm(new DerReader(parameters, "BER")));
  return isProblem(definite) ? parameters : definite;
}

/** Same OID, same octets of the parameters: as RFC 5280 §4.1.1.2 demands of the two copies in a certificate. */
export function sameAlgorithm(left: AlgorithmIdentifier, right: AlgorithmIdentifier): boolean {
  if (left.oid !== right.oid) return false;
  if (left.parameters === null || right.parameters === null) return left.parameters === right.parameters;
  return equalBytes(left.parameters, right.parameters);
}

/** True when the parameters are absent or NULL (RFC 3279 §2.2.1, RFC 5754 §2: both must be taken). */
export function hasNoParameters({ parameters }: AlgorithmIdentifier): boolean {
  return parameters === null || isNull(parameters);
}
