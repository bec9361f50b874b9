/**
 * inspect: facts and bytes → what the cryptography is worth.
 *
 * Subject: is the CMS signature mathematically valid over this content, and what is each certificate worth (path,
 * address, usage, strength, time)? It knows pki and the policy's switches. It must not know the directory, what
 * was stored or answered before, nor any file, clock or network: the time and the trust store are arguments.
 */

export { type Circumstances, ranked, reportOn, summaryOf } from "./certificate-report.ts";
export { FINDINGS, type Finding, type FindingCode, finding, gravity, type Severity } from "./finding.ts";
export { formsPath } from "./forms-path.ts";
export { inspectCertificateFile, inspectMessage } from "./inspect-message.ts";
export type {
  CertificateReport,
  CertificateRole,
  CertificateSummary,
  Inspection,
  SignatureReport,
  SignerReport,
} from "./inspection.ts";
export { issuersAmong } from "./issuers-among.ts";
export {
  judgeRevocation,
  ofFitAnchors,
  type RevocationAnswer,
  type RevocationEvidence,
  type RevocationJudgement,
  revokedText,
  type Unanswered,
  unansweredText,
  withRevocation,
} from "./judge-revocation.ts";
export { issuersToFind, issuersToSeek, NO_HELP, type PathHelp, withHelp } from "./path-help.ts";
export { type PathToAsk, pathsToAsk, pathToAsk, withUnasked } from "./path-to-ask.ts";
export { answerWeakness, strengthFindings } from "./strength.ts";
export type { Bench } from "./subject.ts";
export { pathFindings, pathOf, type TrustedAnchor, type TrustStore } from "./trust.ts";
export {
  decodeTrust,
  type TrustedCertificate,
  type TrustMaterial,
  trustMaterial,
} from "./trust-material.ts";
export { allowsEmail, isCa } from "./usage.ts";
