/** RSASSA-PSS-params (RFC 4055 §3.1), checked to be a combination that makes sense. */
import { hasNoParameters, readAlgorithm } from "./algorithm-identifier.ts";
import { attempt, contextConstructed, DerError, DerReader, enterOnly, isProblem, TAG } from "./der.ts";
import { smallInteger } from "./der-value.ts";
import { encode } from "./der-write.ts";
import { OID } from "./oid.ts";

export interface PssParameters {
  /** OID of the hash. */
  readonly hash: string;
  /** OID of the hash of MGF1: RFC 4055 §3.1 recommends the same, and Java writes SHA-1 unless it is told. */
  readonly maskHash: string;
  readonly saltLength: number;
}

/**
 * The parameters of an RSASSA-PSS signature, or null when they are absent (they must be there, RFC 4055 §3.1) or
 * malformed.
 */
export function readPssParameters(parameters: Uint8Array | null): PssParameters | null {
  if (parameters === null) return null;
  const read = attempt(() => decode(parameters));
  return isProblem(read) ? null : read;
}

/** Every field is EXPLICIT and has a default: SHA-1, MGF1 with SHA-1, 20, 1. */
function decode(parameters: Uint8Array): PssParameters {
  const sequence = enterOnly(parameters, TAG.sequence, "RSASSA-PSS parameters");
  const hash = explicit(sequence, 0, readHash) ?? OID.sha1;
  const maskHash = explicit(sequence, 1, readMask) ?? OID.sha1;
  const saltLength = explicit(sequence, 2, (field) => smallInteger(field, "saltLength")) ?? 20;
  const trailer = explicit(sequence, 3, (field) => smallInteger(field, "trailerField")) ?? 1;
  sequence.finish("RSASSA-PSS parameters");
  if (trailer !== 1) throw new DerError("RSASSA-PSS trailer field (RFC 4055 §3.1)");
  return { hash, maskHash, saltLength };
}

function explicit<T>(sequence: DerReader, number: number, read: (field: DerReader) => T): T | null {
  const field = sequence.enterOptional(contextConstructed(number), "RSASSA-PSS parameters");
  if (field === null) return null;
  const value = read(field);
  field.finish("RSASSA-PSS parameters");
  return value;
}

function readHash(field: DerReader): string {
  const algorithm = readAlgorithm(field, "hashAlgorithm");
  if (!hasNoParameters(algorithm)) throw new DerError("hashAlgorithm with parameters");
  return algorithm.oid;
}

function readMask(field: DerReader): string {
  const mask = readAlgorithm(field, "maskGenAlgorithm");
  if (mask.oid !== OID.mgf1 || mask.parameters === null) throw new DerError("maskGenAlgorithm is not MGF1");
  return readHash(new DerReader(mask.parameters));
}

/** RSASSA-PSS-params as DER (RFC 4055 §3.1), the trailer at its default. */
export function pssParameters({ hash, maskHash, saltLength }: PssParameters): Buffer {
  const algorithm = (oid: string): Buffer => encode.sequence(encode.oid(oid), encode.null());
  const mask = encode.sequence(encode.oid(OID.mgf1), algorithm(maskHash));
  return encode.sequence(
    encode.tagged(contextConstructed(0), algorithm(hash)),
    encode.tagged(contextConstructed(1), mask),
    encode.tagged(contextConstructed(2), encode.integer(saltLength)),
  );
}
