/**
 * Encryption by a password, as PKCS#8 and PKCS#12 use it, undone for passwords that are no secret: PBES2 with PBKDF2 and
 * AES or Triple DES (RFC 8018 §6.2), and the two Triple DES schemes of PKCS#12 (RFC 7292 Appendix C). Not RC2, RC4 and
 * scrypt: OpenSSL 3 has the first two in its legacy provider alone, and nothing exports keys with the third.
 */
import { createDecipheriv, hash, pbkdf2Sync } from "node:crypto";
import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { readAlgorithm } from "./algorithm-identifier.ts";
import { affordsPassword, type Computing } from "./computing.ts";
import { attempt, DerReader, isProblem, TAG } from "./der.ts";
import { octetString, smallInteger } from "./der-value.ts";
import { ITERATIONS_PER_UNIT, MAX_PASSWORD_ITERATIONS, PKCS12_ITERATIONS_PER_UNIT } from "./limits.ts";
import { OID } from "./oid.ts";

/** `null`: no password at all, which PKCS#12 tells from an empty one (RFC 7292 Appendix B.1). */
export type Password = string | null;

/** How key and IV come from a password, with what that costs. */
interface Scheme {
  readonly units: number;
  /** It tells no password from an empty one. */
  readonly knowsNone: boolean;
  readonly cipher: string;
  readonly derive: (password: Password) => { readonly key: Uint8Array; readonly iv: Uint8Array };
}

/**
 * Every plaintext that one of the passwords gives; a wrong one mostly gives none. Its iteration count is a stranger's
 * number, so what it costs is taken from the mail's budget, and too large a count is not computed. Never throws.
 */
export function decryptedByPassword(
  algorithm: AlgorithmIdentifier,
  encrypted: Uint8Array,
  passwords: readonly Password[],
  computing: Computing,
): Uint8Array[] {
  const scheme = attempt(() => schemeOf(algorithm));
  if (scheme === null || isProblem(scheme)) return [];
  const distinct = scheme.knowsNone ? passwords : passwords.map((password) => password ?? "");
  return [...new Set(distinct)].flatMap((password) => {
    if (!affordsPassword(computing, scheme.units)) return [];
    try {
      const { key, iv } = scheme.derive(password);
      const decipher = createDecipheriv(scheme.cipher, key, iv);
      return [Buffer.concat([decipher.update(encrypted), decipher.final()])];
    } catch {
      // The padding does not fit: another password. Or a cipher, key or IV length that OpenSSL does not know.
      return [];
    }
  });
}

const CIPHERS: ReadonlyMap<string, { readonly cipher: string; readonly keyLength: number }> = new Map([
  [OID.aes128Cbc, { cipher: "aes-128-cbc", keyLength: 16 }],
  [OID.aes192Cbc, { cipher: "aes-192-cbc", keyLength: 24 }],
  [OID.aes256Cbc, { cipher: "aes-256-cbc", keyLength: 32 }],
  [OID.tripleDesCbc, { cipher: "des-ede3-cbc", keyLength: 24 }],
]);

const PRFS: ReadonlyMap<string, string> = new Map([
  [OID.hmacWithSha1, "sha1"],
  [OID.hmacWithSha224, "sha224"],
  [OID.hmacWithSha256, "sha256"],
  [OID.hmacWithSha384, "sha384"],
  [OID.hmacWithSha512, "sha512"],
]);

/** Null: unknown here, or too much to compute. @throws DerError */
function schemeOf({ oid, parameters }: AlgorithmIdentifier): Scheme | null {
  if (parameters === null) return null;
  switch (oid) {
    case OID.pbes2:
      return pbes2(new DerReader(parameters, "BER").enter(TAG.sequence, "PBES2"));
    case OID.pbeWithSha1And3KeyTripleDes:
      return pkcs12Scheme(parameters, "des-ede3-cbc", 24);
    case OID.pbeWithSha1And2KeyTripleDes:
      return pkcs12Scheme(parameters, "des-ede-cbc", 16);
    default:
      return null;
  }
}

