import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { affordsCheck, type Computing, fullComputing, type SignatureVerdict } from "./computing.ts";
import {
  MAX_CRL_STEPS,
  MAX_NAME_COMPARISONS,
  MAX_PATH_STEPS,
  MAX_POLICY_STEPS,
  MAX_SIGNATURE_CHECKS,
} from "./limits.ts";
import type { PublicKey } from "./public-key.ts";
import { type SignatureCheck, verifySignature } from "./signature.ts";

/** What one path search may still spend. Made afresh for every target; only `computing` is the whole mail's. */
export interface PathBudget {
  /** What is left of each figure of `limits.ts`. */
  readonly left: Record<Expense, number>;
  /** The first figure that ran out, else null. */
  exhausted: Expense | "computing" | null;
  readonly computing: Computing;
}

export type Expense = "signatureChecks" | "pathSteps" | "nameComparisons" | "policySteps" | "crlSteps";

/** What certificates and CRLs have in common. */
interface Signed {
  readonly sha256: string;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/**
 * A full budget, as `limits.ts` gives it.
 * @param computing what the mail as a whole may still compute
 */
export function fullBudget(computing: Computing = fullComputing()): PathBudget {
  return {
    left: {
      signatureChecks: MAX_SIGNATURE_CHECKS,
      pathSteps: MAX_PATH_STEPS,
      nameComparisons: MAX_NAME_COMPARISONS,
      policySteps: MAX_POLICY_STEPS,
      crlSteps: MAX_CRL_STEPS,
    },
    exhausted: null,
    computing,
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
  const { computing } = budget;
  const pair = `${signed.sha256} ${Buffer.from(key.spki).toString("base64")}`;
  const known = computing.verdicts.get(pair);
  if (known !== undefined) return known;
  if (!spend(budget, "signatureChecks")) return "budget";
  const afforded = affordsCheck(computing, key);
  if (afforded === "refused") return "refused";
  if (afforded === "budget") {
    budget.exhausted ??= "computing";
    return "budget";
  }
  const verdict = remembered(signed, key);
  computing.verdicts.set(pair, verdict);
  return verdict;
}

/** Keys remembered of one certificate: an honest one has one issuer, with two keys at a change. */
const KEYS_REMEMBERED = 4;

/** Who signed a certificate does not change; issuers and CRLs that stay decoded are proven once, not for every mail. */
const PROVEN = new WeakMap<Signed, Map<string, SignatureCheck>>();

function remembered(signed: Signed, key: PublicKey): SignatureCheck {
  const spki = Buffer.from(key.spki).toString("base64");
  const proven = PROVEN.get(signed) ?? new Map<string, SignatureCheck>();
  const verdict =
    proven.get(spki) ?? verifySignature(signed.signatureAlgorithm, key, signed.tbs, signed.signature);
  if (proven.size < KEYS_REMEMBERED) proven.set(spki, verdict);
  PROVEN.set(signed, proven);
  return verdict;
}
