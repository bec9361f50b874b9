import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeBody, type MimePart, parseMime } from "../../src/mail/index.ts";
import { replyAttachments } from "../../src/reply/attachments.ts";
import { renderReply } from "../../src/reply/index.ts";
import { runSync } from "../lab/command.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";
import { Authority, type Identity } from "../lab/openssl.ts";
import { published, reply } from "./sample.ts";

let folder: LabFolder;
let root: Authority;
let issuing: Authority;
let leaf: Identity;
let raw: Buffer;
let parts: readonly MimePart[];

beforeAll(() => {
  folder = openFolder();
  root = Authority.root(folder.path, { name: "Lab Root" });
  issuing = root.intermediate({ name: "Lab Issuing" });
  leaf = issuing.issue({ addresses: ["claims@company.example"], key: "P-256" });
  const certificate = published({
    der: leaf.der,
    sha256: leaf.sha256,
    chain: [issuing.identity.der, root.identity.der],
  });
  const address = "claims@company.example";
  raw = renderReply(
    reply({
      content: {
        template: "certificate",
        mailboxes: [{ address, certificates: [certificate, certificate] }],
      },
    }),
  );
  parts = parseMime(raw).root.parts.slice(1);
});
afterAll(() => folder.remove());

function attachment(fileName: string): Buffer {
  const part = parts.find((one) => one.fileName === fileName);
  if (part === undefined) throw new Error(`no ${fileName}`);
  return decodeBody(raw, part).bytes;
}

describe("the files of a reply (PRODUCT §4)", () => {
  it("have names and types that mail programs open", () => {
    expect(parts.map((part) => [part.fileName, part.mediaType.type, part.disposition])).toEqual(
      ["claims_at_company.example", "claims_at_company.example-2"].flatMap((name) => [
        [`${name}.p7b`, "application/x-pkcs7-certificates", "attachment"],
        [`${name}.pem`, "application/x-pem-file", "attachment"],
        [`${name}.cer`, "application/pkix-cert", "attachment"],
      ]),
    );
  });

  it("the .cer is the certificate, byte for byte, and OpenSSL reads it (RFC 2585 §4.1)", () => {
    const bytes = attachment("claims_at_company.example.cer");
    expect(bytes.equals(leaf.der)).toBe(true);
    const said = runSync("openssl", ["x509", "-inform", "DER", "-noout", "-email"], { input: bytes });
    expect(said.stdout.toString().trim()).toBe("claims@company.example");
  });

  it("the .pem is the same certificate (RFC 7468 §5)", () => {
    const bytes = attachment("claims_at_company.example.pem");
    const said = runSync("openssl", ["x509", "-outform", "DER"], { input: bytes });
    expect(said.stdout.equals(leaf.der)).toBe(true);
  });

  it("the .p7b is the path, the end entity first and without the root (RFC 8551 §3.2.2)", () => {
    const path = [leaf.der, issuing.identity.der].map((der) => new X509Certificate(der).fingerprint256);
    expect(certificatesIn(attachment("claims_at_company.example.p7b"))).toEqual(path);
  });

  it.each([0, 1, 2, 3])("the end entity is the first whatever its bytes are (%i)", (serial) => {
    // In DER order a set begins with the shortest: a root with a short name, nearly always.
    const one = issuing.issue({ addresses: [`a${"b".repeat(serial * 10)}@company.example`] });
    const file = fileOf(one, [issuing.identity.der, root.identity.der]);
    expect(certificatesIn(file)[0]).toBe(new X509Certificate(one.der).fingerprint256);
  });

  it("a self-signed certificate that is published itself stays", () => {
    const file = fileOf(root.identity, []);
    expect(certificatesIn(file)).toEqual([new X509Certificate(root.identity.der).fingerprint256]);
  });

  it("what takes the first certificate of the .p7b encrypts to the mailbox", () => {
    const pems = runSync("openssl", ["pkcs7", "-inform", "DER", "-print_certs"], {
      input: attachment("claims_at_company.example.p7b"),
    }).stdout;
    const file = join(folder.path, "first.pem");
    writeFileSync(file, pems);
    const encrypted = runSync("openssl", ["cms", "-encrypt", "-aes256", file], { input: "secret" }).stdout;
    const decrypted = runSync(
      "openssl",
      ["cms", "-decrypt", "-recip", leaf.certFile, "-inkey", leaf.keyFile],
      { input: encrypted },
    );
    expect(decrypted.stdout.toString()).toContain("secret");
  });

  it("two mailboxes with one local part have files of their own", () => {
    const addresses = ["claims@company.example", "claims@life.company.example"];
    const mailboxes = addresses.map((address) => ({ address, certificates: [published()] }));
    const names = replyAttachments({ template: "certificate", mailboxes }).map(({ fileName }) => fileName);
    expect(names.filter((name) => name.endsWith(".p7b"))).toEqual([
      "claims_at_company.example.p7b",
      "claims_at_life.company.example.p7b",
    ]);
    expect(names.join(" ")).not.toContain("@");
  });
});

/** The `.p7b` of a reply with this certificate. */
function fileOf({ der }: { readonly der: Buffer }, chain: readonly Buffer[]): Buffer {
  const mailboxes = [{ address: "claims@company.example", certificates: [published({ der, chain })] }];
  const file = replyAttachments({ template: "certificate", mailboxes }).find(({ fileName }) =>
    fileName.endsWith(".p7b"),
  );
  return Buffer.from(file?.bytes ?? []);
}

/** Fingerprints in the order in which OpenSSL finds the certificates. */
function certificatesIn(file: Buffer): string[] {
  const said = runSync("openssl", ["pkcs7", "-inform", "DER", "-print_certs"], { input: file });
  const pems = said.stdout.toString().match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  return pems.map((pem) => new X509Certificate(pem).fingerprint256);
}
