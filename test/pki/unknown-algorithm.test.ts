/**
 * Signature algorithms and keys of kinds that nobody here can compute with: ML-DSA (RFC 9881), and composite ones, two methods
 * under one identifier. What a CA signed in that way is told as such, never as a forgery, and never counts.
 */
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import {
  type Certificate,
  type Crl,
  findPath,
  OID,
  type PathInput,
  parseSignedData,
  verifySigner,
} from "../../src/pki/index.ts";
import { open, signerAt } from "../attacks/cms-surgery.ts";
import { branch, leaf, oidNode, writeDer } from "../attacks/der-tree.ts";
import { good, KEYS, Scratch } from "./openssl-scratch.ts";
import { edKey, type Issued, issue, issueCa, issueCrl, type Key, NOW } from "./path-authority.ts";

/** id-ml-dsa-65 (RFC 9881 §2), and a composite of draft-ietf-lamps-pq-composite-sigs. */
const ML_DSA = "2.16.840.1.101.3.4.3.18";
const COMPOSITE = "1.3.6.1.5.5.7.6.45";
const algorithm = (oid: string): Buffer => encode.sequence(encode.oid(oid));

/** A key pair of an unknown kind: its signatures are whatever. */
function unknownKey(oid: string): Key {
  const spki = encode.sequence(algorithm(oid), encode.tagged(0x03, Buffer.of(0), randomBytes(1952)));
  return { spki, algorithm: algorithm(oid), sign: () => randomBytes(3309) };
}

/** A CA that signs by an unknown method with a key of a known kind. */
function under(oid: string, { certificate, subject, key }: Issued): Issued {
  return { certificate, subject, key: { ...key, algorithm: algorithm(oid) } };
}

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root });
const alice = issue({ subject: "Alice", issuer: ca }).certificate;

function problems(target: Certificate, change: Partial<PathInput> & { through?: readonly Issued[] } = {}) {
  const { through = [ca], ...rest } = change;
  const result = findPath({
    ...{ target, intermediates: through.map(({ certificate }) => certificate), at: NOW, crls: null },
    ...{ anchors: [{ certificate: root.certificate }], acceptablePolicies: null, explicitPolicy: false },
    ...{ inhibitAnyPolicy: false, inhibitPolicyMapping: false, ...rest },
  });
  expect(result.valid).toBe(result.problems.length === 0);
  return result.problems.map(({ rule, depth }) => `${rule} ${depth}`);
}

