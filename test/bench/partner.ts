import { createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { contextConstructed, TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { type Certificate, isProblem, OID, parseCertificate, signDetached } from "../../src/pki/index.ts";
import type { Authority } from "../lab/openssl.ts";
import { ROBOT } from "../lab/site.ts";

/**
 * Partners by the thousand: each has an address and a certificate of its own. Made in this process, because the four
 * runs of `openssl` that a partner of the lab costs would take longer than what is to be measured; a sample goes
 * through `openssl cms -verify` in the glue script.
 */
export interface Crowd {
  address(number: number): string;
  /** A mail signed by this partner, with all that a real one has on top. The same number twice is another mail. */
  mail(number: number, options?: CrowdMailOptions): Buffer;
}

export interface CrowdMailOptions {
  /** Bytes of the mail, about; an ordinary signed mail by default. */
  readonly size?: number;
  /** Marked as automatic: harvested, and never answered (PRODUCT §5). Default true. */
  readonly automatic?: boolean;
}

/** The size of the mails for which the goals were set. */
const ORDINARY_BYTES = 8_000;

const DAY = 86_400_000;

/** The address of a partner of the crowd. */
export function addressOf(number: number): string {
  return `partner-${number}@branch-${number % 97}.partner.example`;
}

/**
 * @param keys RSA keys (PEM files) that the partners share in turn: a certificate costs nothing to make, a key does
 */
export function crowd(ca: Authority, keys: readonly string[]): Crowd {
  const issuer = readable(ca.identity.der);
  const issuerKey = createPrivateKey(readFileSync(ca.identity.keyFile));
  const holders = keys.map((file) => createPrivateKey(readFileSync(file)));
  const certificates = new Map<number, Certificate>();
  const address = addressOf;
  const keyOf = (number: number) => {
    const key = holders[number % holders.length];
    if (key === undefined) throw new Error("a crowd needs a key");
    return key;
  };
  const certificateOf = (number: number) => {
    const known = certificates.get(number);
    if (known !== undefined) return known;
    const made = readable(issue(address(number), createPublicKey(keyOf(number)), issuer, issuerKey));
    certificates.set(number, made);
    return made;
  };
  return {
    address,
    mail: (number, { size = ORDINARY_BYTES, automatic = true } = {}) => {
      const certificate = certificateOf(number);
      const key = keyOf(number);
      const write = (padding: number) =>
        signedMail({ address: address(number), automatic, padding, certificate, key, issuer });
      return write(Math.max(0, size - write(0).length));
    },
  };
}

interface SignedMail {
  readonly address: string;
  readonly automatic: boolean;
  readonly padding: number;
  readonly certificate: Certificate;
  readonly key: KeyObject;
  readonly issuer: Certificate;
}

function signedMail({ address, automatic, padding, certificate, key, issuer }: SignedMail): Buffer {
  const now = new Date();
  const id = randomBytes(12).toString("hex");
  const entity = Buffer.from(
    `Content-Type: text/plain; charset=utf-8\r\n\r\nHello,\r\nthis is my public key.\r\n${text(padding)}`,
  );
  const cms = signDetached({ content: entity, certificate, key, intermediates: [issuer], signingTime: now });
  const date = now.toUTCString().replace("GMT", "+0000");
  const header = [
    `Return-Path: <${address}>`,
    `Delivered-To: ${ROBOT}`,
    `Received: from mail.partner.example (mail.partner.example [192.0.2.1]) by mx.company.example (Postfix) with ESMTPS id ${id} for <${ROBOT}>; ${date}`,
    `Date: ${date}`,
    `From: ${address}`,
    `To: ${ROBOT}`,
    "Subject: My certificate",
    `Message-ID: <${id}@partner.example>`,
    ...(automatic ? ["Auto-Submitted: auto-generated"] : []),
    "MIME-Version: 1.0",
    `Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="b${id}"`,
  ];
  const signature = cms.toString("base64").replace(/.{1,76}/g, "$&\r\n");
  return Buffer.concat([
    Buffer.from(`${header.join("\r\n")}\r\n\r\n--b${id}\r\n`),
    entity,
    Buffer.from(
      `\r\n--b${id}\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\n` +
        'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7s"\r\n\r\n' +
        `${signature}--b${id}--\r\n`,
    ),
  ]);
}

function text(bytes: number): string {
  const line = "Mit freundlichen Gruessen, with kind regards, and so on and on.\r\n";
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
}

/** A certificate as a public CA writes it today: SAN, key usage, EKU, key identifiers; no CRL or OCSP to be asked. */
function issue(address: string, key: KeyObject, issuer: Certificate, issuerKey: KeyObject): Buffer {
  const spki = key.export({ format: "der", type: "spki" });
  const algorithm = encode.sequence(encode.oid(OID.ecdsaWithSha256));
  const keyIdentifier = (bytes: Uint8Array) => encode.octetString(hash("sha1", bytes, "buffer"));
  const tbs = encode.sequence(
    encode.tagged(contextConstructed(0), encode.integer(2)),
    encode.tagged(TAG.integer, Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
    algorithm,
    issuer.subject.der,
    encode.sequence(encode.time(new Date(Date.now() - DAY)), encode.time(new Date(Date.now() + 365 * DAY))),
    encode.sequence(
      encode.setOf([
        encode.sequence(encode.oid(OID.commonName), encode.tagged(TAG.utf8String, Buffer.from(address))),
      ]),
    ),
    spki,
    encode.tagged(
      contextConstructed(3),
      encode.sequence(
        extension(OID.basicConstraints, encode.sequence(), true),
        // digitalSignature and keyEncipherment: bits 0 and 2 (RFC 5280 §4.2.1.3).
        extension(OID.keyUsage, encode.tagged(TAG.bitString, Buffer.of(5, 0b1010_0000)), true),
        extension(OID.extendedKeyUsage, encode.sequence(encode.oid(OID.emailProtection))),
        extension(OID.subjectAltName, encode.sequence(encode.tagged(0x81, Buffer.from(address)))),
        extension(OID.subjectKeyIdentifier, keyIdentifier(spki)),
        extension(
          OID.authorityKeyIdentifier,
          encode.sequence(encode.tagged(0x80, issuer.extensions.subjectKeyIdentifier ?? Buffer.alloc(0))),
        ),
      ),
    ),
  );
  const signature = encode.tagged(TAG.bitString, Buffer.of(0), sign("sha256", tbs, issuerKey));
  return encode.sequence(tbs, algorithm, signature);
}

function extension(oid: string, value: Uint8Array, critical = false): Buffer {
  const flag = critical ? [encode.tagged(TAG.boolean, Buffer.of(0xff))] : [];
  return encode.sequence(encode.oid(oid), ...flag, encode.octetString(value));
}

function readable(der: Uint8Array): Certificate {
  const parsed = parseCertificate(der);
  if (isProblem(parsed)) throw new Error(parsed.detail);
  return parsed;
}
