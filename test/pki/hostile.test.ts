import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import {
  buildCertsOnly,
  certificateAddresses,
  crlEntries,
  isProblem,
  parseCertificate,
  parseCrl,
  parseSignedData,
  publicKeyObject,
  readCertificates,
  verifySignature,
  verifySigner,
} from "../../src/pki/index.ts";
import { extension, forge, nameDer, rfc822Name, subjectAltName } from "./forge.ts";
import { good, KEYS, Scratch } from "./openssl-scratch.ts";

const scratch = new Scratch();
scratch.write("content", "Hello");
scratch.write("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\n");
scratch.write("index.txt", "R\t301231235959Z\t250101000000Z,keyCompromise\t9001\tunknown\t/CN=u\n");
const certificate = scratch.selfSigned("a", KEYS["P-256"], ["-addext", "subjectAltName=email:a@example.com"]);
scratch.openssl(
  "ca",
  "-config",
  "ca.cnf",
  "-gencrl",
  "-crldays",
  "9",
  "-keyfile",
  "a.key",
  "-cert",
  "a.crt",
  "-out",
  "a.crl",
);
scratch.openssl("crl", "-in", "a.crl", "-outform", "DER", "-out", "crl.der");
for (const [name, extra] of [
  ["der.cms", []],
  ["ber.cms", ["-stream", "-indef"]],
] as const) {
  scratch.openssl(
    "cms",
    "-sign",
    "-binary",
    "-nodetach",
    "-in",
    "content",
    "-signer",
    "a.crt",
    "-inkey",
    "a.key",
    "-outform",
    "DER",
    "-out",
    name,
    ...extra,
  );
}
const samples = [
  certificate,
  scratch.read("crl.der"),
  scratch.read("der.cms"),
  scratch.read("ber.cms"),
  scratch.read("a.crt"),
  buildCertsOnly([certificate]),
];

/** Everything that the room does with bytes of strangers. */
function swallow(bytes: Uint8Array): void {
  const parsed = parseCertificate(bytes);
  if (!isProblem(parsed)) {
    certificateAddresses(parsed);
    publicKeyObject(parsed.publicKey);
    verifySignature(parsed.signatureAlgorithm, parsed.publicKey, parsed.tbs, parsed.signature);
  }
  const crl = parseCrl(bytes);
  if (!isProblem(crl)) for (const { serial } of crlEntries(crl)) Array.from(crlEntries(crl, serial));
  const signedData = parseSignedData(bytes);
  if (!isProblem(signedData)) {
    for (const signer of signedData.signerInfos)
      verifySigner(signedData, signer, signedData.content ?? bytes);
  }
  readCertificates(bytes);
}

describe("bytes of strangers never throw", () => {
  it("random ones", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), swallow), { numRuns: 2_000 });
  });

  it("random elements", () => {
    const { element } = fc.letrec<{ element: Uint8Array }>((tie) => ({
      element: fc.oneof(
        { depthSize: "small" },
        fc
          .tuple(fc.nat(255), fc.uint8Array({ maxLength: 12 }))
          .map(([tag, content]) => encode.tagged(tag, content)),
        fc
          .tuple(fc.constantFrom(0x30, 0x31, 0xa0, 0xa1, 0x24), fc.array(tie("element"), { maxLength: 6 }))
          .map(([tag, members]) => encode.tagged(tag, ...members)),
      ),
    }));
    fc.assert(fc.property(element, swallow), { numRuns: 2_000 });
  });

  it("good ones with octets changed, cut out or put in", () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat(3),
      insert: fc.uint8Array({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (sample, changes) => {
          const mutant = changes.reduce((bytes, { at, remove, insert }) => {
            const offset = Math.floor(at * bytes.length);
            return Buffer.concat([bytes.subarray(0, offset), insert, bytes.subarray(offset + remove)]);
          }, sample);
          swallow(mutant);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("every length a sample can be cut to, and every octet set to 0x80 and 0xff", () => {
    const small = samples
      .slice(1, 2)
      .concat(forge({ extensions: [subjectAltName(rfc822Name("a@b.example"))] }));
    for (const sample of small) {
      for (let at = 0; at < sample.length; at++) {
        swallow(sample.subarray(0, at));
        for (const octet of [0x80, 0xff]) swallow(sample.map((own, index) => (index === at ? octet : own)));
      }
    }
  });
});

describe("bombs cost no more than their size", () => {
  const within = (milliseconds: number, bytes: Uint8Array): void => {
    const started = performance.now();
    swallow(bytes);
    expect(performance.now() - started).toBeLessThan(milliseconds);
  };
  const nested = (levels: number, tag: number, core: Uint8Array): Uint8Array => {
    const headers: number[][] = [];
    let length = core.length;
    for (let level = 0; level < levels; level++) {
      const header = [
        ...encode.tagged(tag, Buffer.alloc(0)).subarray(0, 1),
        0x84,
        ...Buffer.from(length.toString(16).padStart(8, "0"), "hex"),
      ];
      headers.push(header);
      length += header.length;
    }
    return Buffer.concat([Buffer.from(headers.reverse().flat()), core]);
  };

  it.each<[string, () => Uint8Array]>([
    ["100,000 nested SEQUENCEs", () => nested(100_000, 0x30, Buffer.of(5, 0))],
    ["100,000 nested OCTET STRINGs", () => nested(100_000, 0x24, Buffer.of(4, 0))],
    ["a million indefinite lengths", () => Buffer.alloc(2_000_000, Buffer.of(0x30, 0x80))],
    ["a million ends of contents", () => Buffer.concat([Buffer.of(0x30, 0x80), Buffer.alloc(2_000_000)])],
    ["a length of 2^32-1", () => Buffer.from("3084ffffffff3084ffffffff", "hex")],
    ["a million empty SEQUENCEs", () => encode.sequence(Buffer.alloc(2_000_000, Buffer.of(0x30, 0)))],
    [
      "a certificate of 4,000 tiny RDNs",
      () =>
        forge({ subject: encode.sequence(...Array.from({ length: 4_000 }, () => nameDer("x").subarray(2))) }),
    ],
    [
      "a certificate of 900 names",
      () =>
        forge({
          extensions: [
            subjectAltName(...Array.from({ length: 900 }, (_, index) => rfc822Name(`u${index}@example.com`))),
          ],
        }),
    ],
    ["a name of 60,000 blanks", () => forge({ subject: nameDer(`a${" ".repeat(60_000)}b`) })],
    ["a name of 60,000 controls", () => forge({ subject: nameDer("\u0001".repeat(60_000)) })],
    ["a name that NFKC makes 18 times as long", () => forge({ subject: nameDer("\ufdfa".repeat(20_000)) })],
    [
      "an extension of 60,000 octets",
      () => forge({ extensions: [extension("2.5.29.17", Buffer.alloc(60_000, Buffer.of(0x81, 0)))] }),
    ],
  ])("%s", (_case, make) => within(15_000, make()));

  it("a serial of 30,000 octets is a text of 60,000 characters, no more", () => {
    expect(good(parseCertificate(forge({ serial: Buffer.alloc(30_000, 0x81) }))).serial.length).toBeLessThan(
      60_010,
    );
  });
});
