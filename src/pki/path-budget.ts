import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import {
  MAX_CRL_STEPS,
  MAX_NAME_COMPARISONS,
  MAX_PATH_STEPS,
  MAX_POLICY_STEPS,
  MAX_SIGNATURE_CHECKS,
  ORDINARY_RSA_BITS,
} from "./limits.ts";
import type { PublicKey } from "./public-key.ts";
import { verifySignature } from "./signature.ts";

/** What one path search may still spend, and what it learned on the way. Made afresh for every target, never shared. */
export interface PathBudget {
  /** What is left of each figure of `limits.ts`. */
  readonly left: Record<Expense, number>;
  /** The first figure that ran out, else null. */
  exhausted: Expense | null;
  /** Results of signature checks, so that none is paid for twice. */
  readonly verdicts: Map<string, SignatureVerdict>;
}

export type Expense = "signatureChecks" | "pathSteps" | "nameComparisons" | "policySteps" | "crlSteps";

/** `unsupported`: an algorithm or key that cannot be computed. `budget`: not computed, nothing is left to spend. */
export type SignatureVerdict = "valid" | "invalid" | "unsupported" | "budget";

/** What certificates and CRLs have in common. */
interface Signed {
  readonly sha256: string;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/** A full budget, as `limits.ts` gives it. */
export function fullBudget(): PathBudget {
  return {
    left: {
      signatureChecks: MAX_SIGNATURE_CHECKS,
      pathSteps: MAX_PATH_STEPS,
      nameComparisons: MAX_NAME_COMPARISONS,
      policySteps: MAX_POLICY_STEPS,
      crlSteps: MAX_CRL_STEPS,
    },
    exhausted: null,
    verdicts: new Map(),
  };
}

/** Takes so many units; false when there are not enough, and from then on the search has not looked at everything. */
export function spend(budget: PathBudget, expense: Expense, amount = 1): boolean {
  if (budget.left[expense] >= amount) {
    budget.left[expense] -= amount;
    return true;
  }
  budget.exhausted ??= expense;
  return false;
}

/** Whether the key made the signature on this certificate or CRL, each pair computed once. */
export function signatureVerdict(signed: Signed, key: PublicKey, budget: PathBudget): SignatureVerdict {
  const pair = `${signed.sha256} ${Buffer.from(key.spki).toString("base64")}`;
  const known = budget.verdicts.get(pair);
  if (known !== undefined) return known;
  if (!spend(budget, "signatureChecks", checksOf(key))) return "budget";
  const verdict = remembered(signed, key);
  budget.verdicts.set(pair, verdict);
  return verdict;
}

/** As how many checks one by this key counts: RSA's time grows with the square of the modulus, and by a stranger's exponent. */
function checksOf({ kind, bits }: PublicKey): number {
  const isLarge = (kind === "RSA" || kind === "RSA-PSS") && bits !== null && bits > ORDINARY_RSA_BITS;
  return isLarge ? Math.ceil((bits / 2048) ** 2) : 1;
}

/** Keys remembered of one certificate: an honest one has one issuer, with two keys at a change. */
const KEYS_REMEMBERED = 4;

/** Who signed a certificate does not change; issuers and CRLs that stay decoded are proven once, not for every mail. */
const PROVEN = new WeakMap<Signed, Map<string, SignatureVerdict>>();

function remembered(signed: Signed, key: PublicKey): SignatureVerdict {
  const spki = Buffer.from(key.spki).toString("base64");
  const proven = PROVEN.get(signed) ?? new Map<string, SignatureVerdict>();
  const verdict =
    proven.get(spki) ?? verifySignature(signed.signatureAlgorithm, key, signed.tbs, signed.signature);
  if (proven.size < KEYS_REMEMBERED) proven.set(spki, verdict);
  PROVEN.set(signed, proven);
  return verdict;
}
