import type { Finding, Severity } from "../inspect/index.ts";

/** What a certificate is worth to us (PRODUCT §1). */
export type Verdict = "accepted" | "pending" | "rejected";

/** The state of a stored certificate under one address. `accepted` is stored as `active`. */
export type CertificateStatus = "active" | "pending" | "rejected" | "revoked" | "expired";

const VERDICTS: Record<Severity, Verdict> = { error: "rejected", warning: "pending", info: "accepted" };
const WEIGHT: Record<Severity, number> = { error: 2, warning: 1, info: 0 };

/** The verdict that a list of findings amounts to: the worst one decides. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  let worst: Severity = "info";
  for (const finding of findings) {
    if (WEIGHT[finding.severity] > WEIGHT[worst]) worst = finding.severity;
  }
  return VERDICTS[worst];
}

/** The status under which a verdict is stored. */
export function statusOf(verdict: Verdict): "active" | "pending" | "rejected" {
  return verdict === "accepted" ? "active" : verdict;
}
