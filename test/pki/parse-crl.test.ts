import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DerReader, TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { type Crl, crlEntries, isProblem, parseCrl, REMOVE_FROM_CRL } from "../../src/pki/index.ts";
import { OID } from "../../src/pki/oid.ts";
import { bits, extension, nameDer } from "./forge.ts";
import { good, KEYS, Scratch } from "./openssl-scratch.ts";
import { corpus } from "./path-corpora.ts";

/** A CRL whose bytes the test writes; unsigned, as form is all that counts here. */
interface Forged {
  readonly entries?: readonly Uint8Array[];
  readonly extensions?: readonly Uint8Array[];
  readonly outer?: Uint8Array;
  readonly nextUpdate?: Uint8Array | null;
  readonly version?: Uint8Array;
}

const ED25519 = encode.sequence(encode.oid(OID.ed25519));
const DATE = encode.time(new Date("2026-01-01T00:00:00Z"));

function forgeCrl(forged: Forged = {}): Buffer {
  const {
    entries = [],
    extensions = [],
    nextUpdate = encode.time(new Date("2060-01-01T00:00:00Z")),
  } = forged;
  const tbs = encode.sequence(
    forged.version ?? encode.integer(1),
    ED25519,
    nameDer("CA"),
    DATE,
    ...(nextUpdate === null ? [] : [nextUpdate]),
    ...(entries.length === 0 ? [] : [encode.sequence(...entries)]),
    ...(extensions.length === 0 ? [] : [encode.tagged(0xa0, encode.sequence(...extensions))]),
  );
  return encode.sequence(tbs, forged.outer ?? ED25519, bits(Buffer.alloc(64)));
}

const entry = (serial: number, ...extensions: readonly Uint8Array[]): Buffer =>
  encode.sequence(
    encode.integer(serial),
    DATE,
    ...(extensions.length === 0 ? [] : [encode.sequence(...extensions)]),
  );
const reason = (code: number): Buffer =>
  extension(OID.reasonCode, encode.tagged(TAG.enumerated, Buffer.of(code)));
const issuedBy = (name: string): Buffer =>
  extension(OID.certificateIssuer, encode.sequence(encode.tagged(0xa4, nameDer(name))), true);
const issuers = (crl: Crl, serial?: string): unknown[] =>
  [...crlEntries(crl, serial)].map(({ serial: own, certificateIssuer }) => {
    const [first] = certificateIssuer ?? [];
    return [own, first?.form === "directoryName" ? first.name.text : null];
  });

