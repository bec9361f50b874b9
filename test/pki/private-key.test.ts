/** Private keys wherever they lie, and whose they are: every file is made by OpenSSL. */
import { createPublicKey, generateKeyPairSync, hash, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DerReader } from "../../src/pki/der.ts";
import { encode } from "../../src/pki/der-write.ts";
import { findPrivateKeys, fullComputing, isPrivateHalf } from "../../src/pki/index.ts";
import { keyIdentity } from "../../src/pki/key-identity.ts";
import { OID } from "../../src/pki/oid.ts";
import { type PublicKey, readPublicKey } from "../../src/pki/public-key.ts";
import { scratch } from "../inspect/kit.ts";
import { runSync } from "../lab/command.ts";

const folder = scratch();
const file = (name: string): string => join(folder, name);
const openssl = (...args: string[]): void => void runSync("openssl", args, { cwd: folder });

openssl(
  "req",
  "-x509",
  "-newkey",
  "rsa:2048",
  "-nodes",
  "-keyout",
  "rsa.pem",
  "-out",
  "cert.pem",
  "-subj",
  "/CN=a",
);
openssl("pkey", "-in", "rsa.pem", "-traditional", "-out", "rsa.pkcs1.pem");
for (const [form, name] of [
  ["DER", "rsa.der"],
  ["PEM", "rsa.p8"],
] as const)
  openssl("pkcs8", "-topk8", "-nocrypt", "-in", "rsa.pem", "-outform", form, "-out", name);
openssl("pkcs8", "-topk8", "-in", "rsa.pem", "-passout", "pass:secret", "-out", "locked.pem");
openssl(
  "pkey",
  "-in",
  "rsa.pem",
  "-traditional",
  "-aes128",
  "-passout",
  "pass:secret",
  "-out",
  "legacy-locked.pem",
);
const p12 = (name: string, password: string, ...more: string[]): void =>
  openssl(
    ..."pkcs12 -export -inkey rsa.pem -in cert.pem".split(" "),
    "-passout",
    `pass:${password}`,
    "-out",
    name,
    ...more,
  );
