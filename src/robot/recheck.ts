import { decodeTrust, pathOf, type RevocationJudgement, type TrustStore } from "../inspect/index.ts";
import { type Certificate, isProblem, parseCertificate } from "../pki/index.ts";
import { revocationQuestions } from "../revocation/index.ts";
import type { CertificateToCheck } from "../store/index.ts";
import { askAbout, revokeIfRevoked } from "./ask-revocation.ts";
import { PATHS } from "./complete.ts";
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
 * revoked is revoked here, so that nobody encrypts to it any more; no answer changes nothing. Several processes at once
 * share the work.
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

async function check(
  robot: Inquirer,
  trust: TrustStore,
  { certificate: { der, sha256 }, chain }: CertificateToCheck,
  signal: AbortSignal,
): Promise<boolean> {
  const [certificate, ...beside] = [der, ...chain].flatMap((bytes) => {
    const parsed = parseCertificate(bytes);
    return isProblem(parsed) ? [] : [parsed];
  });
  if (certificate === undefined || certificate.sha256 !== sha256) return false;
  const judgement = await judged(robot, trust, certificate, beside, signal);
  // The database may be closed by now.
  return judgement !== null && !signal.aborted && (await revokeIfRevoked(robot, judgement));
}

/** What CAs say of a certificate: along its path, or a path round a CA that is revoked itself; null when nobody is to be asked, or it was given up. */
async function judged(
  robot: Inquirer,
  trust: TrustStore,
  certificate: Certificate,
  beside: readonly Certificate[],
  signal: AbortSignal,
): Promise<RevocationJudgement | null> {
  const budget = robot.desk.budget(signal);
  const withdrawn = new Set<string>();
  let first: RevocationJudgement | null = null;
  try {
    for (let paths = 0; paths < PATHS; paths++) {
      const { certificates } = robot.policy;
      // No address: it was judged when it was stored. Without a path there is no CA whose word counts.
      const found = pathOf(certificate, beside, { ...trust, withdrawn }, certificates, robot.now(), null);
      if (!found.valid) break;
      if (!revocationQuestions(found.path).some(({ named }) => named)) return null;
      const path = found.path.map((one) => one.der);
      const chain = beside.map(({ der }) => der);
      const judgements = await askAbout(robot, [{ certificate: certificate.sha256, path }], chain, budget);
      if (judgements === null) return null;
      const [judgement] = judgements;
      if (judgement === undefined || judgement.doubtful.length === 0) return judgement ?? first;
      first ??= judgement;
      for (const doubtful of judgement.doubtful) withdrawn.add(doubtful);
    }
    return first;
  } finally {
    budget.close();
  }
}
