import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeBody,
  decodeEncodedWords,
  fieldsNamed,
  firstField,
  parseAddressList,
  parseMime,
} from "../../src/mail/index.ts";
import { replyText } from "../../src/reply/body.ts";
import { type Reply, renderReply } from "../../src/reply/index.ts";
import { REFERENCES } from "../../src/reply/limits.ts";
import { CONTENTS, IDENTITY, judged, published, reply, shippedTexts } from "./sample.ts";

function headerOf(raw: Buffer): string {
  return raw.subarray(0, raw.indexOf("\r\n\r\n")).toString("latin1");
}

function field(change: Partial<Reply>, name: string): string | null {
  const { root } = parseMime(renderReply(reply(change)));
  expect(fieldsNamed(root.fields, name).length, name).toBeLessThanOrEqual(1);
  return firstField(root.fields, name)?.body ?? null;
}

describe("the header of a reply (PRODUCT §5)", () => {
  it.each<[string, string | null, string]>([
    ["From", "Key Management <key-management@company.example>", "RFC 5322 §3.6.2"],
    ["To", "alice@partner.example", "PRODUCT §5: exactly one recipient"],
    ["Date", "Mon, 23 Nov 2026 16:16:32 +0000", "RFC 5322 §3.6.1"],
    ["Message-ID", "<keybot.0123@company.example>", "RFC 5322 §3.6.4"],
    ["In-Reply-To", "<1@partner.example>", "RFC 5322 §3.6.4"],
    ["References", "<0@partner.example> <1@partner.example>", "RFC 5322 §3.6.4"],
    ["Auto-Submitted", "auto-replied", "RFC 3834 §5"],
    ["X-Auto-Response-Suppress", "All", "PRODUCT §5"],
    ["X-Keybot-Loop", "0123456789abcdef", "PRODUCT §5"],
    ["Content-Language", "de, en", "RFC 3282 §2"],
    ["MIME-Version", "1.0", "RFC 2045 §4"],
    ["Subject", "Hinweis zum richtigen Betreff / How to write the subject line", "RFC 3834 §3.1.5"],
    ["Cc", null, "PRODUCT §5"],
    ["Bcc", null, "PRODUCT §5"],
    ["Reply-To", null, "PRODUCT §5"],
  ])("%s: %s (%s)", (name, value) => {
    expect(field({}, name)).toBe(value);
  });

  it("is in the languages' order, and encoded where a subject is not ASCII (RFC 2047)", () => {
    const content = CONTENTS.pending ?? reply().content;
    const subject = field({ content, texts: shippedTexts(["en", "de"]) }, "Subject") ?? "";
    expect(decodeEncodedWords(subject)).toBe(
      "Your certificate is being checked / Ihr Zertifikat wird geprüft",
    );
  });

  it.each(["rejected.private-key", "rejected.key-alone", "not-usable.openpgp-key"])(
    "%s: names the secret key, which is more urgent than what became of the certificate",
    (name) => {
      const content = CONTENTS[name] ?? reply().content;
      const subject = field({ content, texts: shippedTexts(["de"]) }, "Subject") ?? "";
      expect(decodeEncodedWords(subject)).toBe("Wichtig: Ihre Nachricht enthielt einen geheimen Schlüssel");
    },
  );

  it("answers a mail without Message-ID", () => {
    const change = { inReplyTo: null, references: [] };
    expect([field(change, "In-Reply-To"), field(change, "References")]).toEqual([null, null]);
  });

  it("does not name the parent twice in References", () => {
    expect(field({ references: ["<0@a>", "<1@partner.example>"] }, "References")).toBe(
      "<0@a> <1@partner.example>",
    );
  });

  it("keeps the first and the last of a long thread", () => {
    const references = Array.from({ length: 500 }, (_, index) => `<${index}@a>`);
    const ids = field({ references, inReplyTo: "<p@a>" }, "References")?.split(/\s+/) ?? [];
    expect(ids).toHaveLength(REFERENCES);
    expect([ids[0], ids.at(-2), ids.at(-1)]).toEqual(["<0@a>", "<499@a>", "<p@a>"]);
  });
});

