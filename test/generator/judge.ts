/** A generated mail as keybot judges it, said in the handles of its draft. */
import { decide, emptyView, viewQuery } from "../../src/decide/index.ts";
import { judgeRevocation, withRevocation } from "../../src/inspect/index.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { type Explanation, explainMessage } from "../../src/robot/explain.ts";
import { gather } from "../../src/robot/gather.ts";
import { NOW } from "./clock.ts";
import type { MailDraft } from "./draft.ts";
import { type MadeAnswer, type MadeMail, make, trustOf } from "./make.ts";

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
  const explanation =
    made.answers === null
      ? await explainMessage(made.raw, { policy, trust: trustOf(made), at: NOW })
      : withAnswers(made, made.answers, policy);
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

/** The mail as the robot judges it when CAs have answered. */
function withAnswers(made: MadeMail, ocsp: readonly MadeAnswer[], policy: Policy): Explanation {
  const bench = { policy: policy.certificates, trust: trustOf(made), at: NOW, internalDate: null };
  const gathered = gather(made.raw, policy, bench);
  const answers = { ocsp, crls: [], unanswered: [] };
  const { evidence: before, paths } = gathered;
  const judgements = judgeRevocation(paths, answers, [], policy.certificates, NOW);
  const evidence =
    before.kind === "read"
      ? { ...before, inspection: withRevocation(before.inspection, judgements) }
      : before;
  const plan = decide(evidence, emptyView(viewQuery(evidence, policy)), policy, NOW);
  return { ...gathered, evidence, plan };
}
