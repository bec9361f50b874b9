import { toCrlf } from "../mail/index.ts";
import {
  type Certificate,
  type Computing,
  type SignatureProblem,
  type SignedData,
  type SignerInfo,
  type SignerVerification,
  verifySigner,
} from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import type { SignedPart } from "../read/index.ts";
import { type Finding, type FindingCode, finding } from "./finding.ts";

/** The times that a signing time is held against. */
export interface Arrival {
  /** When the mail arrived: border Received, else INTERNALDATE, else Date (PRODUCT §3); null: nobody knows. */
  readonly arrival: Date | null;
}

/** One SignerInfo, verified, with what is to be said of it. */
export interface JudgedSigner {
  readonly verification: SignerVerification;
  readonly findings: readonly Finding[];
}

const PROBLEMS: Readonly<Record<SignatureProblem, FindingCode>> = {
  "no-certificate": "signature.no-signer",
  "certificate-unreadable": "cert.unreadable",
  attributes: "signature.attributes",
  "content-type": "signature.content-type",
  "digest-mismatch": "signature.digest-mismatch",
  algorithm: "signature.algorithm",
  broken: "signature.broken",
};

/** The content that the signatures cover, in canonical form (RFC 8551 §3.1.1), and whether that form had to be made. */
export interface SignedContent {
  readonly bytes: Uint8Array;
  readonly canonicalized: boolean;
}

/**
 * The signed content: of a detached signature the part as it was sent, bare LF brought to CRLF and nothing else; of
 * an opaque one the eContent untouched.
 */
export function signedContentOf(part: SignedPart, signedData: SignedData): SignedContent {
  if (part.form === "opaque") return { bytes: signedData.content ?? new Uint8Array(0), canonicalized: false };
  const bytes = toCrlf(part.content);
  return { bytes, canonicalized: bytes.length !== part.content.length };
}

/** Findings on the SignedData as a whole; they hold for every certificate in it. */
export function wholeFindings(
  part: SignedPart,
  signedData: SignedData,
  content: SignedContent,
  policy: Policy["certificates"],
): Finding[] {
  const findings: Finding[] = [];
  // RFC 8551 §3.5.3: eContent is absent from a detached signature. A program that verifies the one and shows the
  // other shows a forgery.
  if (part.form === "detached" && signedData.content !== null)
    findings.push(finding("signature.detached-content"));
  // RFC 8551 §3.5.2: the signed entity is in it; absent (RFC 5652 §5.2) it would be any.
  if (part.form === "opaque" && signedData.content === null && signedData.signerInfos.length > 0)
    findings.push(finding("signature.no-content"));
  // Octets behind an opaque structure are in no signature; behind a detached one they are in nobody's sight.
  const all = part.whole && (part.form === "detached" || signedData.trailing === 0);
  if (!all) findings.push(...doubtful("signature.partial", policy.partialSignature));
  if (content.canonicalized) findings.push(finding("signature.line-ends"));
  return findings;
}

/**
 * Verifies one SignerInfo over the content and says what follows for its certificate.
 * @param choose which of the certificates that the signature may be by counts
 */
export function judgeSigner(
  signedData: SignedData,
  signerInfo: SignerInfo,
  content: SignedContent,
  { arrival }: Arrival,
  { policy, computing }: { readonly policy: Policy["certificates"]; readonly computing: Computing },
  choose: (verified: SignerVerification) => Certificate | null,
): JudgedSigner {
  const verified = verifySigner(signedData, signerInfo, content.bytes, computing);
  const verification = { ...verified, certificate: choose(verified) };
  const findings = verification.problems.map(({ problem, detail }) => finding(PROBLEMS[problem], detail));
  findings.push(
    ...digestFindings(verification.digest),
    ...timeFindings(verification.signingTime, arrival, policy),
    ...validityFindings(verification),
  );
  return { verification, findings };
}

/** RFC 8551 §2.1 asks for SHA-256; SHA-1 waits for a person, what anybody can forge is refused. */
function digestFindings(digest: string | null): Finding[] {
  if (digest === "sha1") return [finding("signature.digest-weak")];
  if (digest !== null && /^(md2|md4|md5|ripemd|rmd)/.test(digest)) {
    return [finding("signature.digest-forbidden", `the message digest is ${digest.toUpperCase()}`)];
  }
  return [];
}

const DAY = 86_400_000;

/** A signing time (RFC 8551 §2.5.1) far from the arrival: an old mail that somebody sends again. */
function timeFindings(
  signingTime: Date | null,
  arrival: Date | null,
  policy: Policy["certificates"],
): Finding[] {
  if (signingTime === null) return [finding("signature.no-time")];
  if (arrival === null) return [];
  const days = Math.abs(arrival.getTime() - signingTime.getTime()) / DAY;
  if (days <= policy.replayDays) return [];
  const detail = `signed on ${day(signingTime)}, arrived on ${day(arrival)}`;
  return doubtful("signature.replay", policy.replay, detail);
}

/**
 * The signing time is the signer's own word, so it saves no certificate that is not valid today, and condemns none that
 * is: a note, as for a machine whose clock is wrong.
 */
function validityFindings({ certificate, signingTime }: SignerVerification): Finding[] {
  if (certificate === null || signingTime === null) return [];
  const { notBefore, notAfter } = certificate;
  if (signingTime >= notBefore && signingTime <= notAfter) return [];
  const detail = `signed at ${minute(signingTime)}, the certificate is valid from ${minute(notBefore)} to ${minute(notAfter)}`;
  return [finding("signature.time-validity", detail)];
}

function doubtful(code: FindingCode, doubt: Policy["certificates"]["replay"], detail?: string): Finding[] {
  const severity = { accept: "info", pending: "warning", reject: "error" } as const;
  return [finding(code, detail, severity[doubt])];
}

function minute(date: Date): string {
  return `${date.toISOString().slice(0, 16)}Z`;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
