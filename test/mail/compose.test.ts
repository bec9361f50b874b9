import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Attachment,
  composeAround,
  composeEntity,
  composeMessage,
  composeSignedEntity,
  decodeBody,
  decodeEncodedWords,
  type FieldValue,
  firstField,
  formatMailbox,
  parseAddressList,
  parseMime,
} from "../../src/mail/index.ts";

const boundary = "=_keybot_1";
const compose = (fields: readonly FieldValue[], text = "", attachments: readonly Attachment[] = []) =>
  composeMessage({ fields, text, attachments, boundary });
const field = (name: string, value: string) =>
  firstField(parseMime(compose([[name, value]])).root.fields, name)?.body;

describe("a composed message", () => {
  it("is plain text when it can be, byte for byte", () => {
    const fields = [
      ["From", "Key <k@c.example>"],
      ["Subject", "hi"],
    ] as const;
    expect(compose(fields, "Hello\nworld").toString("latin1")).toBe(
      [
        "From: Key <k@c.example>",
        "Subject: hi",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
        "",
        "Hello",
        "world",
        "",
      ].join("\r\n"),
    );
  });

  it.each([
    ["umlauts", "Grüße"],
    ["long lines", "x".repeat(5000)],
    ["trailing blanks", "a \t\nb"],
    ["From at the start of a line (RFC 8551 §3.1.3)", "From here\n>From there"],
    ["a lone dot", "a\n.\nb"],
    ["lines like delimiters", `--${boundary}\n--${boundary}--`],
    ["a delimiter after a soft break", `${"x".repeat(75)}--${boundary}\n`],
    ["control characters", "a\0b\x07c\x1b[31m"],
    ["equals signs", "a=3D="],
    ["nothing", ""],
  ])("carries %s", (_what, text) => {
    const raw = compose([["Subject", "x"]], text, [
      { fileName: "a", mediaType: "a/b", bytes: Buffer.from("x") },
    ]);
    const message = parseMime(raw);
    expect(message).toMatchObject({ problem: null, defects: 0, root: { closed: true } });
    for (const line of raw.toString("latin1").split("\r\n")) expect(line.length).toBeLessThanOrEqual(76);
    const [part] = message.root.parts;
    const body = part === undefined ? "" : decodeBody(raw, part).bytes.toString("utf8");
    const lines = text === "" ? "" : `${text.replace(/\n$/, "").replaceAll("\n", "\r\n")}`;
    expect(body.replace(/\r\n$/, "")).toBe(lines);
  });

  it("writes attachments that come back with name and type", () => {
    const attachments = [
      {
        fileName: "claims@company.example.cer",
        mediaType: "application/pkix-cert",
        bytes: Buffer.from([0, 255, 10, 13]),
      },
      {
        fileName: 'Zertifikat für "Anna".pem',
        mediaType: "application/x-pem-file",
        bytes: Buffer.alloc(200, 7),
      },
      {
        fileName: `${"ü".repeat(100)}.p7b`,
        mediaType: "application/pkcs7-mime; smime-type=certs-only",
        bytes: Buffer.alloc(0),
      },
    ];
    const raw = compose([], "text", attachments);
    const parts = parseMime(raw).root.parts.slice(1);
    expect(parts.map((part) => part.fileName)).toEqual(attachments.map((one) => one.fileName));
    expect(parts.map((part) => part.mediaType.parameters.get("name"))).toEqual(
      attachments.map((one) => one.fileName),
    );
    expect(parts.map((part) => decodeBody(raw, part).bytes)).toEqual(attachments.map((one) => one.bytes));
    expect(parts[2]?.mediaType.parameters.get("smime-type")).toBe("certs-only");
    expect(parts.every((part) => part.disposition === "attachment")).toBe(true);
  });
});

describe("no value can make another header line", () => {
  const injections = [
    "a\r\nBcc: x@y",
    "a\nBcc: x@y",
    "a\rBcc: x@y",
    "a\r\n\r\nbody",
    "a\0b",
    "a\u0085Bcc: x",
    "a\u2028b",
  ];
  it.each(["Subject", "To", "From", "Message-ID", "In-Reply-To", "References", "X-Any", "Content-Type"])(
    "%s",
    (name) => {
      for (const value of injections) {
        const raw = compose([
          [name, value],
          [name, `Name ${value} <a@b.example>`],
        ]);
        const { root, defects } = parseMime(raw);
        expect(root.fields.map((one) => one.name).slice(0, 3)).toEqual([name, name, "MIME-Version"]);
        expect(defects).toBe(0);
        expect(raw.toString("latin1").replaceAll("\r\n", "")).not.toMatch(/[\r\n\0]/);
      }
    },
  );
  it("file names and media types neither", () => {
    const raw = compose([], "", [
      { fileName: 'a"\r\nX: y', mediaType: "a/b\r\nX: y", bytes: Buffer.alloc(1) },
    ]);
    expect(firstField(parseMime(raw).root.parts[1]?.fields ?? [], "X")).toBeNull();
  });
  it("any text at all, and the subject comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const raw = compose([
          ["Subject", text],
          ["X-Last", "1"],
        ]);
        const { root } = parseMime(raw);
        expect(root.fields.map((one) => one.name).slice(0, 3)).toEqual(["Subject", "X-Last", "MIME-Version"]);
        const clean = text
          .replace(/\p{Cc}+/gu, " ")
          .replace(/\p{Cs}/gu, "\ufffd")
          .trim();
        expect(decodeEncodedWords(root.fields[0]?.body ?? "")).toBe(clean);
        const header = raw.toString("latin1", 0, root.bodyStart);
        for (const line of header.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
      }),
      { numRuns: 500 },
    );
  });
});

