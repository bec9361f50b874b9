/** DSA keys on a path that leave their parameters to the CA above (RFC 3279 §2.3.2); nothing made since 2005 does. */
import { withDsaParameters } from "./dsa-parameters.ts";
import type { PublicKey } from "./public-key.ts";

/** Whether this is a DSA key that can only be used with the parameters of a CA further up. */
export function inheritsParameters(key: PublicKey): boolean {
  return key.kind === "DSA" && key.bits === null;
}

/**
 * RFC 5280 §6.1.4 (d) to (f): the next working_public_key, with the working_public_key_parameters that it takes over.
 * @param key of the certificate that was just processed
 * @param working_public_key of the certificate above it
 */
export function inheritedKey(key: PublicKey, working_public_key: PublicKey): PublicKey {
  if (!inheritsParameters(key) || working_public_key.kind !== "DSA") return key;
  return { ...key, bits: working_public_key.bits, spki: withDsaParameters(key, working_public_key) };
}
