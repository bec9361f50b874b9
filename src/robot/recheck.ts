import { decodeTrust, gravity, pathOf, type RevocationJudgement, type TrustStore } from "../inspect/index.ts";
import { type Certificate, isProblem, type PathResult, parseCertificate } from "../pki/index.ts";
import { type AskBudget, revocationQuestions } from "../revocation/index.ts";
import type { CertificateToCheck } from "../store/index.ts";
import { askAbout, keepWords, revokeIfRevoked } from "./ask-revocation.ts";
import { PATHS } from "./complete.ts";
import { brokenBy, type Climber, intermediatesOf, pathToAnchor } from "./path-to-anchor.ts";
import type { Inquirer } from "./robot.ts";
import { trustMaterialOf } from "./trust-material.ts";

/** How often a CA is asked about each certificate that is used. */
const EVERY_MS = 24 * 60 * 60 * 1000;

/** Certificates that are asked about in one go: a day of ticks, one in five minutes, gets through 14,000. */
const AT_MOST = 50;

/** Of them so many at a time: mail that comes in meanwhile wants the judge too, and a CA no crowd. */
const SIDE_BY_SIDE = 5;

/** A go ends after this long; what is left is due at the next one. */
const LONGEST_MS = 60_000;

/**
 * Asks CAs again about certificates that are used, the longest unchecked first (PRODUCT §3 6.). One that its CA has
 * revoked is revoked here, so that nobody encrypts to it any more; no answer changes nothing. One without a path is the
 * admin's news, not checked. Several processes at once share the work.
 * @returns how many certificates were revoked
 * @throws KeybotError when the database fails
 */
export async function recheck(robot: Inquirer, signal: AbortSignal): Promise<number> {
  if (robot.policy.certificates.revocation === "off") return 0;
  const { store } = robot;
  const material = await trustMaterialOf(store, robot.policy);
  const started = robot.now().getTime();
  await store.forgetAnswers(robot.now());
  let trust: TrustStore | null = null;
  let revoked = 0;
  for (let asked = 0; asked < AT_MOST && !signal.aborted; asked += SIDE_BY_SIDE) {
    const now = robot.now();
    if (now.getTime() - started > LONGEST_MS) break;
    const due = await store.takeDueChecks(now, new Date(now.getTime() + EVERY_MS), SIDE_BY_SIDE);
    if (due.length === 0) break;
    robot.judge.bench(robot.policy, material);
    trust ??= decodeTrust(material);
    const held = trust;
    const results = await Promise.all(due.map((one) => check(robot, held, one, signal)));
    revoked += results.filter((changed) => changed).length;
  }
  return revoked;
}

/** A certificate for which no path was found is looked at again sooner: its CA's server may have been out of reach. */
const WITHOUT_PATH_MS = 6 * 60 * 60 * 1000;

async function check(
  robot: Inquirer,
  trust: TrustStore,
  { certificate: { der, sha256 }, chain, address, noPath }: CertificateToCheck,
  signal: AbortSignal,
): Promise<boolean> {
  const [certificate, ...beside] = [der, ...chain].flatMap((bytes) => {
    const parsed = parseCertificate(bytes);
    return isProblem(parsed) ? [] : [parsed];
  });
  if (certificate === undefined || certificate.sha256 !== sha256) return false;
  const budget = robot.desk.budget(signal);
  const strangers = robot.desk.strangersBudget(signal);
  try {
    const climbed = await pathToAnchor(robot, trust, { certificate, beside, address }, strangers);
    // The database may be closed by now.
    if (signal.aborted) return false;
    if (!climbed.result.valid) {
      await noteNoPath(robot, certificate, climbed.result, noPath);
      return false;
    }
    const above = intermediatesOf(climbed.result);
    if (noPath || (above.length > 0 && !isSame(above, chain))) await robot.store.notePath(sha256, above);
    const judgement = await judged(robot, trust, { certificate, beside: climbed.beside, address }, budget);
    return judgement !== null && !signal.aborted && (await revokeIfRevoked(robot, judgement));
  } finally {
    budget.close();
    strangers.close();
  }
}

function isSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return (
    a.length === b.length &&
    a.every((der, index) => Buffer.compare(der, b[index] ?? der.subarray(0, 0)) === 0)
  );
}

/** Without a path there is no CA whose word counts, and a certificate that is used is not checked: the admin must know. */
async function noteNoPath(
  robot: Inquirer,
  { sha256 }: Certificate,
  result: PathResult,
  before: boolean,
): Promise<void> {
  const broken = brokenBy(result);
  // Nobody stands above one who issued his own certificate, and a person has decided about it.
  if (broken === null || broken.code === "path.self-signed") return;
  const at = robot.now();
  await robot.store.noteNoPath(sha256, broken.code, at, new Date(at.getTime() + WITHOUT_PATH_MS));
  robot.log[before ? "debug" : "warn"]("recheck.no-path", {
    certificate: sha256,
    code: broken.code,
    detail: broken.detail,
  });
}

/** What CAs say of a certificate: along its path, or a path round a CA that is revoked itself; null when nobody is to be asked, or it was given up. */
async function judged(
  robot: Inquirer,
  trust: TrustStore,
  { certificate, beside, address }: Climber,
  budget: AskBudget,
): Promise<RevocationJudgement | null> {
  const withdrawn = new Set<string>();
  let best: RevocationJudgement | null = null;
  for (let paths = 0; paths < PATHS; paths++) {
    const { certificates } = robot.policy;
    const found = pathOf(certificate, beside, { ...trust, withdrawn }, certificates, robot.now(), address);
    if (!found.valid) break;
    if (!revocationQuestions(found.path).some(({ named }) => named)) return null;
    const path = found.path.map((one) => one.der);
    const chain = beside.map(({ der }) => der);
    const judgements = await askAbout(robot, [{ certificate: certificate.sha256, path }], chain, budget);
    if (judgements === null) return null;
    await keepWords(robot, judgements);
    const [judgement] = judgements;
    if (judgement === undefined) break;
    if (judgement.doubtful.length === 0) return judgement;
    if (best === null || gravity(judgement.findings) < gravity(best.findings)) best = judgement;
    for (const doubtful of judgement.doubtful) withdrawn.add(doubtful);
  }
  return best;
}
