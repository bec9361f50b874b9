import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstField, parseMime } from "../../src/mail/index.ts";
import { isProblem, parseCertificate } from "../../src/pki/index.ts";
import {
  type Identity as ReplyIdentity,
  renderNotice,
  renderReply,
  requireSigning,
  signingFault,
} from "../../src/reply/index.ts";
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
    expect(() => renderReply(reply({ identity, now: new Date() }))).toThrow(/key is not that of/);
  });
});

// WORDS 27: a signature that shows as wrong is worse than none, and mail that is not sent is worse than both.
describe("a signing identity that is of no use", () => {
  const ROBOT = "key-management@company.example";
  const identityOf = (more: Partial<Parameters<Authority["issue"]>[0]>): ReplyIdentity => {
    const own = issuing.issue({ addresses: [ROBOT], key: "P-256", ...more });
    const key = createPrivateKey(readFileSync(own.keyFile));
    return { ...IDENTITY, signing: { certificate: parsed(own), key, intermediates: [] } };
  };
  const DAY = 86_400_000;
  const now = new Date();
  const from = new Date(now.getTime() - 30 * DAY);

  it.each<[string, Partial<Parameters<Authority["issue"]>[0]>, number, string | null]>([
    ["is of use", {}, 0, null],
    ["names the address in another case", { addresses: ["Key-Management@Company.example"] }, 0, null],
    ["is one of several addresses", { addresses: ["other@company.example", ROBOT] }, 0, null],
    ["has no keyUsage", { keyUsage: null }, 0, null],
    ["has expired", { notBefore: from, notAfter: new Date(now.getTime() - DAY) }, 0, "expired"],
    ["expires while the robot runs", { notAfter: new Date(now.getTime() + DAY) }, 2 * DAY, "expired"],
    ["is not yet valid", { notBefore: new Date(now.getTime() + DAY) }, 0, "not-yet-valid"],
    ["names another address", { addresses: ["claims@company.example"] }, 0, "address"],
    ["may encrypt only", { keyUsage: "critical,keyAgreement" }, 0, "usage"],
    ["is a server's", { extendedKeyUsage: "serverAuth" }, 0, "usage"],
  ])("%s", (_, more, later, fault) => {
    const identity = identityOf(more);
    const at = new Date(now.getTime() + later);
    const { signing = null } = identity;
    expect(signing === null ? "" : signingFault(signing, ROBOT, at)).toBe(fault);
    const { mediaType } = parseMime(renderReply(reply({ identity, now: at }))).root;
    expect(mediaType.type).toBe(fault === null ? "multipart/signed" : "text/plain");
  });

  it("a key that is not that of the certificate is said at the start", () => {
    const { signing } = identityOf({});
    const { signing: other } = identityOf({});
    if (signing === undefined || other === undefined) throw new Error("there is no identity");
    expect(() => requireSigning({ ...signing, key: other.key }, now)).toThrow(
      /not that of the signing certificate/,
    );
    expect(() => requireSigning(signing, now)).not.toThrow();
  });
});
