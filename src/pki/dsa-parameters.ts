/** DSA keys without parameters take those of their issuer (RFC 3279 §2.3.2, RFC 5280 §6.1.4 (e)). */

import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { readAlgorithm } from "./algorithm-identifier.ts";
import { enterOnly, TAG } from "./der.ts";
import { encode } from "./der-write.ts";
import type { PublicKey } from "./public-key.ts";

/**
 * The subjectPublicKeyInfo of a DSA key, completed with the parameters of another DSA key when it has none itself.
 * @param key a DSA key, as `readPublicKey` made it (so its outer form is right)
 */
export function withDsaParameters(key: PublicKey, issuer: PublicKey): Uint8Array {
  const own = parts(key.spki);
  const { parameters } = parts(issuer.spki).algorithm;
  if (own.algorithm.parameters !== null || parameters === null) return key.spki;
  const algorithm = encode.sequence(encode.oid(own.algorithm.oid), parameters);
  return encode.sequence(algorithm, own.key);
}

function parts(spki: Uint8Array): { algorithm: AlgorithmIdentifier; key: Uint8Array } {
  const sequence = enterOnly(spki, TAG.sequence, "subjectPublicKeyInfo");
  return {
    algorithm: readAlgorithm(sequence, "subjectPublicKeyInfo"),
    key: sequence.raw("subjectPublicKey"),
  };
}
