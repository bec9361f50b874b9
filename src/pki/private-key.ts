/** Private keys that came along: what kind, and whether one is the other half of a public key. Nothing is computed on reading. */
import { createECDH, createPrivateKey, createPublicKey, hash, sign, verify } from "node:crypto";
import { readAlgorithm } from "./algorithm-identifier.ts";
import { affords, type Computing, privateKeyCost } from "./computing.ts";
import { CURVES, type Curve } from "./curve.ts";
import { attempt, DerReader, equalBytes, type ParseProblem, TAG, toHex } from "./der.ts";
import { integerBytes, octetString, oid, smallInteger } from "./der-value.ts";
import { namedCurve, uncompressedPoint } from "./key-identity.ts";
import { OID } from "./oid.ts";
import { keyBits, type PublicKey, rsaNumbers } from "./public-key.ts";

/** A private key as it was read, unproven. Holds a stranger's secret: never to be stored, logged or shown. */
export type PrivateKey =
  | {
      readonly kind: "RSA";
      /** RSAPrivateKey (RFC 8017 §A.1.2). */
      readonly der: Uint8Array;
      readonly modulus: Uint8Array;
      readonly primes: readonly [Uint8Array, Uint8Array];
    }
  | {
      readonly kind: "EC";
      /** Null: explicit parameters; it may be any curve. */
      readonly curve: Curve | null;
      readonly scalar: Uint8Array;
    }
  /** RFC 8410 §7: PKCS#8 around the bare secret. */
  | { readonly kind: "Ed25519" | "Ed448" | "X25519" | "X448"; readonly der: Uint8Array }
  /** Of a kind to which no mail can be encrypted and which signs none that is accepted. */
  | { readonly kind: "other" };

/**
 * Reads a private key: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 §A.1.2) or SEC 1 (RFC 5915). What follows it is not looked at.
 * @returns the key, or why these bytes are none. Never throws
 */
export function parsePrivateKey(bytes: Uint8Array): PrivateKey | ParseProblem {
  return attempt(() => {
    const der = new DerReader(bytes).raw("private key", TAG.sequence);
    const sequence = new DerReader(der).enter(TAG.sequence, "private key");
    const version = smallInteger(sequence, "version");
    if (sequence.peek() === TAG.sequence) return readPkcs8(der, sequence);
    if (sequence.peek() === TAG.octetString && version === 1) return readSec1(sequence, null);
    return readRsa(der);
  });
}

/** PrivateKeyInfo behind its version (RFC 5958 §2). */
function readPkcs8(der: Uint8Array, sequence: DerReader): PrivateKey {
  const algorithm = sequence.raw("privateKeyAlgorithm", TAG.sequence);
  const { oid: id } = readAlgorithm(new DerReader(algorithm), "privateKeyAlgorithm");
  const key = octetString(sequence, "privateKey");
  switch (id) {
    case OID.rsaEncryption:
    case OID.rsassaPss:
    case OID.rsaesOaep:
      return readRsa(key);
    case OID.ecPublicKey: {
      const inner = new DerReader(key).enter(TAG.sequence, "ECPrivateKey");
      smallInteger(inner, "version");
      return readSec1(inner, algorithm);
    }
    default: {
      const kind = BARE.get(id);
      return kind === undefined ? { kind: "other" } : { kind, der };
    }
  }
}

const BARE: ReadonlyMap<string, "Ed25519" | "Ed448" | "X25519" | "X448"> = new Map([
  [OID.ed25519, "Ed25519"],
  [OID.ed448, "Ed448"],
  [OID.x25519, "X25519"],
  [OID.x448, "X448"],
]);

/** RSAPrivateKey (RFC 8017 §A.1.2). */
function readRsa(bytes: Uint8Array): PrivateKey {
  const der = new DerReader(bytes).raw("RSA key", TAG.sequence);
  const sequence = new DerReader(der).enter(TAG.sequence, "RSA key");
  smallInteger(sequence, "version");
  const number = (what: string): Uint8Array => withoutZeros(integerBytes(sequence, what));
  const modulus = number("modulus");
  number("publicExponent");
  number("privateExponent");
  const primes = [number("prime1"), number("prime2")] as const;
  for (const what of ["exponent1", "exponent2", "coefficient"]) number(what);
  return { kind: "RSA", der, modulus, primes };
}

/**
 * ECPrivateKey behind its version (RFC 5915 §3).
 * @param algorithm the AlgorithmIdentifier around it in PKCS#8, which names the curve there
 */
