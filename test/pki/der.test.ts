import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attempt, DerReader, type Encoding, isProblem, TAG } from "../../src/pki/der.ts";
import {
  bitString,
  boolean,
  integerBytes,
  integerHex,
  namedBits,
  octetString,
  oid,
  smallInteger,
} from "../../src/pki/der-value.ts";
import { encode } from "../../src/pki/der-write.ts";
import { stringText } from "../../src/pki/text.ts";
import { time } from "../../src/pki/time.ts";

/** Reads the bytes of a hex text to their end; a problem becomes the text `problem`. */
function read<T>(hex: string, decode: (reader: DerReader) => T, encoding: Encoding = "DER"): T | "problem" {
  const result = attempt(() => {
    const reader = new DerReader(Buffer.from(hex.replaceAll(" ", ""), "hex"), encoding);
    const value = decode(reader);
    reader.finish("test");
    return { value };
  });
  return isProblem(result) ? "problem" : result.value;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("lengths (X.690 §8.1.3, §10.1)", () => {
  it.each<[string, string, string, string]>([
    ["the short form", "04 01 aa", "aa", "aa"],
    ["the long form where it is needed", `0481 80 ${"00".repeat(128)}`, "00".repeat(128), "00".repeat(128)],
    ["the long form where the short one does", "0481 01 aa", "problem", "aa"],
    ["a length padded with zeros", "0482 0001 aa", "problem", "aa"],
    ["more octets than the buffer", "04 02 aa", "problem", "problem"],
    ["a length of 4 GiB", "0484 ffffffff aa", "problem", "problem"],
    ["a length of 2^56", "0488 01000000 00000000", "problem", "problem"],
    ["a length of 126 octets", `04fe ${"ff".repeat(126)}`, "problem", "problem"],
    ["the reserved length 0xff", "04ff aa", "problem", "problem"],
    ["a cut length", "0482 00", "problem", "problem"],
    ["nothing behind the tag", "04", "problem", "problem"],
    ["nothing at all", "", "problem", "problem"],
    ["an indefinite length of a primitive", "0480 aa 0000", "problem", "problem"],
    ["trailing octets", "04 01 aa 00", "problem", "problem"],
  ])("%s", (_case, hex, der, ber) => {
    const content = (reader: DerReader): string => hexOf(reader.content(TAG.octetString, "test"));
    expect(read(hex, content, "DER")).toBe(der);
    expect(read(hex, content, "BER")).toBe(ber);
  });

  it("indefinite lengths are BER only, nested ones close in order, definite ones inside are jumped over", () => {
    const nested = "3080 3080 0401 00 0402 0000 0000 0500 0000";
    const content = (reader: DerReader): string => hexOf(reader.enter(TAG.sequence, "test").rest());
    expect(read(nested, content, "DER")).toBe("problem");
    expect(read(nested, content, "BER")).toBe("308004010004020000000005" + "00");
    expect(read("3080 0401 00", content, "BER")).toBe("problem"); // never closed
    expect(read("3080 0401 00 00", content, "BER")).toBe("problem"); // half closed
  });

  it("a bomb of nested indefinite lengths is given up", () => {
    const bomb = Buffer.alloc(2_000_000, Buffer.from("3080", "hex"));
    const started = performance.now();
    expect(attempt(() => new DerReader(bomb, "BER").enter(TAG.sequence, "test"))).toMatchObject({
      problem: "too-large",
    });
    expect(performance.now() - started).toBeLessThan(100);
  });

  it("high tag numbers are jumped over, never taken for a low one (X.690 §8.1.2.4)", () => {
    expect(
      read("1f8102 01 aa 0500", (reader) => [hexOf(reader.raw("any")), hexOf(reader.raw("any"))]),
    ).toEqual(["1f810201aa", "0500"]);
    expect(read("1f", (reader) => reader.element())).toBe("problem");
  });
});

describe("simple values", () => {
  it.each<[string, (reader: DerReader) => unknown, string, unknown]>([
    ["INTEGER 0", integerBytesHex, "02 01 00", "00"],
    ["INTEGER with a needed sign octet", integerBytesHex, "02 02 0080", "0080"],
    ["INTEGER with a padded zero (§8.3.2)", integerBytesHex, "02 02 007f", "problem"],
    ["INTEGER with a padded ff (§8.3.2)", integerBytesHex, "02 02 ff80", "problem"],
    ["INTEGER without octets (§8.3.1)", integerBytesHex, "02 00", "problem"],
    [
      "serial without sign octet",
      (reader) => integerHex(reader, "t"),
      "02 09 00d93996eea64b2040",
      "d93996eea64b2040",
    ],
    ["small INTEGER", (reader) => smallInteger(reader, "t"), "02 02 0100", 256],
    ["small INTEGER below zero", (reader) => smallInteger(reader, "t"), "02 01 ff", "problem"],
    ["small INTEGER beyond 2^31", (reader) => smallInteger(reader, "t"), "02 05 0080000000", "problem"],
    ["BOOLEAN true", (reader) => boolean(reader, "t"), "01 01 ff", true],
    ["BOOLEAN false", (reader) => boolean(reader, "t"), "01 01 00", false],
    ["BOOLEAN 01 (§11.1)", (reader) => boolean(reader, "t"), "01 01 01", "problem"],
    ["BOOLEAN of two octets", (reader) => boolean(reader, "t"), "01 02 ffff", "problem"],
    ["OID", (reader) => oid(reader, "t"), "06 09 2a864886f70d010702", "1.2.840.113549.1.7.2"],
    ["OID under 2", (reader) => oid(reader, "t"), "06 03 883703", "2.999.3"],
    [
      "OID of a UUID",
      (reader) => oid(reader, "t"),
      `06 14 69 83${"ff".repeat(17)}7f`,
      "2.25.340282366920938463463374607431768211455",
    ],
    ["OID with a padded arc (§8.19.2)", (reader) => oid(reader, "t"), "06 03 2a8001", "problem"],
    ["OID that is cut", (reader) => oid(reader, "t"), "06 02 2a86", "problem"],
    ["OID without octets", (reader) => oid(reader, "t"), "06 00", "problem"],
    ["OID of 65 octets", (reader) => oid(reader, "t"), `06 41 ${"2a".repeat(65)}`, "problem"],
    ["BIT STRING", (reader) => bitString(reader, "t").unused, "03 02 04 10", 4],
    [
      "BIT STRING with unused bits set (§11.2.1)",
      (reader) => bitString(reader, "t"),
      "03 02 04 18",
      "problem",
    ],
    ["BIT STRING with 8 unused bits", (reader) => bitString(reader, "t"), "03 02 08 00", "problem"],
    ["BIT STRING of nothing with unused bits", (reader) => bitString(reader, "t"), "03 01 01", "problem"],
    ["BIT STRING without octets", (reader) => bitString(reader, "t"), "03 00", "problem"],
    ["named bits", (reader) => namedBits(reader, "t"), "03 03 07 0680", [5, 6, 8]],
  ])("%s", (_case, decode, hex, expected) => {
    expect(read(hex, decode)).toEqual(expected);
  });

  it("OIDs come out of the writer as they went in", () => {
    const arcs = fc.tuple(
      fc.constantFrom("0.39", "1.3", "2.5", "2.999"),
      fc.array(fc.bigInt({ min: 0n, max: 1n << 70n }), { maxLength: 5 }),
    );
    fc.assert(
      fc.property(arcs, ([head, tail]) => {
        const dotted = [head, ...tail].join(".");
        expect(oid(new DerReader(encode.oid(dotted)), "t")).toBe(dotted);
      }),
    );
  });

  it("pieces of an OCTET STRING are joined in BER, also nested ones, and refused in DER (X.690 §8.7.3)", () => {
    const pieces = "2480 0402 6162 2403 0401 63 0400 2480 0401 64 0000 0000";
    expect(read(pieces, (reader) => octetString(reader, "t").toString(), "BER")).toBe("abcd");
    expect(read(pieces, (reader) => octetString(reader, "t"), "DER")).toBe("problem");
    expect(
      read(`${"2480".repeat(9)} 0401 61 ${"0000".repeat(9)}`, (reader) => octetString(reader, "t"), "BER"),
    ).toBe("problem");
    expect(read("2403 0c01 61", (reader) => octetString(reader, "t"), "BER")).toBe("problem"); // no OCTET STRING inside
  });
});

describe("times (RFC 5280 §4.1.2.5)", () => {
  it.each<[string, number, string, string]>([
    ["UTCTime of 20xx", TAG.utcTime, "491231235959Z", "2049-12-31T23:59:59.000Z"],
    ["UTCTime of 19xx", TAG.utcTime, "500101000000Z", "1950-01-01T00:00:00.000Z"],
    ["GeneralizedTime", TAG.generalizedTime, "20500101000000Z", "2050-01-01T00:00:00.000Z"],
    ["GeneralizedTime before 2050", TAG.generalizedTime, "20020101120100Z", "2002-01-01T12:01:00.000Z"],
    ["the last time there is (§4.1.2.5)", TAG.generalizedTime, "99991231235959Z", "9999-12-31T23:59:59.000Z"],
    ["the year 50", TAG.generalizedTime, "00500101000000Z", "0050-01-01T00:00:00.000Z"],
    ["leap day", TAG.utcTime, "240229000000Z", "2024-02-29T00:00:00.000Z"],
    ["no leap day", TAG.utcTime, "230229000000Z", "problem"],
    ["month 13", TAG.utcTime, "231301000000Z", "problem"],
    ["day 0", TAG.utcTime, "230100000000Z", "problem"],
    ["hour 24", TAG.utcTime, "230101240000Z", "problem"],
    ["second 60", TAG.utcTime, "230101000060Z", "problem"],
    ["without seconds", TAG.utcTime, "2301010000Z", "problem"],
    ["with an offset", TAG.utcTime, "230101000000+0000", "problem"],
    ["without Z", TAG.utcTime, "230101000000", "problem"],
    ["with a fraction", TAG.generalizedTime, "20230101000000.5Z", "problem"],
    ["no digits", TAG.utcTime, "23010100000:Z", "problem"],
    ["another type", TAG.printableString, "230101000000Z", "problem"],
  ])("%s", (_case, tag, text, expected) => {
    const der = hexOf(encode.tagged(tag, Buffer.from(text)));
    const read_ = read(der, (reader) => time(reader, "t").toISOString());
    expect(read_).toBe(expected);
  });

  it("are written as RFC 5652 §11.3 wants and read back", () => {
    const seconds = fc.date({
      min: new Date("0000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(seconds, (date) => {
        const whole = new Date(Math.floor(date.getTime() / 1000) * 1000);
        const der = encode.time(whole);
        const utc = whole.getUTCFullYear() >= 1950 && whole.getUTCFullYear() < 2050;
        expect(der[0]).toBe(utc ? TAG.utcTime : TAG.generalizedTime);
        expect(time(new DerReader(der), "t")).toEqual(whole);
      }),
    );
  });
});

describe("string types (RFC 5280 §4.1.2.4)", () => {
  it.each<[string, number, string, string | null]>([
    ["UTF8String", TAG.utf8String, "c3a4", "ä"],
    ["UTF8String that is none", TAG.utf8String, "e4", null],
    ["TeletexString as Latin-1", TAG.teletexString, "e4", "ä"],
    ["PrintableString with a foreign octet", TAG.printableString, "40e4", "@ä"],
    ["BMPString", TAG.bmpString, "00e420ac", "ä€"],
    ["BMPString of odd length", TAG.bmpString, "00e420", null],
    ["UniversalString", TAG.universalString, "0001f600", "😀"],
    ["UniversalString beyond Unicode", TAG.universalString, "00110000", null],
    ["UniversalString of a surrogate", TAG.universalString, "0000d800", null],
    ["an INTEGER", TAG.integer, "41", null],
  ])("%s", (_case, tag, hex, expected) => {
    expect(stringText(tag, Buffer.from(hex, "hex"))).toBe(expected);
  });
});

function integerBytesHex(reader: DerReader): string {
  return hexOf(integerBytes(reader, "t"));
}
