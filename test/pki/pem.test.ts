import { describe, expect, it } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import {
  buildCertsOnly,
  FILE_LIMITS,
  parseCertificate,
  parseSignedData,
  readCertificates,
  toPem,
} from "../../src/pki/index.ts";
import { good, KEYS, Scratch } from "./openssl-scratch.ts";

const scratch = new Scratch();
const ders = [scratch.selfSigned("a", KEYS["P-256"]), scratch.selfSigned("b", KEYS.Ed25519)] as const;
const [a, b] = ders.map((der) => good(parseCertificate(der)).sha256);
scratch.openssl("crl2pkcs7", "-nocrl", "-certfile", "a.crt", "-certfile", "b.crt", "-out", "both.p7b");
scratch.openssl("pkcs7", "-in", "both.p7b", "-outform", "DER", "-out", "both.der");
scratch.openssl(
  "pkcs12",
  "-export",
  "-in",
  "a.crt",
  "-inkey",
  "a.key",
  "-passout",
  "pass:x",
  "-out",
  "a.p12",
);
scratch.openssl("pkcs8", "-topk8", "-in", "a.key", "-outform", "DER", "-nocrypt", "-out", "a.pk8");
scratch.openssl("pkcs8", "-topk8", "-in", "a.key", "-outform", "DER", "-passout", "pass:x", "-out", "a.enc");
scratch.openssl("ec", "-in", "a.key", "-outform", "DER", "-out", "a.ec");
scratch.openssl("x509", "-in", "a.crt", "-trustout", "-addtrust", "emailProtection", "-out", "a.trusted");
scratch.write("content", "x");
scratch.openssl(
  "cms",
  "-sign",
  "-binary",
  "-in",
  "content",
  "-signer",
  "a.crt",
  "-inkey",
  "a.key",
  "-certfile",
  "b.crt",
  "-outform",
  "PEM",
  "-out",
  "signed.pem",
);

