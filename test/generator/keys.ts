/** The keys of all generated mails. The elliptic ones are the same in every process, so that a seed gives the same mail. */
import {
  constants,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/oid.ts";
import { type Key, key } from "../pki/path-authority.ts";
import type { KeyName } from "./draft.ts";

export type Digest = "sha256" | "sha512" | "sha1";

export interface PoolKey {
  /** How it signs certificates and CRLs. */
  readonly issuing: Readonly<Record<"sha256" | "sha1", Key>>;
  readonly kind: "RSA" | "EC";
  readonly spki: Buffer;
  /** As it is named by a subjectKeyIdentifier here (RFC 5280 §4.2.1.2). */
  readonly identifier: Buffer;
  /** A signature with the AlgorithmIdentifier of a SignerInfo. */
  readonly sign: (
    data: Buffer,
    digest: Digest,
    scheme: "plain" | "pss",
  ) => { algorithm: Buffer; value: Buffer };
}

const made = new Map<KeyName, PoolKey>();

/** A key of the pool; an RSA key is made when it is first asked for. */
export function poolKey(name: KeyName): PoolKey {
  const known = made.get(name) ?? (name.startsWith("ec") ? ecKey(Number(name.slice(2))) : rsaKey());
  made.set(name, known);
  return known;
}

const ECDSA: Readonly<Record<Digest, string>> = {
  sha1: OID.ecdsaWithSha1,
  sha256: OID.ecdsaWithSha256,
  sha512: OID.ecdsaWithSha512,
};
const RSA: Readonly<Record<Digest, string>> = {
  sha1: OID.sha1WithRsa,
  sha256: OID.sha256WithRsa,
  sha512: OID.sha512WithRsa,
};
const DIGEST_LENGTH: Readonly<Record<Digest, number>> = { sha1: 20, sha256: 32, sha512: 64 };

function ecKey(index: number): PoolKey {
  const scalar = createHash("sha256").update(`keybot's generator, key ${index}`).digest();
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const [x, y, d] = [point.subarray(1, 33), point.subarray(33), scalar].map((one) =>
    one.toString("base64url"),
  );
  const jwk = { kty: "EC", crv: "P-256", x: x ?? "", y: y ?? "", d: d ?? "" };
  const secret = createPrivateKey({ key: jwk, format: "jwk" });
  const algorithm = (digest: Digest) => encode.sequence(encode.oid(ECDSA[digest]));
  return pooled("EC", secret, algorithm, (data, digest) => ({
    algorithm: algorithm(digest),
    value: evenSign(digest, data, secret),
  }));
}

/** ECDSA is drawn anew until it has its commonest length: a draft made twice must not differ where only length tells. */
function evenSign(digest: Digest, data: Uint8Array, secret: KeyObject): Buffer {
  const value = sign(digest, data, secret);
  return secret.asymmetricKeyType !== "ec" || value.length === 71 ? value : evenSign(digest, data, secret);
}

function rsaKey(): PoolKey {
  const { privateKey: secret } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const algorithm = (digest: Digest) => encode.sequence(encode.oid(RSA[digest]), encode.null());
  return pooled("RSA", secret, algorithm, (data, digest, scheme) =>
    scheme === "plain"
      ? { algorithm: algorithm(digest), value: sign(digest, data, secret) }
      : {
          algorithm: pssAlgorithm(digest),
          value: sign(digest, data, {
            key: secret,
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: DIGEST_LENGTH[digest],
          }),
        },
  );
}

/** RSASSA-PSS-params (RFC 4055 §3.1), every field written out but the trailer. */
function pssAlgorithm(digest: Digest): Buffer {
  const hash = encode.sequence(encode.oid(OID[digest]), encode.null());
  const parameters = encode.sequence(
    encode.tagged(0xa0, hash),
    encode.tagged(0xa1, encode.sequence(encode.oid(OID.mgf1), hash)),
    encode.tagged(0xa2, encode.integer(DIGEST_LENGTH[digest])),
  );
  return encode.sequence(encode.oid(OID.rsassaPss), parameters);
}

function pooled(
  kind: PoolKey["kind"],
  secret: KeyObject,
  algorithm: (digest: Digest) => Buffer,
  signer: PoolKey["sign"],
): PoolKey {
  const issuing = (digest: "sha256" | "sha1") =>
    key(createPublicKey(secret), algorithm(digest), (data) => evenSign(digest, data, secret));
  const sha256 = issuing("sha256");
  return {
    issuing: { sha256, sha1: issuing("sha1") },
    kind,
    spki: sha256.spki,
    identifier: createHash("sha1").update(sha256.spki).digest(),
    sign: signer,
  };
}
