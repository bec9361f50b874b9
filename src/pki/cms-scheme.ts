/** How the signature of a SignerInfo is computed, from the two identifiers in it (RFC 5652 §5.3, §5.4). */
import { type AlgorithmIdentifier, hasNoParameters, readAlgorithm } from "./algorithm-identifier.ts";
import type { SignerInfo } from "./cms.ts";
import { attempt, DerReader, isProblem, TAG } from "./der.ts";
import { OID } from "./oid.ts";
import { digestOf, isKnownSignature, type SignatureScheme, schemeOf } from "./signature.ts";

/**
 * The scheme of a SignerInfo, or null when it is unknown or goes with another digest: attributes and content are
 * hashed with the one digestAlgorithm (RFC 5652 §5.4, RFC 8933 §3.1; RFC 4056 §3, RFC 5753 §2.1.1, RFC 5754 §3).
 * @param digest that of digestAlgorithm
 */
export function cmsScheme(
  { signatureAlgorithm }: Pick<SignerInfo, "signatureAlgorithm">,
  digest: string,
): SignatureScheme | null {
  switch (signatureAlgorithm.oid) {
    // RFC 3370 §3.2, RFC 5754 §3.2: rsaEncryption and id-dsa name no digest of their own.
    case OID.rsaEncryption:
      return hasNoParameters(signatureAlgorithm) ? { kind: "RSA", digest } : null;
    case OID.dsa:
      return hasNoParameters(signatureAlgorithm) ? { kind: "DSA", digest } : null;
    // Departs from RFC 5753 §2.1.1 (ecdsa-with-…), because Windows names the kind of key, as rsaEncryption does.
    case OID.ecPublicKey:
      return namesNoMoreThanCurve(signatureAlgorithm) ? { kind: "ECDSA", digest } : null;
    case OID.ecdsaWithSpecified:
      return specifiedDigest(signatureAlgorithm) === digest ? { kind: "ECDSA", digest } : null;
  }
  const scheme = schemeOf(signatureAlgorithm);
  if (scheme === null) return null;
  if (!("digest" in scheme))
    return digest === (scheme.kind === "Ed25519" ? "sha512" : "shake256") ? scheme : null; // RFC 8419 §3.1
  if (scheme.digest === digest) return scheme;
  // Departs from RFC 5754 §3.2 (an RSA identifier with a digest names that of digestAlgorithm), because programs kept the
  // old sha1WithRSAEncryption when they went on to SHA-256. The value itself names the digest (RFC 8017 §9.2) and is
  // checked for that of digestAlgorithm, so there is no second reading; a weaker digest than the named one is refused.
  return scheme.kind === "RSA" && !COLLIDING.has(digest) ? { kind: "RSA", digest } : null;
}

/** The signature algorithms of a SignerInfo that no certificate has, as `cmsScheme` takes them. */
const OF_CMS_ALONE: ReadonlySet<string> = new Set([
  OID.rsaEncryption,
  OID.dsa,
  OID.ecPublicKey,
  OID.ecdsaWithSpecified,
]);

/**
 * Whether the signatureAlgorithm of a SignerInfo is one that can be computed, be its parameters and its digest right or not: what
 * is not known here (ML-DSA, RFC 9882; composite ones) can be neither right nor wrong.
 */
export function isKnownCmsSignature({ signatureAlgorithm }: Pick<SignerInfo, "signatureAlgorithm">): boolean {
  return OF_CMS_ALONE.has(signatureAlgorithm.oid) || isKnownSignature(signatureAlgorithm.oid);
}

/** Digests that can be collided: under the label of another one they are a trick, not a slip. */
const COLLIDING: ReadonlySet<string> = new Set(["md5", "sha1"]);

/** Nothing, NULL, or the name of the curve, as in the key (RFC 5480 §2.1.1): none of it takes part in the computing. */
function namesNoMoreThanCurve(algorithm: AlgorithmIdentifier): boolean {
  return hasNoParameters(algorithm) || algorithm.parameters?.[0] === TAG.oid;
}

/** ecdsa-with-Specified (ANSI X9.62-2005): the parameters are the AlgorithmIdentifier of the digest. */
function specifiedDigest({ parameters }: AlgorithmIdentifier): string | null {
  if (parameters === null) return null;
  const named = attempt(() => {
    const reader = new DerReader(parameters);
    const algorithm = readAlgorithm(reader, "ecdsa-with-Specified");
    reader.finish("ecdsa-with-Specified");
    return algorithm;
  });
  return isProblem(named) ? null : digestOf(named);
}
