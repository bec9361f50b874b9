import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import { describe, expect, it } from "vitest";
import { DerReader, TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { decodeExtensions, NO_EXTENSIONS, readExtensions } from "../../src/pki/extensions.ts";
import { type Certificate, isProblem, parseCertificate, readableCertificates } from "../../src/pki/index.ts";
import { OID } from "../../src/pki/oid.ts";
import { bits, extension, forge, nameDer, rfc822Name, subjectAltName } from "./forge.ts";
import { good, KEYS, Scratch } from "./openssl-scratch.ts";
import { corpus, derOf } from "./path-corpora.ts";

const scratch = new Scratch();

it("readableCertificates keeps the order, and leaves out what cannot be decoded", () => {
  const [first, second] = [forge({ serial: Buffer.of(1) }), forge({ serial: Buffer.of(2) })];
  const broken = [Buffer.alloc(0), encode.sequence(encode.null()), Buffer.concat([first, Buffer.of(0)])];
  const read = readableCertificates([second, ...broken, first]);
  expect(read.map(({ der }) => Buffer.from(der))).toEqual([second, first]);
});

describe("a certificate says what `openssl x509` reads in it", () => {
  it.each(Object.entries(KEYS))("%s", (name, key) => {
    const der = scratch.selfSigned(name, key, ["-addext", "subjectAltName=email:alice@example.com"]);
    const certificate = good(parseCertificate(der));
    const fields = ["-serial", "-subject", "-issuer", "-dates", "-fingerprint", "-sha256"];
    const shown = scratch.openssl("x509", "-in", `${name}.crt`, "-noout", ...fields, "-nameopt", "RFC2253");
    expect(shown.trim().split("\n")).toEqual([
      `serial=${certificate.serial.toUpperCase()}`,
      `subject=${certificate.subject.text}`,
      `issuer=${certificate.issuer.text}`,
      `notBefore=${opensslTime(certificate.notBefore)}`,
      `notAfter=${opensslTime(certificate.notAfter)}`,
      `sha256 Fingerprint=${(certificate.sha256.match(/../g) ?? []).join(":").toUpperCase()}`,
    ]);
    expect(certificate.publicKey).toMatchObject({ name, defect: null });
    expect(Buffer.from(certificate.publicKey.spki)).toEqual(
      new X509Certificate(der).publicKey.export({ format: "der", type: "spki" }),
    );
    expect([...certificate.extensions.defects, ...certificate.defects]).toEqual([]);
  });

  it("also the extensions that openssl makes", () => {
    const text = [
      "[e]",
      "basicConstraints=critical,CA:TRUE,pathlen:3",
      "keyUsage=critical,keyCertSign,cRLSign,decipherOnly",
      "extendedKeyUsage=emailProtection,1.2.3.4",
      "subjectAltName=email:a@example.com,DNS:example.com,URI:https://example.com/,IP:192.0.2.1,RID:1.2.3,dirName:d,otherName:1.3.6.1.5.5.7.8.9;UTF8:u@example.com",
      "issuerAltName=email:ca@example.com",
      "subjectKeyIdentifier=hash",
      "authorityKeyIdentifier=keyid:always",
      "nameConstraints=permitted;email:example.com,excluded;email:.example.org,permitted;IP:192.0.2.0/255.255.255.0",
      "certificatePolicies=1.2.3.4,@p",
      "policyMappings=1.2.3.4:1.2.3.5",
      "policyConstraints=requireExplicitPolicy:1,inhibitPolicyMapping:0",
      "inhibitAnyPolicy=2",
      "crlDistributionPoints=c1,c2",
      "authorityInfoAccess=OCSP;URI:http://ocsp.example/,caIssuers;URI:http://ca.example/ca.cer",
      "[d]",
      "CN=Directory",
      "[p]",
      "policyIdentifier=1.2.3.6",
      "CPS.1=https://example.com/cps",
      "[c1]",
      "fullname=URI:http://crl.example/1.crl",
      "reasons=keyCompromise,CACompromise",
      "CRLissuer=dirName:d",
      "[c2]",
      "relativename=d",
      "[req]",
      "distinguished_name=d",
      "prompt=no",
    ];
    scratch.write("all.cnf", text.join("\n"));
    const der = scratch.selfSigned("all", KEYS["P-256"], [
      "-subj",
      "/CN=all",
      "-config",
      "all.cnf",
      "-extensions",
      "e",
    ]);
    const { extensions } = good(parseCertificate(der));
    expect(extensions.defects).toEqual([]);
    expect(extensions.basicConstraints).toEqual({ ca: true, pathLength: 3 });
    expect([...(extensions.keyUsage ?? [])]).toEqual(["keyCertSign", "cRLSign", "decipherOnly"]);
    expect(extensions.extendedKeyUsage).toEqual([OID.emailProtection, "1.2.3.4"]);
    expect(extensions.subjectAltName?.map((name) => ("text" in name ? name.text : name.form))).toEqual([
      "a@example.com",
      "example.com",
      "https://example.com/",
      "iPAddress",
      "registeredID",
      "directoryName",
      "u@example.com",
    ]);
    expect(extensions.issuerAltName).toEqual([{ form: "rfc822Name", text: "ca@example.com" }]);
    expect(extensions.authorityKeyIdentifier?.keyIdentifier).toEqual(extensions.subjectKeyIdentifier);
    expect(extensions.nameConstraints?.permitted?.map(({ base }) => base.form)).toEqual([
      "rfc822Name",
      "iPAddress",
    ]);
    expect(extensions.nameConstraints?.excluded).toMatchObject([
      { base: { text: ".example.org" }, minimum: 0, maximum: null },
    ]);
    expect(extensions.certificatePolicies).toMatchObject([
      { oid: "1.2.3.4", qualifiers: null },
      { oid: "1.2.3.6" },
    ]);
    expect(extensions.policyMappings).toEqual([{ issuerDomain: "1.2.3.4", subjectDomain: "1.2.3.5" }]);
    expect(extensions.policyConstraints).toEqual({ requireExplicitPolicy: 1, inhibitPolicyMapping: 0 });
    expect(extensions.inhibitAnyPolicy).toBe(2);
    expect(extensions.crlDistributionPoints).toMatchObject([
      {
        fullName: [{ text: "http://crl.example/1.crl" }],
        relativeName: null,
        reasons: [1, 2],
        crlIssuer: [{ form: "directoryName" }],
      },
      { fullName: [], reasons: null, crlIssuer: [] },
    ]);
    expect(extensions.crlDistributionPoints?.[1]?.relativeName?.[0]).toBe(0x31);
    expect(extensions.authorityInfoAccess).toMatchObject([
      { method: OID.ocspAccess, location: { text: "http://ocsp.example/" } },
      { method: OID.caIssuersAccess, location: { text: "http://ca.example/ca.cer" } },
    ]);
    expect(extensions.all.filter(({ critical }) => critical).map(({ oid }) => oid)).toEqual([
      OID.basicConstraints,
      OID.keyUsage,
    ]);
  });
});

describe("what breaks the form", () => {
  const whole = forge();
  it.each<[string, Buffer]>([
    ["nothing at all", Buffer.alloc(0)],
    ["no SEQUENCE", Buffer.from("0500", "hex")],
    ["an octet behind it", Buffer.concat([whole, Buffer.of(0)])],
    ["an octet short", whole.subarray(0, -1)],
    ["an indefinite length", Buffer.concat([Buffer.from("3080", "hex"), whole.subarray(4), Buffer.alloc(2)])],
    ["version 4 (RFC 5280 §4.1.2.1)", forge({ version: 3 })],
    ["a serial that is not the shortest", forge({ serial: Buffer.of(0, 1) })],
    ["a serial without octets", forge({ serial: Buffer.alloc(0) })],
    ["something behind the last field", forge({ more: [encode.null()] })],
    ["an empty list of extensions (§4.1)", forge({ extensions: [] })],
    ["an RDN without attributes", forge({ subject: encode.sequence(encode.setOf([])) })],
    ["no key", forge({ spki: encode.sequence() })],
  ])("makes it unreadable: %s", (_case, der) => {
    expect(parseCertificate(der)).toMatchObject({ problem: "malformed" });
  });

  it.each<[string, Buffer, string]>([
    ["a negative serial (RFC 5280 §4.1.2.2)", forge({ serial: Buffer.of(0xff) }), "negative serial"],
    ["serial 0 (§4.1.2.2)", forge({ serial: Buffer.of(0) }), "serial number 0"],
    ["a serial of 21 octets (§4.1.2.2)", forge({ serial: Buffer.alloc(21, 1) }), "21 octets"],
    ["an empty issuer (§4.1.2.4)", forge({ issuer: encode.sequence() }), "empty issuer"],
    [
      "extensions in version 1 (§4.1.2.9)",
      forge({ version: null, extensions: [subjectAltName(rfc822Name("a@b.example"))] }),
      "outside version 3",
    ],
    ["a signature of odd bits", forge({ signature: bits(Buffer.of(0xf0), 4) }), "whole octets"],
  ])("is a defect of a readable certificate: %s", (_case, der, text) => {
    expect(good(parseCertificate(der)).defects.join()).toContain(text);
  });

  it("but forms that honest issuers use are taken: version 1 written out, `FALSE` written out (X.690 §11.5)", () => {
    const isFalse = encode.tagged(0x01, Buffer.of(0));
    const written = encode.sequence(
      encode.oid(OID.basicConstraints),
      isFalse,
      encode.octetString(encode.sequence(isFalse)),
    );
    expect(good(parseCertificate(forge({ version: 0 })))).toMatchObject({ version: 1, defects: [] });
    expect(good(parseCertificate(forge({ extensions: [written] }))).extensions).toMatchObject({
      basicConstraints: { ca: false, pathLength: null },
      defects: [],
    });
  });

  it.each<[string, string, Uint8Array]>([
    [
      "a policy named twice (§4.2.1.4)",
      OID.certificatePolicies,
      encode.sequence(...[1, 2].map(() => encode.sequence(encode.oid("1.2.3")))),
    ],
    [
      "an authority serial without issuer (§4.2.1.1)",
      OID.authorityKeyIdentifier,
      encode.sequence(encode.tagged(0x82, Buffer.of(1))),
    ],
    [
      "octets behind a value",
      OID.subjectKeyIdentifier,
      Buffer.concat([encode.octetString(Buffer.of(1)), encode.null()]),
    ],
    ["an empty issuerAltName (§4.2.1.7)", OID.issuerAltName, encode.sequence()],
  ])(
    "one that nothing depends on reads as absent, and is a defect where it is critical: %s",
    (_case, oid, value) => {
      const read = (critical: boolean) => decodeExtensions([{ oid, critical, value }]);
      expect(read(false)).toEqual({ ...NO_EXTENSIONS, all: [{ oid, critical: false, value }] });
      expect(read(true).defects).toHaveLength(1);
    },
  );

  it("TRUE may be written as 01, as every reader takes it (X.690 §11.1)", () => {
    const odd = encode.tagged(TAG.boolean, Buffer.of(1));
    const [extension] = readExtensions(
      new DerReader(
        encode.sequence(
          encode.sequence(encode.oid(OID.basicConstraints), odd, encode.octetString(encode.sequence(odd))),
        ),
      ),
      "extensions",
    );
    if (extension === undefined) throw new Error("never");
    expect(extension.critical).toBe(true);
    expect(decodeExtensions([extension])).toMatchObject({ basicConstraints: { ca: true }, defects: [] });
  });

  it.each<[string, string, Uint8Array]>([
    ["basicConstraints that is an INTEGER", OID.basicConstraints, encode.integer(1)],
    [
      "basicConstraints with a negative length",
      OID.basicConstraints,
      encode.sequence(encode.tagged(2, Buffer.of(0xff))),
    ],
    ["keyUsage without a bit (RFC 5280 §4.2.1.3)", OID.keyUsage, bits(Buffer.of(0))],
    ["an empty subjectAltName (§4.2.1.6)", OID.subjectAltName, encode.sequence()],
    [
      "a subjectAltName with an unknown form",
      OID.subjectAltName,
      encode.sequence(encode.tagged(0x89, Buffer.of(1))),
    ],
    ["an empty extKeyUsage (§4.2.1.12)", OID.extendedKeyUsage, encode.sequence()],
    ["nameConstraints without lists (§4.2.1.10)", OID.nameConstraints, encode.sequence()],
    ["policyConstraints without fields (§4.2.1.11)", OID.policyConstraints, encode.sequence()],
    [
      "a distribution point of nothing (§4.2.1.13)",
      OID.crlDistributionPoints,
      encode.sequence(encode.sequence()),
    ],
    [
      "1,001 names",
      OID.subjectAltName,
      encode.sequence(...Array.from({ length: 1_001 }, () => rfc822Name("a@b.c"))),
    ],
  ])("a malformed extension is a defect and reads as absent: %s", (_case, oid, value) => {
    const { extensions } = good(parseCertificate(forge({ extensions: [extension(oid, value)] })));
    expect(extensions.defects).toHaveLength(1);
    const { all: _all, defects: _defects, ...decoded } = extensions;
    expect(Object.values(decoded).every((value_) => value_ === null)).toBe(true);
  });

  it("an extension that is there twice is a defect, and the first one counts (RFC 5280 §4.2)", () => {
    const [first, second] = ["a@b.example", "c@d.example"].map((text) => subjectAltName(rfc822Name(text)));
    if (first === undefined || second === undefined) throw new Error("never");
    const { extensions } = good(parseCertificate(forge({ extensions: [first, second] })));
    expect(extensions.subjectAltName).toEqual([{ form: "rfc822Name", text: "a@b.example" }]);
    expect(extensions.defects.join()).toContain("twice");
    expect(extensions.all).toHaveLength(2);
  });

  it("budgets: 64 KiB a certificate, 64 extensions", () => {
    const many = Array.from({ length: 65 }, (_, index) => extension(`1.2.3.${index}`, encode.null()));
    expect(parseCertificate(forge({ extensions: many }))).toMatchObject({ problem: "too-large" });
    expect(good(parseCertificate(forge({ extensions: many.slice(1) }))).extensions.all).toHaveLength(64);
    expect(parseCertificate(forge({ subject: nameDer("x".repeat(65_536)) }))).toMatchObject({
      problem: "too-large",
    });
  });

  it("the result is on its own: it neither follows changes of the input nor keeps it alive", () => {
    const mail = Buffer.concat([Buffer.alloc(1_000), whole]);
    const certificate = good(parseCertificate(mail.subarray(1_000)));
    mail.fill(0);
    expect(Buffer.from(certificate.der)).toEqual(whole);
    expect(certificate.der.buffer.byteLength).toBe(whole.length);
    expect(structuredClone(certificate)).toEqual(certificate);
  });
});

describe("every certificate of the corpora reads as asn1js and pkijs read it", () => {
  const ders = corpusCertificates();
  it.skipIf(ders.length === 0)("serial, names, dates, key, extensions, addresses, signature", () => {
    expect(ders.length).toBeGreaterThan(400);
    for (const { file, der } of ders) {
      const mine = parseCertificate(der);
      if (isProblem(mine)) throw new Error(`${file}: ${mine.detail}`);
      expect(summary(mine), file).toEqual(oracle(der));
    }
  });
});

function corpusCertificates(): { file: string; der: Uint8Array }[] {
  const folders = [corpus("pkits"), corpus("rfc4134"), corpus("rfc9216")].filter((folder) => folder !== null);
  return folders.flatMap((folder) =>
    readdirSync(join(folder, "certs"))
      .filter((name) => /\.(crt|cer|pem)$/.test(name))
      .map((name) => {
        const bytes = readFileSync(join(folder, "certs", name));
        return { file: name, der: bytes[0] === 0x30 ? bytes : derOf(bytes.toString()) };
      }),
  );
}

function summary(certificate: Certificate) {
  return {
    serial: certificate.serial,
    subject: certificate.subject.rdns.flat().map(({ oid }) => oid),
    issuer: certificate.issuer.rdns.flat().map(({ oid }) => oid),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    spki: Buffer.from(certificate.publicKey.spki).toString("hex"),
    extensions: certificate.extensions.all.map(({ oid, critical }) => [oid, critical]),
    san:
      certificate.extensions.subjectAltName?.flatMap((name) =>
        name.form === "rfc822Name" ? [name.text] : [],
      ) ?? [],
    signature:
      certificate.signature.length > 0 ? Buffer.from(certificate.signature).toString("hex") : "odd bits",
  };
}

function oracle(der: Uint8Array): ReturnType<typeof summary> {
  const decoded = asn1js.fromBER(Uint8Array.from(der).buffer);
  const certificate = new pkijs.Certificate({ schema: decoded.result });
  const san = certificate.extensions?.find(({ extnID }) => extnID === OID.subjectAltName)?.parsedValue as
    | pkijs.AltName
    | undefined;
  const value = certificate.signatureValue.valueBlock;
  return {
    serial: serialHex(certificate.serialNumber),
    subject: certificate.subject.typesAndValues.map(({ type }) => type),
    issuer: certificate.issuer.typesAndValues.map(({ type }) => type),
    notBefore: certificate.notBefore.value,
    notAfter: certificate.notAfter.value,
    spki: Buffer.from(certificate.subjectPublicKeyInfo.toSchema().toBER()).toString("hex"),
    extensions: (certificate.extensions ?? []).map(({ extnID, critical }) => [extnID, critical]),
    san: (san?.altNames ?? []).flatMap((name) => (name.type === 1 ? [String(name.value)] : [])),
    signature: value.unusedBits === 0 ? Buffer.from(value.valueHexView).toString("hex") : "odd bits",
  };
}

/** asn1js gives the signed octets; -1 of PKITS is the one negative serial of the corpora. */
function serialHex(serial: asn1js.Integer): string {
  const hex = Buffer.from(serial.valueBlock.valueHexView).toString("hex");
  if (hex === "ff") return "-01";
  return hex.length > 2 ? hex.replace(/^00/, "") : hex;
}

function opensslTime(date: Date): string {
  const [, day, month, year, clock] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date.toUTCString()) ?? [];
  return `${month} ${String(Number(day)).padStart(2)} ${clock} ${year} GMT`;
}
