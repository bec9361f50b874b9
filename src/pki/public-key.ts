/** Public keys: what kind, how big, and what is wrong with them (RFC 3279 §2.3, RFC 5480 §2, RFC 8410 §3). */

import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { hasNoParameters, readAlgorithm } from "./algorithm-identifier.ts";
import { CURVES } from "./curve.ts";
import { attempt, DerReader, enterOnly, isProblem, TAG } from "./der.ts";
import { bitStringOctets, integerBytes, oid } from "./der-value.ts";
import { OID } from "./oid.ts";

/** A subjectPublicKeyInfo (RFC 5280 §4.1.2.7), classified for policy. */
export interface PublicKey {
  /** The raw DER of subjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly kind: "RSA" | "RSA-PSS" | "EC" | "Ed25519" | "Ed448" | "X25519" | "X448" | "DSA" | "other";
  /** As in CONTRACT.md §2: `RSA-2048`, `P-256`, `brainpoolP256r1`, `Ed25519`, `DSA-1024`; else the OID. */
  readonly name: string;
  /** Modulus or field size in bits, null when unknown. */
  readonly bits: number | null;
  /** Why the key cannot be used at all (`RSA exponent 1`, `explicit EC parameters`, …), or null. */
  readonly defect: string | null;
}

/** Bits of the largest RSA modulus: OpenSSL (OPENSSL_RSA_MAX_MODULUS_BITS) takes no more either; checks stay under 10 ms. */
const MAX_RSA_BITS = 16_384;

/** Bits of the largest public exponent: OpenSSL's OPENSSL_RSA_MAX_PUBEXP_BITS for big moduli; honest keys have 17. */
const MAX_RSA_EXPONENT_BITS = 64;

/** The keys of RFC 8410: octets of the key, size that is named. */
const MONTGOMERY_AND_EDWARDS: ReadonlyMap<string, { kind: PublicKey["kind"]; octets: number; bits: number }> =
  new Map([
    [OID.x25519, { kind: "X25519", octets: 32, bits: 255 }],
    [OID.x448, { kind: "X448", octets: 56, bits: 448 }],
    [OID.ed25519, { kind: "Ed25519", octets: 32, bits: 255 }],
    [OID.ed448, { kind: "Ed448", octets: 57, bits: 448 }],
  ]);

/**
 * Reads a SubjectPublicKeyInfo and classifies it. What is wrong inside the key becomes `defect`; whether the point
 * lies on its curve is first seen by `publicKeyObject` (key-object.ts).
 * @throws DerError when the outer form is broken
 */
export function readPublicKey(reader: DerReader): PublicKey {
  const spki = reader.raw("subjectPublicKeyInfo", TAG.sequence);
  const sequence = new DerReader(spki).enter(TAG.sequence, "subjectPublicKeyInfo");
  const algorithm = readAlgorithm(sequence, "subjectPublicKeyInfo");
  const key = bitStringOctets(sequence, "subjectPublicKey");
  sequence.finish("subjectPublicKeyInfo");
  const classified = attempt(() => classify(algorithm, key));
  if (!isProblem(classified)) return { spki, ...classified };
  return { spki, kind: "other", name: algorithm.oid, bits: null, defect: classified.detail };
}

type Classified = Omit<PublicKey, "spki">;

function classify(algorithm: AlgorithmIdentifier, key: Uint8Array): Classified {
  const edwards = MONTGOMERY_AND_EDWARDS.get(algorithm.oid);
  if (edwards !== undefined) {
    const { kind, octets, bits } = edwards;
    const parameters = algorithm.parameters === null ? null : `${kind} with parameters (RFC 8410 §3)`;
    const defect = key.length === octets ? parameters : `${kind} key of ${key.length} octets (RFC 8410 §4)`;
    return { kind, name: kind, bits, defect };
  }
  switch (algorithm.oid) {
    case OID.rsaEncryption: {
      const rsa = classifyRsa("RSA", key);
      // RFC 3279 §2.3.1: the parameters are NULL; their absence is common enough to be taken.
      return hasNoParameters(algorithm)
        ? rsa
        : { ...rsa, defect: rsa.defect ?? "RSA with parameters (RFC 3279 §2.3.1)" };
    }
    case OID.rsassaPss:
      return classifyRsa("RSA-PSS", key);
    case OID.ecPublicKey:
      return classifyEc(algorithm, key);
    case OID.dsa:
      return classifyDsa(algorithm, key);
    default:
      return { kind: "other", name: algorithm.oid, bits: null, defect: null };
  }
}

/** RSAPublicKey (RFC 8017 §A.1.1). */
function classifyRsa(kind: "RSA" | "RSA-PSS", key: Uint8Array): Classified {
  const read = attempt(() => readRsaNumbers(key));
  if (isProblem(read)) return { kind, name: kind, bits: null, defect: read.detail };
  const bits = bitLength(read.modulus);
  return { kind, name: `${kind}-${bits}`, bits, defect: rsaDefect(read.modulus, read.exponent, bits) };
}

