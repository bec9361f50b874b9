import { describe, expect, it } from "vitest";
import { TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { attributeTexts, type Name, nameOf, sameName } from "../../src/pki/name.ts";
import { OID } from "../../src/pki/oid.ts";
import { processorTime } from "../mail/processor-time.ts";
import { KEYS, Scratch } from "./openssl-scratch.ts";
import { certificateOf } from "./path-corpora.ts";

type Attribute = readonly [oid: string, text: string, tag?: number];

function name(...rdns: readonly (readonly Attribute[])[]): Name {
  const attribute = ([type, text, tag = TAG.utf8String]: Attribute): Buffer => {
    const octets =
      tag === TAG.bmpString
        ? Buffer.from(text, "utf16le").swap16()
        : Buffer.from(text, tag === TAG.utf8String ? "utf8" : "latin1");
    return encode.sequence(encode.oid(type), encode.tagged(tag, octets));
  };
  return nameOf(encode.sequence(...rdns.map((rdn) => encode.setOf(rdn.map(attribute)))));
}

const cn = (text: string, tag?: number): Name =>
  name([tag === undefined ? [OID.commonName, text] : [OID.commonName, text, tag]]);

describe("names are equal (RFC 5280 §7.1, RFC 4518)", () => {
  it.each<[string, Name, Name]>([
    ["whatever the case", cn("Example CA"), cn("EXAMPLE ca")],
    ["whatever the string type", cn("Example", TAG.printableString), cn("Example", TAG.utf8String)],
    ["as TeletexString", cn("Müller", TAG.teletexString), cn("Müller")],
    ["as BMPString", cn("Müller €", TAG.bmpString), cn("Müller €")],
    ["with one blank before it", cn(" Example CA"), cn("Example CA")],
    ["with blanks around", cn("  Example CA "), cn("Example CA")],
    ["with inner runs of blanks", cn("Example \t  CA"), cn("Example CA")],
    ["with a no-break space", cn("Example\u00a0CA"), cn("Example CA")],
    ["composed and decomposed", cn("Mu\u0308ller"), cn("Müller")],
    ["with invisible characters", cn("Exam\u00adple\u200b"), cn("Example")],
    ["with a next-line control for a blank", cn("Example\u0085CA"), cn("Example CA")],
    ["with a byte order mark and a Mongolian soft hyphen", cn("Exam\ufeffple\u1806"), cn("Example")],
    ["with sharp s", cn("Straße"), cn("STRASSE")],
    [
      "in the order of a set",
      name([
        [OID.commonName, "a"],
        [OID.organizationName, "b"],
      ]),
      name([
        [OID.organizationName, "b"],
        [OID.commonName, "a"],
      ]),
    ],
  ])("%s", (_case, left, right) => {
    expect(left.canonical).toBe(right.canonical);
  });

  it.each<[string, Name, Name]>([
    ["of another text", cn("Example CA"), cn("Example CB")],
    ["without the blank", cn("Example CA"), cn("ExampleCA")],
    ["of another type of attribute", cn("x"), name([[OID.organizationName, "x"]])],
    [
      "in another order",
      name([[OID.countryName, "DE"]], [[OID.commonName, "x"]]),
      name([[OID.commonName, "x"]], [[OID.countryName, "DE"]]),
    ],
    [
      "as two RDNs or as one",
      name([
        [OID.countryName, "DE"],
        [OID.commonName, "x"],
      ]),
      name([[OID.countryName, "DE"]], [[OID.commonName, "x"]]),
    ],
    [
      "when a value imitates the form",
      cn('x"],["2.5.4.10","y'),
      name([
        [OID.commonName, "x"],
        [OID.organizationName, "y"],
      ]),
    ],
    ["when a text imitates a binary value", cn("#0203"), cn("\u0002\u0003", TAG.integer)],
  ])("but not %s", (_case, left, right) => {
    expect(left.canonical).not.toBe(right.canonical);
  });
});

describe("a name of combining marks costs no more than its length", () => {
  it.each([
    ["as they are", "\u0301\u0323"],
    ["halfwidth sound marks between", "\u0301\uff9e\u0323\uff9f"],
    ["format characters between", "\u0301\u200b\u0323\u00ad"],
  ])("%s: it is compared byte by byte", (_, marks) => {
    const [text, start] = [`a${marks.repeat(50_000)}`, performance.now()];
    const [one, same, other] = [cn(text), cn(text), cn(text.toUpperCase())];
    expect(performance.now() - start, "milliseconds").toBeLessThan(4_000);
    expect(one.canonical).toBe(same.canonical);
    expect(one.canonical).not.toBe(other.canonical);
  });

  it("up to the 30 in a row that UAX #15 §13 allows for, they are put in order", () => {
    expect(cn(`a${"\u0301\u0323".repeat(15)}`).canonical).toBe(
      cn(`A${"\u0323".repeat(15)}${"\u0301".repeat(15)}`).canonical,
    );
  });
});

describe("names for people (RFC 4514)", () => {
  it.each<[string, Name, string]>([
    [
      "most specific first",
      name([[OID.countryName, "DE"]], [[OID.organizationName, "Example"]], [[OID.commonName, "Alice"]]),
      "CN=Alice,O=Example,C=DE",
    ],
    [
      "several attributes in one RDN",
      name([
        [OID.commonName, "Alice"],
        [OID.userId, "a1"],
      ]),
      "CN=Alice+UID=a1",
    ],
    ["specials are escaped (§2.4)", cn('a,b+c"d\\e<f>g;h'), 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h'],
    ["blanks at the ends and a leading hash", cn(" #x "), "CN=\\ #x\\ "],
    ["a leading hash", cn("#x"), "CN=\\#x"],
    ["controls are hex pairs", cn("a\u0000b\n\u001b[31m"), "CN=a\\00b\\0a\\1b[31m"],
    [
      "so are characters that turn the reading direction",
      cn("a\u202eb\u2028"),
      "CN=a\\e2\\80\\aeb\\e2\\80\\a8",
    ],
    ["a value that is no text", cn("\u0001", TAG.integer), "CN=#020101"],
    ["an unknown attribute by its OID", name([["1.2.3.4", "x"]]), "1.2.3.4=x"],
    ["an empty name", name(), ""],
  ])("%s", (_case, value, text) => {
    expect(value.text).toBe(text);
  });

  it("OpenSSL writes the same", () => {
    const scratch = new Scratch();
    const subject = '/C=DE/O=Müller \\/ Söhne, GmbH/OU=a+b/CN=Alice "A"/emailAddress=alice@example.com';
    const der = scratch.selfSigned("a", KEYS["P-256"], ["-utf8", "-subj", subject]);
    const shown = scratch.openssl(
      "x509",
      "-in",
      "a.crt",
      "-noout",
      "-subject",
      "-nameopt",
      "RFC2253,-esc_msb,utf8",
    );
    const parsed = certificateOf(der).subject;
    expect(parsed.text).toBe(shown.trim().replace(/^subject=/, ""));
    expect(attributeTexts(parsed, OID.emailAddress)).toEqual(["alice@example.com"]);
  });
});

describe("what is prepared for comparison costs no more than its octets", () => {
  const long = "a".repeat(5_000);
  const parts = (count: number, text: string) =>
    name(...Array.from({ length: count }, () => [[OID.commonName, text]] as const));

  it.each<[string, Name, Name]>([
    ["a text beyond 4 kB", cn(long), cn(long.toUpperCase())],
    ["a name of more than 100 parts", parts(101, "a"), parts(101, "A")],
    ["a name beyond 64 kB", parts(90, "a".repeat(800)), parts(90, "A".repeat(800))],
    ["a run of combining marks", cn(`a${"\u0301\u0323".repeat(40)}`), cn(`A${"\u0301\u0323".repeat(40)}`)],
  ])("%s is compared as its octets", (_what, left, right) => {
    expect(left.isUnprepared).toBe(true);
    expect(sameName(left, right)).toBe(false);
    expect(sameName(left, nameOf(Uint8Array.from(left.der)))).toBe(true);
    expect(left.canonical).not.toBe(right.canonical);
  });

  it.each<[string, Name, Name]>([
    ["a text of 4 kB", cn(long.slice(0, 4_096)), cn(long.slice(0, 4_096).toUpperCase())],
    ["a name of 100 parts", parts(100, "a"), parts(100, "A")],
  ])("%s is still prepared", (_what, left, right) => {
    expect(left.isUnprepared).toBe(false);
    expect(sameName(left, right)).toBe(true);
  });

  it("prepares 1 MB of marks in no time", () => {
    const issuer = cn(`a${"\u0301\u0323".repeat(250_000)}`);
    expect(processorTime(() => issuer.canonical)).toBeLessThan(1_000);
    expect(issuer.canonical.startsWith("#")).toBe(true);
  });

  it("compares a name of 60 kB with thousands of others without spelling it out each time", () => {
    const [large, other] = [cn("a".repeat(60_000)), cn("b")];
    const compare = () => Array.from({ length: 100_000 }, () => sameName(large, other));
    expect(processorTime(compare)).toBeLessThan(1_000);
    expect(sameName(large, cn("a".repeat(60_000)))).toBe(true);
    expect(sameName(large, cn(`${"a".repeat(59_999)}b`))).toBe(false);
  });
});
