/** Certificates that OpenSSL does not make: one of its own, changed field by field and signed again by its CA. */
import { createHash, createPrivateKey, sign } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { branch, childAt, type DerNode, leaf, oidNode, parseDer, writeDer } from "../attacks/der-tree.ts";
import type { Identity } from "../lab/openssl.ts";

/** What a certificate says otherwise. */
export interface Change {
  /** signatureAlgorithm, both copies, without parameters; the value stays one of ECDSA or RSA with SHA-256. */
  readonly signatureAlgorithm?: string;
  /** The whole subjectPublicKeyInfo. */
  readonly publicKey?: DerNode;
  /** Changes the list of extensions. */
  readonly extensions?: (list: DerNode) => void;
}

/** The certificate with this change, signed by the key of the CA; it keeps issuer, serial number and file of the key. */
export function reissued(identity: Identity, ca: Identity, change: Change): Identity {
  const certificate = parseDer(identity.der);
  const tbs = childAt(certificate, 0);
  if (change.signatureAlgorithm !== undefined) {
    const algorithm = () => branch(0x30, oidNode(change.signatureAlgorithm ?? ""));
    tbs.children?.splice(2, 1, algorithm()); // [0] version, serialNumber, signature
    certificate.children?.splice(1, 1, algorithm());
  }
  if (change.publicKey !== undefined) tbs.children?.splice(6, 1, change.publicKey);
  change.extensions?.(childAt(childAt(tbs, 7), 0));
  const value = sign("sha256", writeDer(tbs), createPrivateKey(readFileSync(ca.keyFile)));
  certificate.children?.splice(2, 1, bitString(value));
  return asIdentity(identity, writeDer(certificate));
}

/** The same person's files with this certificate in them. */
export function asIdentity(identity: Identity, der: Buffer): Identity {
  const pem = `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`;
  const certFile = join(mkdtempSync(join(dirname(identity.certFile), "again-")), "cert.pem");
  writeFileSync(certFile, pem);
  return { ...identity, certFile, pem, der, sha256: createHash("sha256").update(der).digest("hex") };
}

/** A subjectPublicKeyInfo of this kind, without parameters. */
export function keyOfKind(oid: string, key: Uint8Array): DerNode {
  return branch(0x30, branch(0x30, oidNode(oid)), bitString(key));
}

/** BIT STRING of whole octets. */
export function bitString(octets: Uint8Array): DerNode {
  return leaf(0x03, Buffer.concat([Buffer.of(0), octets]));
}
