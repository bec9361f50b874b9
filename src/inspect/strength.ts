import {
  type Certificate,
  digestOf,
  type PathResult,
  type PublicKey,
  sameName,
  type WeaknessOf,
} from "../pki/index.ts";
import type { Policy } from "../policy.ts";
import { type Finding, finding } from "./finding.ts";

/** Elliptic curves of today's clients (RFC 5480, RFC 5639, RFC 8410); others are unknown rather than weak. */
const CURVES = new Set([
  "P-256",
  "P-384",
  "P-521",
  "brainpoolP256r1",
  "brainpoolP320r1",
  "brainpoolP384r1",
  "brainpoolP512r1",
  "Ed25519",
  "Ed448",
  "X25519",
  "X448",
]);

/** RSA keys above this only cost time: 16,384 bits take a second to use. */
const MAXIMUM_RSA_BITS = 8192;

/** Digests that nobody can forge (RFC 8551 §2.1); SHA-1 and MD5 have practical collisions. */
const STRONG_DIGESTS = new Set([
  "sha224",
  "sha256",
  "sha384",
  "sha512",
  "sha3-256",
  "sha3-384",
  "sha3-512",
  "shake128",
  "shake256",
]);

/** Algorithms of one certificate, whatever stands above it: its key, and the digest of its signature (RFC 8550 §4.3). */
export function strengthFindings(certificate: Certificate, policy: Policy["certificates"]): Finding[] {
  // What is unknown is not weak; that nothing can be encrypted to it is `usageFindings`' to say.
  const isUnknown = certificate.publicKey.kind === "other" && certificate.publicKey.defect === null;
  const key = isUnknown ? null : keyWeakness(certificate, policy.minimumRsaBits);
  const digest = certificateWeakness(certificate);
  return [
    ...(key === null ? [] : [finding("cert.weak-key", key)]),
    ...(digest === null ? [] : [finding("path.weak", digest)]),
  ];
}

/**
 * Algorithms of the CAs on its path (RFC 8550 §4.3): every key, and every signature below the anchor; the anchor's own
 * signature proves nothing, that of any other self-signed certificate at the end no more.
 * @param result the path as far as it goes, whether or not it is valid
 */
export function pathStrengthFindings(
  { path, anchor }: Pick<PathResult, "path" | "anchor">,
  policy: Policy["certificates"],
): Finding[] {
  const above = path.slice(1);
  const keys = above.flatMap((ca) => {
    const weak = keyWeakness(ca, policy.minimumRsaBits);
    return weak === null ? [] : [finding("path.weak", `the CA ${ca.subject.text}: ${weak}`)];
  });
  const digests = above.flatMap((signed, index) => {
    const isLast = index === above.length - 1;
    if (isLast && (anchor !== null || isSelfIssued(signed))) return [];
    const weak = certificateWeakness(signed);
    return weak === null ? [] : [finding("path.weak", weak)];
  });
  return [...keys, ...digests];
}

function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return sameName(issuer, subject);
}

/** Whether no signature by this key, and no certificate of it, is ever accepted: `strengthFindings` says why. */
export function isRefusedKey({
  minimumRsaBits,
}: Pick<Policy["certificates"], "minimumRsaBits">): (key: PublicKey) => boolean {
  return (publicKey) => keyWeakness({ publicKey }, minimumRsaBits) !== null;
}

function keyWeakness({ publicKey }: Pick<Certificate, "publicKey">, minimumRsaBits: number): string | null {
  const { kind, name, bits, defect } = publicKey;
  if (defect !== null) return `the key is unusable: ${defect}`;
  if (kind === "RSA" || kind === "RSA-PSS") {
    if (bits === null || bits < minimumRsaBits)
      return `${name} is under the ${minimumRsaBits} bits that are asked for`;
    return bits > MAXIMUM_RSA_BITS ? `${name} is larger than any mail program uses` : null;
  }
  return CURVES.has(name) ? null : `${name} is not among the accepted kinds of keys`;
}

function certificateWeakness(certificate: Certificate): string | null {
  const digest = weakDigest(certificate);
  return digest === null
    ? null
    : `the certificate ${certificate.sha256.slice(0, 16)}… is signed with ${digest}`;
}

/** The digest of a signature, when it is weak. */
function weakDigest({ signatureAlgorithm }: Pick<Certificate, "signatureAlgorithm">): string | null {
  const digest = digestOf(signatureAlgorithm);
  // Ed25519 and Ed448 name no digest: it is part of the algorithm (RFC 8410 §3).
  if (digest === null || STRONG_DIGESTS.has(digest)) return null;
  return digest === "sha1" ? "SHA-1" : digest.toUpperCase();
}

/**
 * What is too weak in a CA's answer about revocation to clear a certificate by it: the same as in its path. The path's own
 * certificates are judged there.
 */
export function answerWeakness({
  minimumRsaBits,
}: Pick<Policy["certificates"], "minimumRsaBits">): WeaknessOf {
  return ({ signatureAlgorithm, signers }) => {
    const digest = weakDigest({ signatureAlgorithm });
    if (digest !== null) return `signed with ${digest}`;
    for (const signer of signers) {
      const weak = keyWeakness(signer, minimumRsaBits) ?? certificateWeakness(signer);
      if (weak !== null) return `signed by way of ${signer.subject.text}: ${weak}`;
    }
    return null;
  };
}
