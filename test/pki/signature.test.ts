import { constants, createPrivateKey, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { AlgorithmIdentifier } from "../../src/pki/algorithm-identifier.ts";
import type { Certificate } from "../../src/pki/certificate.ts";
import { encode } from "../../src/pki/der-write.ts";
import { digestOf, parseCertificate, verifySignature } from "../../src/pki/index.ts";
import { OID } from "../../src/pki/oid.ts";
import { good, KEYS, Scratch } from "./openssl-scratch.ts";
import { certificateFile, corpus } from "./path-corpora.ts";

const scratch = new Scratch();
const certificates = Object.entries({ ...KEYS, "DSA-2048": dsaKey() }).map(
  ([name, key]) => [name, good(parseCertificate(scratch.selfSigned(name, key)))] as const,
);

function dsaKey(): string[] {
  scratch.openssl("dsaparam", "-out", "dsa.pem", "1024");
  return ["-newkey", "dsa:dsa.pem"];
}

function check(
  { signatureAlgorithm, publicKey, tbs, signature }: Certificate,
  changed: Partial<Certificate> = {},
) {
  const { signatureAlgorithm: algorithm = signatureAlgorithm } = changed;
  return verifySignature(
    algorithm,
    changed.publicKey ?? publicKey,
    changed.tbs ?? tbs,
    changed.signature ?? signature,
  );
}

const keyNamed = (name: string) => {
  const found = certificates.find(([known]) => known === name);
  if (found === undefined) throw new Error(name);
  return { certificate: found[1], key: createPrivateKey(scratch.read(`${name}.key`)) };
};

describe("signatures that OpenSSL made", () => {
  it.each(certificates)(
    "%s: right as it is, wrong over one changed bit or with one",
    (_name, certificate) => {
      const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
        bytes.map((octet, index) => (index === at ? octet ^ 1 : octet));
      expect(check(certificate)).toBe("valid");
      expect(check(certificate, { tbs: flipped(certificate.tbs, 20) })).toBe("invalid");
      expect(
        check(certificate, { signature: flipped(certificate.signature, certificate.signature.length - 1) }),
      ).toBe("invalid");
      expect(check(certificate, { signature: certificate.signature.subarray(1) })).toBe("invalid");
      expect(check(certificate, { signature: new Uint8Array() })).toBe("invalid");
    },
  );

  it.each(["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])("RSA with %s", (digest) => {
    const certificate = good(
      parseCertificate(scratch.selfSigned(`rsa-${digest}`, KEYS["RSA-2048"], [`-${digest}`])),
    );
    expect([check(certificate), digestOf(certificate.signatureAlgorithm)]).toEqual(["valid", digest]);
  });

  it.each(["sha1", "sha224", "sha256", "sha384", "sha512"])("ECDSA with %s", (digest) => {
    const certificate = good(
      parseCertificate(scratch.selfSigned(`ec-${digest}`, KEYS["P-256"], [`-${digest}`])),
    );
    expect([check(certificate), digestOf(certificate.signatureAlgorithm)]).toEqual(["valid", digest]);
  });

  it.each([
    ["sha256", "32"],
    ["sha512", "20"],
    ["sha1", "0"],
  ])("RSA-PSS by an RSA key with %s and a salt of %s", (digest, salt) => {
    const pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", `rsa_pss_saltlen:${salt}`, `-${digest}`];
    const certificate = good(parseCertificate(scratch.selfSigned(`pss-${digest}`, KEYS["RSA-2048"], pss)));
    expect([check(certificate), digestOf(certificate.signatureAlgorithm)]).toEqual(["valid", digest]);
  });

  it("another key of the same kind, and a key of another kind", () => {
    const [a, b] = [keyNamed("P-256").certificate, keyNamed("P-384").certificate];
    expect(check(a, { publicKey: b.publicKey })).toBe("invalid");
    expect(check(a, { publicKey: keyNamed("RSA-2048").certificate.publicKey })).toBe("invalid");
    expect(
      check(keyNamed("RSA-2048").certificate, { publicKey: keyNamed("RSA-PSS-2048").certificate.publicKey }),
    ).toBe("invalid");
  });
});

describe("AlgorithmIdentifiers", () => {
  const algorithm = (oid: string, ...parameters: Uint8Array[]): AlgorithmIdentifier => ({
    oid,
    parameters: parameters[0] ?? null,
  });
  const NULL = encode.null();

  it.each<[string, string, AlgorithmIdentifier, string]>([
    ["RSA with absent parameters (RFC 4055 §5)", "RSA-2048", algorithm(OID.sha256WithRsa), "valid"],
    ["RSA with other parameters", "RSA-2048", algorithm(OID.sha256WithRsa, encode.integer(1)), "unsupported"],
    ["RSA under another digest", "RSA-2048", algorithm(OID.sha384WithRsa, NULL), "invalid"],
    ["ECDSA with NULL (RFC 5758 §3.2)", "P-256", algorithm(OID.ecdsaWithSha256, NULL), "valid"],
    [
      "ECDSA with other parameters",
      "P-256",
      algorithm(OID.ecdsaWithSha256, encode.integer(1)),
      "unsupported",
    ],
    ["the kind of key alone, in a certificate", "P-256", algorithm(OID.ecPublicKey, NULL), "unsupported"],
    ["Ed25519 with NULL (RFC 8410 §3)", "Ed25519", algorithm(OID.ed25519, NULL), "unsupported"],
    ["an unknown algorithm", "P-256", algorithm("1.2.3.4"), "unsupported"],
    ["a digest is no signature algorithm", "P-256", algorithm(OID.sha256), "unsupported"],
    ["PSS without parameters (RFC 4055 §3.1)", "RSA-2048", algorithm(OID.rsassaPss), "unsupported"],
    ["PSS with NULL", "RSA-2048", algorithm(OID.rsassaPss, NULL), "unsupported"],
  ])("%s", (_case, name, signatureAlgorithm, expected) => {
    expect(check(keyNamed(name).certificate, { signatureAlgorithm })).toBe(expected);
  });

  const hash = (oid: string): Buffer => encode.sequence(encode.oid(oid));
  const mgf = (oid: string): Buffer => encode.sequence(encode.oid(OID.mgf1), hash(oid));
  const field = (number: number, value: Uint8Array): Buffer => encode.tagged(0xa0 | number, value);

  it.each<[string, readonly Uint8Array[], string]>([
    [
      "SHA-256 in both places, salt 32",
      [field(0, hash(OID.sha256)), field(1, mgf(OID.sha256)), field(2, encode.integer(32))],
      "valid",
    ],
    [
      "the trailer written out",
      [
        field(0, hash(OID.sha256)),
        field(1, mgf(OID.sha256)),
        field(2, encode.integer(32)),
        field(3, encode.integer(1)),
      ],
      "valid",
    ],
    [
      "another trailer",
      [
        field(0, hash(OID.sha256)),
        field(1, mgf(OID.sha256)),
        field(2, encode.integer(32)),
        field(3, encode.integer(2)),
      ],
      "unsupported",
    ],
    [
      "another hash for MGF1 than was used",
      [field(0, hash(OID.sha256)), field(1, mgf(OID.sha1)), field(2, encode.integer(32))],
      "invalid",
    ],
    [
      "another mask function",
      [field(0, hash(OID.sha256)), field(1, hash(OID.sha256)), field(2, encode.integer(32))],
      "unsupported",
    ],
    [
      "another salt length",
      [field(0, hash(OID.sha256)), field(1, mgf(OID.sha256)), field(2, encode.integer(20))],
      "invalid",
    ],
    [
      "a salt that cannot fit",
      [field(0, hash(OID.sha256)), field(1, mgf(OID.sha256)), field(2, encode.integer(2_000_000))],
      "invalid",
    ],
    ["the defaults, which are SHA-1", [], "invalid"],
    [
      "a field more",
      [field(0, hash(OID.sha256)), field(1, mgf(OID.sha256)), field(2, encode.integer(32)), field(4, NULL)],
      "unsupported",
    ],
  ])("PSS parameters (RFC 4055 §3.1): %s", (_case, fields, expected) => {
    const { certificate, key } = keyNamed("RSA-2048");
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = sign("sha256", certificate.tbs, { key, padding, saltLength: 32 });
    const signatureAlgorithm = algorithm(OID.rsassaPss, encode.sequence(...fields));
    expect(check(certificate, { signatureAlgorithm, signature })).toBe(expected);
  });
});

describe("a DSA key without parameters takes its issuer's (RFC 3279 §2.3.2)", () => {
  const pkits = corpus("pkits");
  it.skipIf(pkits === null)("as in NIST PKITS 4.1.5", () => {
    const [ca, heir, leaf] = [
      "DSACACert",
      "DSAParametersInheritedCACert",
      "ValidDSAParameterInheritanceTest5EE",
    ].map((name) => certificateFile(pkits ?? "", "certs", `${name}.crt`));
    if (ca === undefined || heir === undefined || leaf === undefined) throw new Error("never");
    const verify = (inherited?: typeof ca.publicKey) =>
      verifySignature(leaf.signatureAlgorithm, heir.publicKey, leaf.tbs, leaf.signature, inherited);
    expect([verify(), verify(ca.publicKey), verify(keyNamed("P-256").certificate.publicKey)]).toEqual([
      "unsupported",
      "valid",
      "unsupported",
    ]);
  });
});
