import { describe, expect, it } from "vitest";
import { allowsEmail, isCa, pathUsageFindings, usageFindings, usageOf } from "../../src/inspect/usage.ts";
import type { Certificate } from "../../src/pki/index.ts";
import { Authority, type CertificateOptions, selfSigned } from "../lab/openssl.ts";
import { codes, decoded, scratch } from "./kit.ts";

const folder = scratch();
const make = (options: CertificateOptions) => decoded(selfSigned(folder, { key: "P-256", ...options }));

const EC = "P-256";
const RSA = "rsa:2048";
const EDWARDS = "ed25519";

describe("what a key may do in mail (RFC 8550 §4.4.2, RFC 5280 §4.2.1.3)", () => {
  it.each<[CertificateOptions["key"] & string, string | null, boolean, boolean]>([
    [RSA, null, true, true],
    [RSA, "digitalSignature,keyEncipherment", true, true],
    [RSA, "nonRepudiation", true, false],
    [RSA, "keyEncipherment", false, true],
    [RSA, "dataEncipherment", false, false],
    [RSA, "keyAgreement", false, false],
    [EC, null, true, true],
    [EC, "digitalSignature,keyAgreement", true, true],
    [EC, "keyAgreement", false, true],
    [EC, "keyEncipherment", false, false],
    [EC, "cRLSign", false, false],
    [EDWARDS, null, true, false],
    [EDWARDS, "digitalSignature,keyAgreement", true, false],
  ])("%s with keyUsage %s: sign %s, encrypt %s", (key, keyUsage, sign, encrypt) => {
    expect(usageOf(make({ key, keyUsage }))).toEqual({ sign, encrypt });
  });

  it.each<[string | null, boolean]>([
    [null, true],
    ["emailProtection", true],
    ["anyExtendedKeyUsage", true],
    ["clientAuth,emailProtection", true],
    ["clientAuth", false],
    ["serverAuth,codeSigning", false],
  ])("extended key usage %s allows mail: %s (RFC 8550 §4.4.4)", (extendedKeyUsage, allowed) => {
    expect(allowsEmail(make({ extendedKeyUsage }))).toBe(allowed);
  });

  it.each<[CertificateOptions, boolean]>([
    [{}, false],
    [{ basicConstraints: null }, false],
    [{ basicConstraints: "critical,CA:TRUE" }, true],
    [{ keyUsage: "keyCertSign" }, true],
  ])("%j is a CA: %s", (options, expected) => expect(isCa(make(options))).toBe(expected));
});

describe("findings on usage", () => {
  const both = make({});
  const signOnly = make({ keyUsage: "digitalSignature" });
  const nothing = make({ keyUsage: "cRLSign" });
  const mailCa = decoded(
    Authority.root(folder, { name: "Mail", extendedKeyUsage: "emailProtection" }).identity,
  );
  const webCa = decoded(Authority.root(folder, { name: "Web", extendedKeyUsage: "serverAuth" }).identity);
  const plainCa = decoded(Authority.root(folder, { name: "Plain" }).identity);

  it.each<[string, Parameters<typeof usageFindings>, string[]]>([
    ["a key for both", [both, false], []],
    ["sign-only, alone", [signOnly, false], ["cert.sign-only"]],
    ["neither", [nothing, false], ["cert.key-unsupported"]],
    ["neither, with an encryption certificate beside", [nothing, true], ["cert.key-unsupported"]],
    ["a CA itself", [plainCa, false], ["cert.ca", "cert.key-unsupported"]],
    ["for servers itself", [webCa, false], ["cert.ca", "cert.usage", "cert.key-unsupported"]],
  ])("%s", (_, asked, expected) => expect(codes(usageFindings(...asked))).toEqual(expected));

  it.each<[string, Certificate[], string[]]>([
    ["a CA for mail above", [both, mailCa], []],
    ["a CA for servers above", [both, webCa], ["path.usage"]],
    ["a CA for servers two above", [both, mailCa, webCa], ["path.usage"]],
    ["for servers itself", [webCa], []],
  ])("%s, of the path", (_, path, expected) => expect(codes(pathUsageFindings(path))).toEqual(expected));

  it("of a sign-only certificate are an error alone, a note with its encryption certificate beside", () => {
    const severity = (beside: boolean) => usageFindings(signOnly, beside)[0]?.severity;
    expect([severity(false), severity(true)]).toEqual(["error", "info"]);
  });
});