function readSec1(sequence: DerReader, algorithm: Uint8Array | null): PrivateKey {
  const scalar = withoutZeros(octetString(sequence, "privateKey"));
  if (algorithm !== null) return { kind: "EC", curve: namedCurve(algorithm), scalar };
  const parameters = sequence.enterOptional(0xa0, "parameters");
  const isNamed = parameters?.peek() === TAG.oid;
  const curve = isNamed && parameters !== null ? CURVES.get(oid(parameters, "EC curve")) : undefined;
  return { kind: "EC", curve: curve ?? null, scalar };
}

function withoutZeros(integer: Uint8Array): Uint8Array {
  const first = integer.findIndex((octet) => octet !== 0);
  return integer.subarray(first < 0 ? integer.length : first);
}

/** Tells equal private keys apart from others without keeping them. */
export function privateKeyDigest(key: PrivateKey): string {
  switch (key.kind) {
    case "RSA":
      return `RSA ${hash("sha256", key.der, "hex")}`;
    case "EC":
      return `EC ${key.curve?.name ?? ""} ${hash("sha256", key.scalar, "hex")}`;
    case "other":
      return "other";
    default:
      return `${key.kind} ${hash("sha256", key.der, "hex")}`;
  }
}

/** `unknown`: not computed, nothing is left to spend. */
export type PrivateHalf = "yes" | "no" | "unknown";

/**
 * Whether a private key is the other half of a public one, proven by its secret numbers: the formats repeat the public
 * half, and believed without a proof anybody could make up a key with somebody's public numbers and have it barred.
 * Spelling plays no part. Nothing is computed unless the public numbers of an RSA key agree, or the curve of another.
 */
export function isPrivateHalf(key: PrivateKey, of: PublicKey, computing: Computing): PrivateHalf {
  switch (key.kind) {
    case "RSA":
      return isRsaHalf(key, of, computing);
    case "EC":
      return isEcHalf(key, of, computing);
    case "other":
      return "no";
    default:
      if (of.kind !== key.kind) return "no";
      if (!affords(computing, privateKeyCost(of))) return "unknown";
      return proven(() => equalBytes(keyBits(of), bareKeyOf(key.der)));
  }
}

function isRsaHalf(
  { der, modulus, primes: [p, q] }: Extract<PrivateKey, { kind: "RSA" }>,
  of: PublicKey,
  computing: Computing,
): PrivateHalf {
  const numbers = rsaNumbers(of);
  if (numbers === null || !equalBytes(withoutZeros(numbers.modulus), modulus)) return "no";
  // Who knows the factors of a modulus knows every private key to it, and a product is cheap.
  if (p.length > 1 && q.length > 1 && p.length + q.length <= modulus.length + 1) {
    if (integer(p) * integer(q) === integer(modulus)) return "yes";
  }
  // Wrong factors, as in a key of more than two primes: the private exponent may be right, and OpenSSL falls back to it.
  if (!affords(computing, privateKeyCost(of))) return "unknown";
  return proven(() => {
    const secret = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs1" });
    // By the exponent of the public half, not by the one that came along: with e = d = 1 anything proves itself.
    const [n, e] = [base64url(numbers.modulus), base64url(numbers.exponent)];
    const theirs = createPublicKey({ key: { kty: "RSA", n, e }, format: "jwk" });
    return verify("sha256", MESSAGE, theirs, sign("sha256", MESSAGE, secret));
  });
}

const MESSAGE = Buffer.from("proof of possession");

function isEcHalf(
  { curve, scalar }: Extract<PrivateKey, { kind: "EC" }>,
  of: PublicKey,
  computing: Computing,
): PrivateHalf {
  if (of.kind !== "EC" || of.defect !== null) return "no";
  const theirs = [...CURVES.values()].find(({ name }) => name === of.name);
  if (theirs === undefined || (curve !== null && curve !== theirs)) return "no";
  if (!affords(computing, privateKeyCost(of))) return "unknown";
  return proven(() => {
    const pair = createECDH(theirs.openssl);
    pair.setPrivateKey(scalar);
    const point = uncompressedPoint(theirs, keyBits(of));
    return point !== null && equalBytes(point, pair.getPublicKey());
  });
}

/** The public half that OpenSSL computes from the secret; the last octets of its SubjectPublicKeyInfo (RFC 8410 §4). */
function bareKeyOf(der: Uint8Array): Uint8Array {
  const secret = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  const { x } = createPublicKey(secret).export({ format: "jwk" });
  return Buffer.from(x ?? "", "base64url");
}

/** OpenSSL throws for numbers that are no key; so they are nobody's. */
function proven(isHalf: () => boolean): PrivateHalf {
  try {
    return isHalf() ? "yes" : "no";
  } catch {
    return "no";
  }
}

function base64url(integer: Uint8Array): string {
  return Buffer.from(withoutZeros(integer)).toString("base64url");
}

function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}
