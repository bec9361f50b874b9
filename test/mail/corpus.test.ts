import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  decodeBody,
  decodeEncodedWords,
  fieldsNamed,
  messageIds,
  parseAddressList,
  parseAuthenticationResults,
  parseDateTime,
  parseMime,
  parseReceived,
  toCrlf,
} from "../../src/mail/index.ts";

const corpora = process.env.KEYBOT_CORPORA ?? resolve(import.meta.dirname, "../../../shared/corpora");
const present = existsSync(corpora);
if (!present) console.warn(`corpus tests of mail/ skipped: no folder ${corpora} (set KEYBOT_CORPORA)`);

interface Row {
  readonly mail: string;
  readonly cms_signature_valid?: boolean | null;
}

function mails(): string[] {
  const files = readdirSync(corpora, { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".eml")).map((file) => join(corpora, file));
}

/** The mails of a folder whose CMS signature OpenSSL found right, each once. */
function rightlySigned(folder: string): string[] {
  const expected = JSON.parse(readFileSync(join(corpora, folder, "expect.json"), "utf8")) as { rows: Row[] };
  const names = expected.rows.filter((row) => row.cms_signature_valid === true).map((row) => row.mail);
  return [...new Set(names)].map((name) => join(corpora, folder, name));
}

describe.skipIf(!present)("the mails of the corpora", () => {
  it("are read without a throw, every field of them", () => {
    const files = mails();
    expect(files.length).toBeGreaterThan(400);
    for (const file of files) {
      const raw = readFileSync(file);
      const { root } = parseMime(raw);
      for (const field of root.fields) {
        decodeEncodedWords(field.body);
        parseAddressList(field.body);
        parseReceived(field.body);
        parseAuthenticationResults(field.body);
        parseDateTime(field.body);
        messageIds(field.body);
      }
      for (const part of root.parts) decodeBody(raw, part);
      expect(root.end, file).toBe(raw.length);
    }
  });

  it("have one author that can be read in every signed mail of Thunderbird's", () => {
    for (const file of rightlySigned("thunderbird-smime")) {
      const { root } = parseMime(readFileSync(file));
      const from = fieldsNamed(root.fields, "From").map((field) => parseAddressList(field.body));
      expect(from, file).toMatchObject([{ problem: null, mailboxes: [{ domain: "example.com" }] }]);
    }
  });
});

describe.skipIf(!present)(
  "a detached signature verifies over the bytes that were cut out (RFC 1847 §2.1)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "keybot-mail-"));
    afterAll(() => rmSync(folder, { recursive: true }));

    /** What OpenSSL, an independent implementation, says of the part and its p7s. */
    function verifies(raw: Buffer): boolean {
      const [content, signature] = parseMime(raw).root.parts;
      if (content === undefined || signature === undefined) return false;
      const decoded = decodeBody(raw, signature);
      expect(decoded.problem).toBeNull();
      writeFileSync(join(folder, "content"), toCrlf(raw.subarray(content.start, content.end)));
      writeFileSync(join(folder, "p7s"), decoded.bytes);
      const files = [
        "-content",
        join(folder, "content"),
        "-in",
        join(folder, "p7s"),
        "-out",
        join(folder, "out"),
      ];
      try {
        execFileSync("openssl", ["cms", "-verify", "-noverify", "-binary", "-inform", "DER", ...files], {
          stdio: "pipe",
        });
        return true;
      } catch {
        return false;
      }
    }

    const detached = (file: string) =>
      parseMime(readFileSync(file)).root.mediaType.type === "multipart/signed";
    const sample = present
      ? [
          ...rightlySigned("thunderbird-smime").filter(detached),
          ...rightlySigned("pkits")
            .filter(detached)
            .filter((_, index) => index % 12 === 0),
        ]
      : [];

    it("has a sample of both corpora", () => {
      expect(sample.length).toBeGreaterThan(20);
    });
    it.each(sample.map((file) => [file.slice(corpora.length + 1), file]))("%s", (_name, file) => {
      const raw = readFileSync(file);
      expect(verifies(raw)).toBe(true);
      const lf = Buffer.from(raw.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
      expect(verifies(lf), "the same mail with bare LF").toBe(true);
    });
    it.skipIf(sample.length === 0)("does not verify with one byte changed", () => {
      const raw = readFileSync(sample[0] ?? "");
      const [content] = parseMime(raw).root.parts;
      const at = (content?.end ?? 1) - 1;
      raw[at] = (raw[at] ?? 0) ^ 1;
      expect(verifies(raw)).toBe(false);
    });
  },
);
