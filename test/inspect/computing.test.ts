/** What one mail may cost in mathematics: keys that nobody accepts cost nothing, and all searches draw on one budget. */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isRefusedKey } from "../../src/inspect/strength.ts";
import { pathOf } from "../../src/inspect/trust.ts";
import { TAG } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { type Certificate, type Computing, fullComputing, OID } from "../../src/pki/index.ts";
import { MAX_COMPUTING } from "../../src/pki/limits.ts";
import { distinguishedName, edKey, issue, issueCa, NOW } from "../pki/path-authority.ts";
import { ALICE, POLICY } from "./kit.ts";

const root = issueCa({ subject: "Root" });
const anchor = { certificate: root.certificate, domains: ["other.example"], distrustAfter: null };
const trust = { anchors: [anchor], intermediates: [], crls: null };

const bits = (key: Buffer): Buffer => encode.tagged(TAG.bitString, Buffer.of(0), key);
const number = (octets: number, first: number): Buffer =>
  encode.tagged(TAG.integer, Buffer.concat([Buffer.of(0, 0xc0, first), Buffer.alloc(octets - 2, 0xc1)]));

/** Public keys of nobody: what is asked is whether anything is computed with them. */
const KEYS: Readonly<Record<string, (index: number) => Buffer>> = {
  "DSA with 10,000 bits": (index) =>
    encode.sequence(
      encode.sequence(
        encode.oid(OID.dsa),
        encode.sequence(number(1250, index), number(32, 1), number(1250, 2)),
      ),
      bits(number(1250, 3)),
    ),
  "a curve over a binary field": (index) =>
    encode.sequence(
      encode.sequence(encode.oid(OID.ecPublicKey), encode.oid("1.3.132.0.39")),
      bits(Buffer.concat([Buffer.of(4, index), Buffer.alloc(143, 7)])),
    ),
  "RSA with 16,384 bits": (index) => rsa(2048, index),
  "RSA with 8,192 bits": (index) => rsa(1024, index),
};

function rsa(octets: number, index: number): Buffer {
  const key = encode.sequence(number(octets, index), encode.integer(65537));
  return encode.sequence(encode.sequence(encode.oid(OID.rsaEncryption), encode.null()), bits(key));
}

/** 16 certificates that one name has issued, which 64 CAs bear. */
function mailOf(spki: (index: number) => Buffer): { targets: Certificate[]; beside: Certificate[] } {
  const issuerName = distinguishedName(["CN", "Namesake"]);
  const targets = Array.from({ length: 16 }, (_, index) =>
    issue({ subject: `signer ${index}`, issuer: root, issuerName }),
  );
  const beside = Array.from({ length: 64 }, (_, index) =>
    issueCa({ subject: "Namesake", issuer: root, key: { ...edKey(), spki: spki(index) } }),
  );
  const certificates = (all: typeof beside) => all.map(({ certificate }) => certificate);
  return { targets: certificates(targets), beside: certificates(beside) };
}

function searched(
  { targets, beside }: ReturnType<typeof mailOf>,
  computing: Computing = fullComputing(isRefusedKey(POLICY)),
): { computing: Computing; rules: Set<string | undefined> } {
  const rules = targets.map((target) => {
    return pathOf(target, beside, trust, POLICY, NOW, ALICE, computing).problems.map(({ rule }) => rule)[0];
  });
  return { computing, rules: new Set(rules) };
}

describe("the mathematics of one mail", () => {
  it.each([
    ["DSA with 10,000 bits", 0],
    ["a curve over a binary field", 0],
    ["RSA with 16,384 bits", 1],
  ])("computes with %s, which no policy accepts, %i times at most", (name, times) => {
    const { computing, rules } = searched(mailOf(KEYS[name] ?? (() => Buffer.alloc(0))));
    expect(computing.verdicts.size).toBe(times);
    // "algorithm" is path.weak: the weak key is named, and not an unknown CA.
    expect(rules).toEqual(new Set(["algorithm"]));
  });

  it("is bounded over all its certificates, and an anchor for other domains does not double it", () => {
    const { computing } = searched(mailOf(KEYS["RSA with 8,192 bits"] ?? (() => Buffer.alloc(0))));
    expect(computing.verdicts.size).toBe(Math.floor(MAX_COMPUTING / 64));
    expect(computing.left).toBeLessThan(64);
  });

  it("is enough for an honest weak path, so that the weak key can be named", () => {
    const { publicKey } = generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 });
    const mail = mailOf(() => publicKey.export({ type: "spki", format: "der" }));
    const { computing } = searched({
      ...mail,
      targets: mail.targets.slice(0, 1),
      beside: mail.beside.slice(0, 4),
    });
    expect(computing.verdicts.size).toBeGreaterThan(0);
  });
});
