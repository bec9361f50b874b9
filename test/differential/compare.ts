/** One mail before all judges: who accepts what, and what it is when they differ. */
import { certificateOf, type MailDraft, said } from "../generator/draft.ts";
import { judge, type Outcome } from "../generator/judge.ts";
import { type MadeMail, make } from "../generator/make.ts";
import { alone, isProven, waysUp } from "../generator/paths.ts";
import { CLASSES, type Difference, type Reduced } from "./classes.ts";
import type { JudgeName, Judges, Opinion } from "./judges.ts";

/** What one mail adds to the count. */
export interface Compared {
  readonly draft: MailDraft;
  readonly outcome: Outcome;
  readonly opinions: ReadonlyMap<JudgeName, Opinion>;
  /** Names of classes and findings, one for each certificate and judge. */
  readonly laxer: readonly string[];
  /** Why keybot refuses what a judge accepts: its findings, or the choice that it made; empty: it does not. */
  readonly stricter: readonly string[];
  readonly acceptedByAllOthers: boolean;
  /** What stands in no table. */
  readonly unknown: readonly string[];
}

/** Asks all. */
export async function compare(draft: MailDraft, judges: Judges): Promise<Compared> {
  const made = make(draft);
  const asked = judges.names.map(async (name) => [name, await judges.ask(name, draft, made)] as const);
  const outcome = await judge(draft, made);
  const opinions = new Map(await Promise.all(asked));
  const laxer: string[] = [];
  const unknown: string[] = [];
  const beside = outcome.active.filter(
    (handle) => !isSigner(made, outcome, handle) && !isProven(draft, handle),
  );
  const differences: Difference[] = [
    ...beside.map((handle) => ({ draft, outcome, handle, judge: null, opinion: null, reduced: null })),
    ...(await laxerThan(draft, made, outcome, opinions, judges)),
  ];
  for (const difference of differences) {
    const row = CLASSES.find(({ is }) => is(difference));
    if (row !== undefined) laxer.push(row.name);
    else unknown.push(described(difference));
  }
  const accepting = [...opinions].filter(([, { signers }]) => signers.length > 0);
  const refused = accepting.length > 0 && outcome.active.length === 0;
  return {
    draft,
    outcome,
    opinions,
    laxer,
    stricter: refused ? await stricterBy(draft, outcome, accepting[0]?.[1].signers ?? []) : [],
    acceptedByAllOthers: refused && accepting.length === opinions.size,
    unknown,
  };
}

/** Signer certificates in use that a judge does not accept, with what he says of them alone, on the path that was found here. */
async function laxerThan(
  draft: MailDraft,
  made: MadeMail,
  outcome: Outcome,
  opinions: ReadonlyMap<JudgeName, Opinion>,
  judges: Judges,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const handle of outcome.active.filter((one) => isSigner(made, outcome, one))) {
    for (const [name, opinion] of opinions) {
      if (opinion.signers.includes(handle)) continue;
      const lonely = alone(draft, handle, pathOf(made, outcome, handle));
      const answer = await judges.ask(name, lonely, make(lonely));
      const reduced: Reduced = { draft: lonely, accepts: answer.signers.includes(handle), why: answer.why };
      differences.push({ draft, outcome, handle, judge: name, opinion, reduced });
    }
  }
  return differences;
}

function reportOn({ certificates }: MadeMail, { explanation }: Outcome, handle: string) {
  const { evidence } = explanation;
  const sha256 = certificates.get(handle)?.sha256;
  return evidence.kind === "read"
    ? evidence.inspection.certificates.find((one) => one.sha256 === sha256)
    : undefined;
}

/** Whether a certificate was taken as that of a SignerInfo, not as one beside it. */
function isSigner(made: MadeMail, outcome: Outcome, handle: string): boolean {
  return reportOn(made, outcome, handle)?.role === "signer";
}

/** Handles of the CAs on the path that counted. */
function pathOf(made: MadeMail, outcome: Outcome, handle: string): string[] {
  return (reportOn(made, outcome, handle)?.path.intermediates ?? []).flatMap((der) =>
    [...made.certificates].filter(([, one]) => Buffer.compare(one.der, der) === 0).map(([name]) => name),
  );
}

/** The choice, where keybot itself accepts one of the certificates with one of its paths alone; else its findings. */
async function stricterBy(
  draft: MailDraft,
  { codes }: Outcome,
  signers: readonly string[],
): Promise<readonly string[]> {
  for (const handle of signers) {
    for (const way of waysUp(draft, handle)) {
      const lonely = alone(draft, handle, way);
      // A signer that is left out may be what it is refused for, and rightly.
      if (lonely.signers.length < draft.signers.length) continue;
      if (!(await judge(lonely)).active.includes(handle)) continue;
      const twins = draft.sent.filter((one) => sameKey(draft, one, handle)).length > 1;
      return [
        twins && draft.signers.some(({ sid }) => sid === "key")
          ? "D2: of a key's certificates one is chosen, then judged"
          : "D1: a path is chosen, then judged",
      ];
    }
  }
  return codes;
}

function sameKey(draft: MailDraft, one: string, other: string): boolean {
  return certificateOf(draft, one).key === certificateOf(draft, other).key;
}

function described({ judge: name, opinion, reduced, handle, draft }: Difference): string {
  const against =
    name === null
      ? "neither its subject nor a signed preference makes it the signer's (RFC 8551 §2.5.3.1)"
      : `${name} refuses: ${opinion?.why || "it names another signer"} (alone: ${reduced?.accepts === true ? "accepted" : reduced?.why})`;
  return `${handle} is active, and ${against}\n${said(draft)}`;
}
