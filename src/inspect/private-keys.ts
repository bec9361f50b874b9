/** Private keys that came along with a mail, and to which of its certificates they belong. */
import {
  type Certificate,
  type Computing,
  findPrivateKeys,
  isPrivateHalf,
  type PrivateHalf,
  type PrivateKey,
  privateKeyDigest,
} from "../pki/index.ts";
import { type Finding, finding } from "./finding.ts";
import { PRIVATE_KEYS } from "./limits.ts";

/** Whatever there is of private keys in one mail. The keys themselves leave this value nowhere. */
export interface KeysSent {
  /** At least one came along, whosever it is. */
  readonly some: boolean;
  /** What is to be said of it to a certificate; each public key is compared once. */
  readonly about: (certificate: Certificate) => readonly Finding[];
}

/** Bytes in which a key may lie. */
export interface KeySource {
  readonly bytes: Uint8Array;
  /** It has the label or the form of a private key, so that it counts as one even when it cannot be read. */
  readonly labelled: boolean;
}

/** Looks for private keys; none is compared before a certificate asks. */
export function keysSent(sources: readonly KeySource[], computing: Computing): KeysSent {
  const keys = new Map<string, PrivateKey>();
  let locked = false;
  for (const { bytes, labelled } of sources) {
    const found = findPrivateKeys(bytes, computing);
    locked ||= found.locked || (labelled && found.keys.length === 0);
    for (const key of found.keys) keys.set(privateKeyDigest(key), key);
  }
  const compared = [...keys.values()].slice(0, PRIVATE_KEYS);
  locked ||= keys.size > PRIVATE_KEYS;
  const some = locked || compared.length > 0;
  const known = new Map<string, PrivateHalf>();
  const sentOf = (certificate: Certificate): PrivateHalf => {
    const answer = known.get(certificate.keyIdentity) ?? halfOf(compared, certificate, computing);
    known.set(certificate.keyIdentity, answer);
    return answer;
  };
  return {
    some,
    about: (certificate) => {
      if (!some) return [];
      const sent = sentOf(certificate);
      if (sent === "yes") return [finding("cert.private-key")];
      if (locked || sent === "unknown") return [finding("mail.private-key")];
      return [finding("mail.private-key", "a private key came along; it is not this certificate's", "info")];
    },
  };
}

function halfOf(keys: readonly PrivateKey[], { publicKey }: Certificate, computing: Computing): PrivateHalf {
  let unknown = false;
  for (const key of keys) {
    const half = isPrivateHalf(key, publicKey, computing);
    if (half === "yes") return half;
    unknown ||= half === "unknown";
  }
  return unknown ? "unknown" : "no";
}
