/** Certificates whose bytes a test writes itself: what no honest tool would issue. Unsigned, as form is all that counts. */

import { contextConstructed, TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/oid.ts";

/** An Ed25519 SubjectPublicKeyInfo of 32 equal octets. */
export const SPKI = encode.sequence(encode.sequence(encode.oid(OID.ed25519)), bits(Buffer.alloc(32, 0x11)));

export interface Forged {
  /** Contents of the serialNumber. */
  readonly serial?: Uint8Array;
  /** Contents of the version, or null for none. */
  readonly version?: number | null;
  readonly subject?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly spki?: Uint8Array;
  /** DER of each Extension; null for no extensions field. */
  readonly extensions?: readonly Uint8Array[] | null;
  readonly signature?: Uint8Array;
  /** Further elements at the end of tbsCertificate. */
  readonly more?: readonly Uint8Array[];
}

export function forge(forged: Forged = {}): Buffer {
  const algorithm = encode.sequence(encode.oid(OID.ed25519));
  const { version = 2, extensions = null } = forged;
  const validity = [
    encode.time(new Date("2026-01-01T00:00:00Z")),
    encode.time(new Date("2060-01-01T00:00:00Z")),
  ];
  const tbs = encode.sequence(
    ...(version === null ? [] : [encode.tagged(contextConstructed(0), encode.integer(version))]),
    encode.tagged(TAG.integer, forged.serial ?? Buffer.of(1)),
    algorithm,
    forged.issuer ?? nameDer("Forged"),
    encode.sequence(...validity),
    forged.subject ?? nameDer("Forged"),
    forged.spki ?? SPKI,
    ...(extensions === null ? [] : [encode.tagged(contextConstructed(3), encode.sequence(...extensions))]),
    ...(forged.more ?? []),
  );
  return encode.sequence(tbs, algorithm, forged.signature ?? bits(Buffer.alloc(64, 0x22)));
}

/** A Name of one attribute. */
export function nameDer(text: string, type: string = OID.commonName, tag: number = TAG.utf8String): Buffer {
  const attribute = encode.sequence(encode.oid(type), encode.tagged(tag, Buffer.from(text, "utf8")));
  return encode.sequence(encode.setOf([attribute]));
}

/** One Extension around the DER of its value. */
export function extension(oid: string, value: Uint8Array, critical = false): Buffer {
  const flag = critical ? [encode.tagged(TAG.boolean, Buffer.of(0xff))] : [];
  return encode.sequence(encode.oid(oid), ...flag, encode.octetString(value));
}

/** A subjectAltName of these GeneralNames. */
export function subjectAltName(...names: readonly Uint8Array[]): Buffer {
  return extension(OID.subjectAltName, encode.sequence(...names));
}

export function rfc822Name(text: string): Buffer {
  return encode.tagged(0x81, Buffer.from(text, "latin1"));
}

export function dnsName(text: string): Buffer {
  return encode.tagged(0x82, Buffer.from(text, "latin1"));
}

/** OtherName of the type SmtpUTF8Mailbox (RFC 9598 §3). */
export function smtpUtf8Mailbox(text: string): Buffer {
  const value = encode.tagged(TAG.utf8String, Buffer.from(text, "utf8"));
  return encode.tagged(0xa0, encode.oid(OID.smtpUtf8Mailbox), encode.tagged(0xa0, value));
}

/** BIT STRING of whole octets, or with a count of unused bits. */
export function bits(octets: Uint8Array, unused = 0): Buffer {
  return encode.tagged(TAG.bitString, Buffer.of(unused), octets);
}
