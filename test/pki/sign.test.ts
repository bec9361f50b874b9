import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseCertificate, parseSignedData, signDetached, verifySigner } from "../../src/pki/index.ts";
import { good, KEYS, Scratch } from "./openssl-scratch.ts";

const scratch = new Scratch();
const content = Buffer.from("Content-Type: text/plain\r\n\r\nGrüße\r\n");
scratch.write("content", content);
const intermediate = good(parseCertificate(scratch.selfSigned("intermediate", KEYS["P-256"])));
const signingTime = new Date("2026-11-23T10:11:12.987Z");

function signed(name: keyof typeof KEYS): Buffer {
  const certificate = good(parseCertificate(scratch.selfSigned(name, KEYS[name])));
  const key = createPrivateKey(scratch.read(`${name}.key`));
  return signDetached({ content, certificate, key, intermediates: [intermediate], signingTime });
}

describe("detached signatures of our own", () => {
  it.each<[keyof typeof KEYS, string]>([
    ["RSA-2048", "sha256"],
    ["RSA-PSS-2048", "sha256"],
    ["P-256", "sha256"],
    ["P-384", "sha384"],
    ["P-521", "sha512"],
    ["brainpoolP256r1", "sha256"],
    ["Ed25519", "sha512"],
  ])("%s: `openssl cms -verify` and our own check agree", (name, digest) => {
    const bytes = signed(name);
    scratch.write("own.p7s", bytes);
    const verify = [
      "cms",
      "-verify",
      "-binary",
      "-inform",
      "DER",
      "-in",
      "own.p7s",
      "-noverify",
      "-out",
      "out",
    ];
    // OpenSSL 3.0's cms cannot verify Ed25519 ("invalid digest"); RFC 9216's object by Carlos covers that form.
    if (name !== "Ed25519") {
      expect(scratch.succeeds(...verify, "-content", "content")).toBe(true);
      expect(scratch.succeeds(...verify, "-content", "own.p7s")).toBe(false);
    }
    const signedData = good(parseSignedData(bytes));
    const [signer] = signedData.signerInfos;
    if (signer === undefined) throw new Error("never");
    expect(signedData).toMatchObject({ version: 1, content: null });
    expect(signedData.certificates).toHaveLength(2);
    const verification = verifySigner(signedData, signer, content);
    expect(verification).toMatchObject({ valid: true, digest });
    expect(verification.signingTime?.toISOString()).toBe("2026-11-23T10:11:12.000Z");
    expect(verifySigner(signedData, signer, Buffer.of(1)).valid).toBe(false);
  });

  it("the attributes are in DER order (RFC 5652 §5.3)", () => {
    const encodings = good(parseSignedData(signed("P-256"))).signerInfos[0]?.attributes.map(({ oid }) => oid);
    expect(encodings).toEqual(["1.2.840.113549.1.9.3", "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.4"]);
  });

  it("a key that is not the certificate's, or cannot sign, is our own mistake and thrown", () => {
    const certificate = intermediate;
    const request = { content, certificate, intermediates: [], signingTime };
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    expect(() => signDetached({ ...request, key: other })).toThrow("not that of the signing certificate");
    const key = createPublicKey(scratch.read("intermediate.crt"));
    expect(() => signDetached({ ...request, key })).toThrow();
  });
});