describe("a CRL says what it holds", () => {
  it("as `openssl crl` reads it, entry by entry", () => {
    const scratch = new Scratch();
    scratch.selfSigned("ca", KEYS["P-256"]);
    const day = "301231235959Z";
    const lines = Array.from({ length: 500 }, (_, index) => {
      const when = index % 2 === 0 ? "250101000000Z,keyCompromise" : "250101000000Z";
      return `R\t${day}\t${when}\t${(0x9000 + index * 7).toString(16).toUpperCase()}\tunknown\t/CN=u${index}\n`;
    });
    scratch.write("index.txt", lines.join(""));
    scratch.write("crlnumber", "1234\n");
    scratch.write(
      "ca.cnf",
      "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ncrlnumber=crlnumber\n[e]\nauthorityKeyIdentifier=keyid\n",
    );
    scratch.openssl(
      "ca",
      "-config",
      "ca.cnf",
      "-gencrl",
      "-crldays",
      "9",
      "-crlexts",
      "e",
      "-keyfile",
      "ca.key",
      "-cert",
      "ca.crt",
      "-out",
      "ca.crl",
    );
    scratch.openssl("crl", "-in", "ca.crl", "-outform", "DER", "-out", "ca.der");
    const crl = good(parseCrl(scratch.read("ca.der")));
    const shown = scratch.openssl("crl", "-in", "ca.crl", "-noout", "-text");
    const serials = [...shown.matchAll(/Serial Number: (\w+)/g)].map(([, serial]) => serial?.toLowerCase());
    expect([...crlEntries(crl)].map(({ serial }) => serial)).toEqual(serials);
    expect([...crlEntries(crl, "9007")]).toMatchObject([
      { serial: "9007", reason: null, certificateIssuer: null },
    ]);
    expect([...crlEntries(crl, "900e")]).toMatchObject([
      { reason: 1, revocationDate: new Date("2025-01-01T00:00:00Z") },
    ]);
    expect([...crlEntries(crl, "9008")]).toEqual([]);
    expect(crl).toMatchObject({ crlNumber: "1234", baseCrlNumber: null, criticalExtensions: [] });
    expect(crl.authorityKeyIdentifier).toHaveLength(20);
    expect(crl.nextUpdate?.getTime()).toBe(crl.thisUpdate.getTime() + 9 * 86_400_000);
  });

  const plain = forgeCrl({ entries: [entry(1)] });
  const inside = new DerReader(plain).content(TAG.sequence, "CRL");
  const open = Buffer.concat([Buffer.of(TAG.sequence, 0x80), inside, Buffer.of(0, 0)]);
  const long = Buffer.concat([Buffer.of(TAG.sequence, 0x84, 0, 0, 0, inside.length), inside]);
  it.each<[string, Buffer, boolean]>([
    ["blanks behind it, as servers leave them", Buffer.concat([plain, Buffer.from("\r\n\t \n")]), true],
    ["a NUL behind it", Buffer.concat([plain, Buffer.of(0)]), false],
    ["another CRL behind it", Buffer.concat([plain, plain]), false],
    ["X.690 §8.1.3.6: an indefinite length around what is signed", open, true],
    ["X.690 §10.1: a long length around what is signed", long, true],
    [
      "a blank within it",
      Buffer.concat([Buffer.of(TAG.sequence, 0x82, 0, inside.length + 1), inside, Buffer.of(10)]),
      false,
    ],
  ])("one element, and only blanks behind it: %s", (_, bytes, isRead) => {
    const crl = parseCrl(bytes);
    expect(isProblem(crl)).toBe(!isRead);
    if (isProblem(crl)) return;
    expect([...crlEntries(crl)].map(({ serial }) => serial)).toEqual(["01"]);
    expect(crl.tbs).toEqual(good(parseCrl(plain)).tbs);
  });

  it("reasons, removeFromCRL and issuers that stick to the entries behind (RFC 5280 §5.3)", () => {
    const entries = [
      entry(1),
      entry(2, issuedBy("B"), reason(REMOVE_FROM_CRL)),
      entry(3),
      entry(2, issuedBy("C")),
    ];
    const crl = good(parseCrl(forgeCrl({ entries })));
    expect(issuers(crl)).toEqual([
      ["01", null],
      ["02", "CN=B"],
      ["03", "CN=B"],
      ["02", "CN=C"],
    ]);
    expect(issuers(crl, "03")).toEqual([["03", "CN=B"]]);
    expect(issuers(crl, "02")).toEqual([
      ["02", "CN=B"],
      ["02", "CN=C"],
    ]);
    expect([...crlEntries(crl, "02")][0]).toMatchObject({
      reason: 8,
      criticalExtensions: [OID.certificateIssuer],
    });
  });

  it("serials with a sign octet and negative ones are found", () => {
    const negative = encode.sequence(encode.tagged(TAG.integer, Buffer.of(0xff)), DATE);
    const crl = good(parseCrl(forgeCrl({ entries: [entry(255), negative] })));
    expect([...crlEntries(crl)].map(({ serial }) => serial)).toEqual(["ff", "-01"]);
    for (const serial of ["ff", "-01"]) expect([...crlEntries(crl, serial)]).toHaveLength(1);
  });

  it("issuingDistributionPoint and delta (RFC 5280 §5.2.4, §5.2.5)", () => {
    const yes = (number: number): Buffer => encode.tagged(0x80 | number, Buffer.of(0xff));
    const uri = encode.tagged(0x86, Buffer.from("http://x.example/"));
    const point = encode.tagged(0xa0, encode.tagged(0xa0, uri));
    const reasons = encode.tagged(0x83, Buffer.of(5, 0x60));
    const value = encode.sequence(point, yes(1), reasons, yes(4));
    const extensions = [
      extension(OID.issuingDistributionPoint, value, true),
      extension(OID.deltaCrlIndicator, encode.integer(300), true),
    ];
    expect(good(parseCrl(forgeCrl({ extensions })))).toMatchObject({
      baseCrlNumber: "012c",
      issuingDistributionPoint: {
        distributionPoint: { fullName: [{ text: "http://x.example/" }] },
        onlyUserCerts: true,
        onlyCaCerts: false,
        onlyAttributeCerts: false,
        indirect: true,
        onlySomeReasons: [1, 2],
      },
      criticalExtensions: [OID.issuingDistributionPoint, OID.deltaCrlIndicator],
    });
  });
});

describe("what makes a CRL unreadable", () => {
  it.each<[string, Buffer]>([
    ["octets behind it", Buffer.concat([forgeCrl(), Buffer.of(0)])],
    [
      "two signature algorithms (RFC 5280 §5.1.1.2)",
      forgeCrl({ outer: encode.sequence(encode.oid(OID.ed448)) }),
    ],
    ["version 3", forgeCrl({ version: encode.integer(2) })],
    ["an entry without a date", forgeCrl({ entries: [encode.sequence(encode.integer(1))] })],
    ["an entry that is no SEQUENCE", forgeCrl({ entries: [entry(1), encode.integer(2)] })],
    [
      "a reason that is no ENUMERATED",
      forgeCrl({ entries: [entry(1, extension(OID.reasonCode, encode.integer(1)))] }),
    ],
    [
      "an extension twice",
      forgeCrl({ extensions: [1, 2].map((number) => extension(OID.crlNumber, encode.integer(number))) }),
    ],
    [
      "a malformed extension (RFC 5280 §5.2)",
      forgeCrl({ extensions: [extension(OID.issuingDistributionPoint, encode.integer(1))] }),
    ],
  ])("%s", (_case, der) => {
    expect(parseCrl(der)).toMatchObject({ problem: "malformed" });
  });

  it("but not a missing nextUpdate or an unknown extension", () => {
    const crl = good(
      parseCrl(forgeCrl({ nextUpdate: null, extensions: [extension("1.2.3.4", encode.null(), true)] })),
    );
    expect(crl).toMatchObject({ nextUpdate: null, criticalExtensions: ["1.2.3.4"] });
  });
});

it("100,000 entries are read and searched; `npm run bench` says how fast", () => {
  const entries = Array.from({ length: 100_000 }, (_, index) => entry(0x1000000 + index, reason(1)));
  const der = forgeCrl({ entries: [Buffer.concat(entries)] });
  const crl = good(parseCrl(der));
  expect([...crlEntries(crl, "ffffff01")]).toEqual([]);
  expect([...crlEntries(crl, "0101869f")]).toHaveLength(1);
});

const pkits = corpus("pkits");
it.skipIf(pkits === null)("every CRL of NIST PKITS is read", () => {
  const folder = join(pkits ?? "", "crls");
  const unreadable = readdirSync(folder).filter((name) =>
    isProblem(parseCrl(readFileSync(join(folder, name)))),
  );
  expect(unreadable).toEqual([]);
});
