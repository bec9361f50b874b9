import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DerReader, TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { publicKeyObject } from "../../src/pki/index.ts";
import { OID } from "../../src/pki/oid.ts";
import { keyBits, type PublicKey, readPublicKey } from "../../src/pki/public-key.ts";
import { bits } from "./forge.ts";
import { Scratch } from "./openssl-scratch.ts";

function spki(algorithm: readonly Uint8Array[], key: Uint8Array): Buffer {
  return encode.sequence(encode.sequence(...algorithm), bits(key));
}

function rsa(modulus: Buffer, exponent: Buffer, ...parameters: readonly Uint8Array[]): Buffer {
  const integers = [modulus, exponent].map((octets) => encode.tagged(TAG.integer, octets));
  return spki([encode.oid(OID.rsaEncryption), ...parameters], encode.sequence(...integers));
}

function ec(curve: Uint8Array, point: Buffer): Buffer {
  return spki([encode.oid(OID.ecPublicKey), curve], point);
}

const P256 = encode.oid("1.2.840.10045.3.1.7");
const MODULUS = Buffer.concat([Buffer.of(0, 0xc1), Buffer.alloc(254, 0x55), Buffer.of(0x57)]);
const F4 = Buffer.of(1, 0, 1);
const NULL = encode.null();
const read = (der: Uint8Array): PublicKey => readPublicKey(new DerReader(der));

describe("kinds, names and sizes", () => {
  it.each<[string, () => Buffer, Partial<PublicKey>]>([
    ["RSA", () => made("rsa", { modulusLength: 2056 }), { kind: "RSA", name: "RSA-2056", bits: 2056 }],
    [
      "DSA",
      () => made("dsa", { modulusLength: 1024, divisorLength: 160 }),
      { kind: "DSA", name: "DSA-1024", bits: 1024 },
    ],
    ["P-256", () => made("ec", { namedCurve: "P-256" }), { kind: "EC", name: "P-256", bits: 256 }],
    ["P-521", () => made("ec", { namedCurve: "P-521" }), { kind: "EC", name: "P-521", bits: 521 }],
    [
      "secp256k1",
      () => made("ec", { namedCurve: "secp256k1" }),
      { kind: "EC", name: "secp256k1", bits: 256 },
    ],
    [
      "brainpoolP512r1",
      () => made("ec", { namedCurve: "brainpoolP512r1" }),
      { kind: "EC", name: "brainpoolP512r1", bits: 512 },
    ],
    [
      "an unknown curve",
      () => made("ec", { namedCurve: "sect283r1" }),
      { kind: "EC", name: "1.3.132.0.17", bits: null },
    ],
    ["X25519", () => made("x25519"), { kind: "X25519", name: "X25519", bits: 255 }],
    ["X448", () => made("x448"), { kind: "X448", name: "X448", bits: 448 }],
    ["Ed25519", () => made("ed25519"), { kind: "Ed25519", name: "Ed25519", bits: 255 }],
    ["Ed448", () => made("ed448"), { kind: "Ed448", name: "Ed448", bits: 448 }],
    [
      "anything else",
      () => spki([encode.oid("1.2.3.4")], Buffer.of(1)),
      { kind: "other", name: "1.2.3.4", bits: null },
    ],
    ["a compressed point (RFC 5480 §2.2)", () => compressed(), { kind: "EC", name: "P-256", bits: 256 }],
  ])("%s", (_case, make, expected) => {
    const key = read(make());
    expect(key).toMatchObject({ ...expected, defect: null });
    expect(publicKeyObject(key) !== null).toBe(key.kind !== "other");
  });
});