describe("strangers' text in the header (STYLE §2.26)", () => {
  const evil = "Bcc: evil@x.example";
  it.each<[string, Partial<Reply>, string, string | null]>([
    ["a line end in the recipient", { to: `a@b.example\r\n${evil}` }, "To", null],
    ["two recipients", { to: "a@b.example, evil@x.example" }, "To", null],
    ["a display name", { to: "Evil <evil@x.example>" }, "To", null],
    ["a group", { to: "all: evil@x.example;" }, "To", null],
    ["an empty recipient", { to: "" }, "To", null],
    ["a quoted local part", { to: '"a, b"@b.example' }, "To", '"a, b"@b.example'],
    ["a line end in a Message-ID", { inReplyTo: `<a@b\r\n${evil}>` }, "In-Reply-To", null],
    ["text around a Message-ID", { inReplyTo: "see http://evil <a@b> more" }, "In-Reply-To", "<a@b>"],
    ["two Message-IDs", { inReplyTo: "<a@b> <c@d>" }, "In-Reply-To", "<a@b>"],
    ["a Message-ID of 300 characters", { inReplyTo: `<${"a".repeat(300)}@b>` }, "In-Reply-To", null],
    ["a Message-ID that is not ASCII", { inReplyTo: "<ä@b>" }, "In-Reply-To", null],
    ["a line end in References", { inReplyTo: null, references: [`x\r\n${evil}`] }, "References", null],
  ])("%s", (_, change, name, value) => {
    expect(field(change, name)).toBe(value);
    expect(headerOf(renderReply(reply(change)))).not.toMatch(/^bcc|evil@x/im);
  });

  it("is nowhere: the subject of the request is not repeated", () => {
    expect(Object.keys(reply())).not.toContain("subject");
  });
});

describe("the bytes of a reply", () => {
  const rows = Object.entries(CONTENTS).map(([name, content]) => ({ name, content }));

  it.each(rows)("$name: the same reply gives the same bytes", ({ content }) => {
    expect(renderReply(reply({ content })).equals(renderReply(reply({ content })))).toBe(true);
  });

  it.each(rows)("$name: parses back to the text and the attachments", ({ content }) => {
    const raw = renderReply(reply({ content }));
    const { root, problem } = parseMime(raw);
    expect(problem).toBeNull();
    const text = root.parts[0] ?? root;
    const expected = replyText(content, "alice@partner.example", IDENTITY, shippedTexts(["de", "en"]));
    const decoded = decodeBody(raw, text);
    expect(Buffer.from(decoded.bytes).toString("utf8").replaceAll("\r\n", "\n")).toBe(expected);
    const count =
      content.template === "certificate" ? content.mailboxes.flatMap((box) => box.certificates).length : 0;
    expect(Math.max(0, root.parts.length - 1)).toBe(3 * count);
  });

  it.each(rows)(
    "$name: lines end in CRLF, hold 998 octets at most and nothing but ASCII (RFC 5322 §2.1.1)",
    ({ content }) => {
      const lines = renderReply(reply({ content })).toString("latin1").split("\r\n");
      for (const line of lines) {
        expect(line).not.toMatch(/[\r\n]|[^\t\x20-\x7e]/);
        expect(line.length).toBeLessThanOrEqual(98);
      }
    },
  );

  it("keeps every line short whatever a stranger wrote", () => {
    const address = `${"x".repeat(5000)}@company.example`;
    const content: Reply["content"] = {
      template: "certificate",
      mailboxes: [{ address, certificates: [published({ issuer: `CN=${"y".repeat(5000)}` })] }],
    };
    const references = Array.from({ length: 50 }, (_, index) => `<${"r".repeat(240)}${index}@a>`);
    const raw = renderReply(reply({ content, references }));
    expect(
      Math.max(
        ...raw
          .toString("latin1")
          .split("\r\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(998);
    expect(raw.length).toBeLessThan(40_000);
  });

  it("exists whatever a stranger wrote, and has one recipient at most", () => {
    const text = fc.string({ unit: "binary", maxLength: 400 });
    fc.assert(
      fc.property(text, text, text, (to, id, subject) => {
        const one = judged("accepted", [], { subject, issuer: id, keyAlgorithm: to });
        const mailboxes = [{ address: to, certificates: [published({ issuer: subject })] }];
        for (const content of [
          { template: "accepted", judged: [one], problems: [] },
          { template: "certificate", mailboxes },
        ] as const) {
          const raw = renderReply(reply({ content, to, inReplyTo: id, references: [id, subject] }));
          const { root, problem } = parseMime(raw);
          expect(problem).toBeNull();
          expect(parseAddressList(firstField(root.fields, "To")?.body ?? "").mailboxes.length).toBeLessThan(
            2,
          );
          expect(root.fields.map((one) => one.name.toLowerCase())).not.toContain("bcc");
        }
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it("has another boundary for another Message-ID", () => {
    const content = CONTENTS.certificate ?? reply().content;
    const boundary = (messageId: string): string | undefined =>
      /boundary="([^"]+)"/.exec(headerOf(renderReply(reply({ content, messageId }))))?.[1];
    expect(boundary("<a@company.example>")).not.toBe(boundary("<b@company.example>"));
  });

  it("does not tell an unknown mailbox from one without certificate (PRODUCT §4)", () => {
    const bytes = (address: string): string =>
      renderReply(
        reply({ content: { template: "no-certificate", mailboxes: [{ address, certificates: [] }] } }),
      ).toString("latin1");
    expect(bytes("known@company.example").replaceAll("known@", "other@")).toBe(
      bytes("other@company.example"),
    );
  });
});
