import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstField, parseMime } from "../../src/mail/index.ts";
import { isProblem, parseCertificate } from "../../src/pki/index.ts";
import { type Identity as ReplyIdentity, renderNotice, renderReply } from "../../src/reply/index.ts";
import { type LabFolder, openFolder } from "../lab/folder.ts";
import { Authority, alter, type Identity, type KeyType, verifyMail } from "../lab/openssl.ts";
import { CONTENTS, IDENTITY, reply, shippedTexts } from "./sample.ts";

let folder: LabFolder;
let root: Authority;
let issuing: Authority;
beforeAll(() => {
  folder = openFolder();
  root = Authority.root(folder.path, { name: "Lab Root" });
  issuing = root.intermediate({ name: "Lab Issuing" });
});
afterAll(() => folder.remove());

function parsed(identity: Identity) {
  const certificate = parseCertificate(identity.der);
  if (isProblem(certificate)) throw new Error("the lab made a certificate that cannot be read");
  return certificate;
}

function signedBy(key: KeyType): ReplyIdentity {
  const own = issuing.issue({ addresses: ["key-management@company.example"], key });
  return {
    ...IDENTITY,
    signing: {
      certificate: parsed(own),
      key: createPrivateKey(readFileSync(own.keyFile)),
      intermediates: [parsed(issuing.identity)],
    },
  };
}

function mailOf(name: string, identity: ReplyIdentity): Buffer {
  return renderReply(reply({ content: CONTENTS[name] ?? reply().content, identity, now: new Date() }));
}

describe("a signed reply (PRODUCT §4, RFC 8551 §3.5.3)", () => {
  it.each<[KeyType, string]>([
    ["rsa:2048", "sha-256"],
    ["P-256", "sha-256"],
    ["P-384", "sha-384"],
  ])("with a key of %s is right for OpenSSL, and names %s", (key, micalg) => {
    const mail = mailOf("certificate.mixed", signedBy(key));
    const verified = verifyMail(mail, root.identity);
    expect(verified.message).toMatch(/successful/i);
    expect(verified.ok).toBe(true);
    const { root: top } = parseMime(mail);
    expect(top.mediaType.type).toBe("multipart/signed");
    expect(top.mediaType.parameters.get("micalg")).toBe(micalg);
    expect(verified.content.equals(mail.subarray(top.parts[0]?.start, top.parts[0]?.end))).toBe(true);
  });

  it("is wrong for OpenSSL when one letter of it is changed", () => {
    expect(verifyMail(alter(mailOf("hint", signedBy("P-256"))), root.identity).ok).toBe(false);
  });

  it.each(Object.keys(CONTENTS))("%s: carries the same header as an unsigned one", (name) => {
    const identity = signedBy("P-256");
    const header = (mail: Buffer, field: string): string | undefined =>
      firstField(parseMime(mail).root.fields, field)?.body;
    const [signed, plain] = [mailOf(name, identity), mailOf(name, IDENTITY)];
    for (const field of ["From", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Keybot-Loop"]) {
      expect(header(signed, field)).toBe(header(plain, field));
    }
    expect(verifyMail(signed, root.identity).ok).toBe(true);
  });

  it("is a mail to the admin, too", () => {
    const mail = renderNotice({
      notice: { kind: "stuck", stuck: { count: 1, since: new Date(0), error: null } },
      to: "postmaster@company.example",
      messageId: "<keybot.1@company.example>",
      now: new Date(),
      identity: signedBy("P-256"),
      texts: shippedTexts(["de", "en"]),
    });
    expect(verifyMail(mail, root.identity).ok).toBe(true);
  });

  it("with RSA, the same reply gives the same bytes", () => {
    const given = reply({ identity: signedBy("rsa:2048") });
    expect(renderReply(given).equals(renderReply(given))).toBe(true);
  });

  it("with another key than the certificate's is a fault of ours, and thrown", () => {
    const [one, other] = [signedBy("P-256"), signedBy("P-256")];
    const mixed = { ...one.signing, ...(other.signing && { key: other.signing.key }) };
    const identity = { ...one, signing: mixed } as ReplyIdentity;
    expect(() => renderReply(reply({ identity }))).toThrow(/key is not that of/);
  });
});
