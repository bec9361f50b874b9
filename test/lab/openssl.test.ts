import { X509Certificate } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { runSync } from "./command.ts";
import { openFolder } from "./folder.ts";
import {
  Authority,
  alter,
  certsOnlyMail,
  decryptMail,
  encryptedMail,
  type KeyType,
  plainMail,
  requestMail,
  selfSigned,
  signedMail,
  verifyMail,
} from "./openssl.ts";

const folder = openFolder();
afterAll(() => folder.remove());
const root = Authority.root(folder.path, { name: "Root" });
const ca = root.intermediate({ name: "CA" });
const from = "alice@partner.example";
const envelope = { from, to: "key-management@company.example", subject: "Schlüssel" };
const alice = ca.issue({ addresses: [from], key: "P-256" });

describe("certificates", () => {
  const keys: [KeyType, string][] = [
    ["rsa:2048", "rsa"],
    ["P-256", "ec"],
    ["P-384", "ec"],
    ["brainpoolP256r1", "ec"],
    ["ed25519", "ed25519"],
  ];
  it.each(keys)("of key type %s verify for S/MIME under the root", (key, type) => {
    const made = ca.issue({ addresses: [from, "a2@partner.example"], key });
    const parsed = new X509Certificate(made.der);
    expect(parsed.publicKey.asymmetricKeyType).toBe(type);
    expect(parsed.subjectAltName).toBe(`email:${from}, email:a2@partner.example`);
    expect(pathVerifies(made.certFile, root)).toBe(true);
  });

  it("carry the dates, usages and extensions that are asked for, and none that are switched off", () => {
    const made = ca.issue({
      key: "P-256",
      emailAddress: from,
      notBefore: new Date("2020-01-02T03:04:05Z"),
      notAfter: new Date("2055-01-02T03:04:05Z"),
      keyUsage: null,
      extendedKeyUsage: "clientAuth",
      extensions: ["1.2.3.4 = critical,DER:0500"],
      crlUrl: "http://crl.partner.example/ca.crl",
    });
    const text = runSync("openssl", ["x509", "-in", made.certFile, "-noout", "-text"]).stdout.toString();
    expect(text).toContain("Not Before: Jan  2 03:04:05 2020 GMT");
    expect(text).toContain("Not After : Jan  2 03:04:05 2055 GMT");
    expect(text).toContain("emailAddress = alice@partner.example");
    expect(text).toContain("TLS Web Client Authentication");
    expect(text).toContain("1.2.3.4: critical");
    expect(text).toContain("URI:http://crl.partner.example/ca.crl");
    expect(text).not.toMatch(/X509v3 Key Usage|Alternative Name/);
  });

  it("of another root with the same name do not verify under the first", () => {
    const twin = Authority.root(folder.path, { name: "Root" });
    expect(pathVerifies(twin.issue({ addresses: [from], key: "P-256" }).certFile, root)).toBe(false);
    expect(pathVerifies(selfSigned(folder.path, { addresses: [from], key: "P-256" }).certFile, root)).toBe(
      false,
    );
  });

  it("have a key of their own each, unless a renewal is given the old one", () => {
    const [first, second] = [ca.issue({ addresses: [from] }), ca.issue({ addresses: [from] })];
    const renewed = ca.issue({ addresses: [from], keyFile: first.keyFile });
    expect(publicKey(first.der)).not.toBe(publicKey(second.der));
    expect(publicKey(first.der)).toBe(publicKey(renewed.der));
  });

  it("stand in the authority's CRL once they are revoked", () => {
    const made = ca.issue({ addresses: [from], key: "P-256" });
    const serial = new X509Certificate(made.der).serialNumber;
    const crlText = (): string =>
      runSync("openssl", ["crl", "-inform", "DER", "-noout", "-text"], { input: ca.crl() }).stdout.toString();
    expect(crlText()).not.toContain(serial);
    ca.revoke(made);
    expect(crlText()).toContain(`Serial Number: ${serial}`);
  });
});

describe("mails", () => {
  it.each(["detached", "opaque"] as const)(
    "signed %s verify, and no longer when one letter is altered",
    (form) => {
      const mail = signedMail({ ...envelope, signer: alice, form, text: "Grüße\n.\nvon mir\n" });
      expect(verifyMail(mail, root.identity)).toMatchObject({ ok: true });
      const altered = alter(mail);
      expect(altered.length).toBe(mail.length);
      expect(verifyMail(altered, root.identity).message).toMatch(/verification failure/);
    },
  );

  it("have CRLF at every line end", () => {
    const mails = [plainMail(envelope), signedMail({ ...envelope, signer: alice }), requestMail(envelope)];
    for (const mail of mails) expect(mail.toString("latin1")).not.toMatch(/[^\r]\n/);
  });

  it("signed with an attachment carry the same bytes", () => {
    const bytes = Buffer.from([0, 1, 2, 13, 10, 255]);
    const attachment = { name: "a.bin", type: "application/octet-stream", bytes };
    const verified = verifyMail(signedMail({ ...envelope, signer: alice, attachment }), root.identity);
    expect(verified.ok).toBe(true);
    expect(verified.content.toString("latin1")).toContain(bytes.toString("base64"));
  });

  it("signed without the intermediate do not verify", () => {
    const mail = signedMail({ ...envelope, signer: alice, chain: [] });
    expect(verifyMail(mail, root.identity).message).toMatch(/unable to get local issuer certificate/);
  });

  it("can have two signers and another digest", () => {
    const mail = signedMail({
      ...envelope,
      signer: [alice, ca.issue({ addresses: [from], key: "P-384" })],
      md: "sha512",
    });
    expect(verifyMail(mail, root.identity).ok).toBe(true);
    expect(mail.toString("latin1")).toContain('micalg="sha-512"');
  });

  it("that only carry certificates hold exactly those", () => {
    const mail = certsOnlyMail({ ...envelope, certificates: [alice] }).toString("latin1");
    const der = Buffer.from(mail.slice(mail.indexOf("\r\n\r\n")), "base64");
    const args = ["pkcs7", "-inform", "DER", "-print_certs"];
    expect(runSync("openssl", args, { input: der }).stdout.toString()).toContain(alice.pem.trim());
  });

  it("encrypted to somebody are read by him and by nobody else", () => {
    const bob = ca.issue({ addresses: ["bob@partner.example"] });
    const mail = encryptedMail({ ...envelope, recipients: [bob], text: "secret" });
    expect(mail.toString("latin1")).not.toContain("secret");
    expect(decryptMail(mail, bob).toString()).toContain("secret");
    expect(() => decryptMail(mail, alice)).toThrow();
  });
});

function pathVerifies(certFile: string, trusted: Authority): boolean {
  const args = ["verify", "-x509_strict", "-purpose", "smimesign", "-CAfile", trusted.identity.certFile];
  return (
    runSync("openssl", [...args, "-untrusted", ca.identity.certFile, certFile], { check: false }).code === 0
  );
}

function publicKey(der: Buffer): string {
  return new X509Certificate(der).publicKey.export({ type: "spki", format: "der" }).toString("hex");
}
