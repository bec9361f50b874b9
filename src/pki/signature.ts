/**
 * One question: is this signature value right over these bytes, by this key? Mathematics alone (node:crypto), no
 * trust, no policy on strength. Algorithm identifiers must have the parameters that their RFCs demand.
 */
import { constants, createHash, hash, type KeyObject, verify } from "node:crypto";
import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { hasNoParameters } from "./algorithm-identifier.ts";
import { TAG } from "./der.ts";
import { encode } from "./der-write.ts";
import { keyFromSpki, publicKeyObject } from "./key-object.ts";
import { OID } from "./oid.ts";
import { pssParameters, readPssParameters } from "./pss-parameters.ts";
import { keyBits, type PublicKey } from "./public-key.ts";

/** `unsupported`: an algorithm, parameters or a key that cannot be computed with; the value was not looked at. */
export type SignatureCheck = "valid" | "invalid" | "unsupported";

/** How a signature is computed, whatever identifier said so. Digests by the names of node:crypto. */
export type SignatureScheme =
  | { readonly kind: "RSA"; readonly digest: string }
  | {
      readonly kind: "RSA-PSS";
      readonly digest: string;
      /** The digest of MGF1, mostly the same. */
      readonly maskDigest: string;
      readonly saltLength: number;
    }
  | { readonly kind: "ECDSA"; readonly digest: string }
  | { readonly kind: "DSA"; readonly digest: string }
  | { readonly kind: "Ed25519" | "Ed448" };

/** Digest algorithms (RFC 5754 §2, RFC 8702 §3.1). */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  [OID.md5, "md5"],
  [OID.sha1, "sha1"],
  [OID.sha224, "sha224"],
  [OID.sha256, "sha256"],
  [OID.sha384, "sha384"],
  [OID.sha512, "sha512"],
  [OID.sha3With256, "sha3-256"],
  [OID.sha3With384, "sha3-384"],
  [OID.sha3With512, "sha3-512"],
  [OID.shake256, "shake256"],
]);

/** Signature algorithms that name their digest (RFC 3279 §2.2, RFC 4055 §5, RFC 5758 §3). */
const SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map<string, SignatureScheme>([
  [OID.md5WithRsa, { kind: "RSA", digest: "md5" }],
  [OID.sha1WithRsa, { kind: "RSA", digest: "sha1" }],
  [OID.sha1WithRsaOiw, { kind: "RSA", digest: "sha1" }],
  [OID.sha224WithRsa, { kind: "RSA", digest: "sha224" }],
  [OID.sha256WithRsa, { kind: "RSA", digest: "sha256" }],
  [OID.sha384WithRsa, { kind: "RSA", digest: "sha384" }],
  [OID.sha512WithRsa, { kind: "RSA", digest: "sha512" }],
  [OID.ecdsaWithSha1, { kind: "ECDSA", digest: "sha1" }],
  [OID.ecdsaWithSha224, { kind: "ECDSA", digest: "sha224" }],
  [OID.ecdsaWithSha256, { kind: "ECDSA", digest: "sha256" }],
  [OID.ecdsaWithSha384, { kind: "ECDSA", digest: "sha384" }],
  [OID.ecdsaWithSha512, { kind: "ECDSA", digest: "sha512" }],
  [OID.dsaWithSha1, { kind: "DSA", digest: "sha1" }],
  [OID.dsaWithSha224, { kind: "DSA", digest: "sha224" }],
  [OID.dsaWithSha256, { kind: "DSA", digest: "sha256" }],
  [OID.ed25519, { kind: "Ed25519" }],
  [OID.ed448, { kind: "Ed448" }],
]);

/** Which kinds of key can have made which signature. */
const KEY_KINDS: Readonly<Record<SignatureScheme["kind"], readonly PublicKey["kind"][]>> = {
  RSA: ["RSA"],
  "RSA-PSS": ["RSA", "RSA-PSS"], // RFC 4055 §1.2: a key for all of RSA, or for PSS alone
  ECDSA: ["EC"],
  DSA: ["DSA"],
  Ed25519: ["Ed25519"],
  Ed448: ["Ed448"],
};

/**
 * Checks one signature. Never throws.
 * @param algorithm the signatureAlgorithm beside the signature
 * @param signer the key that is said to have signed
 * @param data the signed bytes, whole (they are hashed here)
 * @param inherited a DSA key of the issuer's, whose parameters count when the signer's key has none (RFC 3279 §2.3.2)
 */
export function verifySignature(
  algorithm: AlgorithmIdentifier,
  signer: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
  inherited?: PublicKey,
): SignatureCheck {
  const scheme = schemeOf(algorithm);
  return scheme === null ? "unsupported" : verifyScheme(scheme, signer, data, signature, inherited);
}

