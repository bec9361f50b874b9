import { type Finding, issuersToSeek, pathFindings, pathOf, type TrustStore } from "../inspect/index.ts";
import { type Certificate, type PathResult, readableCertificates } from "../pki/index.ts";
import type { AskBudget } from "../revocation/index.ts";
import { askerOf, issuerSources, nextQuestion, QUESTIONS } from "./find-issuers.ts";
import type { Inquirer } from "./robot.ts";

/** A certificate and what its path is made of. */
export interface Climber {
  readonly certificate: Certificate;
  /** CA certificates that are known already: candidates, not trusted. */
  readonly beside: readonly Certificate[];
  /** An address that uses it: a CA that may speak for it goes first. */
  readonly address: string;
}

/** How far a certificate's path leads. */
export interface Climbed {
  readonly result: PathResult;
  /** What was known, and what was found for it. */
  readonly beside: readonly Certificate[];
}

/**
 * The path of a stored certificate. Where what is known of it leads nowhere, its issuers are looked for as those of a mail
 * are: in the directory, then where the certificates say.
 * @throws KeybotError when the database fails
 */
export async function pathToAnchor(
  robot: Inquirer,
  trust: TrustStore,
  { certificate, beside, address }: Climber,
  budget: AskBudget,
): Promise<Climbed> {
  const { certificates } = robot.policy;
  const climb = (among: readonly Certificate[]): PathResult =>
    pathOf(certificate, among, trust, certificates, robot.now(), address);
  let climbed: Climbed = { result: climb(beside), beside };
  const by = askerOf({ fromAddresses: [address], authenticated: true });
  const sources = issuerSources(robot, by, budget);
  const asked = new Set<string>();
  while (asked.size < QUESTIONS && !budget.givenUp) {
    const question = nextQuestion(issuersToSeek(climbed.result), sources, asked);
    if (question === null) break;
    const known = new Set(climbed.beside.map(({ sha256 }) => sha256));
    const found = readableCertificates(await question.source(question.certificate)).filter(
      ({ sha256 }) => !known.has(sha256),
    );
    if (found.length === 0) continue;
    const all = [...climbed.beside, ...found];
    climbed = { result: climb(all), beside: all };
  }
  return climbed;
}

/** The first thing that breaks a path; null for a valid one. */
export function brokenBy(result: PathResult): Finding | null {
  return pathFindings(result)[0] ?? null;
}

/** DER of the CA certificates between a certificate and its anchor. */
export function intermediatesOf({ path, anchor }: PathResult): readonly Uint8Array[] {
  return path
    .slice(1)
    .filter(({ sha256 }) => sha256 !== anchor?.certificate.sha256)
    .map(({ der }) => der);
}