describe("keys that cannot be used", () => {
  it.each<[string, Buffer, string]>([
    ["RSA exponent 1 (RFC 8017 §3.1)", rsa(MODULUS, Buffer.of(1), NULL), "exponent 1"],
    ["RSA exponent 0", rsa(MODULUS, Buffer.of(0), NULL), "even RSA exponent"],
    ["even RSA exponent", rsa(MODULUS, Buffer.of(4), NULL), "even RSA exponent"],
    [
      "even RSA modulus",
      rsa(Buffer.concat([MODULUS.subarray(0, -1), Buffer.of(2)]), F4, NULL),
      "even RSA modulus",
    ],
    ["negative RSA modulus", rsa(MODULUS.subarray(1), F4, NULL), "negative"],
    [
      "RSA exponent of 65 bits",
      rsa(MODULUS, Buffer.concat([Buffer.of(1), Buffer.alloc(8, 1)]), NULL),
      "65 bits",
    ],
    ["RSA modulus of 16,385 bits", rsa(Buffer.concat([Buffer.alloc(2049, 1)]), F4, NULL), "16385 bits"],
    ["RSA with parameters (RFC 3279 §2.3.1)", rsa(MODULUS, F4, P256), "parameters"],
    [
      "an RSA key that is no SEQUENCE",
      spki([encode.oid(OID.rsaEncryption), NULL], Buffer.of(2, 1, 3)),
      "RSA key",
    ],
    [
      "explicit EC parameters (RFC 5480 §2.1.1)",
      ec(encode.sequence(encode.integer(1)), Buffer.alloc(65, 4)),
      "explicit",
    ],
    ["implicit EC parameters (RFC 5480 §2.1.1)", ec(NULL, Buffer.alloc(65, 4)), "named curve"],
    ["EC without parameters", spki([encode.oid(OID.ecPublicKey)], Buffer.alloc(65, 4)), "without a curve"],
    ["the point at infinity", ec(P256, Buffer.of(0)), "EC point"],
    ["a hybrid point", ec(P256, Buffer.alloc(65, 6)), "EC point"],
    ["a point of another curve's length", ec(P256, Buffer.alloc(97, 4)), "EC point"],
    ["Ed25519 of 31 octets (RFC 8410 §4)", spki([encode.oid(OID.ed25519)], Buffer.alloc(31)), "31 octets"],
    ["X25519 with NULL (RFC 8410 §3)", spki([encode.oid(OID.x25519), NULL], Buffer.alloc(32)), "parameters"],
    [
      "DSA parameters that are none",
      spki([encode.oid(OID.dsa), encode.integer(1)], encode.integer(1)),
      "DSA parameters",
    ],
  ])("%s", (_case, der, defect) => {
    const key = read(der);
    expect(key.defect).toContain(defect);
    expect(publicKeyObject(key)).toBeNull();
  });

  it("a point off its curve has the right form, but no key comes of it", () => {
    const key = read(ec(P256, Buffer.alloc(65, 4)));
    expect(key).toMatchObject({ name: "P-256", defect: null });
    expect(publicKeyObject(key)).toBeNull();
  });

  it("RSA without parameters is taken (RFC 3279 §2.3.1 has NULL)", () => {
    expect(read(rsa(MODULUS, F4))).toMatchObject({ kind: "RSA", bits: 2048, defect: null });
  });

  it("the key's octets are what OpenSSL hashes for `subjectKeyIdentifier=hash`", () => {
    const scratch = new Scratch();
    scratch.selfSigned("k", ["-newkey", "ed25519"]);
    const shown = scratch.openssl("x509", "-in", "k.crt", "-noout", "-pubkey");
    const der = Buffer.from(shown.replace(/-----[^-]+-----/g, ""), "base64");
    expect(Buffer.from(keyBits(read(der)))).toEqual(der.subarray(-32));
  });
});

type KeyOptions = { readonly [option: string]: number | string };

/** A fresh key as SubjectPublicKeyInfo; node's overloads have no common type. */
function made(type: string, options: KeyOptions = {}): Buffer {
  const generate = generateKeyPairSync as (
    type: string,
    options: KeyOptions,
  ) => ReturnType<typeof generateKeyPairSync>;
  return generate(type, options).publicKey.export({ format: "der", type: "spki" });
}

function compressed(): Buffer {
  const point = keyBits(read(made("ec", { namedCurve: "P-256" })));
  return ec(P256, Buffer.concat([Buffer.of(2 + ((point.at(-1) ?? 0) & 1)), point.subarray(1, 33)]));
}
