/** CertID: how OCSP names the certificate that it speaks about (RFC 6960 §4.1.1). */
import { hash } from "node:crypto";
import type { AlgorithmIdentifier } from "./algorithm-identifier.ts";
import { hasNoParameters, readAlgorithm } from "./algorithm-identifier.ts";
import type { Certificate } from "./certificate.ts";
import { contextConstructed, type DerReader, enterOnly, equalBytes, TAG } from "./der.ts";
import { integerHex } from "./der-value.ts";
import { encode } from "./der-write.ts";
import { OID } from "./oid.ts";
import { keyBits } from "./public-key.ts";

/** A CertID as a responder wrote it. */
export interface OcspCertificateId {
  readonly hashAlgorithm: AlgorithmIdentifier;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** As `Certificate.serial`. */
  readonly serial: string;
}

/** Digests that a CertID is made with, by the names of node:crypto. */
export type OcspDigest = "sha1" | "sha256";

/** The hash names a certificate here and protects nothing, so SHA-1 is no weakness; RFC 5019 §2.1.1 even demands it. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  [OID.sha1, "sha1"],
  [OID.sha256, "sha256"],
  [OID.sha384, "sha384"],
  [OID.sha512, "sha512"],
]);

/** The DER of the CertID of a certificate. */
export function encodeCertificateId(
  certificate: Certificate,
  issuer: Certificate,
  digest: OcspDigest,
): Buffer {
  return encode.sequence(
    encode.sequence(encode.oid(OID[digest]), encode.null()),
    encode.octetString(hash(digest, certificate.issuer.der, "buffer")),
    encode.octetString(hash(digest, keyBits(issuer.publicKey), "buffer")),
    serialNumber(certificate),
  );
}

/**
 * Reads a CertID at the reader's position.
 * @throws DerError
 */
export function readCertificateId(reader: DerReader): OcspCertificateId {
  const sequence = reader.enter(TAG.sequence, "CertID");
  const id = {
    hashAlgorithm: readAlgorithm(sequence, "CertID hashAlgorithm"),
    issuerNameHash: sequence.content(TAG.octetString, "issuerNameHash"),
    issuerKeyHash: sequence.content(TAG.octetString, "issuerKeyHash"),
    serial: integerHex(sequence, "CertID serialNumber"),
  };
  sequence.finish("CertID");
  return id;
}

/** Whether a CertID names this certificate, under this very key of its issuer (RFC 6960 §3.2 (1)). */
export function namesCertificate(
  id: OcspCertificateId,
  certificate: Certificate,
  issuer: Certificate,
): boolean {
  if (id.serial !== certificate.serial || !hasNoParameters(id.hashAlgorithm)) return false;
  const digest = DIGESTS.get(id.hashAlgorithm.oid);
  if (digest === undefined) return false;
  return (
    equalBytes(id.issuerNameHash, hash(digest, certificate.issuer.der, "buffer")) &&
    equalBytes(id.issuerKeyHash, hash(digest, keyBits(issuer.publicKey), "buffer"))
  );
}

/** The INTEGER as it stands in the certificate, whatever old CAs wrote there. */
function serialNumber({ tbs }: Certificate): Uint8Array {
  const sequence = enterOnly(tbs, TAG.sequence, "tbsCertificate");
  sequence.enterOptional(contextConstructed(0), "version");
  return sequence.raw("serialNumber", TAG.integer);
}
