import { type Finding, gravity } from "../inspect/index.ts";

/** What a certificate is worth to us (PRODUCT §1). */
export type Verdict = "accepted" | "pending" | "rejected";

/** The state of a stored certificate under one address. `accepted` is stored as `active`. */
export type CertificateStatus = "active" | "pending" | "rejected" | "revoked" | "expired";

/** By what the findings weigh. */
const VERDICTS: readonly Verdict[] = ["accepted", "pending", "rejected"];

/** The verdict that a list of findings amounts to: the worst one decides. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  return VERDICTS[gravity(findings)] ?? "rejected";
}

/** The status under which a verdict is stored. */
export function statusOf(verdict: Verdict): "active" | "pending" | "rejected" {
  return verdict === "accepted" ? "active" : verdict;
}
