import { judgeRevocation, type PathToAsk, type RevocationJudgement } from "../inspect/index.ts";
import { type Certificate, isProblem, parseCertificate } from "../pki/index.ts";
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
  const answers = await robot.desk.ask(eachCertificateOnce(paths), budget, decoded(beside));
  if (budget.givenUp || budget.missed) return null;
  const at = robot.now();
  const judgement = await robot.judge.judgeAnswers(paths, answers, [...beside, ...answers.signers], at);
  if (judgement.kind === "judged") return judgement.judgements;
  if (judgement.kind === "given-up") return null;
  robot.log.warn("revocation.unreadable", { problem: judgement.problem });
  return judgeRevocation(paths, { ocsp: [], crls: [], unanswered: [] }, [], robot.policy.certificates, at);
}

/** The paths of two certificates of one CA share all that is above them. */
function eachCertificateOnce(paths: readonly PathToAsk[]) {
  const questions = paths.flatMap(({ path }) => {
    return revocationQuestions(decoded(path));
  });
  return [...new Map(questions.map((question) => [question.certificate.sha256, question])).values()];
}

function decoded(ders: readonly Uint8Array[]): readonly Certificate[] {
  return ders.flatMap((der) => {
    const certificate = parseCertificate(der);
    return isProblem(certificate) ? [] : [certificate];
  });
}

/** A certificate that its CA has revoked is used no longer, under any address; its key is not barred (PRODUCT §6). */
export async function revokeIfRevoked(
  robot: Inquirer,
  { certificate, findings }: RevocationJudgement,
): Promise<boolean> {
  const revoked = findings.find(({ code }) => code === "revocation.revoked");
  if (revoked === undefined) return false;
  const changed = await robot.store.revokeByCa({
    certificate,
    reason: `revoked by its CA: ${revoked.detail}`,
    finding: revoked,
    at: robot.now(),
  });
  for (const { address } of changed) {
    robot.log.warn("certificate.revoked-by-ca", { certificate, address, detail: revoked.detail });
  }
  return changed.length > 0;
}
