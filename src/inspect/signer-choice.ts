/** Whose signature counts, and which of several certificates of one key stands for it. */
import { type Certificate, certificateAddresses, type SignerVerification } from "../pki/index.ts";
import { reportOn } from "./certificate-report.ts";
import { type Finding, gravity } from "./finding.ts";
import { namesAddress } from "./holder.ts";
import { CERTIFICATES_BESIDE, JUDGED_CERTIFICATES } from "./limits.ts";
import type { JudgedSigner } from "./signature.ts";
import type { Subject } from "./subject.ts";
import { signingFindings } from "./usage.ts";
import { lasting } from "./vouch.ts";

/**
 * Of several certificates of the key that signed, the one with the best verdict: which of them the signer meant, no octet
 * that is signed may say (RFC 5652 §5.3, §10.2.3). Of equal ones that which is valid longest. Where all that the program
 * names have run out, a renewal that it sends along counts too: the signature proves its key.
 */
export function signerCertificate(
  { certificate, ofKey, renewals }: SignerVerification,
  certificates: readonly Certificate[],
  subject: Subject,
): Certificate | null {
  if (ofKey.length < 2 && renewals.length === 0) return certificate;
  const addresses = new Set(ofKey.flatMap((one) => certificateAddresses(one).addresses));
  const successors = ofKey.every(({ notAfter }) => notAfter < subject.at)
    ? renewals.filter((one) => certificateAddresses(one).addresses.some((named) => addresses.has(named)))
    : [];
  const all = [...ofKey, ...successors];
  if (all.length < 2) return certificate;
  // Whoever fills the set with certificates of one key has only some of them judged, and not those that are the sender's last.
  const candidates = all
    .sort((a, b) => Number(isOwn(b, subject)) - Number(isOwn(a, subject)))
    .slice(0, JUDGED_CERTIFICATES);
  const weights = candidates.map((candidate) => weightOfSigner(candidate, certificates, subject));
  return candidates[weights.indexOf(Math.min(...weights))] ?? certificate;
}

/** How much speaks against a certificate that signed, its signature left aside. */
function weightOfSigner(
  candidate: Certificate,
  certificates: readonly Certificate[],
  { address, trust, policy, at, computing }: Subject,
): number {
  const { findings } = reportOn(candidate, {
    role: "signer",
    address,
    beside: certificates.slice(0, CERTIFICATES_BESIDE),
    // Whether another one is there to encrypt to does not tell them apart.
    encryptionBeside: true,
    trust,
    policy,
    at,
    computing,
    findings: signingFindings(candidate),
    capabilities: null,
  });
  return weightOf(findings);
}

/** How much findings weigh; of equally grave ones those weigh less that an answer of a CA can take away. */
function weightOf(findings: readonly Finding[]): number {
  return gravity(findings) + gravity(lasting(findings)) / 10;
}

/**
 * The SignerInfo that counts (PRODUCT §3): the sender's own, a broken one first, for one of the two is forged; of several
 * right ones that of the certificate against which least speaks, as they have no order (RFC 5652 §5.1). Without any of the
 * sender's own the first.
 */
export function countingSigner(
  signers: readonly JudgedSigner[],
  certificates: readonly Certificate[],
  subject: Subject,
): JudgedSigner | undefined {
  const own = signers.filter(({ verification }) => isOwn(verification.certificate, subject));
  const right = own.filter(({ verification }) => verification.valid);
  return own.find(isNoSignature) ?? bestOf(right, certificates, subject) ?? own[0] ?? signers[0];
}

function bestOf(
  signers: readonly JudgedSigner[],
  certificates: readonly Certificate[],
  subject: Subject,
): JudgedSigner | undefined {
  if (signers.length < 2) return signers[0];
  const weights = signers.map(({ verification: { certificate }, findings }) =>
    certificate === null
      ? Number.POSITIVE_INFINITY
      : Math.max(weightOf(findings), weightOfSigner(certificate, certificates, subject)),
  );
  // Of equal ones that which names the certificate to encrypt to, and then any, but the same one in every order.
  const rank = ({ verification: { certificate, encryptionPreference } }: JudgedSigner) =>
    `${encryptionPreference === null ? 1 : 0} ${certificate?.sha256}`;
  const least = Math.min(...weights);
  return signers
    .filter((_, index) => weights[index] === least)
    .reduce((one, other) => (rank(other) < rank(one) ? other : one));
}

/** Whether a certificate is the sender's, by the address that it names. */
export function isOwn(certificate: Certificate | null, { address, policy }: Subject): boolean {
  return (
    address !== null && certificate !== null && namesAddress(certificate, address, policy.exactLocalPart)
  );
}

/** Broken, or made by a certificate that may not sign. One of an unknown algorithm is neither (RFC 5652 §5.1 leaves it to us). */
export function isNoSignature({ verification: { valid, checkable, certificate } }: JudgedSigner): boolean {
  return (!valid && checkable) || (certificate !== null && signingFindings(certificate).length > 0);
}
