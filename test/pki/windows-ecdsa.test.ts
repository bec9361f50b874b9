/**
 * ECDSA as Windows signs it: id-ecPublicKey, the kind of key, stands where the signature algorithm should (RFC 5753 §2.1.1), and
 * the digest apart in digestAlgorithm. OpenSSL makes the signature, the identifier is exchanged, OpenSSL is asked as well.
 */
import { describe, expect, it } from "vitest";
import { OID, parseSignedData, verifySigner } from "../../src/pki/index.ts";
import { open, setSignature, signerAt } from "../attacks/cms-surgery.ts";
import { branch, childAt, type DerNode, leaf, oidNode, writeDer } from "../attacks/der-tree.ts";
import { good, KEYS, Scratch } from "./openssl-scratch.ts";

const CONTENT = Buffer.from("Content-Type: text/plain\r\n\r\nHello\r\n");
const ALTERED = Buffer.from("Content-Type: text/plain\r\n\r\nJello\r\n");
const CURVES = ["P-256", "P-384", "P-521"] as const;
const DIGESTS = { sha256: OID.sha256, sha384: OID.sha384, sha512: OID.sha512 } as const;
type Curve = (typeof CURVES)[number];
type Digest = keyof typeof DIGESTS;

const scratch = new Scratch();
scratch.write("content", CONTENT);
for (const curve of CURVES) {
  scratch.selfSigned(curve, KEYS[curve]);
  scratch.selfSigned(`${curve}-forger`, KEYS[curve]);
}

const PAIRS = CURVES.flatMap((curve) =>
  Object.keys(DIGESTS).map((digest) => [curve, digest as Digest] as const),
);
const made = new Map<string, Buffer>();

/** One SignedData of OpenSSL's, made once. */
function opensslSigned(name: string, digest: Digest, flags: readonly string[]): Buffer {
  const id = [name, digest, ...flags].join();
  const known = made.get(id);
  if (known !== undefined) return known;
  scratch.openssl(
    ...["cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "out.cms", "-md", digest],
    ...["-signer", `${name}.crt`, "-inkey", `${name}.key`, ...flags],
  );
  made.set(id, scratch.read("out.cms"));
  return scratch.read("out.cms");
}

/** What the signer wrote, with id-ecPublicKey in place of his signature algorithm. */
function signedAsWindows(curve: Curve, digest: Digest, flags: readonly string[] = []) {
  const cms = open(opensslSigned(curve, digest, flags));
  const info = signerAt(cms);
  algorithmOf(info).children = [oidNode(OID.ecPublicKey)];
  return { cms, info };
}

/** The signature value of another key of that curve, over the same content. */
function forgedValue(curve: Curve, digest: Digest): Buffer {
  const info = signerAt(open(opensslSigned(`${curve}-forger`, digest, ["-noattr"])));
  return childAt(info, info.children?.findLastIndex(({ tag }) => tag === 0x04) ?? -1).bytes;
}

function algorithmOf(info: DerNode): DerNode {
  return childAt(info, info.children?.findLastIndex(({ tag }) => tag === 0x30) ?? -1);
}

function digestOf(info: DerNode): DerNode {
  return childAt(info, 2);
}

/** What keybot finds wrong, and whether OpenSSL verifies it. */
function judged(root: DerNode, content = CONTENT) {
  const bytes = writeDer(root);
  const signedData = good(parseSignedData(bytes));
  const [signer] = signedData.signerInfos;
  if (signer === undefined) throw new Error("no signer");
  const { valid, problems, digest } = verifySigner(signedData, signer, content);
  scratch.write("windows.cms", bytes);
  scratch.write("seen", content);
  const openssl = scratch.succeeds(
    ...["cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", "windows.cms"],
    ...["-content", "seen", "-out", "verified"],
  );
  return { valid, problems: problems.map(({ problem }) => problem), digest, openssl };
}

describe("id-ecPublicKey as signature algorithm, the digest in digestAlgorithm", () => {
  it.each(PAIRS)("%s with %s: right, with and without signed attributes", (curve, digest) => {
    for (const flags of [[], ["-noattr"]]) {
      const { cms } = signedAsWindows(curve, digest, flags);
      expect(judged(cms.root)).toEqual({ valid: true, problems: [], digest, openssl: true });
    }
  });

  it.each(PAIRS)("%s with %s: another content", (curve, digest) => {
    const attributes = signedAsWindows(curve, digest);
    expect(judged(attributes.cms.root, ALTERED)).toMatchObject({
      ...{ valid: false, problems: ["digest-mismatch"], openssl: false },
    });
    const bare = signedAsWindows(curve, digest, ["-noattr"]);
    expect(judged(bare.cms.root, ALTERED)).toMatchObject({
      ...{ valid: false, problems: ["broken"], openssl: false },
    });
  });

  it.each(PAIRS)("%s with %s: the value of another key of that curve", (curve, digest) => {
    const { cms, info } = signedAsWindows(curve, digest, ["-noattr"]);
    setSignature(info, forgedValue(curve, digest));
    expect(judged(cms.root)).toMatchObject({ valid: false, problems: ["broken"], openssl: false });
  });

  it.each(PAIRS)("%s with %s: each other digest in digestAlgorithm", (curve, digest) => {
    for (const other of Object.values(DIGESTS).filter((oid) => oid !== DIGESTS[digest])) {
      for (const [flags, problems] of [
        [[], ["digest-mismatch", "broken"]],
        [["-noattr"], ["broken"]],
      ] as const) {
        const { cms, info } = signedAsWindows(curve, digest, flags);
        digestOf(info).children = [oidNode(other)];
        expect(judged(cms.root)).toMatchObject({ valid: false, problems, openssl: false });
      }
    }
  });

  it.each(PAIRS)("%s with %s: a value of zeros, or none (CVE-2022-21449)", (curve, digest) => {
    for (const value of [
      Buffer.alloc(0),
      writeDer(branch(0x30, leaf(2, Buffer.of(0)), leaf(2, Buffer.of(0)))),
    ]) {
      const { cms, info } = signedAsWindows(curve, digest);
      setSignature(info, value);
      expect(judged(cms.root)).toMatchObject({ valid: false, problems: ["broken"], openssl: false });
    }
  });
});