/** PBES2-params (RFC 8018 Appendix A.4). */
function pbes2(parameters: DerReader): Scheme | null {
  const kdf = readAlgorithm(parameters, "keyDerivationFunc");
  const encryption = readAlgorithm(parameters, "encryptionScheme");
  const cipher = CIPHERS.get(encryption.oid);
  if (kdf.oid !== OID.pbkdf2 || kdf.parameters === null) return null;
  if (cipher === undefined || encryption.parameters === null) return null;
  const iv = octetString(new DerReader(encryption.parameters, "BER"), "IV");
  const given = new DerReader(kdf.parameters, "BER").enter(TAG.sequence, "PBKDF2");
  const salt = octetString(given, "salt");
  const iterations = smallInteger(given, "iterationCount");
  if (given.peek() === TAG.integer) smallInteger(given, "keyLength");
  const prf = given.more() ? PRFS.get(readAlgorithm(given, "prf").oid) : "sha1";
  if (prf === undefined || iterations < 1 || iterations > MAX_PASSWORD_ITERATIONS) return null;
  const { keyLength } = cipher;
  return {
    units: Math.ceil(iterations / ITERATIONS_PER_UNIT),
    knowsNone: false,
    cipher: cipher.cipher,
    derive: (password) => ({ key: pbkdf2Sync(password ?? "", salt, iterations, keyLength, prf), iv }),
  };
}

/** pkcs-12PbeParams (RFC 7292 Appendix C). */
function pkcs12Scheme(parameters: Uint8Array, cipher: string, keyLength: number): Scheme | null {
  const given = new DerReader(parameters, "BER").enter(TAG.sequence, "PKCS#12 parameters");
  const salt = octetString(given, "salt");
  const iterations = smallInteger(given, "iterations");
  if (iterations < 1 || iterations > MAX_PASSWORD_ITERATIONS || salt.length === 0) return null;
  return {
    units: Math.ceil((3 * iterations) / PKCS12_ITERATIONS_PER_UNIT),
    knowsNone: true,
    cipher,
    derive: (password) => ({
      key: pkcs12Derived(1, password, salt, iterations, keyLength),
      iv: pkcs12Derived(2, password, salt, iterations, 8),
    }),
  };
}

/** Octets of a block of SHA-1, and of what it gives. */
const BLOCK = 64;
const DIGEST = 20;

/** RFC 7292 Appendix B.2 with SHA-1. @param purpose 1: a key, 2: an IV */
function pkcs12Derived(
  purpose: 1 | 2,
  password: Password,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Uint8Array {
  const filled = Buffer.concat([repeated(salt), repeated(bmpString(password))]);
  const derived: Buffer[] = [];
  for (let done = 0; done < length; done += DIGEST) {
    let digest = hash("sha1", Buffer.concat([Buffer.alloc(BLOCK, purpose), filled]), "buffer");
    for (let round = 1; round < iterations; round++) digest = hash("sha1", digest, "buffer");
    derived.push(digest);
    // Step 6.C: each block of I becomes (I + B + 1) mod 2^512.
    const added = repeated(digest);
    for (let at = 0; at < filled.length; at += BLOCK) addOneAnd(added, filled.subarray(at, at + BLOCK));
  }
  return Buffer.concat(derived).subarray(0, length);
}

function addOneAnd(added: Uint8Array, block: Uint8Array): void {
  let carry = 1;
  for (let at = BLOCK - 1; at >= 0; at--) {
    const sum = (block[at] ?? 0) + (added[at] ?? 0) + carry;
    block[at] = sum & 0xff;
    carry = sum >> 8;
  }
}

/** The octets again and again, up to whole blocks; none of none. */
function repeated(octets: Uint8Array): Buffer {
  if (octets.length === 0) return Buffer.alloc(0);
  return Buffer.alloc(Math.ceil(octets.length / BLOCK) * BLOCK, octets);
}

/** RFC 7292 Appendix B.1: UTF-16, big endian, with two zero octets at its end. */
function bmpString(password: Password): Buffer {
  if (password === null) return Buffer.alloc(0);
  return Buffer.from(`${password}\0`, "utf16le").swap16();
}
