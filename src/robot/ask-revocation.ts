import {
  judgeRevocation,
  type KnownWord,
  type PathToAsk,
  type RevocationJudgement,
} from "../inspect/index.ts";
import { isFinal, readableCertificates, standing } from "../pki/index.ts";
import { type AskBudget, revocationQuestions } from "../revocation/index.ts";
import type { Inquirer } from "./robot.ts";

/**
 * Asks about paths and has the answers judged. Never rejects for what a CA does.
 * @param beside DER of certificates that came along: the signer of an indirect CRL may be among them (RFC 5280 §6.3.3 (f))
 * @returns null when it was given up before the answers were there, or nobody was to be asked and somebody must be: then
 *   nobody knows anything of the certificates
 */
export async function askAbout(
  robot: Inquirer,
  paths: readonly PathToAsk[],
  beside: readonly Uint8Array[],
  budget: AskBudget,
): Promise<readonly RevocationJudgement[] | null> {
  const questions = eachCertificateOnce(paths);
  const { signers, ...answers } = await robot.desk.ask(questions, budget, readableCertificates(beside));
  if (budget.givenUp || budget.missed) return null;
  const at = robot.now();
  const known = await robot.store.caWords(questions.map(({ certificate }) => certificate.sha256));
  const judgement = await robot.judge.judgeAnswers(paths, { ...answers, known }, [...beside, ...signers], at);
  if (judgement.kind === "judged") return judgement.judgements;
  if (judgement.kind === "given-up") return null;
  robot.log.warn("revocation.unreadable", { problem: judgement.problem });
  const nothing = { ocsp: [], crls: [], unanswered: [], known };
  return judgeRevocation(paths, nothing, [], robot.policy.certificates, at);
}

/** The paths of two certificates of one CA share all that is above them. */
function eachCertificateOnce(paths: readonly PathToAsk[]) {
  const questions = paths.flatMap(({ path }) => revocationQuestions(readableCertificates(path)));
  return [...new Map(questions.map((question) => [question.certificate.sha256, question])).values()];
}

/**
 * Keeps what CAs have said for good. A certificate whose CA lifts a hold is again what it was, under every address.
 * @param judgements along paths to anchors that may vouch: another anchor's CA revokes nothing that it did not issue
 * @throws KeybotError when the database fails
 */
export async function keepWords(robot: Inquirer, judgements: readonly RevocationJudgement[]): Promise<void> {
  const words = judgements.flatMap((judgement) => judgement.words);
  for (const { certificate, address, to } of await robot.store.noteCaWords(words, robot.now())) {
    robot.log.info("certificate.hold-lifted", { certificate, address, status: to });
  }
}

/**
 * A certificate that its CA has revoked is used no longer, under any address; its key is not barred (PRODUCT §6).
 * @returns whether a holding changed
 * @throws KeybotError when the database fails
 */
export async function revokeIfRevoked(
  robot: Inquirer,
  { certificate, findings, words }: RevocationJudgement,
): Promise<boolean> {
  const revoked = findings.find(({ code }) => code === "revocation.revoked");
  if (revoked === undefined) return false;
  const changed = await robot.store.revokeByCa({
    certificate,
    reason: `revoked by its CA: ${revoked.detail}`,
    finding: revoked,
    heldBy: onHold(words),
    at: robot.now(),
  });
  for (const { address } of changed) {
    robot.log.warn("certificate.revoked-by-ca", { certificate, address, detail: revoked.detail });
  }
  return changed.length > 0;
}

/** SHA-256 of the certificate whose hold is all that speaks against the path; null when one is revoked for good. */
function onHold(words: readonly KnownWord[]): string | null {
  const revoked = words.flatMap(({ certificate, word }) => {
    const revocation = standing(word);
    return revocation === null ? [] : [{ certificate, revocation }];
  });
  return revoked.some(({ revocation }) => isFinal(revocation)) ? null : (revoked[0]?.certificate ?? null);
}
