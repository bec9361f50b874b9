/**
 * What one mail may cost in public-key mathematics, over all its certificates, signatures and private keys. One unit is
 * about one check of an RSA-2048 signature, some 40 µs: the costs below are measured, and rounded up.
 */
import { MAX_COMPUTING, MAX_PASSWORD_COMPUTING, MAX_REFUSED_COMPUTING } from "./limits.ts";
import type { PublicKey } from "./public-key.ts";

/** What is left to spend, and what was learned for it. Made afresh for every mail. */
export interface Computing {
  left: number;
  /** Of it, for keys that are refused anyway: only so much as to say which of an honest path's keys is weak. */
  leftForRefused: number;
  /** Units for trying passwords, apart: a costly file must not keep the mail's signature from being checked. */
  leftForPasswords: number;
  /** Keys by which nothing is accepted, whatever they sign. */
  readonly isRefused: (key: PublicKey) => boolean;
  /** Results of signature checks, so that none is paid for twice, whichever certificate of the mail asks. */
  readonly verdicts: Map<string, SignatureVerdict>;
}

/**
 * `unsupported`: an algorithm or key that cannot be computed. `refused`: not computed, because nothing would come of it.
 * `budget`: not computed, nothing is left to spend.
 */
export type SignatureVerdict = "valid" | "invalid" | "unsupported" | "refused" | "budget";

/** A full budget. @param isRefused by default no key is */
export function fullComputing(isRefused: Computing["isRefused"] = () => false): Computing {
  return {
    left: MAX_COMPUTING,
    leftForRefused: MAX_REFUSED_COMPUTING,
    leftForPasswords: MAX_PASSWORD_COMPUTING,
    isRefused,
    verdicts: new Map(),
  };
}

/** Takes so many units; false, and takes none, when there are not enough. */
export function affords(computing: Computing, units: number): boolean {
  if (computing.left < units) return false;
  computing.left -= units;
  return true;
}

/** As `affords`, for trying a password. */
export function affordsPassword(computing: Computing, units: number): boolean {
  if (computing.leftForPasswords < units) return false;
  computing.leftForPasswords -= units;
  return true;
}

/** Takes what one check of a signature by this key costs, or says why it is not to be computed. */
export function affordsCheck(computing: Computing, key: PublicKey): "yes" | "refused" | "budget" {
  const units = checkCost(key);
  const refused = computing.isRefused(key);
  if (refused && computing.leftForRefused < units) return "refused";
  if (!affords(computing, units)) return "budget";
  if (refused) computing.leftForRefused -= units;
  return "yes";
}

/** Fields up to so many bits, and the units of a check over them: curves without assembly of their own, as most are. */
const CURVE_COSTS: readonly (readonly [bits: number, units: number])[] = [
  [256, 25],
  [384, 50],
  [521, 110],
];

/** Of what is not known here, in which OpenSSL may know anything: curves over binary fields take 6 ms. */
const UNKNOWN_COST = 400;

/** The units of one check of a signature by this key. */
export function checkCost({ kind, name, bits }: PublicKey): number {
  switch (kind) {
    case "RSA":
    case "RSA-PSS":
      // With the square of the modulus; the exponent is a stranger's and may be four times as long as the usual one.
      return bits === null ? 1 : Math.ceil((bits / 2048) ** 2) * (bits > 4096 ? 4 : 1);
    case "DSA":
      return bits === null ? 1 : Math.ceil(5 * (bits / 1024) ** 2);
    case "EC":
      if (name === "P-256") return 5;
      return CURVE_COSTS.find(([most]) => bits !== null && bits <= most)?.[1] ?? UNKNOWN_COST;
    case "Ed25519":
    case "X25519":
      return 5;
    case "Ed448":
    case "X448":
      return 25;
    case "other":
      return 1; // It is never computed with.
  }
}

/**
 * The units of proving a private key against its public half. RSA is signed with, which takes as the cube of the modulus:
 * a key with wrong factors, whose proof cannot be had by a product, has OpenSSL compute without them, 160 ms at 8,192 bits.
 */
export function privateKeyCost(key: PublicKey): number {
  const { kind, bits } = key;
  if (kind === "RSA" || kind === "RSA-PSS") return Math.ceil(80 * ((bits ?? 0) / 2048) ** 3);
  return checkCost(key);
}
