import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { readTrustFile, type TrustFileOptions } from "../../src/admin/index.ts";
import { toPem } from "../../src/pki/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { NOON, Office, validity } from "../cli/office.ts";

const office = new Office();
afterAll(() => office.close());

const DAY = 86_400_000;
const LONG = validity(-100 * DAY, 900 * DAY);
const root = office.root.identity;
const issuing = office.root.intermediate({ name: "Issuing CA", ...LONG }).identity;

const SAID: TrustFileOptions = { domains: ["broker.example"], anyDomain: false, anchor: false };
const NOTHING_SAID: TrustFileOptions = { ...SAID, domains: [] };

function read(content: string | Uint8Array, options: TrustFileOptions = SAID) {
  const file = { name: "ca.pem", bytes: Buffer.from(content) };
  return readTrustFile(file, options, DEFAULT_POLICY.certificates, NOON).map(
    ({ certificate, item, warnings }) => ({
      sha256: certificate.sha256,
      kind: item.kind,
      domains: item.domains,
      warnings,
    }),
  );
}

describe("a file that holds a CRL", () => {
  const crl = office.root.crl();

  it.each([
    ["DER", crl],
    ["PEM", toPem(crl, "X509 CRL")],
  ])("is refused as what it is: %s", (_form, content) => {
    expect(() => read(content)).toThrow("ca.pem is a CRL, not a CA certificate; nothing was added");
  });

  it("beside its CA's certificate does not keep that from being added", () => {
    expect(read(`${root.pem}${toPem(crl, "X509 CRL")}`)).toMatchObject([{ kind: "anchor" }]);
  });
});

describe("what a CA becomes", () => {
  it("is an anchor for the named domains when it is self-signed, an intermediate else", () => {
    expect(read(root.pem + issuing.pem)).toEqual([
      { sha256: root.sha256, kind: "anchor", domains: ["broker.example"], warnings: [] },
      { sha256: issuing.sha256, kind: "intermediate", domains: null, warnings: [] },
    ]);
  });

  it("is an intermediate without any domain, for it vouches for nothing", () => {
    expect(read(issuing.pem, NOTHING_SAID)).toMatchObject([{ kind: "intermediate", domains: null }]);
  });

  it("is an anchor with --anchor, whoever signed it", () => {
    expect(read(issuing.pem, { ...SAID, anchor: true })).toMatchObject([
      { kind: "anchor", domains: ["broker.example"] },
    ]);
  });

  it("may speak for any domain only when that is said", () => {
    expect(read(root.der, { ...NOTHING_SAID, anyDomain: true })).toMatchObject([
      { kind: "anchor", domains: null },
    ]);
  });

  it("knows domains as A-labels in lower case, each once", () => {
    expect(
      read(root.der, { ...SAID, domains: ["Broker.Example", "broker.example", "müller.example"] }),
    ).toMatchObject([{ domains: ["broker.example", "xn--mller-kva.example"] }]);
  });

  it("is not self-signed because it says so: the key must have signed it", () => {
    // The issuer's name equals the subject's, but another key signed: a renewed root under its old key.
    const renewed = office.root.issue({
      name: "Partner Root CA",
      key: "P-256",
      basicConstraints: "critical,CA:TRUE",
      keyUsage: "critical,keyCertSign",
      extendedKeyUsage: null,
      ...LONG,
    });
    expect(read(renewed.pem)).toMatchObject([{ kind: "intermediate" }]);
  });
});

describe("what is refused", () => {
  it.each<readonly [string, TrustFileOptions, string]>([
    ["an anchor without domains", NOTHING_SAID, "say for which mail domains CN=Partner Root CA"],
    ["both kinds of domains", { ...SAID, anyDomain: true }, "--domain and --any-domain exclude each other"],
    [
      "an address as a domain",
      { ...SAID, domains: ["@broker.example"] },
      '"@broker.example" is not a mail domain',
    ],
    ["a pattern as a domain", { ...SAID, domains: ["*.example"] }, '"*.example" is not a mail domain'],
    ["a single label", { ...SAID, domains: ["example"] }, '"example" is not a mail domain'],
  ])("%s", (_name, options, message) => {
    expect(() => read(root.pem, options)).toThrow(
      expect.objectContaining({ kind: "usage", message: expect.stringContaining(message) }),
    );
  });

  const leaf = office.certificate("alice@broker.example");
  const expired = office.authority("Old CA", validity(-900 * DAY, -DAY)).identity;
  const weak = office.authority("Weak CA", { key: "rsa:1024" }).identity;
  const sha1 = office.root.intermediate({ name: "SHA-1 CA", digest: "sha1", ...LONG }).identity;
  it.each([
    [
      "a person's certificate, and all beside it",
      root.pem + leaf.pem,
      "is not a CA certificate (RFC 5280 §4.2.1.9); nothing was added",
    ],
    ["an expired CA", expired.pem, "expired on 2026-05-31; nothing was added"],
    ["a CA with a weak key (RFC 8550 §4.3)", weak.pem, "is too weak: RSA-1024"],
    ["an intermediate signed with SHA-1", sha1.pem, "is too weak: the certificate"],
    ["a private key", root.pem + readFileSync(root.keyFile, "utf8"), "ca.pem holds a private key"],
    ["a file without certificates", "hello", "ca.pem holds no certificate"],
  ])("%s", (_name, content, message) => {
    expect(() => read(content)).toThrow(
      expect.objectContaining({ kind: "usage", message: expect.stringContaining(message) }),
    );
  });
});

describe("what is warned of", () => {
  it.each([
    ["a root that was signed with SHA-1: nothing hangs on its own signature", { digest: "sha1" }, []],
    [
      "a CA that is not valid yet",
      validity(DAY, 900 * DAY),
      [expect.stringContaining("is not valid before 2026-06-02")],
    ],
    [
      "a CA for web servers",
      { extendedKeyUsage: "serverAuth" },
      [expect.stringContaining("not allowed to issue for e-mail")],
    ],
    [
      "a CA that may not sign certificates",
      { keyUsage: "critical,cRLSign" },
      [expect.stringContaining("may not sign certificates")],
    ],
  ])("%s", (name, more, warnings) => {
    expect(read(office.authority(name.slice(0, 30).replaceAll(":", ""), more).identity.pem)).toMatchObject([
      { kind: "anchor", warnings },
    ]);
  });
});
