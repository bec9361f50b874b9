import { hash } from "node:crypto";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { isProblem, type ParseProblem } from "./der.ts";

/** CA certificates kept decoded; a large company meets a few dozen issuers, each in thousands of mails. */
const KEPT = 256;

/** Decoded CA certificates by SHA-256, the longest unused first. */
const RECENT = new Map<string, Certificate>();

/** The last one that is no CA's: whoever has it at hand looks at it more than once. */
let lastEndEntity: Certificate | null = null;

/**
 * As `parseCertificate`, but what came before is not decoded again: the same issuers come with nearly every mail, and what
 * is known of them (their keys, who signed them) is remembered by the decoded value.
 */
export function recentCertificate(der: Uint8Array): Certificate | ParseProblem {
  const sha256 = hash("sha256", der, "hex");
  const known = lastEndEntity?.sha256 === sha256 ? lastEndEntity : RECENT.get(sha256);
  const certificate = known ?? parseCertificate(der);
  if (isProblem(certificate)) return certificate;
  if (certificate.extensions.basicConstraints?.ca !== true) {
    lastEndEntity = certificate;
    return certificate;
  }
  RECENT.delete(sha256);
  RECENT.set(sha256, certificate);
  const [oldest] = RECENT.keys();
  if (RECENT.size > KEPT && oldest !== undefined) RECENT.delete(oldest);
  return certificate;
}
