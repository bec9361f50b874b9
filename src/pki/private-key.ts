import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** Private keys looked at in one file; nobody sends more by mistake. */
const KEYS_PER_FILE = 8;

const PEM_KEY = /-----BEGIN ([A-Z ]{0,20}PRIVATE KEY)-----[^-]{1,20000}-----END \1-----/g;

/**
 * To which public keys the private keys of a file belong, so that a certificate whose key was sent along can be
 * refused. An encrypted key or a PKCS#12 structure keeps its secret, and tells nothing. Never throws.
 * @returns SHA-256 over each subjectPublicKeyInfo, lower-case hex
 */
export function publicKeysOfPrivateKeys(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const pems = [...text.matchAll(PEM_KEY)].slice(0, KEYS_PER_FILE).map(([pem]) => privateKey(pem));
  const keys = pems.length > 0 ? pems : [derKey(bytes)];
  return keys.flatMap((key) => (key === null ? [] : [spkiSha256(key)]));
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
