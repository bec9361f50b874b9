import {
  decide,
  type Evidence,
  emptyView,
  type Plan,
  type View,
  type ViewQuery,
  viewQuery,
} from "../decide/index.ts";
import {
  type GivenAnswers,
  type Inspection,
  inspectCertificateFile,
  type TrustStore,
  withGivenAnswers,
} from "../inspect/index.ts";
import type { Policy } from "../policy.ts";
import { type GatherAgain, type IssuerSource, withIssuers } from "./find-issuers.ts";
import { type Gathered, gather } from "./gather.ts";

/** How a mail is to be judged without doing anything: `keybot inspect`. */
export interface Explanation extends Gathered {
  readonly plan: Plan;
}

/** What `keybot inspect` judges by. */
export interface ExplainBench {
  readonly policy: Policy;
  readonly trust: TrustStore;
  readonly at: Date;
  /** What CAs have answered, judged as if they had been asked; without it nobody was. */
  readonly answers?: GivenAnswers;
  /** What the directory answers; without one it is empty and every budget full. */
  readonly view?: (query: ViewQuery) => Promise<View>;
  /** CA certificates that the directory knows; without one only what is in the mail and in the trust store counts. */
  readonly authorities?: IssuerSource;
}

/** `keybot inspect` asks nobody: what is at hand counts as asked, and the findings say what is not. */
function askingNobody(evidence: Evidence, bench: ExplainBench): Evidence {
  if (evidence.kind !== "read") return evidence;
  const { unasked: _, ...inspection } = evidence.inspection;
  return { ...evidence, inspection: answered(inspection, bench) };
}

function answered(inspection: Inspection, { answers, trust, policy, at }: ExplainBench): Inspection {
  if (answers === undefined) return inspection;
  return withGivenAnswers(inspection, answers, trust, policy.certificates, at);
}

/** Judges one mail as the robot would, on a read-only view, and changes nothing. */
export async function explainMessage(raw: Uint8Array, bench: ExplainBench): Promise<Explanation> {
  const { policy, trust, at } = bench;
  const inspected = { policy: policy.certificates, trust, at, internalDate: null };
  const again: GatherAgain = async (help) => gather(raw, policy, inspected, help);
  const sources = bench.authorities === undefined ? [] : [bench.authorities];
  const helped = await withIssuers(gather(raw, policy, inspected), sources, again);
  const gathered = { ...helped.gathered, evidence: askingNobody(helped.gathered.evidence, bench) };
  const query = viewQuery(gathered.evidence, policy);
  const view = bench.view === undefined ? emptyView(query) : await bench.view(query);
  return { ...gathered, plan: decide(gathered.evidence, view, policy, at) };
}

/** Judges a certificate file: no address rule, no signature, so at most pending, and nothing would be done. */
export function explainCertificates(bytes: Uint8Array, bench: ExplainBench) {
  const { policy, trust, at } = bench;
  const inspected = { policy: policy.certificates, trust, at, internalDate: null };
  return answered(inspectCertificateFile({ name: null, bytes }, inspected), bench);
}
