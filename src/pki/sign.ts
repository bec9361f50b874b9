/** Detached CMS signatures for keybot's own replies (RFC 5652 §5, RFC 8551 §3.5.3). */
import { constants, createPublicKey, type KeyObject, sign } from "node:crypto";
import type { Certificate } from "./certificate.ts";
import { contentInfo } from "./certs-only.ts";
import { contextConstructed, enterOnly, TAG } from "./der.ts";
import { encode } from "./der-write.ts";
import { OID } from "./oid.ts";
import { digestBytes } from "./signature.ts";

/** What a signature is made of. */
export interface SigningRequest {
  /** The MIME entity in its canonical form (CRLF), byte for byte as it will be sent. */
  readonly content: Uint8Array;
  /** The signer's certificate, whose key is `key`. */
  readonly certificate: Certificate;
  readonly key: KeyObject;
  /** Certificates to send along, so that the reader can build the path. */
  readonly intermediates: readonly Certificate[];
  readonly signingTime: Date;
}

interface Signer {
  /** As node:crypto calls it. */
  readonly digest: string;
  readonly digestOid: string;
  /** The signatureAlgorithm's DER. */
  readonly algorithm: Uint8Array;
  readonly sign: (message: Uint8Array) => Buffer;
}

/**
 * Signs a content: a SignedData without it, with the signed attributes content-type, message-digest and signing-time
 * in DER order. SHA-256 for RSA (PKCS#1 v1.5, as all clients read it) and P-256, the curve's own size for the larger
 * ones, SHA-512 with Ed25519.
 * @throws Error when the key is not that of the certificate or of a kind that cannot sign: our own configuration
 */
export function signDetached(request: SigningRequest): Buffer {
  const { certificate, content } = request;
  const signer = signerOf(request);
  const digested = digestBytes(signer.digest, content);
  if (digested === null) throw new Error(`${signer.digest} is not available`);
  const attributes = encode.setOf([
    attribute(OID.contentType, encode.oid(OID.data)),
    attribute(OID.messageDigest, encode.octetString(digested)),
    attribute(OID.signingTime, encode.time(request.signingTime)),
  ]);
  const digestAlgorithm = encode.sequence(encode.oid(signer.digestOid)); // RFC 5754 §2: parameters absent
  const signerInfo = encode.sequence(
    encode.integer(1), // RFC 5652 §5.3: version 1 with issuerAndSerialNumber
    issuerAndSerial(certificate),
    digestAlgorithm,
    retag(attributes, contextConstructed(0)),
    signer.algorithm,
    encode.octetString(signer.sign(attributes)), // RFC 5652 §5.4: hashed under the tag SET OF
  );
  const ders = [certificate, ...request.intermediates].map(({ der }) => der);
  return contentInfo(
    encode.sequence(
      encode.integer(1),
      encode.setOf([digestAlgorithm]),
      encode.sequence(encode.oid(OID.data)),
      encode.setOf(ders, contextConstructed(0)),
      encode.setOf([signerInfo]),
    ),
  );
}

/** How this key signs: RFC 5754 §3.2 (RSA), RFC 5753 §2.1 (ECDSA), RFC 4056 (PSS), RFC 8419 (Ed25519). */
function signerOf({ certificate, key }: SigningRequest): Signer {
  const spki = createSpki(key);
  if (!spki.equals(certificate.publicKey.spki))
    throw new Error("the key is not that of the signing certificate");
  const algorithm = (oid: string, ...parameters: Uint8Array[]): Buffer =>
    encode.sequence(encode.oid(oid), ...parameters);
  switch (key.asymmetricKeyType) {
    case "rsa": {
      const how = { key, padding: constants.RSA_PKCS1_PADDING };
      const der = algorithm(OID.sha256WithRsa, encode.null()); // RFC 4055 §5: NULL
      return {
        digest: "sha256",
        digestOid: OID.sha256,
        algorithm: der,
        sign: (message) => sign("sha256", message, how),
      };
    }
    case "rsa-pss": {
      const how = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
      const der = algorithm(OID.rsassaPss, pssParameters());
      return {
        digest: "sha256",
        digestOid: OID.sha256,
        algorithm: der,
        sign: (message) => sign("sha256", message, how),
      };
    }
    case "ec": {
      const { digest, digestOid, oid } = ecdsaFor(certificate.publicKey.bits ?? 256);
      return { digest, digestOid, algorithm: algorithm(oid), sign: (message) => sign(digest, message, key) };
    }
    case "ed25519":
      // RFC 8419 §3.1: Ed25519 goes with SHA-512, and signs the attributes themselves.
      return {
        digest: "sha512",
        digestOid: OID.sha512,
        algorithm: algorithm(OID.ed25519),
        sign: (message) => sign(null, message, key),
      };
    default:
      throw new Error(`a key of type ${key.asymmetricKeyType ?? key.type} cannot sign mail`);
  }
}

/** The SubjectPublicKeyInfo of a private key. */
function createSpki(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: "der", type: "spki" });
}

/** RFC 5753 §8: the hash is chosen by the size of the curve. */
function ecdsaFor(bits: number): { digest: string; digestOid: string; oid: string } {
  if (bits <= 256) return { digest: "sha256", digestOid: OID.sha256, oid: OID.ecdsaWithSha256 };
  if (bits <= 384) return { digest: "sha384", digestOid: OID.sha384, oid: OID.ecdsaWithSha384 };
  return { digest: "sha512", digestOid: OID.sha512, oid: OID.ecdsaWithSha512 };
}

/** SHA-256, MGF1 with SHA-256, salt of 32 octets (RFC 4056 §3). */
function pssParameters(): Buffer {
  const sha256 = encode.sequence(encode.oid(OID.sha256));
  return encode.sequence(
    encode.tagged(contextConstructed(0), sha256),
    encode.tagged(contextConstructed(1), encode.sequence(encode.oid(OID.mgf1), sha256)),
    encode.tagged(contextConstructed(2), encode.integer(32)),
  );
}

function attribute(oid: string, value: Uint8Array): Buffer {
  return encode.sequence(encode.oid(oid), encode.setOf([value]));
}

/** IssuerAndSerialNumber (RFC 5652 §10.2.4) with the certificate's own octets. */
function issuerAndSerial(certificate: Certificate): Buffer {
  const tbs = enterOnly(certificate.tbs, TAG.sequence, "tbsCertificate");
  tbs.enterOptional(contextConstructed(0), "version");
  return encode.sequence(certificate.issuer.der, tbs.raw("serialNumber", TAG.integer));
}

/** The same element under another tag, as IMPLICIT has it (X.690 §8.14). */
function retag(element: Uint8Array, tag: number): Buffer {
  const copy = Buffer.from(element);
  copy[0] = tag;
  return copy;
}
