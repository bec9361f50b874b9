import { describe, expect, it } from "vitest";
import { readAlgorithm } from "../../src/pki/algorithm-identifier.ts";
import { DerError, DerReader } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { OID } from "../../src/pki/oid.ts";
import { pssParameters } from "../../src/pki/pss-parameters.ts";

const indefinite = (tag: number, ...members: readonly Buffer[]) =>
  Buffer.concat([Buffer.of(tag, 0x80), ...members, Buffer.of(0, 0)]);
const algorithm = (oid: string, parameters: Buffer) => encode.sequence(encode.oid(oid), parameters);
const inBer = (der: Buffer): Buffer => {
  const reader = new DerReader(der);
  const members: Buffer[] = [];
  while (reader.more()) {
    const { tag, raw, content } = reader.element();
    members.push((tag & 0x20) === 0 ? Buffer.from(raw) : indefinite(tag, inBer(Buffer.from(content))));
  }
  return Buffer.concat(members);
};

const PSS = pssParameters({ hash: OID.sha256, maskHash: OID.sha256, saltLength: 32 });

describe("parameters of an AlgorithmIdentifier in BER are brought into DER", () => {
  it.each<[string, Buffer, Buffer]>([
    ["RSASSA-PSS with indefinite lengths", inBer(PSS), PSS],
    ["NULL with a length of two octets", Buffer.of(0x05, 0x81, 0x00), encode.null()],
    [
      "a curve with a length of two octets",
      Buffer.of(0x06, 0x81, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22),
      encode.oid("1.3.132.0.34"),
    ],
    ["an OCTET STRING in pieces", Buffer.from("24800401010401020000", "hex"), Buffer.from("04020102", "hex")],
    ["DER stays as it is", PSS, PSS],
  ])("%s", (_case, written, meant) => {
    const der = algorithm(OID.rsassaPss, written);
    expect(readAlgorithm(new DerReader(der, "BER"), "algorithm").parameters).toSatisfy(
      (found: Uint8Array) => Buffer.compare(found, meant) === 0,
    );
  });

  it("a reader of DER refuses them", () => {
    const der = algorithm(OID.rsassaPss, inBer(PSS));
    expect(() => readAlgorithm(new DerReader(der), "algorithm")).toThrow(DerError);
  });

  it("what is too large for parameters stays as it is", () => {
    const large = indefinite(0x30, encode.octetString(Buffer.alloc(5_000)));
    const der = algorithm(OID.rsassaPss, large);
    expect(readAlgorithm(new DerReader(der, "BER"), "algorithm").parameters).toSatisfy(
      (found: Uint8Array) => Buffer.compare(found, large) === 0,
    );
  });
});
