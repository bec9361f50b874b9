import { createHash, createPrivateKey, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { contextConstructed, TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import {
  type Certificate,
  parseCertificate,
  parseSignedData,
  type SignerVerification,
  verifySigner,
} from "../../src/pki/index.ts";
import { OID } from "../../src/pki/oid.ts";
import { nameDer } from "./forge.ts";
import { good, KEYS, Scratch } from "./openssl-scratch.ts";

const scratch = new Scratch();
const CONTENT = Buffer.from("Content-Type: text/plain\r\n\r\nHello\r\n");
scratch.write("content", CONTENT);
const signers = Object.fromEntries(
  ["RSA-2048", "RSA-PSS-2048", "P-256", "P-384", "P-521", "brainpoolP256r1", "Ed25519"].map((name) => {
    const key = KEYS[name as keyof typeof KEYS];
    return [name, good(parseCertificate(scratch.selfSigned(name, key)))];
  }),
) as Record<string, Certificate>;

/** One SignedData of `openssl cms -sign`, as DER unless the arguments say else. */
function opensslSigned(name: string, ...extra: readonly string[]): Buffer {
  const signer = ["-signer", `${name}.crt`, "-inkey", `${name}.key`];
  scratch.openssl(
    "cms",
    "-sign",
    "-binary",
    "-in",
    "content",
    "-outform",
    "DER",
    "-out",
    "out.cms",
    ...signer,
    ...extra,
  );
  return scratch.read("out.cms");
}

function verifyAll(bytes: Uint8Array, content?: Uint8Array): SignerVerification[] {
  const signedData = good(parseSignedData(bytes));
  const signed = content ?? signedData.content ?? new Uint8Array();
  return signedData.signerInfos.map((signer) => verifySigner(signedData, signer, signed));
}

function only(bytes: Uint8Array, content?: Uint8Array): SignerVerification {
  const [first, second] = verifyAll(bytes, content);
  if (first === undefined || second !== undefined) throw new Error("not exactly one signer");
  return first;
}

const problemsOf = ({ problems }: SignerVerification): string[] => problems.map(({ problem }) => problem);

describe("what `openssl cms -sign` makes", () => {
  const PSS = ["-keyopt", "rsa_padding_mode:pss"];
  it.each<[string, string, readonly string[], string]>([
    ["RSA", "RSA-2048", [], "sha256"],
    ["RSA-PSS by an RSA key", "RSA-2048", PSS, "sha256"],
    ["RSA-PSS with a salt of 20", "RSA-2048", [...PSS, "-keyopt", "rsa_pss_saltlen:20"], "sha256"],
    ["RSA-PSS by a PSS key", "RSA-PSS-2048", PSS, "sha256"],
    ["P-256", "P-256", [], "sha256"],
    ["P-384", "P-384", ["-md", "sha384"], "sha384"],
    ["P-521", "P-521", ["-md", "sha512"], "sha512"],
    ["brainpoolP256r1", "brainpoolP256r1", [], "sha256"],
    ["SHA-1", "RSA-2048", ["-md", "sha1"], "sha1"],
    ["MD5", "RSA-2048", ["-md", "md5"], "md5"],
    ["signer by key identifier (RFC 5652 §5.3)", "RSA-2048", ["-keyid"], "sha256"],
    ["without signed attributes", "RSA-2048", ["-noattr"], "sha256"],
    ["without signed attributes, P-256", "P-256", ["-noattr"], "sha256"],
    ["without SMIMECapabilities", "P-256", ["-nosmimecap"], "sha256"],
    ["BER, indefinite lengths and pieces", "RSA-2048", ["-stream", "-indef"], "sha256"],
    ["with a signing certificate (RFC 5035)", "RSA-2048", ["-cades"], "sha256"],
  ])("%s: right detached and opaque, wrong over another content", (_case, name, extra, digest) => {
    for (const form of [[], ["-nodetach"]]) {
      const bytes = opensslSigned(name, ...form, ...extra);
      const verification = only(bytes, form.length === 0 ? CONTENT : undefined);
      expect(verification).toMatchObject({ valid: true, problems: [], digest });
      expect(verification.certificate?.sha256).toBe(signers[name]?.sha256);
      const other = only(bytes, Buffer.concat([CONTENT, Buffer.from(".")]));
      expect(problemsOf(other)).toEqual(extra.includes("-noattr") ? ["broken"] : ["digest-mismatch"]);
    }
  });

  it("opaque content is joined to what was signed; detached has none (RFC 5652 §5.2)", () => {
    const large = Buffer.alloc(100_000, "0123456789abcdef");
    scratch.write("content", large);
    const streamed = opensslSigned("P-256", "-nodetach", "-stream", "-indef");
    scratch.write("content", CONTENT);
    expect(streamed.subarray(0, 2).toString("hex")).toBe("3080");
    expect(Buffer.from(good(parseSignedData(streamed)).content ?? [])).toEqual(large);
    expect(good(parseSignedData(opensslSigned("P-256"))).content).toBeNull();
  });

  it("signing time and capabilities come out (RFC 5652 §11.3, RFC 8551 §2.5.2)", () => {
    const before = Date.now() - 2_000;
    const { signingTime, capabilities, encryptionPreference } = only(opensslSigned("RSA-2048"), CONTENT);
    expect(signingTime?.getTime()).toBeGreaterThan(before);
    expect(capabilities?.[0]).toBe(TAG.sequence);
    expect(encryptionPreference).toBeNull();
    expect(only(opensslSigned("RSA-2048", "-noattr"), CONTENT)).toMatchObject({
      signingTime: null,
      capabilities: null,
    });
  });

  it("several signers, each answered for himself", () => {
    const bytes = opensslSigned("RSA-2048", "-signer", "P-256.crt", "-inkey", "P-256.key");
    expect(
      verifyAll(bytes, CONTENT).map(({ valid, certificate }) => [valid, certificate?.publicKey.name]),
    ).toEqual(
      expect.arrayContaining([
        [true, "RSA-2048"],
        [true, "P-256"],
      ]),
    );
  });

  it("the signer's certificate is not there", () => {
    expect(only(opensslSigned("RSA-2048", "-nocerts"), CONTENT)).toMatchObject({
      valid: false,
      certificate: null,
      problems: [{ problem: "no-certificate" }],
    });
  });

  it("a content type other than id-data is no mail (RFC 8551 §2.4.1)", () => {
    const bytes = opensslSigned("RSA-2048", "-nodetach", "-econtent_type", "1.2.3.4");
    expect(problemsOf(only(bytes))).toEqual(["content-type"]);
  });

  it("X.690 §8.1.3: it ends where its length says; what follows is counted, padding is not", () => {
    const bytes = opensslSigned("P-256");
    const with_ = (rest: string): unknown => parseSignedData(Buffer.concat([bytes, Buffer.from(rest)]));
    expect(with_("\r\n\0\0 ")).toMatchObject({ version: 1, trailing: 0 });
    expect(with_("\r\nxy")).toMatchObject({ version: 1, trailing: 2 });
  });
});

/** A SignedData by the signer P-256, every part of which a test can write differently. */
interface Made {
  readonly attributes?: readonly Uint8Array[] | null;
  /** What is signed instead of the attributes. */
  readonly signed?: Uint8Array;
  readonly content?: Uint8Array;
  readonly digest?: Uint8Array;
  readonly algorithm?: Uint8Array;
  readonly identifier?: Uint8Array;
  readonly certificates?: readonly Uint8Array[];
  readonly unsigned?: readonly Uint8Array[];
  readonly copies?: number;
}

const attribute = (oid: string, ...values: readonly Uint8Array[]): Buffer =>
  encode.sequence(encode.oid(oid), encode.setOf(values));
const contentType = attribute(OID.contentType, encode.oid(OID.data));
const digestOver = (content: Uint8Array): Buffer =>
  encode.octetString(createHash("sha256").update(content).digest());
const messageDigest = attribute(OID.messageDigest, digestOver(CONTENT));
const signingTime = attribute(OID.signingTime, encode.time(new Date("2026-01-01T00:00:00Z")));
const HONEST = [contentType, signingTime, messageDigest];
const key = createPrivateKey(scratch.read("P-256.key"));

function signer(): Certificate {
  const certificate = signers["P-256"];
  if (certificate === undefined) throw new Error("never");
  return certificate;
}

function make(parts: Made = {}): Buffer {
  const { attributes = HONEST, certificates = [signer().der], copies = 1 } = parts;
  const set = attributes === null ? null : encode.tagged(TAG.set, ...attributes);
  const signed = parts.signed ?? set ?? parts.content ?? CONTENT;
  const retagged = set === null ? [] : [Buffer.concat([Buffer.of(contextConstructed(0)), set.subarray(1)])];
  const info = encode.sequence(
    encode.integer(1),
    parts.identifier ?? issuerAndSerial(signer()),
    parts.digest ?? encode.sequence(encode.oid(OID.sha256)),
    ...retagged,
    parts.algorithm ?? encode.sequence(encode.oid(OID.ecdsaWithSha256)),
    encode.octetString(sign("sha256", signed, key)),
    ...(parts.unsigned === undefined ? [] : [encode.tagged(contextConstructed(1), ...parts.unsigned)]),
  );
  const signedData = encode.sequence(
    encode.integer(1),
    encode.setOf([]),
    encode.sequence(encode.oid(OID.data)),
    encode.tagged(contextConstructed(0), ...certificates),
    encode.tagged(TAG.set, ...Array.from({ length: copies }, () => info)),
  );
  return encode.sequence(encode.oid(OID.signedData), encode.tagged(contextConstructed(0), signedData));
}

function issuerAndSerial(
  { issuer, serial }: Certificate,
  tag: number = TAG.sequence,
  name = issuer.der,
): Buffer {
  const octets = Buffer.from(serial, "hex");
  const signed = (octets[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), octets]) : octets;
  return encode.tagged(tag, name, encode.tagged(TAG.integer, signed));
}

describe("signed attributes (RFC 5652 §5.3, §11)", () => {
  const algorithm = (...oids: readonly string[]): Buffer => encode.sequence(...oids.map(encode.oid));
  const protection = (digest: string, signature: string): Buffer =>
    attribute(
      OID.algorithmProtection,
      encode.sequence(algorithm(digest), encode.tagged(contextConstructed(1), encode.oid(signature))),
    );
  const signingCertificate = (der: Uint8Array): Buffer =>
    attribute(OID.signingCertificateV2, encode.sequence(encode.sequence(encode.sequence(digestOver(der)))));

  it.each<[string, Made, readonly string[]]>([
    ["as they should be", {}, []],
    ["out of DER order, signed as they came", { attributes: [messageDigest, contentType] }, []],
    [
      "out of DER order, signed in DER order (§5.4)",
      { attributes: [messageDigest, contentType], signed: encode.setOf([messageDigest, contentType]) },
      [],
    ],
    ["without signing-time", { attributes: [contentType, messageDigest] }, []],
    ["without content-type", { attributes: [messageDigest] }, ["attributes"]],
    ["without message-digest", { attributes: [contentType] }, ["attributes"]],
    ["none at all in the set", { attributes: [] }, ["attributes", "attributes"]],
    ["two content-types (§11.1)", { attributes: [contentType, ...HONEST] }, ["attributes"]],
    ["two message-digests (§11.2)", { attributes: [...HONEST, messageDigest] }, ["attributes"]],
    ["two signing-times (§11.3)", { attributes: [...HONEST, signingTime] }, ["attributes"]],
    [
      "content-type with two values",
      { attributes: [attribute(OID.contentType, encode.oid(OID.data), encode.oid(OID.data)), messageDigest] },
      ["attributes"],
    ],
    [
      "message-digest with two values",
      {
        attributes: [
          contentType,
          attribute(OID.messageDigest, digestOver(CONTENT), digestOver(Buffer.of(1))),
        ],
      },
      ["attributes"],
    ],
    [
      "content-type without a value",
      { attributes: [attribute(OID.contentType), messageDigest] },
      ["attributes"],
    ],
    [
      "content-type that is an INTEGER",
      { attributes: [attribute(OID.contentType, encode.integer(1)), messageDigest] },
      ["attributes"],
    ],
    [
      "another content-type (§11.1)",
      { attributes: [attribute(OID.contentType, encode.oid("1.2.3.4")), messageDigest] },
      ["content-type"],
    ],
    [
      "the digest of another content (§11.2)",
      { attributes: [contentType, attribute(OID.messageDigest, digestOver(Buffer.of(1)))] },
      ["digest-mismatch"],
    ],
    [
      "an empty digest",
      { attributes: [contentType, attribute(OID.messageDigest, encode.octetString(Buffer.of()))] },
      ["digest-mismatch"],
    ],
    [
      "a signing-time with two values (§11.3)",
      {
        attributes: [
          contentType,
          attribute(OID.signingTime, encode.time(new Date(0)), encode.time(new Date(1000))),
          messageDigest,
        ],
      },
      ["attributes"],
    ],
    [
      "a signing-time without a value (§11.3)",
      { attributes: [contentType, attribute(OID.signingTime), messageDigest] },
      ["attributes"],
    ],
    [
      "signing-time among the unsigned (§11.3)",
      { attributes: [contentType, messageDigest], unsigned: [signingTime] },
      ["attributes"],
    ],
    ["another attribute among the unsigned", { unsigned: [attribute("1.2.3.4", encode.null())] }, []],
    [
      "CMSAlgorithmProtection that fits (RFC 6211 §3)",
      { attributes: [...HONEST, protection(OID.sha256, OID.ecdsaWithSha256)] },
      [],
    ],
    [
      "CMSAlgorithmProtection of another digest",
      { attributes: [...HONEST, protection(OID.sha512, OID.ecdsaWithSha256)] },
      ["algorithm"],
    ],
    [
      "CMSAlgorithmProtection of another signature",
      { attributes: [...HONEST, protection(OID.sha256, OID.ecdsaWithSha512)] },
      ["algorithm"],
    ],
    [
      "signing-certificate of the signer (RFC 5035 §3)",
      { attributes: [...HONEST, signingCertificate(signer().der)] },
      [],
    ],
    [
      "signing-certificate of somebody else (RFC 5035 §3)",
      { attributes: [...HONEST, signingCertificate(CONTENT)] },
      ["attributes"],
    ],
  ])("%s", (_case, parts, problems) => {
    const verification = only(make(parts), CONTENT);
    expect(problemsOf(verification)).toEqual(problems);
    expect(verification.valid).toBe(problems.length === 0);
  });

  it.each<[string, Uint8Array]>([
    ["no time", encode.integer(1)],
    ["without seconds", encode.tagged(TAG.utcTime, Buffer.from("2601010000Z"))],
    ["with fractions", encode.tagged(TAG.generalizedTime, Buffer.from("20260101000000.5Z"))],
    ["with an offset", encode.tagged(TAG.utcTime, Buffer.from("260101000000+0100"))],
    ["a day that does not exist", encode.tagged(TAG.utcTime, Buffer.from("260230000000Z"))],
    ["empty", encode.tagged(TAG.utcTime)],
  ])("a signing-time that cannot be read is as none (PRODUCT §3): %s", (_case, value) => {
    const attributes = [contentType, attribute(OID.signingTime, value), messageDigest];
    expect(only(make({ attributes }), CONTENT)).toMatchObject({
      valid: true,
      problems: [],
      signingTime: null,
    });
  });

  const der = encode.tagged(TAG.set, contentType, messageDigest);
  const indefinite = (of: Buffer): Buffer =>
    Buffer.concat([Buffer.of(of[0] ?? 0, 0x80), of.subarray(2), Buffer.alloc(2)]);
  const longLength = Buffer.concat([
    Buffer.of(contentType[0] ?? 0, 0x81, contentType.length - 2),
    contentType.subarray(2),
  ]);
  const digestInPieces = attribute(
    OID.messageDigest,
    encode.tagged(TAG.constructedOctetString, encode.octetString(digestOver(CONTENT).subarray(2))),
  );
  it.each<[string, readonly Uint8Array[]]>([
    ["indefinite lengths", [indefinite(contentType), indefinite(messageDigest)]],
    ["a length that is not the shortest", [longLength, messageDigest]],
    ["a string in pieces", [contentType, digestInPieces]],
  ])("are verified over their DER encoding when they came in BER (§5.4): %s", (_case, attributes) => {
    expect(problemsOf(only(make({ attributes, signed: der }), CONTENT))).toEqual([]);
    expect(problemsOf(only(make({ attributes }), CONTENT)), "signed as they stand").toEqual(["broken"]);
  });

  it("attributes that are no ASN.1 fail their own signer, not the mail", () => {
    const cut = contentType.subarray(0, contentType.length - 1);
    expect(problemsOf(only(make({ attributes: [messageDigest, cut] }), CONTENT))).toContain("attributes");
  });
});

describe("algorithms (RFC 5652 §5.4, RFC 5754 §3)", () => {
  const NULL = encode.null();
  const named = (oid: string, ...parameters: readonly Uint8Array[]): Buffer =>
    encode.sequence(encode.oid(oid), ...parameters);
  it.each<[string, Made, readonly string[]]>([
    ["digest with NULL", { digest: encode.sequence(encode.oid(OID.sha256), NULL) }, []],
    [
      "digest with other parameters",
      { digest: encode.sequence(encode.oid(OID.sha256), encode.integer(1)) },
      ["algorithm"],
    ],
    ["an unknown digest", { digest: encode.sequence(encode.oid("1.2.3.4")) }, ["algorithm"]],
    [
      "another digest than the signature's",
      { digest: encode.sequence(encode.oid(OID.sha512)) },
      ["algorithm", "digest-mismatch"],
    ],
    ["an unknown signature", { algorithm: encode.sequence(encode.oid("1.2.3.4")) }, ["algorithm"]],
    [
      "a signature of another kind of key",
      { algorithm: encode.sequence(encode.oid(OID.sha256WithRsa), NULL) },
      ["broken"],
    ],
    [
      "Ed25519 without SHA-512 (RFC 8419 §3.1)",
      { algorithm: encode.sequence(encode.oid(OID.ed25519)) },
      ["algorithm"],
    ],
    ["a value over something else", { signed: CONTENT }, ["broken"]],
    ["id-ecPublicKey, as Windows writes it", { algorithm: named(OID.ecPublicKey) }, []],
    ["id-ecPublicKey with NULL", { algorithm: named(OID.ecPublicKey, NULL) }, []],
    [
      "id-ecPublicKey with the curve",
      { algorithm: named(OID.ecPublicKey, encode.oid("1.2.840.10045.3.1.7")) },
      [],
    ],
    [
      "id-ecPublicKey with a curve written out (RFC 5480 §2.1.1)",
      { algorithm: named(OID.ecPublicKey, encode.sequence()) },
      ["algorithm"],
    ],
    [
      "id-ecPublicKey beside a digest that was not used",
      { algorithm: named(OID.ecPublicKey), digest: named(OID.sha512) },
      ["digest-mismatch", "broken"],
    ],
    [
      "id-ecPublicKey with a value over something else",
      { algorithm: named(OID.ecPublicKey), signed: CONTENT },
      ["broken"],
    ],
    [
      "ecdsa-with-Specified with the digest",
      { algorithm: named(OID.ecdsaWithSpecified, named(OID.sha256)) },
      [],
    ],
    [
      "ecdsa-with-Specified with another digest",
      { algorithm: named(OID.ecdsaWithSpecified, named(OID.sha1)) },
      ["algorithm"],
    ],
    ["ecdsa-with-Specified without a digest", { algorithm: named(OID.ecdsaWithSpecified) }, ["algorithm"]],
    ["ecdsa-with-SHA256 with NULL (RFC 5758 §3.2)", { algorithm: named(OID.ecdsaWithSha256, NULL) }, []],
    [
      "ecdsa-with-SHA256 with other parameters",
      { algorithm: named(OID.ecdsaWithSha256, encode.integer(1)) },
      ["algorithm"],
    ],
    [
      "ecdsa-with-SHA1 as the name of a signature with SHA-256: the value does not tell the digest",
      { algorithm: named(OID.ecdsaWithSha1) },
      ["algorithm"],
    ],
  ])("%s", (_case, parts, problems) => {
    expect(problemsOf(only(make(parts), CONTENT))).toEqual(problems);
  });
});

describe("an RSA signature under the name of another digest", () => {
  const label = (oid: string): Buffer => encode.sequence(encode.oid(oid), encode.null());
  const relabelled = (bytes: Buffer, from: string, to: string): Buffer => {
    // Both identifiers have one length, so that nothing around them changes; the signer's own is the last.
    const at = bytes.lastIndexOf(label(from));
    expect(at).toBeGreaterThan(0);
    return Buffer.concat([bytes.subarray(0, at), label(to), bytes.subarray(at + label(to).length)]);
  };

  it.each([
    ["sha256", OID.sha1WithRsa, []],
    ["sha384", OID.sha256WithRsa, []],
    ["sha1", OID.sha256WithRsa, ["algorithm"]],
    ["md5", OID.sha1WithRsa, ["algorithm"]],
  ])("%s under %s", (md, to, problems) => {
    const bytes = relabelled(opensslSigned("RSA-2048", "-md", md), OID.rsaEncryption, to);
    expect(problemsOf(only(bytes, CONTENT))).toEqual(problems);
  });

  it("is refused where the value is over another digest than digestAlgorithm says", () => {
    const bytes = relabelled(opensslSigned("RSA-2048", "-md", "sha256"), OID.rsaEncryption, OID.sha1WithRsa);
    const at = bytes.lastIndexOf(encode.oid(OID.sha256));
    bytes[at + encode.oid(OID.sha256).length - 1] = 3; // digestAlgorithm: SHA-512
    expect(problemsOf(only(bytes, CONTENT))).toEqual(["digest-mismatch", "broken"]);
  });
});

describe("RSASSA-PSS with two digests (RFC 4055 §3.1)", () => {
  const pss = (mask: string): readonly string[] => [
    ...["-keyopt", "rsa_padding_mode:pss", "-keyopt", `rsa_mgf1_md:${mask}`, "-keyopt", "rsa_pss_saltlen:32"],
  ];
  it.each(["sha1", "sha512"])("MGF1 with %s, as Java writes it", (mask) => {
    const bytes = opensslSigned("RSA-2048", ...pss(mask));
    expect(only(bytes, CONTENT)).toMatchObject({ valid: true, digest: "sha256" });
    const spoilt = Buffer.from(bytes);
    spoilt[spoilt.length - 1] = (spoilt.at(-1) ?? 0) ^ 1;
    expect(problemsOf(only(spoilt, CONTENT))).toEqual(["broken"]);
  });
});

describe("a signature over attributes is none over a content of those octets (RFC 5652 §13)", () => {
  it("the attack is seen, though the mathematics is right", () => {
    const attributes = encode.setOf(HONEST);
    expect(problemsOf(only(make({ attributes: null, signed: attributes }), attributes))).toEqual([
      "attributes",
    ]);
    expect(only(make({ attributes: null }), CONTENT).valid).toBe(true);
  });
});

describe("which certificate is the signer's", () => {
  const twin = (name: string, serial: string): Certificate => {
    scratch.openssl(
      "req",
      "-x509",
      "-key",
      `${name}.key`,
      "-subj",
      "/CN=P-256",
      "-days",
      "500",
      "-set_serial",
      serial,
      "-out",
      "twin.crt",
    );
    scratch.openssl("x509", "-in", "twin.crt", "-outform", "DER", "-out", "twin.der");
    return good(parseCertificate(scratch.read("twin.der")));
  };
  const keyId = (certificate: Certificate): Buffer =>
    encode.tagged(0x80, certificate.extensions.subjectKeyIdentifier ?? Buffer.of());

  it("by issuer and serial, whatever the string types of the name (RFC 5280 §7.1)", () => {
    const issuer = nameDer("p-256", OID.commonName, TAG.printableString);
    expect(issuer).not.toEqual(Buffer.from(signer().issuer.der));
    expect(only(make({ identifier: issuerAndSerial(signer(), TAG.sequence, issuer) }), CONTENT).valid).toBe(
      true,
    );
  });

  it("of two with the same issuer and serial, the one whose key signed", () => {
    const impostor = twin("P-384", `0x${signer().serial}`);
    for (const certificates of [
      [impostor.der, signer().der],
      [signer().der, impostor.der],
    ]) {
      expect(only(make({ certificates }), CONTENT).certificate?.sha256).toBe(signer().sha256);
    }
    expect(problemsOf(only(make({ certificates: [impostor.der] }), CONTENT))).toEqual(["broken"]);
  });

  it("of two with the same key identifier and key, the one that is valid longest", () => {
    const renewed = twin("P-256", "77");
    const verification = only(
      make({ identifier: keyId(signer()), certificates: [signer().der, renewed.der] }),
      CONTENT,
    );
    expect(verification).toMatchObject({ valid: true, certificate: { serial: "4d" } });
  });

  it("without the extension the SHA-1 of the key is its identifier (RFC 5280 §4.2.1.2)", () => {
    scratch.write("v1.cnf", "[req]\ndistinguished_name=d\n[d]\n");
    scratch.openssl(
      "req",
      "-x509",
      "-key",
      "P-256.key",
      "-subj",
      "/CN=v1",
      "-config",
      "v1.cnf",
      "-outform",
      "DER",
      "-out",
      "v1.der",
    );
    const bare = good(parseCertificate(scratch.read("v1.der")));
    expect(bare.extensions.subjectKeyIdentifier).toBeNull();
    expect(only(make({ identifier: keyId(signer()), certificates: [bare.der] }), CONTENT).valid).toBe(true);
  });

  it.each<[string, (certificate: Certificate) => Uint8Array, boolean]>([
    ["issuer and serial", (certificate) => issuerAndSerial(certificate, contextConstructed(0)), true],
    [
      "RecipientKeyIdentifier",
      (certificate) =>
        encode.tagged(
          contextConstructed(1),
          encode.octetString(certificate.extensions.subjectKeyIdentifier ?? Buffer.of()),
        ),
      true,
    ],
    [
      "subjectKeyIdentifier",
      (certificate) => encode.tagged(0x82, certificate.extensions.subjectKeyIdentifier ?? Buffer.of()),
      true,
    ],
    ["an unknown form", () => encode.integer(1), false],
    ["a certificate that is not there", () => encode.tagged(0x82, Buffer.of(1)), false],
  ])("sMIMEEncryptionKeyPreference by %s (RFC 8551 §2.5.3)", (_case, value, there) => {
    const other = signers["RSA-2048"];
    if (other === undefined) throw new Error("never");
    const attributes = [...HONEST, attribute(OID.encryptionKeyPreference, value(other))];
    const verification = only(make({ attributes, certificates: [signer().der, other.der] }), CONTENT);
    expect(verification.valid).toBe(true);
    expect(verification.encryptionPreference?.sha256 ?? null).toBe(there ? other.sha256 : null);
  });

  it("unreadable certificates are counted, attribute certificates passed over", () => {
    const attributeCertificate = encode.tagged(contextConstructed(2), encode.null());
    const certificates = [encode.sequence(encode.null()), attributeCertificate, signer().der];
    const signedData = good(parseSignedData(make({ certificates })));
    expect(signedData).toMatchObject({
      unreadable: [{ raw: certificates[0] }],
      certificates: [{ sha256: signer().sha256 }],
    });
  });
});

describe("budgets", () => {
  it("5,000 certificates or 1,000 signers are refused at once", () => {
    const { der } = signer();
    for (const parts of [{ certificates: Array.from({ length: 5_000 }, () => der) }, { copies: 1_000 }]) {
      const bytes = make(parts);
      const started = performance.now();
      expect(parseSignedData(bytes)).toMatchObject({ problem: "too-large" });
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });

  it("a content of a million pieces of one octet is joined in linear time", () => {
    const pieces = Buffer.alloc(3_000_000, Buffer.from("040161", "hex"));
    const content = encode.tagged(contextConstructed(0), encode.tagged(TAG.constructedOctetString, pieces));
    const signedData = encode.sequence(
      encode.integer(1),
      encode.setOf([]),
      encode.sequence(encode.oid(OID.data), content),
      encode.setOf([]),
    );
    const bytes = encode.sequence(
      encode.oid(OID.signedData),
      encode.tagged(contextConstructed(0), signedData),
    );
    const started = performance.now();
    expect(good(parseSignedData(bytes)).content?.length).toBe(1_000_000);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe("a signer's certificate that cannot be decoded is there all the same", () => {
  /** The octets after the first place where these stand. */
  const changed = (from: string, to: string) => {
    const hex = Buffer.from(signer().der).toString("hex");
    expect(hex).toContain(from);
    return Buffer.from(hex.replace(from, to), "hex");
  };
  const problems = (certificates: readonly Buffer[]) =>
    only(make({ certificates }), CONTENT).problems.map(({ problem }) => problem);
  const stranger = encode.sequence(encode.null());
  const elses = () => Buffer.from(signers["RSA-2048"]?.der ?? []);

  it.each<[string, () => Buffer]>([
    ["a version that does not exist", () => changed("a003020102", "a003020107")],
    ["a date that is none", () => changed("170d", "170e")],
    ["a structure that ends too early", () => encode.sequence(Buffer.from(signer().der).subarray(4, 250))],
    ["a field of another type", () => changed("a003020102", "a103020102")],
  ])("%s", (_case, broken) => {
    expect(problems([broken()])).toEqual(["certificate-unreadable"]);
    expect(problems([stranger, broken(), elses()])).toEqual(["certificate-unreadable"]);
  });

  it("a readable one counts, whatever else came", () => {
    expect(problems([stranger, Buffer.from(signer().der)])).toEqual([]);
  });

  it("somebody else's is not his", () => {
    expect(problems([stranger, elses()])).toEqual(["no-certificate"]);
    expect(problems([stranger, stranger])).toEqual(["no-certificate"]);
    expect(problems([])).toEqual(["no-certificate"]);
  });
});