describe("fields", () => {
  it.each([
    [
      "addresses are written anew",
      "To",
      '"Alice" <alice@B.example>, c@d.example',
      "Alice <alice@b.example>, c@d.example",
    ],
    [
      "names are quoted where they must be",
      "To",
      '"Smith, Alice" <a@b.example>',
      '"Smith, Alice" <a@b.example>',
    ],
    ["names are encoded", "From", "Schlüssel <a@b.example>", "=?utf-8?Q?Schl=C3=BCssel?= <a@b.example>"],
    ["what is no address is left out", "To", "a@b.example <c@d.example>", ""],
    ["subjects keep their blanks", "Subject", "a  b   c", "a  b   c"],
    ["identifiers are not encoded", "References", "<a@b> <c@d>", "<a@b> <c@d>"],
  ])("%s", (_rule, name, value, expected) => {
    expect(field(name, value)).toBe(expected);
  });
  it("are folded at blanks within 76 characters", () => {
    const ids = Array.from({ length: 20 }, (_, n) => `<${n}.abcdefgh@partner.example>`).join(" ");
    const raw = compose([["References", ids]]).toString("latin1");
    for (const line of raw.split("\r\n")) expect(line.length).toBeLessThanOrEqual(76);
    expect(field("References", ids)).toBe(ids);
  });
  it("with encoded words have no line over 76 characters (RFC 2047 §2)", () => {
    const raw = compose([["Subject", "Zertifikat für Jürgen Müßiggänger ".repeat(10)]]).toString("latin1");
    for (const line of raw.split("\r\n")) expect(line.length).toBeLessThanOrEqual(76);
  });
  it("without addresses are ASCII, whatever a Message-ID held", () => {
    expect(field("In-Reply-To", "<ä@b>")).toBe("<?@b>");
  });
  it("a name that is none is the caller's error", () => {
    for (const name of ["", "A B", "A:", "A\r\nB", "Ä"])
      expect(() => compose([[name, "x"]])).toThrow(RangeError);
  });
  it("a display name comes back from any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (name) => {
        const clean = name.replace(/\p{Cc}+/gu, " ").trim();
        const list = parseAddressList(formatMailbox({ displayName: name, address: "a@b.example" }));
        expect(list).toMatchObject({ problem: null, mailboxes: [{ address: "a@b.example" }] });
        expect((list.mailboxes[0]?.displayName ?? "").replace(/ +/g, " ")).toBe(clean.replace(/ +/g, " "));
      }),
    );
  });
});

describe("a signed entity (RFC 8551 §3.5.3)", () => {
  const entity = composeEntity({
    text: "Grüße",
    attachments: [{ fileName: "a", mediaType: "a/b", bytes: Buffer.alloc(9) }],
    boundary,
  });
  const signature = Buffer.from([0x30, 0x00]);

  it("holds the entity byte for byte", () => {
    const signed = composeSignedEntity({ entity, signature, micalg: "sha-256", boundary: "=_outer" });
    const raw = composeAround([["Subject", "x"]], signed);
    const { root, problem } = parseMime(raw);
    const [content, p7s] = root.parts;
    expect(problem).toBeNull();
    expect(root.mediaType.type).toBe("multipart/signed");
    expect(Object.fromEntries(root.mediaType.parameters)).toEqual({
      protocol: "application/pkcs7-signature",
      micalg: "sha-256",
      boundary: "=_outer",
    });
    expect(raw.subarray(content?.start, content?.end).equals(entity)).toBe(true);
    expect(p7s?.mediaType.type).toBe("application/pkcs7-signature");
    expect(p7s === undefined ? null : decodeBody(raw, p7s).bytes).toEqual(signature);
  });
  it("verifies in OpenSSL, which takes the parts apart by itself", () => {
    const folder = mkdtempSync(join(tmpdir(), "keybot-compose-"));
    const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
    try {
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem"];
      openssl("req", "-x509", ...key, "-subj", "/CN=Robot", "-out", "cert.pem");
      writeFileSync(join(folder, "entity"), entity);
      const signer = ["-signer", "cert.pem", "-inkey", "key.pem", "-md", "sha256"];
      openssl("cms", "-sign", "-binary", "-in", "entity", ...signer, "-outform", "DER", "-out", "p7s");
      const p7s = readFileSync(join(folder, "p7s"));
      const signed = composeSignedEntity({ entity, signature: p7s, micalg: "sha-256", boundary: "=_outer" });
      writeFileSync(join(folder, "mail"), composeAround([["Subject", "x"]], signed));
      openssl("cms", "-verify", "-noverify", "-inform", "SMIME", "-in", "mail", "-out", "content");
      expect(readFileSync(join(folder, "content")).equals(entity)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it("has another boundary than the entity", () => {
    expect(() => composeSignedEntity({ entity, signature, micalg: "sha-256", boundary })).toThrow(RangeError);
  });
  it("is canonical already", () => {
    expect(entity.toString("latin1").replaceAll("\r\n", "")).toMatch(/^[\x20-\x7e]*$/);
  });
});
