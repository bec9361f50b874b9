/** `error`: it can never be right (rejected). `warning`: a person must decide (pending). `info`: noted. */
export type Severity = "error" | "warning" | "info";

export interface Rule {
  readonly severity: Severity;
  /** The standard's section, `RFC nnnn §x.y`, or PRODUCT's where no standard speaks. */
  readonly section: string;
  /** What it means, for an admin. */
  readonly meaning: string;
  /** What an admin can do about it, one sentence; printed beside the finding and in `docs/findings.md`. */
  readonly admin: string;
}

/** One row of the table of findings (`finding.ts`). */
export function rule(severity: Severity, section: string, meaning: string, admin: string): Rule {
  return { severity, section, meaning, admin };
}