/** As `verifySignature`, for a scheme that is already known. Never throws. */
export function verifyScheme(
  scheme: SignatureScheme,
  signer: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
  inherited?: PublicKey,
): SignatureCheck {
  if (signer.kind === "other") return "unsupported";
  if (!KEY_KINDS[scheme.kind].includes(signer.kind)) return "invalid";
  // RFC 8017 §8.1.2, §8.2.2: as long as the modulus. OpenSSL takes one without its leading zero octet for PSS.
  const isRsa = scheme.kind === "RSA" || scheme.kind === "RSA-PSS";
  if (isRsa && signer.bits !== null && signature.length !== Math.ceil(signer.bits / 8)) return "invalid";
  const key =
    scheme.kind === "RSA-PSS" && scheme.maskDigest !== scheme.digest && signer.kind === "RSA"
      ? pssKeyObject(signer, scheme)
      : publicKeyObject(signer, inherited);
  if (key === null) return "unsupported";
  try {
    switch (scheme.kind) {
      case "Ed25519":
      case "Ed448":
        return answer(verify(null, data, key, signature));
      case "RSA-PSS": {
        const padding = constants.RSA_PKCS1_PSS_PADDING;
        return answer(
          verify(scheme.digest, data, { key, padding, saltLength: scheme.saltLength }, signature),
        );
      }
      case "RSA":
        return answer(verify(scheme.digest, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature));
      default:
        return answer(verify(scheme.digest, data, { key, dsaEncoding: "der" }, signature));
    }
  } catch {
    // OpenSSL throws for what it cannot compute (a digest switched off, a salt that cannot fit): never a "valid".
    return "unsupported";
  }
}

/**
 * What an AlgorithmIdentifier of a signature means, or null when it is unknown or its parameters are not as its RFC
 * demands: NULL or absent for RSA (RFC 4055 §5), absent for EdDSA (RFC 8410 §3). Departs from RFC 5758 §3.2 and RFC 3279
 * §2.2.2, §2.2.3 (absent for ECDSA and DSA) in that a NULL is taken there too: many write it, and it says nothing.
 */
export function schemeOf(algorithm: AlgorithmIdentifier): SignatureScheme | null {
  if (algorithm.oid === OID.rsassaPss) {
    const parameters = readPssParameters(algorithm.parameters);
    const digest = DIGESTS.get(parameters?.hash ?? "");
    const maskDigest = DIGESTS.get(parameters?.maskHash ?? "");
    if (parameters === null || digest === undefined || maskDigest === undefined) return null;
    return { kind: "RSA-PSS", digest, maskDigest, saltLength: parameters.saltLength };
  }
  const scheme = SCHEMES.get(algorithm.oid);
  if (scheme === undefined) return null;
  const fits = "digest" in scheme ? hasNoParameters(algorithm) : algorithm.parameters === null;
  return fits ? scheme : null;
}

/** Whether this OID is one of a signature algorithm that can be computed, with whatever parameters (RFC 5280 §4.1.1.2). */
export function isKnownSignature(oid: string): boolean {
  return oid === OID.rsassaPss || SCHEMES.has(oid);
}

/**
 * The digest that an AlgorithmIdentifier names, of a digest or of a signature, as node:crypto calls it (`sha256`);
 * null for EdDSA, which hashes by itself, and for what is unknown.
 */
export function digestOf(algorithm: AlgorithmIdentifier): string | null {
  const digest = DIGESTS.get(algorithm.oid);
  if (digest !== undefined) return hasNoParameters(algorithm) ? digest : null; // RFC 5754 §2
  const scheme = schemeOf(algorithm);
  return scheme !== null && "digest" in scheme ? scheme.digest : null;
}

/** The digest of the data, or null when this build of OpenSSL has it switched off. */
export function digestBytes(digest: string, data: Uint8Array): Buffer | null {
  try {
    // RFC 8702 §3.1: SHAKE256 gives 64 octets in CMS.
    if (digest === "shake256") return createHash(digest, { outputLength: 64 }).update(data).digest();
    return hash(digest, data, "buffer");
  } catch {
    return null;
  }
}

/**
 * An RSA key for one kind of PSS signature. node:crypto takes the digest of MGF1 from a key's own parameters only
 * (RFC 4055 §1.2), so they are written into a copy of the key.
 */
function pssKeyObject(
  signer: PublicKey,
  { digest, maskDigest, saltLength }: Extract<SignatureScheme, { kind: "RSA-PSS" }>,
): KeyObject | null {
  const [hashOid, maskOid] = [digest, maskDigest].map((name) => OIDS_OF_DIGESTS.get(name));
  if (hashOid === undefined || maskOid === undefined || signer.defect !== null) return null;
  const parameters = pssParameters({ hash: hashOid, maskHash: maskOid, saltLength });
  const key = Buffer.concat([Buffer.of(0), keyBits(signer)]);
  const algorithm = encode.sequence(encode.oid(OID.rsassaPss), parameters);
  return keyFromSpki(encode.sequence(algorithm, encode.tagged(TAG.bitString, key)));
}

const OIDS_OF_DIGESTS: ReadonlyMap<string, string> = new Map([...DIGESTS].map(([oid, name]) => [name, oid]));

function answer(right: boolean): SignatureCheck {
  return right ? "valid" : "invalid";
}
