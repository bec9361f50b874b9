import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { readPublication } from "../../src/admin/publication.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { parseDer } from "../attacks/der-tree.ts";
import { NOON, Office, validity } from "../cli/office.ts";
import type { Identity } from "../lab/authority.ts";
import { runSync } from "../lab/command.ts";
import { reissued } from "../vectors/reissue.ts";

const office = new Office();
afterAll(() => office.close());

const DAY = 86_400_000;
const CLAIMS = "claims@company.example";
const issuing = office.root.intermediate({ name: "Company Issuing CA", ...validity(-100 * DAY, 900 * DAY) });
const claims = office.certificate(CLAIMS, { by: issuing });

function read(files: readonly (string | Uint8Array)[], address = CLAIMS) {
  const list = files.map((content, index) => ({ name: `file-${index}`, bytes: Buffer.from(content) }));
  return readPublication(address, list, DEFAULT_POLICY.certificates, NOON);
}

const der = (identity: Identity) => new Uint8Array(identity.der);

describe("what is published for a mailbox", () => {
  const files: readonly (readonly [name: string, files: readonly (string | Uint8Array)[]])[] = [
    ["PEM, leaf first", [claims.pem + issuing.identity.pem + office.root.identity.pem]],
    ["PEM, root first", [office.root.identity.pem + issuing.identity.pem + claims.pem]],
    ["DER, one file each", [claims.der, office.root.identity.der, issuing.identity.der]],
    ["the same certificate twice", [claims.pem, claims.der, issuing.identity.pem, office.root.identity.pem]],
    [
      "PKCS#7 made by OpenSSL",
      [
        runSync("openssl", [
          ...["crl2pkcs7", "-nocrl", "-outform", "DER", "-certfile", claims.certFile],
          ...["-certfile", office.root.identity.certFile, "-certfile", issuing.identity.certFile],
        ]).stdout,
      ],
    ],
  ];

  it.each(files)("has its path in order, out of %s", (_name, given) => {
    const { certificates, doubts } = read(given);
    expect(doubts).toEqual([]);
    expect(certificates.map(({ sha256 }) => sha256)).toEqual([claims.sha256]);
    expect(certificates[0]?.chain).toEqual([der(issuing.identity), der(office.root.identity)]);
  });

  it("has no path when none is given, or only somebody else's", () => {
    const other = office.authority("Other CA");
    expect(read([claims.pem]).certificates[0]?.chain).toEqual([]);
    expect(read([claims.pem, other.identity.pem]).certificates[0]?.chain).toEqual([]);
  });

  it("may be two certificates of one mailbox", () => {
    const next = office.certificate(CLAIMS, { by: issuing });
    expect(read([claims.pem + next.pem]).certificates.map(({ sha256 }) => sha256)).toEqual([
      claims.sha256,
      next.sha256,
    ]);
  });

  const doubtful: readonly (readonly [name: string, identity: Identity, doubt: RegExp])[] = [
    [
      "names another address (RFC 8550 §3)",
      office.certificate("info@company.example"),
      /names info@company\.example, not claims@company\.example/,
    ],
    [
      "names no address",
      office.root.issue({ name: "Nobody", key: "P-256", ...validity(-DAY, DAY) }),
      /names no mail address/,
    ],
    [
      "only signs",
      office.certificate(CLAIMS, { keyUsage: "critical,digitalSignature" }),
      /its key cannot encrypt/,
    ],
    ["is not valid yet", office.certificate(CLAIMS, validity(DAY, 9 * DAY)), /published from 2026-06-02 on/],
    ["has a weak key", office.certificate(CLAIMS, { key: "rsa:1024" }), /RSA-1024/],
  ];

  it.each(doubtful)("is doubtful when the certificate %s", (_name, identity, doubt) => {
    const { doubts } = read([identity.pem]);
    expect(doubts).toEqual([expect.stringMatching(doubt)]);
  });

  it("names the address in any ASCII case", () => {
    expect(read([claims.pem], "Claims@company.example").doubts).toEqual([]);
  });

  const p12 = runSync("openssl", [
    ...["pkcs12", "-export", "-in", claims.certFile, "-inkey", claims.keyFile],
    ...["-passout", "pass:secret"],
  ]).stdout;
  const refused: readonly (readonly [name: string, content: string | Uint8Array, sentence: string])[] = [
    [
      "a private key in PEM",
      claims.pem + readFileSync(claims.keyFile, "utf8"),
      "file-0 holds a private key; nothing was stored",
    ],
    [
      "a private key in DER",
      runSync("openssl", ["pkey", "-in", claims.keyFile, "-outform", "DER"]).stdout,
      "file-0 holds a private key; nothing was stored",
    ],
    [
      "a PKCS#12 file",
      p12,
      "file-0 is a PKCS#12 file, which is made to hold a private key; nothing was stored",
    ],
    [
      "a CA certificate alone",
      issuing.identity.pem,
      "there are only CA certificates in it, none of a mailbox; nothing was stored",
    ],
    ["something else", "hello", "file-0 holds no certificate; nothing was stored"],
    [
      "a damaged certificate",
      claims.der.subarray(0, 200),
      "file-0: 1 of its certificates cannot be read; nothing was stored",
    ],
  ];

  it.each(refused)("is never %s", (_name, content, message) => {
    expect(() => read([content])).toThrow(expect.objectContaining({ kind: "usage", message }));
  });

  it.each([
    ["X25519", generateKeyPairSync("x25519").publicKey],
    ["X448", generateKeyPairSync("x448").publicKey],
  ])("is never one with a key for %s, which nobody could decrypt with (RFC 8410)", (name, key) => {
    const publicKey = parseDer(key.export({ type: "spki", format: "der" }));
    const made = reissued(claims, issuing.identity, { publicKey });
    for (const files of [[made.pem], [made.der], [made.pem + claims.pem]]) {
      expect(() => read(files)).toThrow(
        `${made.sha256.slice(0, 16)} is of no use to anybody: hardly any mail program can decrypt what is encrypted to ${name}`,
      );
    }
  });

  it("is never one that has expired", () => {
    const expired = office.certificate(CLAIMS, validity(-9 * DAY, -DAY));
    expect(() => read([expired.pem])).toThrow(
      `${expired.sha256.slice(0, 16)} expired on 2026-05-31; nothing was stored`,
    );
  });
});
