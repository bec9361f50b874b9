import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeBody, type MimePart, parseMime } from "../../src/mail/index.ts";
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
      ["claims@company.example", "claims@company.example-2"].flatMap((name) => [
        [`${name}.cer`, "application/pkix-cert", "attachment"],
        [`${name}.pem`, "application/x-pem-file", "attachment"],
        [`${name}.p7b`, "application/x-pkcs7-certificates", "attachment"],
      ]),
    );
  });

  it("the .cer is the certificate, byte for byte, and OpenSSL reads it (RFC 2585 §4.1)", () => {
    const bytes = attachment("claims@company.example.cer");
    expect(bytes.equals(leaf.der)).toBe(true);
    const said = runSync("openssl", ["x509", "-inform", "DER", "-noout", "-email"], { input: bytes });
    expect(said.stdout.toString().trim()).toBe("claims@company.example");
  });

  it("the .pem is the same certificate (RFC 7468 §5)", () => {
    const bytes = attachment("claims@company.example.pem");
    const said = runSync("openssl", ["x509", "-outform", "DER"], { input: bytes });
    expect(said.stdout.equals(leaf.der)).toBe(true);
  });

  it("the .p7b is the path, end entity included (RFC 8551 §3.2.2)", () => {
    const bytes = attachment("claims@company.example.p7b");
    const said = runSync("openssl", ["pkcs7", "-inform", "DER", "-print_certs"], { input: bytes });
    const pems = said.stdout.toString().match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
    const digests = pems.map((pem) => new X509Certificate(pem).fingerprint256).sort();
    const path = [leaf.der, issuing.identity.der, root.identity.der];
    expect(digests).toEqual(path.map((der) => new X509Certificate(der).fingerprint256).sort());
  });
});
