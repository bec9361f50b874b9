/** What CAs say of certificates that are stored, or are about to be: along their paths, and round a CA that is revoked. */
import { decodeTrust, gravity, pathOf, type RevocationJudgement, type TrustStore } from "../inspect/index.ts";
import { type Certificate, isProblem, type PathResult, parseCertificate } from "../pki/index.ts";
import { type AskBudget, type RevocationQuestion, revocationQuestions } from "../revocation/index.ts";
import { askAbout, revokeIfRevoked } from "./ask-revocation.ts";
import { PATHS } from "./complete.ts";
import { type Climber, pathToAnchor } from "./path-to-anchor.ts";
import type { Inquirer } from "./robot.ts";
import { trustMaterialOf } from "./trust-material.ts";

/** A certificate as it is stored, or read out of an admin's file. */
export interface Stored {
  readonly sha256: string;
  readonly der: Uint8Array;
  /** DER of CA certificates that may stand above it: candidates, not trusted. */
  readonly chain: readonly Uint8Array[];
  /** An address that uses it. */
  readonly address: string;
}

/** Decoded; null when it cannot be read, or is not the one that it is called. */
export function climberOf({ sha256, der, chain, address }: Stored): Climber | null {
  const [certificate, ...beside] = [der, ...chain].flatMap((bytes) => {
    const parsed = parseCertificate(bytes);
    return isProblem(parsed) ? [] : [parsed];
  });
  return certificate === undefined || certificate.sha256 !== sha256 ? null : { certificate, beside, address };
}

/** A certificate whose path ends in an anchor, so that its CAs' words count. */
export interface Climbing extends Climber {
  /** Itself first, its anchor last. */
  readonly path: readonly Certificate[];
}

/** What there is to ask along a path; the certificate's own question first. */
export function questionsOf({ path }: Climbing): readonly RevocationQuestion[] {
  return revocationQuestions(path);
}

/** The certificate with its valid path; null without one. */
export function climbing(climber: Climber, { valid, path }: PathResult): Climbing | null {
  return valid ? { ...climber, path } : null;
}

/**
 * What CAs say of each of several certificates; where one on a path is revoked or silent, paths round it are tried (RFC 4158
 * §2.4), and the first with the mildest verdict counts.
 * @param group certificates whose questions fit into one budget
 * @returns one judgement a certificate; null when it was given up before the answers were there
 */
export async function judgedTogether(
  robot: Inquirer,
  trust: TrustStore,
  group: readonly Climbing[],
  budget: AskBudget,
): Promise<readonly RevocationJudgement[] | null> {
  const paths = group.map(({ certificate, path }) => ({
    certificate: certificate.sha256,
    path: path.map(({ der }) => der),
  }));
  const beside = new Map(group.flatMap((one) => one.beside).map(({ sha256, der }) => [sha256, der]));
  const first = await askAbout(robot, paths, [...beside.values()], budget);
  if (first === null) return null;
  const judgements: RevocationJudgement[] = [];
  for (const judgement of first) {
    const climber = group.find(({ certificate }) => certificate.sha256 === judgement.certificate);
    if (climber === undefined) continue;
    judgements.push(await roundDoubtful(robot, trust, climber, judgement, budget));
  }
  return judgements;
}

async function roundDoubtful(
  robot: Inquirer,
  trust: TrustStore,
  { certificate, beside, address }: Climber,
  first: RevocationJudgement,
  budget: AskBudget,
): Promise<RevocationJudgement> {
  const withdrawn = new Set<string>();
  let [best, latest] = [first, first];
  for (let paths = 1; paths < PATHS && latest.doubtful.length > 0; paths++) {
    for (const doubtful of latest.doubtful) withdrawn.add(doubtful);
    const { certificates } = robot.policy;
    const found = pathOf(certificate, beside, { ...trust, withdrawn }, certificates, robot.now(), address);
    if (!found.valid) break;
    const path = found.path.map(({ der }) => der);
    const chain = beside.map(({ der }) => der);
    const judged = await askAbout(robot, [{ certificate: certificate.sha256, path }], chain, budget);
    const [judgement] = judged ?? [];
    if (judgement === undefined) break;
    latest = judgement;
    if (gravity(latest.findings) < gravity(best.findings)) best = latest;
  }
  return best;
}

/** How a certificate is asked about once, for a person who waits. */
export interface AskOnce {
  /** Called before a server is asked. */
  readonly asking: () => void;
  readonly signal: AbortSignal;
}

/**
 * Asks the CAs of one certificate, for a person who is about to decide on it, within the time of one message. Where they
 * say "revoked", what is stored of it is revoked at once, as by a re-check. Its issuers are not looked for outside.
 * @returns null when nobody is to be asked: no path to a trusted CA, nobody is named, or the policy asks nobody
 * @throws KeybotError when the database fails
 */
export async function askOnce(
  robot: Inquirer,
  stored: Stored,
  { asking, signal }: AskOnce,
): Promise<RevocationJudgement | null> {
  if (robot.policy.certificates.revocation === "off") return null;
  const climber = climberOf(stored);
  if (climber === null) return null;
  const material = await trustMaterialOf(robot.store, robot.policy);
  const trust = decodeTrust(material);
  const { result, beside } = await pathToAnchor(robot, trust, climber, robot.desk.nobody());
  const found = climbing({ ...climber, beside }, result);
  if (found === null || !questionsOf(found).some(({ named }) => named)) return null;
  asking();
  robot.judge.bench(robot.policy, material);
  const budget = robot.desk.budget(signal);
  try {
    const judged = await judgedTogether(robot, trust, [found], budget);
    const judgement = judged?.[0] ?? silence(found);
    // Given up: whoever waited is gone, and so may the database be.
    if (signal.aborted) return judgement;
    await revokeIfRevoked(robot, judgement);
    return judgement;
  } finally {
    budget.close();
  }
}

/** What is known when the answers could not be judged: nothing. */
export function silence({ certificate: { sha256 } }: Climber): RevocationJudgement {
  return { certificate: sha256, findings: [], doubtful: [], answer: null, silent: [sha256] };
}
