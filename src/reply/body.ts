import type { PublishedMailbox, ReplyContent, Template } from "../decide/index.ts";
import { certificateText } from "./escape.ts";
import { readableFingerprint } from "./fingerprint.ts";
import { commonValues, type Identity } from "./identity.ts";
import { judgementText } from "./judgement.ts";
import { TEXT_WIDTH } from "./limits.ts";
import { type PublishedFile, publishedFiles } from "./published.ts";
import { readableDate } from "./readable-date.ts";
import { readableName } from "./readable-name.ts";
import { Block, fill } from "./section.ts";
import type { LanguageTexts, Texts } from "./texts.ts";
import { wrapText } from "./wrap.ts";

/**
 * The words of a reply: one complete text a language, in order, the later ones announced at the top.
 * @param to the address that is answered
 * @returns lines parted by `\n`, at most 76 columns where words allow it
 */
export function replyText(content: ReplyContent, to: string, identity: Identity, texts: Texts): string {
  return inAllLanguages(identity, texts, (language) => languageText(content, to, identity, language));
}

/** The same text in every language, parted by a rule and set in lines. */
export function inAllLanguages(
  identity: Identity,
  texts: Texts,
  textIn: (language: LanguageTexts) => string,
): string {
  const common = commonValues(identity);
  const elsewhere = texts.slice(1).map((language) => fill(language.frame.elsewhere, common));
  const bodies = texts.map(textIn);
  const rule = "-".repeat(TEXT_WIDTH);
  return `${wrapText([...elsewhere, bodies.join(`\n\n${rule}\n\n`)].join("\n\n"))}\n`;
}

/** The subject, in every language of the reply. Departs from RFC 3834 §3.1.5: the original one is a stranger's text. */
export function replySubject(content: ReplyContent, identity: Identity, texts: Texts): string {
  const common = commonValues(identity);
  return texts.map((language) => fill(language.subjects[textOf(content)], common)).join(" / ");
}

/** A private key that came along is more urgent than what became of the certificate. */
function textOf(content: ReplyContent): Template | "private-key" {
  const openPgpKey = content.template === "not-usable" && content.why === "openpgp-key";
  return openPgpKey || ("privateKey" in content && content.privateKey === true)
    ? "private-key"
    : content.template;
}

function languageText(
  content: ReplyContent,
  to: string,
  identity: Identity,
  language: LanguageTexts,
): string {
  const common = commonValues(identity);
  const frame = {
    ...common,
    greeting: new Block(fill(language.frame.greeting, common)),
    closing: new Block(fill(language.frame.closing, common)),
  };
  switch (content.template) {
    case "certificate":
      return fill(language.certificate.body, {
        ...frame,
        mailboxes: mailboxesBlock(content.mailboxes, language, identity),
        clients: new Block(fill(language.clients.body, common)),
      });
    case "no-certificate":
      return fill(language["no-certificate"].body, {
        ...frame,
        addresses: joined(
          content.mailboxes.map(({ address }) =>
            fill(language["no-certificate"].item, { ...common, address }),
          ),
          "\n",
        ),
      });
    case "accepted":
    case "pending":
    case "rejected":
      if (content.privateKey === true) {
        const certificates = judgementText(content, to, language, identity);
        return fill(language["private-key"].body, { ...frame, certificates });
      }
      return fill(language[content.template].body, {
        ...frame,
        sender: to,
        certificates: judgementText(content, to, language, identity),
      });
    case "not-usable":
      return fill(language["not-usable"][content.why], frame);
    case "hint":
      return fill(language.hint.body, frame);
    default:
      return content satisfies never;
  }
}

function mailboxesBlock(
  mailboxes: readonly PublishedMailbox[],
  language: LanguageTexts,
  identity: Identity,
): Block {
  const common = commonValues(identity);
  const files = publishedFiles(mailboxes);
  const blocks = mailboxes.map(({ address }, index) => {
    const items = (files[index] ?? []).map((file) => fileText(file, language, identity));
    return items.length === 0
      ? fill(language.certificate.without, { ...common, address })
      : fill(language.certificate.mailbox, { ...common, address, certificates: joined(items, "\n\n") });
  });
  return joined(blocks, "\n\n");
}

function fileText(file: PublishedFile, language: LanguageTexts, identity: Identity): string {
  return fill(language.certificate.item, {
    ...commonValues(identity),
    file: file.name,
    issuer: readableName(file.certificate.issuer),
    notBefore: readableDate(file.certificate.notBefore, language, identity),
    notAfter: readableDate(file.certificate.notAfter, language, identity),
    keyAlgorithm: certificateText(file.certificate.keyAlgorithm),
    fingerprint: readableFingerprint(file.certificate.sha256),
  });
}

function joined(texts: readonly string[], separator: string): Block {
  return new Block(texts.join(separator));
}
