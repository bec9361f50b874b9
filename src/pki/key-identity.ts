/**
 * Which key a public key is, whatever its spelling. One key has several SubjectPublicKeyInfos: an RSA key with NULL,
 * without parameters or under the OIDs of PSS and OAEP, an elliptic one as a compressed point. Who bars a key, pins it
 * or looks for its private half means the key.
 */
import { ECDH, hash } from "node:crypto";
import { readAlgorithm } from "./algorithm-identifier.ts";
import { CURVES, type Curve } from "./curve.ts";
import { attempt, DerReader, equalBytes, isProblem, TAG } from "./der.ts";
import { bitStringOctets, oid } from "./der-value.ts";
import { encode } from "./der-write.ts";
import { OID } from "./oid.ts";
import type { PublicKey } from "./public-key.ts";

/**
 * SHA-256 over the one canonical SubjectPublicKeyInfo of a key, lower-case hex: RSA as rsaEncryption with NULL (RFC 3279
 * §2.3.1), elliptic points uncompressed (RFC 5480 §2.2), the keys of RFC 8410 without parameters. That is how nearly every
 * certificate spells its key, so it mostly is SHA-256 over the SubjectPublicKeyInfo as it stands. Kinds of keys that
 * are never accepted (DSA, unknown curves, explicit parameters) are told apart by their spelling. Never throws.
 * @param spkiSha256 the hash of the key's own spelling
 */
export function keyIdentity(key: PublicKey, spkiSha256: string): string {
  const canonical = attempt(() => ({ spki: canonicalSpki(key) }));
  if (isProblem(canonical) || canonical.spki === null) return spkiSha256;
  return hash("sha256", canonical.spki, "hex");
}

/** Null: it is canonical as it stands, or there is nothing to bring into a form. */
function canonicalSpki({ spki, kind }: PublicKey): Uint8Array | null {
  if (kind === "DSA") return null;
  const sequence = new DerReader(spki).enter(TAG.sequence, "subjectPublicKeyInfo");
  const algorithm = sequence.raw("algorithm", TAG.sequence);
  const bits = bitStringOctets(sequence, "subjectPublicKey");
  if (kind === "EC") return uncompressed(algorithm, bits);
  const { oid: id } = readAlgorithm(new DerReader(algorithm), "algorithm");
  const isRsa = kind === "RSA" || kind === "RSA-PSS" || id === OID.rsaesOaep;
  if (kind === "other" && !isRsa) return null;
  const plain = isRsa ? RSA_ALGORITHM : encode.sequence(encode.oid(id));
  return equalBytes(algorithm, plain) ? null : spkiOf(plain, bits);
}

const RSA_ALGORITHM = encode.sequence(encode.oid(OID.rsaEncryption), encode.null());

/** Null for a point that is not compressed, or not on its curve. */
function uncompressed(algorithm: Uint8Array, point: Uint8Array): Uint8Array | null {
  const curve = namedCurve(algorithm);
  if (curve === null || (point[0] !== 0x02 && point[0] !== 0x03)) return null;
  const whole = uncompressedPoint(curve, point);
  return whole === null ? null : spkiOf(algorithm, whole);
}

/** The curve that an AlgorithmIdentifier of an elliptic key names, or null when it names none that is known here. */
export function namedCurve(algorithm: Uint8Array): Curve | null {
  const { parameters } = readAlgorithm(new DerReader(algorithm), "algorithm");
  if (parameters === null || parameters[0] !== TAG.oid) return null;
  return CURVES.get(oid(new DerReader(parameters), "EC curve")) ?? null;
}

/** A point of a curve, `04 x y`, or null when it lies beside it. */
export function uncompressedPoint({ openssl }: Curve, point: Uint8Array): Uint8Array | null {
  try {
    const whole = ECDH.convertKey(point, openssl, undefined, undefined, "uncompressed");
    return typeof whole === "string" ? null : whole;
  } catch {
    // OpenSSL throws for what is no point of the curve; such a key is refused wherever it is used.
    return null;
  }
}

function spkiOf(algorithm: Uint8Array, bits: Uint8Array): Uint8Array {
  return encode.sequence(algorithm, encode.tagged(TAG.bitString, Uint8Array.of(0), bits));
}
