import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isProblem, parseSignedData, type SignedData, verifySigner } from "../../src/pki/index.ts";
import { good } from "./openssl-scratch.ts";
import { certificateOf, corpus, derOf } from "./path-corpora.ts";

interface Row {
  readonly file: string;
  readonly mail: string;
  readonly content_info?: string;
  readonly cms_signature_valid?: boolean;
  readonly cms_signature_valid_detached_over_ExContent?: boolean;
}

function rows(folder: string | null): readonly Row[] {
  return folder === null ? [] : JSON.parse(readFileSync(join(folder, "expect.json"), "utf8")).rows;
}

/** As `openssl cms -verify`: every signer must be right, and there must be one. */
function allValid(signedData: SignedData, content: Uint8Array): boolean {
  const answers = signedData.signerInfos.map((signer) => verifySigner(signedData, signer, content));
  return answers.length > 0 && answers.every(({ valid }) => valid);
}

describe("OpenSSL's malformed SignedData: none may pass, none may throw", () => {
  const folder = corpus("openssl-cms");
  it.skipIf(folder === null)("is not empty", () => expect(rows(folder).length).toBeGreaterThan(0));
  if (folder !== null) console.info(`openssl-cms: ${rows(folder).length} malformed objects, none may pass`);
  it.each(rows(folder).map((row) => [row.file]))("%s", (file) => {
    const bytes = readFileSync(join(folder ?? "", file));
    const signedData = parseSignedData(file.endsWith(".pem") ? derOf(bytes.toString()) : bytes);
    expect(!isProblem(signedData) && allValid(signedData, signedData.content ?? Buffer.alloc(0))).toBe(false);
  });
});

describe("the examples of RFC 4134", () => {
  const folder = corpus("rfc4134");
  it.skipIf(folder === null)("is not empty", () => expect(rows(folder).length).toBeGreaterThan(0));
  // 4.6 has a DSS signer with inherited parameters; the corpus says not to rely on it.
  const signed = rows(folder).filter(
    ({ content_info, file }) => content_info === "pkcs7-signedData" && !file.endsWith("4.6.bin"),
  );
  it.each(signed.map((row) => [row.file, row.cms_signature_valid_detached_over_ExContent ?? false] as const))(
    "%s: %s",
    (file, valid) => {
      const content = readFileSync(join(folder ?? "", "examples", "ExContent.bin"));
      expect(allValid(good(parseSignedData(readFileSync(join(folder ?? "", file)))), content)).toBe(valid);
    },
  );
});

describe("the CMS objects of RFC 9216", () => {
  const folder = corpus("rfc9216");
  it.skipIf(folder === null).each([
    ["signedByAliceRSA.p7m", true],
    ["signedByAliceRSAPSS.p7m", true],
    ["signedByCarlosEd25519.p7m", true],
    ["signedByAliceAndCarlosNoCerts.p7m", false],
  ])("%s: %s", (file, valid) => {
    const signedData = good(parseSignedData(readFileSync(join(folder ?? "", "cms", file))));
    expect(allValid(signedData, signedData.content ?? Buffer.alloc(0))).toBe(valid);
  });

  it.skipIf(folder === null)("a detached signature is right over the content of the others", () => {
    const [attached, detached] = ["signedByCarlosEd25519.p7m", "signedByCarlosDetached.p7m"].map((file) =>
      good(parseSignedData(readFileSync(join(folder ?? "", "cms", file)))),
    );
    expect(detached?.content).toBeNull();
    expect(detached !== undefined && allValid(detached, attached?.content ?? Buffer.alloc(0))).toBe(true);
    expect(detached !== undefined && allValid(detached, Buffer.from("another content"))).toBe(false);
  });

  it.skipIf(folder === null)("a signature without certificates is right with them", () => {
    const bare = good(
      parseSignedData(readFileSync(join(folder ?? "", "cms", "signedByAliceAndCarlosNoCerts.p7m"))),
    );
    const certificates = ["lamps-alice.crt", "lamps-carlos.crt"].map((name) =>
      certificateOf(readFileSync(join(folder ?? "", "certs", name), "utf8")),
    );
    expect(allValid({ ...bare, certificates }, bare.content ?? Buffer.alloc(0))).toBe(true);
  });

  it.skipIf(folder === null)("encrypted objects are no SignedData", () => {
    const encrypted = readdirSync(join(folder ?? "", "cms")).filter((name) => !name.startsWith("signed"));
    for (const name of encrypted) {
      expect(parseSignedData(readFileSync(join(folder ?? "", "cms", name)))).toMatchObject({
        problem: "malformed",
      });
    }
    const all = readdirSync(join(folder ?? "", "cms"));
    console.info(
      `rfc9216: ${all.length} CMS objects, ${all.length - encrypted.length} signatures checked, ${encrypted.length} encrypted`,
    );
    expect([all.length, encrypted.length]).toEqual([10, 5]);
  });

  it.skipIf(folder === null).each(["smime-multipart-signed.eml", "smime-onepart-signed.eml"])(
    "the mail %s is signed rightly",
    (mail) => {
      expect(mailIsValid(readFileSync(join(folder ?? "", "mails", mail)))).toBe(true);
    },
  );
});

describe("the mails of Thunderbird's tests", () => {
  const folder = corpus("thunderbird-smime");
  it.skipIf(folder === null)("is not empty", () => expect(rows(folder).length).toBeGreaterThan(0));
  const signed = rows(folder).filter(({ cms_signature_valid }) => cms_signature_valid !== undefined);
  it.each(signed.map((row) => [row.mail, row.cms_signature_valid === true] as const))(
    "%s: %s",
    (mail, valid) => {
      expect(mailIsValid(readFileSync(join(folder ?? "", mail)))).toBe(valid);
    },
  );
});

describe("the mails of NIST PKITS", () => {
  const folder = corpus("pkits");
  // 4.1.5 has a DSA key with inherited parameters, which a signature alone cannot have.
  const mails = [...new Set(rows(folder).map(({ mail }) => mail))].filter(
    (mail) => !mail.includes("DSAParameterInheritance"),
  );
  it.skipIf(folder === null)("every signature over the mail is right", () => {
    expect(mails.length).toBeGreaterThan(200);
    const wrong = mails.filter((mail) => !mailIsValid(readFileSync(join(folder ?? "", mail))));
    expect(wrong).toEqual([]);
  });
});

/** Cuts a signed mail as plainly as these corpora allow; keybot's own reader is in another room. */
function mailIsValid(raw: Buffer): boolean {
  const text = raw.toString("latin1").replace(/\r?\n/g, "\r\n");
  const { head, body } = entity(text);
  const boundary = /boundary="?([^"\r\n;]+)/i.exec(head)?.[1];
  const opaque = !/^content-type:\s*multipart\/signed/im.test(head) || boundary === undefined;
  const [content, signature] = opaque
    ? [null, text]
    : `\r\n${body}`
        .split(`\r\n--${boundary}`)
        .slice(1, 3)
        .map((part) => part.replace(/^[ \t]*\r\n/, ""));
  const signedData = parseSignedData(Buffer.from(entity(signature ?? "").body, "base64"));
  if (isProblem(signedData)) return false;
  if (content !== null && content !== undefined)
    return signedData.content === null && allValid(signedData, Buffer.from(content, "latin1"));
  return signedData.content !== null && allValid(signedData, signedData.content);
}

function entity(text: string): { head: string; body: string } {
  const end = text.indexOf("\r\n\r\n");
  return { head: text.slice(0, end).replace(/\r\n[ \t]+/g, " "), body: text.slice(end + 4) };
}