describe.each([
  ["ML-DSA", ML_DSA],
  ["a composite method", COMPOSITE],
])("%s in a path", (_name, oid) => {
  const strange = issueCa({ subject: "CA", issuer: root, key: unknownKey(oid) });

  it.each<[string, () => string[], readonly string[]]>([
    [
      "on the certificate, by a CA's key of a known kind",
      () => problems(issue({ subject: "Alice", issuer: under(oid, ca) }).certificate),
      ["algorithm 0"],
    ],
    [
      "on the CA's certificate",
      () => {
        const middle = issueCa({ subject: "CA", issuer: under(oid, root) });
        return problems(issue({ subject: "Alice", issuer: middle }).certificate, { through: [middle] });
      },
      ["algorithm 1"],
    ],
    [
      "as the CA's key, which signed",
      () => problems(issue({ subject: "Alice", issuer: strange }).certificate, { through: [strange] }),
      ["algorithm 0"],
    ],
    [
      "as the key that is certified: the path is right",
      () => problems(issue({ subject: "Alice", issuer: ca, key: unknownKey(oid) }).certificate),
      [],
    ],
    [
      "as the signature on the anchor, which proves nothing",
      () => {
        const top = issueCa({
          subject: "Root",
          issuer: null,
          key: { ...edKey(), algorithm: algorithm(oid) },
        });
        const usual = { ...top, key: { ...top.key, algorithm: algorithm(OID.ed25519) } };
        const { certificate } = issue({ subject: "Alice", issuer: usual });
        return problems(certificate, { through: [], anchors: [{ certificate: top.certificate }] });
      },
      [],
    ],
    [
      "as the signature on a root that nobody trusts",
      () => {
        const top = issueCa({ subject: "Top", key: { ...edKey(), algorithm: algorithm(oid) } });
        const usual = { ...top, key: { ...top.key, algorithm: algorithm(OID.ed25519) } };
        return problems(issue({ subject: "Alice", issuer: usual }).certificate, { through: [top] });
      },
      ["unknown-ca 1"],
    ],
    [
      "as the signature on a certificate that issued itself",
      () => problems(issue({ subject: "Alice", key: unknownKey(oid) }).certificate, { through: [] }),
      ["self-signed 0"],
    ],
    [
      "as the key of a CA's namesake, where the CA's own certificate is missing",
      () => problems(alice, { through: [strange] }),
      ["issuer-key 0"],
    ],
    [
      "as the key of a CA's namesake, with the CA beside",
      () => problems(alice, { through: [strange, ca] }),
      [],
    ],
    [
      "as the key of the CA that the certificate names, under a known algorithm",
      () => {
        const usual = { ...strange, key: { ...edKey(), spki: strange.key.spki } };
        return problems(issue({ subject: "Alice", issuer: usual }).certificate, { through: [strange] });
      },
      ["algorithm 0"],
    ],
  ])("%s", (_case, found, expected) => {
    expect(found()).toEqual(expected);
  });

  it.each<[string, () => readonly Crl[], readonly string[]]>([
    ["on the CRL", () => [issueCrl(under(oid, ca))], ["revocation-unknown 0"]],
    ["on one of two CRLs: the other counts", () => [issueCrl(under(oid, ca)), issueCrl(ca)], []],
    [
      "on one of two CRLs: what the other revokes is revoked",
      () => [issueCrl(under(oid, ca)), issueCrl(ca, { revoked: [{ serial: alice.serial }] })],
      ["revoked 0"],
    ],
    [
      "on the CRL that revokes: it proves nothing, and clears nothing",
      () => [issueCrl(under(oid, ca), { revoked: [{ serial: alice.serial }] })],
      ["revocation-unknown 0"],
    ],
  ])("%s", (_case, crls, expected) => {
    expect(problems(alice, { crls: [issueCrl(root), ...crls()] })).toEqual(expected);
  });

  it("the finding on a CRL names the algorithm, and says nothing of a wrong signer", () => {
    const { problems: found } = findPath({
      ...{
        target: alice,
        intermediates: [ca.certificate],
        anchors: [{ certificate: root.certificate }],
        at: NOW,
      },
      ...{ acceptablePolicies: null, explicitPolicy: false, inhibitAnyPolicy: false },
      ...{ inhibitPolicyMapping: false, crls: [issueCrl(root), issueCrl(under(oid, ca))] },
    });
    expect(found.map(({ detail }) => detail)).toEqual([
      `the CRL of CN=CA has a signature that cannot be checked (${oid}, Ed25519)`,
    ]);
  });
});

describe("a SignerInfo by an unknown algorithm over a key of a known kind", () => {
  const scratch = new Scratch();
  scratch.selfSigned("P-256", KEYS["P-256"]);
  const content = scratch.write("content", "Content-Type: text/plain\r\n\r\nHello\r\n");
  const output = ["-outform", "DER", "-out", "out.cms", "-signer", "P-256.crt", "-inkey", "P-256.key"];
  scratch.openssl("cms", "-sign", "-binary", "-in", content, ...output);

  const named = (oid: string, ...parameters: ReturnType<typeof leaf>[]) => {
    const cms = open(scratch.read("out.cms"));
    signerAt(cms).children?.splice(4, 1, branch(0x30, oidNode(oid), ...parameters));
    return good(parseSignedData(writeDer(cms.root)));
  };
  const judged = (signedData: ReturnType<typeof named>, seen = scratch.read("content")) => {
    const [signer] = signedData.signerInfos;
    if (signer === undefined) throw new Error("no signer");
    const { valid, checkable, problems: found } = verifySigner(signedData, signer, seen);
    return { valid, checkable, said: found.map(({ problem, detail }) => `${problem}: ${detail}`) };
  };

  it.each([
    ["ML-DSA", ML_DSA],
    ["a composite method", COMPOSITE],
  ])("%s: neither right nor wrong, and named", (_name, oid) => {
    expect(judged(named(oid))).toEqual({
      ...{ valid: false, checkable: false },
      said: [`algorithm: signature algorithm ${oid} is not supported`],
    });
  });

  it("wrong, where the digest of the content is another", () => {
    const { valid, checkable, said } = judged(named(ML_DSA), Buffer.from("Jello"));
    expect([valid, checkable, said.map((one) => one.split(":")[0])]).toEqual([
      ...[false, true, ["algorithm", "digest-mismatch"]],
    ]);
  });

  it.each([
    ["a known algorithm that goes with another digest", OID.ecdsaWithSha512, []],
    ["a known algorithm with parameters of no meaning", OID.ecdsaWithSha256, [leaf(0x02, Buffer.of(1))]],
  ])("%s is no unknown one", (_case, oid, parameters) => {
    expect(judged(named(oid, ...parameters))).toMatchObject({ valid: false, checkable: true });
  });
});
