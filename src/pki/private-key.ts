import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** Private keys looked at in one file; nobody sends more by mistake. */
const KEYS_PER_FILE = 8;

/** A larger RSA key is used by nobody, and proving it costs a second. */
const MAXIMUM_RSA_BITS = 8192;

const PEM_KEY = /-----BEGIN ([A-Z ]{0,20}PRIVATE KEY)-----[^-]{1,20000}-----END \1-----/g;

/**
 * To which public keys the private keys of a file belong, so that a certificate whose key was sent along can be
 * refused. A key must prove that it is what it claims. An encrypted key or a PKCS#12 structure keeps its secret, and tells nothing. Never throws.
 * @returns SHA-256 over each subjectPublicKeyInfo, lower-case hex
 */
export function publicKeysOfPrivateKeys(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const pems = [...text.matchAll(PEM_KEY)].slice(0, KEYS_PER_FILE).map(([pem]) => privateKey(pem));
  const keys = pems.length > 0 ? pems : [derKey(bytes)];
  return keys.flatMap((key) => (key !== null && isProven(key) ? [spkiSha256(key)] : []));
}

/**
 * Whether a private key really is the other half of the public one that it claims. Its formats repeat the public half
 * (RFC 8017 §A.1.2, RFC 5915 §3) and OpenSSL believes it on reading, so that without a proof anybody could make up a
 * key with somebody's public numbers and have that key barred.
 */
function isProven(key: KeyObject): boolean {
  switch (key.asymmetricKeyType) {
    case "rsa":
    case "rsa-pss":
      return (key.asymmetricKeyDetails?.modulusLength ?? 0) <= MAXIMUM_RSA_BITS && signs(key, "sha256");
    case "ec":
      return signs(key, "sha256");
    default:
      // RFC 8410 §7: the others hold no public half, it is computed.
      return true;
  }
}

function signs(key: KeyObject, digest: string): boolean {
  const message = Buffer.from("proof of possession");
  try {
    return verify(digest, message, createPublicKey(key), sign(digest, message, key));
  } catch {
    // OpenSSL throws for numbers that are no key; so they are nobody's.
    return false;
  }
}

function derKey(bytes: Uint8Array): KeyObject | null {
  const der = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const type of ["pkcs8", "pkcs1", "sec1"] as const) {
    const key = keyOrNull(() => createPrivateKey({ key: der, format: "der", type }));
    if (key !== null) return key;
  }
  return null;
}

function privateKey(pem: string): KeyObject | null {
  return keyOrNull(() => createPrivateKey(pem));
}

/** OpenSSL throws for whatever is no key, or an encrypted one; either way there is nothing to compare. */
function keyOrNull(read: () => KeyObject): KeyObject | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function spkiSha256(key: KeyObject): string {
  return createHash("sha256")
    .update(createPublicKey(key).export({ format: "der", type: "spki" }))
    .digest("hex");
}
