/** Public keys as node:crypto computes with them. */
import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { attempt, enterOnly, isProblem, TAG } from "./der.ts";
import { hexOfInteger, integerBytes } from "./der-value.ts";
import { withDsaParameters } from "./dsa-parameters.ts";
import { keyBits, type PublicKey } from "./public-key.ts";

/**
 * The key as node:crypto wants it, or null when it has a defect or OpenSSL refuses it (a point off its curve).
 * Kept as long as the `PublicKey` itself lives, as issuers sign many certificates.
 * @param inherited a DSA key whose parameters count when this one has none (RFC 3279 §2.3.2)
 */
export function publicKeyObject(key: PublicKey, inherited?: PublicKey): KeyObject | null {
  if (key.kind === "DSA" && inherited?.kind === "DSA") return keyFromSpki(withDsaParameters(key, inherited));
  const known = KEYS.get(key);
  if (known !== undefined) return known;
  const made = key.defect === null ? (keyFromParts(key) ?? keyFromSpki(key.spki)) : null;
  KEYS.set(key, made);
  return made;
}

const KEYS = new WeakMap<PublicKey, KeyObject | null>();

/** The key of a SubjectPublicKeyInfo, or null when OpenSSL refuses it; decoded anew each time. */
export function keyFromSpki(spki: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch {
    return null;
  }
}

/**
 * The same key out of its numbers: OpenSSL 3 takes them 10 to 20 times faster than it decodes a SubjectPublicKeyInfo,
 * which would otherwise cost several times the check of an RSA signature. Null when there is no such form.
 */
function keyFromParts(key: PublicKey): KeyObject | null {
  const jwk = attempt(() => ({ key: jsonWebKey(key) }));
  if (isProblem(jwk) || jwk.key === null) return null;
  try {
    return createPublicKey({ key: jwk.key, format: "jwk" });
  } catch {
    return null;
  }
}

/** RFC 7518 §6.2, §6.3, RFC 8037 §2. Not for RSA-PSS, whose parameters have no place there. */
function jsonWebKey(key: PublicKey): JsonWebKey | null {
  switch (key.kind) {
    case "RSA": {
      const sequence = enterOnly(keyBits(key), TAG.sequence, "RSA key");
      const number = (): string =>
        Buffer.from(hexOfInteger(integerBytes(sequence, "RSA key")), "hex").toString("base64url");
      return { kty: "RSA", n: number(), e: number() };
    }
    case "EC": {
      const point = keyBits(key);
      if (!WEB_CURVES.has(key.name) || point[0] !== 0x04) return null;
      const half = (point.length - 1) / 2;
      return {
        kty: "EC",
        crv: key.name,
        x: base64url(point.subarray(1, 1 + half)),
        y: base64url(point.subarray(1 + half)),
      };
    }
    case "Ed25519":
    case "Ed448":
    case "X25519":
    case "X448":
      return { kty: "OKP", crv: key.kind, x: base64url(keyBits(key)) };
    default:
      return null;
  }
}

const WEB_CURVES: ReadonlySet<string> = new Set(["P-256", "P-384", "P-521"]);

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