describe("files of certificates", () => {
  const text = (...names: readonly string[]): Buffer =>
    Buffer.concat(names.map((name) => scratch.read(name)));
  const crlf = (bytes: Buffer): Buffer => Buffer.from(bytes.toString().replaceAll("\n", "\r\n"));
  it.each<[string, () => Buffer, string, readonly (string | undefined)[], number, boolean]>([
    ["one PEM block", () => text("a.crt"), "pem", [a], 0, false],
    [
      "several, with words between and CRLF",
      () => crlf(Buffer.concat([text("a.crt"), Buffer.from("subject=b\n"), text("b.crt")])),
      "pem",
      [a, b],
      0,
      false,
    ],
    ["OpenSSL's trusted certificate", () => text("a.trusted"), "pem", [a], 0, false],
    ["PKCS#7 as PEM", () => text("both.p7b"), "pem", [a, b], 0, false],
    ["a SignedData with a signer as PEM", () => text("signed.pem"), "pem", [a, b], 0, false],
    ["PKCS#7 as DER", () => text("both.der"), "pkcs7", [a, b], 0, false],
    ["DER", () => text("a.der"), "certificate", [a], 0, false],
    [
      "DER with a line end behind it",
      () => Buffer.concat([text("a.der"), Buffer.from("\r\n")]),
      "certificate",
      [a],
      0,
      false,
    ],
    [
      "base64 without PEM lines",
      () => crlf(Buffer.from(`${text("a.der").toString("base64")}\n`)),
      "certificate",
      [a],
      0,
      false,
    ],
    ["a certificate and its key as PEM", () => text("a.crt", "a.key"), "pem", [a], 0, true],
    ["a key alone as PEM", () => text("a.key"), "pem", [], 0, true],
    ["PKCS#12", () => text("a.p12"), "pkcs12", [], 0, true],
    ["PKCS#8", () => text("a.pk8"), "private-key", [], 0, true],
    ["encrypted PKCS#8", () => text("a.enc"), "private-key", [], 0, true],
    ["an EC key of SEC 1", () => text("a.ec"), "private-key", [], 0, true],
    [
      "PEM with a broken block",
      () =>
        Buffer.concat([
          Buffer.from("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
          text("b.crt"),
        ]),
      "pem",
      [b],
      1,
      false,
    ],
    ["PEM that is cut off", () => text("a.crt").subarray(0, 200), "pem", [], 1, false],
    [
      "a certificate in a certificate's lines",
      () => Buffer.concat([Buffer.from("-----BEGIN CERTIFICATE-----\n"), text("b.crt")]),
      "pem",
      [b],
      1,
      false,
    ],
    [
      "other PEM",
      () => Buffer.from("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"),
      "pem",
      [],
      0,
      false,
    ],
    ["some SEQUENCE", () => encode.sequence(encode.null()), "unknown", [], 1, false],
    ["other text", () => Buffer.from("Dear Sir or Madam,"), "unknown", [], 0, false],
    ["nothing", () => Buffer.alloc(0), "unknown", [], 0, false],
  ])("%s", (_case, make, kind, sha256, unreadable, privateKey) => {
    const file = readCertificates(make());
    expect({
      ...file,
      certificates: file.certificates.map((certificate) => certificate.sha256).sort(),
    }).toEqual({
      kind,
      certificates: [...sha256].sort(),
      unreadable,
      privateKey,
    });
  });

  it.each([
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "PRIVATE KEY",
  ])("%s is a private key (RFC 7468 §10, §11)", (label) =>
    expect(readCertificates(Buffer.from(toPem(Buffer.of(1), label))).privateKey).toBe(true),
  );

  it("costs one pass, whatever the lines say, and stops at its limits", () => {
    const started = performance.now();
    expect(readCertificates(Buffer.alloc(4_000_000, "-----BEGIN ")).certificates).toEqual([]);
    expect(readCertificates(Buffer.alloc(4_000_000, "-----BEGIN X-----\n")).certificates).toEqual([]);
    expect(performance.now() - started).toBeLessThan(2_000);
    const many = Buffer.from(toPem(ders[0], "CERTIFICATE").repeat(5));
    expect(readCertificates(many, { ...FILE_LIMITS, certificates: 3 })).toMatchObject({ unreadable: 2 });
    expect(readCertificates(many, { ...FILE_LIMITS, bytes: 100 })).toMatchObject({
      certificates: [],
      unreadable: 1,
    });
  });
});

describe("what keybot hands out", () => {
  it("PEM is what `openssl x509` writes (RFC 7468 §2)", () => {
    expect(toPem(ders[0], "CERTIFICATE")).toBe(scratch.read("a.crt").toString());
  });

  it("`openssl pkcs7 -print_certs` and our own reader read certs-only (RFC 8551 §3.2.2)", () => {
    scratch.write("own.p7b", buildCertsOnly(ders));
    const printed = scratch.openssl("pkcs7", "-inform", "DER", "-in", "own.p7b", "-print_certs");
    expect(
      readCertificates(Buffer.from(printed))
        .certificates.map(({ sha256 }) => sha256)
        .sort(),
    ).toEqual([a, b].sort());
    expect(good(parseSignedData(scratch.read("own.p7b")))).toMatchObject({
      version: 1,
      content: null,
      signerInfos: [],
      unreadable: [],
    });
    // Programs that take the first one, as NSS does, are to take the one that was meant.
    const inOrder = (certificates: readonly Uint8Array[]) =>
      good(parseSignedData(buildCertsOnly(certificates))).certificates.map(({ der }) => Buffer.from(der));
    expect(inOrder(ders)).toEqual(ders.map((der) => Buffer.from(der)));
    expect(inOrder([...ders].reverse())).toEqual([...ders].reverse().map((der) => Buffer.from(der)));
  });

  it("certs-only without certificates is still a SignedData", () => {
    expect(good(parseSignedData(buildCertsOnly([]))).certificates).toEqual([]);
  });
});
