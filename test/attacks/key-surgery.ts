/** Keys as an attacker sees them: the public half of everybody, and private ones that he makes up. */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import type { Identity } from "../lab/openssl.ts";

/** The public key of somebody's certificate. */
export function publicKeyOf({ der }: Identity): KeyObject {
  return new X509Certificate(der).publicKey;
}

/** SHA-256 of the subjectPublicKeyInfo, as the directory knows a public key. */
export function spkiOf(identity: Identity): string {
  const spki = publicKeyOf(identity).export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
}

/**
 * A private key of the attacker's in which this public key stands as its public half. The formats repeat the public
 * half (RFC 8017 §A.1.2, RFC 5915 §3), and OpenSSL believes it when it reads one.
 */
export function fakePrivateKey(victim: KeyObject): string {
  return victim.asymmetricKeyType === "rsa" ? fakeRsa(victim) : fakeEc(victim);
}

function fakeRsa(victim: KeyObject): string {
  const own = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  const { n = "", e = "" } = victim.export({ format: "jwk" });
  const key = createPrivateKey({ key: { ...own, n, e }, format: "jwk" });
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function fakeEc(victim: KeyObject): string {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = own.privateKey.export({ type: "sec1", format: "der" });
  der.set(pointOf(victim), der.indexOf(pointOf(own.publicKey)));
  return createPrivateKey({ key: der, type: "sec1", format: "der" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
}

/** The uncompressed point of a P-256 key: the last octets of its SPKI. */
function pointOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" }).subarray(-65);
}
