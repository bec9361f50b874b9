import type { Policy } from "../policy.ts";
import { decide } from "./decide.ts";
import type { Evidence } from "./evidence.ts";
import type { VerdictOnCertificate } from "./plan.ts";
import type { View } from "./view.ts";

/** PRODUCT §3 6.: so long a mail stays in the mailbox because no CA answers; then a person decides. */
export const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;

const MINUTE_MS = 60 * 1000;

/** Pauses before a CA is asked again about the same mail: most faults are short, the others have time. */
const PAUSES_MS: readonly number[] = [5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS];

/**
 * Whether a missing answer about revocation is all that stands between a certificate and `accepted`: then the mail is
 * worth waiting for (PRODUCT §3 6.). A certificate that is accepted for another reason (it is known), or never will be,
 * does not wait.
 * @param view what the directory answered to `viewQuery` of the same evidence
 */
export function isWorthWaiting(evidence: Evidence, view: View, policy: Policy, now: Date): boolean {
  if (evidence.kind !== "read" || policy.certificates.revocation !== "hard-fail") return false;
  const judged = decide(evidence, view, policy, now).judged;
  if (!judged.some(({ findings }) => findings.some(({ code }) => code === "revocation.unknown")))
    return false;
  const hopeful = decide(withoutUnknown(evidence), view, policy, now).judged;
  return judged.some((verdict) => verdict.verdict !== "accepted" && acceptedIn(hopeful, verdict));
}

/** When to ask again, after so many times in vain. */
export function askAgainAt(now: Date, attempts: number): Date {
  const pause = PAUSES_MS[Math.min(attempts, PAUSES_MS.length) - 1] ?? PAUSES_MS[0] ?? 0;
  return new Date(now.getTime() + pause);
}

/** How often a CA is asked about each certificate that is in use (PRODUCT §3 6.). */
const CHECK_EVERY_MS = 24 * 60 * 60 * 1000;

/**
 * When a CA is to be asked again about a certificate in use: in a day after an answer that counts, else as soon as about a
 * mail, because "nobody answered" is no answer.
 * @param tries how often it was asked in vain since the last answer, 0 after one
 */
export function checkAgainAt(now: Date, tries: number): Date {
  return tries === 0 ? new Date(now.getTime() + CHECK_EVERY_MS) : askAgainAt(now, tries);
}

function withoutUnknown(evidence: Extract<Evidence, { kind: "read" }>): Evidence {
  const certificates = evidence.inspection.certificates.map((report) => ({
    ...report,
    findings: report.findings.filter(({ code }) => code !== "revocation.unknown"),
  }));
  return { ...evidence, inspection: { ...evidence.inspection, certificates } };
}

function acceptedIn(
  hopeful: readonly VerdictOnCertificate[],
  { certificate }: VerdictOnCertificate,
): boolean {
  return hopeful.some((other) => other.certificate === certificate && other.verdict === "accepted");
}
