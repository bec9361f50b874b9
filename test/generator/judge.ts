/** A generated mail as keybot judges it, said in the handles of its draft. */
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { type Explanation, explainMessage } from "../../src/robot/explain.ts";
import type { MailDraft } from "./draft.ts";
import { type MadeMail, make, NOW, trustOf } from "./make.ts";

export const POLICY: Policy = {
  ...DEFAULT_POLICY,
  domains: ["company.example"],
  robot: ["key-management@company.example"],
};

/** What became of a mail. */
export interface Outcome {
  readonly explanation: Explanation;
  /** Handle and status of each certificate that is stored. */
  readonly stored: Readonly<Record<string, "active" | "pending" | "rejected">>;
  /** Handles of those in use afterwards. */
  readonly active: readonly string[];
  /** Codes of all findings that are above a note, sorted. */
  readonly codes: readonly string[];
}

/** Judges a draft. A draft that was made already can be handed in. */
export async function judge(
  draft: MailDraft,
  made: MadeMail = make(draft),
  policy: Policy = POLICY,
): Promise<Outcome> {
  const explanation = await explainMessage(made.raw, { policy, trust: trustOf(made), at: NOW });
  const handles = new Map([...made.certificates].map(([handle, { sha256 }]) => [sha256, handle]));
  const stored = Object.fromEntries(
    explanation.plan.actions
      .flatMap((action) =>
        action.action === "store" ? [[handles.get(action.certificate) ?? "?", action.status] as const] : [],
      )
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const { evidence, plan } = explanation;
  const signature = evidence.kind === "read" ? evidence.inspection.signature : null;
  const findings = [
    ...(signature?.findings ?? []),
    ...(signature?.signers ?? []).flatMap((signer) => signer.findings),
    ...plan.judged.flatMap((one) => one.findings),
  ];
  return {
    explanation,
    stored,
    active: Object.keys(stored).filter((handle) => stored[handle] === "active"),
    codes: [
      ...new Set(findings.filter(({ severity }) => severity !== "info").map(({ code }) => code)),
    ].sort(),
  };
}