function readRsaNumbers(key: Uint8Array): RsaNumbers {
  const sequence = enterOnly(key, TAG.sequence, "RSA key");
  const modulus = integerBytes(sequence, "RSA modulus");
  const exponent = integerBytes(sequence, "RSA exponent");
  sequence.finish("RSA key");
  return { modulus, exponent };
}

/** The contents of the INTEGERs of an RSA key, with sign octets. */
export interface RsaNumbers {
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
}

/** The numbers of an RSA key, whatever its parameters or its OID; null for any other key. */
export function rsaNumbers(key: PublicKey): RsaNumbers | null {
  if (key.kind !== "RSA" && key.kind !== "RSA-PSS" && key.name !== OID.rsaesOaep) return null;
  const numbers = attempt(() => readRsaNumbers(keyBits(key)));
  return isProblem(numbers) ? null : numbers;
}

function rsaDefect(modulus: Uint8Array, exponent: Uint8Array, bits: number): string | null {
  if ((modulus[0] ?? 0) >= 0x80 || (exponent[0] ?? 0) >= 0x80) return "negative RSA key";
  if (bits > MAX_RSA_BITS) return `RSA modulus of ${bits} bits`;
  if (isEven(modulus)) return "even RSA modulus";
  if (isEven(exponent)) return "even RSA exponent"; // RFC 8017 §3.1: prime to λ(n), which is even
  if (bitLength(exponent) <= 1) return "RSA exponent 1"; // RFC 8017 §3.1: from 3 on
  if (bitLength(exponent) > MAX_RSA_EXPONENT_BITS) return `RSA exponent of ${bitLength(exponent)} bits`;
  return null;
}

/** EC keys name their curve (RFC 5480 §2.1.1); the key is a point, compressed or not (RFC 5480 §2.2). */
function classifyEc({ parameters }: AlgorithmIdentifier, key: Uint8Array): Classified {
  const none = { kind: "EC", name: "EC", bits: null } as const;
  if (parameters === null) return { ...none, defect: "EC key without a curve (RFC 5480 §2.1.1)" };
  // RFC 5480 §2.1.1: implicitCurve and specifiedCurve must not be used; the latter let CVE-2020-0601 happen.
  if (parameters[0] === TAG.sequence) return { ...none, defect: "explicit EC parameters (RFC 5480 §2.1.1)" };
  if (parameters[0] !== TAG.oid) return { ...none, defect: "EC key without a named curve (RFC 5480 §2.1.1)" };
  const id = oid(new DerReader(parameters), "EC curve");
  const curve = CURVES.get(id);
  if (curve === undefined) return { ...none, name: id, defect: null };
  const octets = Math.ceil(curve.bits / 8);
  const uncompressed = key[0] === 0x04 && key.length === 1 + 2 * octets;
  const compressed = (key[0] === 0x02 || key[0] === 0x03) && key.length === 1 + octets;
  const defect = uncompressed || compressed ? null : "EC point is not of its curve's form (RFC 5480 §2.2)";
  return { kind: "EC", name: curve.name, bits: curve.bits, defect };
}

/** DSA (RFC 3279 §2.3.2): the parameters p, q, g may be inherited from the issuer and absent here. */
function classifyDsa({ parameters }: AlgorithmIdentifier, key: Uint8Array): Classified {
  const kind = "DSA";
  integerBytes(new DerReader(key), "DSA key");
  if (parameters === null) return { kind, name: kind, bits: null, defect: null };
  const domain = enterOnly(parameters, TAG.sequence, "DSA parameters");
  const p = integerBytes(domain, "DSA p");
  integerBytes(domain, "DSA q");
  integerBytes(domain, "DSA g");
  domain.finish("DSA parameters");
  const bits = bitLength(p);
  return {
    kind,
    name: `${kind}-${bits}`,
    bits,
    defect: bits > MAX_RSA_BITS ? `DSA p of ${bits} bits` : null,
  };
}

function isEven(integer: Uint8Array): boolean {
  return ((integer.at(-1) ?? 0) & 1) === 0;
}

/** Bits of a positive INTEGER's contents. */
function bitLength(integer: Uint8Array): number {
  const first = integer.findIndex((octet) => octet !== 0);
  if (first < 0) return 0;
  return (integer.length - first) * 8 - Math.clz32((integer[first] ?? 0) << 24);
}

/** The contents of subjectPublicKey, without the count of unused bits: what key identifiers hash (RFC 5280 §4.2.1.2). */
export function keyBits({ spki }: PublicKey): Uint8Array {
  const sequence = enterOnly(spki, TAG.sequence, "subjectPublicKeyInfo");
  sequence.raw("algorithm");
  return bitStringOctets(sequence, "subjectPublicKey");
}