p12("empty.p12", "");
p12("legacy-empty.p12", "", "-legacy");
p12("triple-des.p12", "", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-iter", "1000");
p12("plain.p12", "", "-keypbe", "NONE", "-certpbe", "NONE", "-nomac");
p12("locked.p12", "secret");
p12("legacy-locked.p12", "secret", "-legacy");
p12("costly.p12", "", "-iter", "700000");
openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem");
openssl(..."ecparam -name brainpoolP256r1 -param_enc explicit -genkey -noout -out explicit.pem".split(" "));
openssl("genpkey", "-algorithm", "ed25519", "-out", "ed25519.pem");
openssl(
  ..."genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha512 -out pss.pem".split(
    " ",
  ),
);

const pem = readFileSync(file("rsa.p8"), "latin1");
const bare = pem.replace(/-----.*-----\n/g, "");
const text = (words: string, charset: BufferEncoding = "utf8"): Buffer => Buffer.from(words, charset);
const profile = (password: string): string =>
  `<plist><dict><key>PayloadType</key><string>com.apple.security.pkcs12</string><key>Password</key>
<string>${password}</string><key>PayloadContent</key><data>${readFileSync(file("locked.p12")).toString("base64")}</data></dict></plist>`;
writeFileSync(file("profile"), profile("secret"));
openssl(
  ..."cms -sign -nodetach -binary -in profile -signer cert.pem -inkey rsa.pem -outform DER -out signed.mobileconfig".split(
    " ",
  ),
);

describe("a private key is found wherever it lies (PRODUCT §3)", () => {
  it.each<[string, Buffer, "found" | "locked" | "nothing"]>([
    ["PKCS#8 in a text", text(`Guten Tag,\n\n${pem}\nGrüße`), "found"],
    ["PKCS#1 in a text", readFileSync(file("rsa.pkcs1.pem")), "found"],
    ["quoted in an answer", text(`> ${pem.replaceAll("\n", "\n> ")}`), "found"],
    [
      "in HTML",
      text(`<p>${pem.replaceAll("\n", "<br>").replaceAll("+", "&#43;").replace("E K", "E&nbsp;K")}</p>`),
      "found",
    ],
    ["with other dashes", text(pem.replaceAll("-----", "–––")), "found"],
    ["in UTF-16", Buffer.concat([Buffer.of(0xff, 0xfe), text(pem, "utf16le")]), "found"],
    ["in DER", readFileSync(file("rsa.der")), "found"],
    ["in bare base64", text(bare), "found"],
    [
      "in bare base64 between words",
      text(`Mein Schlüssel:\r\n\r\n${bare.replaceAll("\n", "\r\n")}\r\nGrüße`),
      "found",
    ],
    ["encrypted PKCS#8", readFileSync(file("locked.pem")), "locked"],
    ["encrypted as OpenSSL used to", readFileSync(file("legacy-locked.pem")), "locked"],
    ["PKCS#12 with an empty password", readFileSync(file("empty.p12")), "found"],
    ["an old PKCS#12 with an empty password", readFileSync(file("legacy-empty.p12")), "found"],
    ["PKCS#12 under Triple DES", readFileSync(file("triple-des.p12")), "found"],
    ["PKCS#12 without encryption", readFileSync(file("plain.p12")), "found"],
    ["PKCS#12 with a password", readFileSync(file("locked.p12")), "locked"],
    ["an old PKCS#12 with a password", readFileSync(file("legacy-locked.p12")), "locked"],
    ["PKCS#12 that costs too much to open", readFileSync(file("costly.p12")), "locked"],
    ["a configuration profile with its password", text(profile("secret")), "found"],
    ["a signed configuration profile", readFileSync(file("signed.mobileconfig")), "found"],
    ["a configuration profile with another password", text(profile("other")), "locked"],
    ["words about a key", text("-----BEGIN PRIVATE KEY-----\nund\n-----END PRIVATE KEY-----\n"), "nothing"],
    ["a key that was cut out", text(pem.replace(/\nM[^-]*/, "\nMIIEvQ...\n")), "nothing"],
    ["a certificate", readFileSync(file("cert.pem")), "nothing"],
    ["nothing", Buffer.alloc(0), "nothing"],
  ])("%s", (_, bytes, expected) => {
    const computing = fullComputing();
    const { keys, locked } = findPrivateKeys(bytes, computing);
    expect({ keys: keys.length, locked }).toEqual({
      keys: expected === "found" ? 1 : 0,
      locked: expected === "locked",
    });
    for (const key of keys) expect(isPrivateHalf(key, publicKey(file("rsa.pem")), computing)).toBe("yes");
  });

  it("looks at a mail of keys in one pass", () => {
    const { keys, locked } = findPrivateKeys(
      text("-----BEGIN PRIVATE KEY-----\n".repeat(30_000)),
      fullComputing(),
    );
    expect([keys, locked]).toEqual([[], false]);
  });
});

describe("a private key proves whose it is", () => {
  it.each(["rsa.pem", "ec.pem", "explicit.pem", "ed25519.pem", "pss.pem"])(
    "%s is the half of its own alone",
    (name) => {
      const [key] = findPrivateKeys(readFileSync(file(name)), fullComputing()).keys;
      if (key === undefined) throw new Error("not found");
      const own = name === "explicit.pem" ? named("brainpoolP256r1", file(name)) : publicKey(file(name));
      expect(isPrivateHalf(key, own, fullComputing())).toBe("yes");
      for (const other of ["rsa.pem", "ec.pem", "ed25519.pem", "pss.pem"].filter((one) => one !== name))
        expect(isPrivateHalf(key, publicKey(file(other)), fullComputing())).toBe("no");
    },
  );

  it("not by public numbers that anybody can write down", () => {
    const victim = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { n = "" } = victim.publicKey.export({ format: "jwk" });
    const modulus = number(Buffer.from(n, "base64url"));
    // e = d = 1: whatever it signs, its own public half says yes.
    const one = encode.integer(1);
    const forged = encode.sequence(encode.integer(0), modulus, one, one, one, modulus, one, one, one);
    const [key] = findPrivateKeys(forged, fullComputing()).keys;
    if (key === undefined) throw new Error("not read");
    expect(isPrivateHalf(key, decoded(victim.publicKey), fullComputing())).toBe("no");
  });

  it("by no more mathematics than the mail may compute, and by none when the public numbers differ", () => {
    const [key] = findPrivateKeys(readFileSync(file("rsa.pem")), fullComputing()).keys;
    const [elliptic] = findPrivateKeys(readFileSync(file("ec.pem")), fullComputing()).keys;
    if (key === undefined || elliptic === undefined) throw new Error("not found");
    const spent = { ...fullComputing(), left: 0 };
    expect(isPrivateHalf(key, publicKey(file("pss.pem")), spent)).toBe("no");
    expect(isPrivateHalf(elliptic, publicKey(file("ec.pem")), spent)).toBe("unknown");
  });
});

describe("a key is one key in every spelling", () => {
  const rsa = spki(createPublicKey(readFileSync(file("rsa.pem"))));
  const bits = new DerReader(rsa).enter(0x30, "").rest().subarray(15);
  const rsaAs = (...algorithm: Buffer[]): Buffer => encode.sequence(encode.sequence(...algorithm), bits);
  const ec = createPublicKey(readFileSync(file("ec.pem")));
  const compressed = runSync(
    "openssl",
    ["ec", "-in", file("ec.pem"), "-pubout", "-conv_form", "compressed", "-outform", "DER"],
    {},
  ).stdout;

  it.each<[string, Uint8Array, Uint8Array]>([
    ["RSA without parameters", rsa, rsaAs(encode.oid(OID.rsaEncryption))],
    ["RSA for PSS", rsa, rsaAs(encode.oid(OID.rsassaPss))],
    ["RSA for OAEP", rsa, rsaAs(encode.oid(OID.rsaesOaep), encode.sequence())],
    ["a compressed point", spki(ec), compressed],
  ])("%s", (_, usual, other) => {
    expect(identity(other)).toBe(identity(usual));
    expect(identity(usual)).not.toBe(identity(other === compressed ? rsa : spki(ec)));
  });
});

function number(bytes: Buffer): Buffer {
  return encode.tagged(0x02, Buffer.of(0), bytes);
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

function decoded(key: KeyObject): PublicKey {
  return readPublicKey(new DerReader(spki(key)));
}

function publicKey(path: string): PublicKey {
  return decoded(createPublicKey(readFileSync(path)));
}

/** The public half under the name of its curve. */
function named(curve: string, path: string): PublicKey {
  const args = ["ec", "-in", path, "-pubout", "-param_enc", "named_curve", "-outform", "DER"];
  const key = readPublicKey(new DerReader(runSync("openssl", args, {}).stdout));
  expect(key.name).toBe(curve);
  return key;
}

function identity(der: Uint8Array): string {
  return keyIdentity(readPublicKey(new DerReader(der)), hash("sha256", der, "hex"));
}
