import type { Buffer } from "node:buffer";
import type {
  MailNews,
  News,
  NoPathNews,
  Notice,
  PendingNews,
  RevokedNews,
  SigningNotice,
  UnansweredNews,
  UnhandledNews,
} from "../decide/index.ts";
import type { Finding } from "../inspect/index.ts";
import { unmistakable } from "../text.ts";
import { inAllLanguages } from "./body.ts";
import { certificateText } from "./escape.ts";
import { replyFields } from "./fields.ts";
import { commonValues, type Identity } from "./identity.ts";
import { REASONS_PER_CERTIFICATE, SHORT_HASH } from "./limits.ts";
import { readableDate } from "./readable-date.ts";
import { composeSigned } from "./render.ts";
import { Block, fill } from "./section.ts";
import type { LanguageTexts, Texts } from "./texts.ts";

/** A mail to the admin that is decided, with everything that its bytes depend on. */
export interface NoticeMail {
  readonly notice: Notice | SigningNotice;
  /** The admin's bare address: the only recipient. */
  readonly to: string;
  readonly messageId: string;
  readonly now: Date;
  readonly identity: Identity;
  readonly texts: Texts;
}

/**
 * Renders a mail to the admin to its final bytes. It quotes no certificate's subject or issuer, whose text is anybody's
 * while it waits for a decision; addresses stand as they are, what servers and CAs said without anything that looks like a
 * link.
 * Commands are copied into a shell, and a local part may have `$` and a backquote (RFC 5322 §3.2.3): an address stands in
 * one only when every shell takes it as it is.
 */
export function renderNotice({ notice, to, messageId, now, identity, texts }: NoticeMail): Buffer {
  const common = commonValues(identity);
  const subject = texts.map(({ notice: words }) => fill(words[`${notice.kind}-subject`], common)).join(" / ");
  const fields = replyFields({
    to,
    inReplyTo: null,
    references: [],
    messageId,
    subject,
    now,
    identity,
    languages: texts.map(({ language }) => language),
    // RFC 3834 §5: nobody's mail is answered here.
    autoSubmitted: "auto-generated",
  });
  const text = inAllLanguages(identity, texts, (language) => noticeText(notice, language, identity));
  return composeSigned({ fields, text, attachments: [] }, messageId, identity, now);
}

function noticeText(notice: Notice | SigningNotice, language: LanguageTexts, identity: Identity): string {
  const words = language.notice;
  const common = commonValues(identity);
  const closing = new Block(fill(words.closing, common));
  switch (notice.kind) {
    case "pending": {
      const certificates = listOf(notice.pending, language, identity, pendingText);
      return fill(words.pending, { ...common, certificates, closing });
    }
    case "daily":
      return fill(words.daily, { ...common, news: dailyText(notice, language, identity), closing });
    case "stuck": {
      const { count, since, error } = notice.stuck;
      return fill(words.stuck, {
        ...common,
        count: String(count),
        since: readableDate(since, language, identity),
        error: errorText(error, language, identity),
        closing,
      });
    }
    case "revoked": {
      const certificates = groupedOf(notice.revoked, language, identity, revokedText);
      return fill(words.revoked, { ...common, certificates, closing });
    }
    case "withdrawn": {
      const certificates = groupedOf(notice.withdrawn, language, identity, withdrawnText);
      return fill(words.withdrawn, { ...common, certificates, closing });
    }
    case "signing":
      return fill(words.signing, { ...common, why: notice.why, closing });
    default:
      return notice satisfies never;
  }
}

type Daily = Extract<Notice, { readonly kind: "daily" }>;

function dailyText(notice: Daily, language: LanguageTexts, identity: Identity): Block {
  const words = language.notice;
  const common = commonValues(identity);
  const { failed, bounced, unhandled, noPath, unanswered, delayed, withheld } = notice;
  const paragraphs: string[] = [];
  if (failed.count > 0) {
    paragraphs.push(fill(words.failed, { ...common, mails: listOf(failed, language, identity, mailText) }));
  }
  if (bounced.count > 0) {
    paragraphs.push(fill(words.bounced, { ...common, mails: listOf(bounced, language, identity, mailText) }));
  }
  if (unhandled.count > 0) {
    const mails = listOf(unhandled, language, identity, unhandledText);
    paragraphs.push(fill(words.unhandled, { ...common, mails }));
  }
  if (noPath.count > 0) {
    const certificates = listOf(noPath, language, identity, noPathText);
    paragraphs.push(fill(words["no-path"], { ...common, certificates }));
  }
  if (unanswered.count > 0) {
    const certificates = groupedOf(unanswered, language, identity, unansweredText);
    paragraphs.push(fill(words.unanswered, { ...common, certificates }));
  }
  if (delayed + withheld > 0) {
    paragraphs.push(fill(words.budget, { ...common, delayed: String(delayed), withheld: String(withheld) }));
  }
  return new Block(paragraphs.join("\n\n"));
}

type ItemText<T> = (item: T, language: LanguageTexts, identity: Identity) => string;

function listOf<T>(
  { count, items }: News<T>,
  language: LanguageTexts,
  identity: Identity,
  textOf: ItemText<T>,
): Block {
  const texts = items.map((item) => textOf(item, language, identity));
  const more = count - items.length;
  if (more > 0) {
    texts.push(fill(language.notice.more, { ...commonValues(identity), count: String(more) }));
  }
  return new Block(texts.join("\n\n"));
}

/**
 * A list in groups that share their reason, in the order of the first of each: a CA that is revoked, or silent, has all
 * its customers under one sentence.
 */
function groupedOf<T extends { readonly why: string }>(
  { count, items }: News<T>,
  language: LanguageTexts,
  identity: Identity,
  textOf: ItemText<T>,
): Block {
  const common = commonValues(identity);
  const groups = new Map<string, string[]>();
  for (const item of items) {
    const group = groups.get(item.why) ?? [];
    group.push(textOf(item, language, identity));
    groups.set(item.why, group);
  }
  const texts = [...groups].map(([why, members]) =>
    fill(language.notice.because, {
      ...common,
      why: saidText(why),
      certificates: new Block(members.join("\n")),
    }),
  );
  const more = count - items.length;
  if (more > 0) texts.push(fill(language.notice.more, { ...common, count: String(more) }));
  return new Block(texts.join("\n\n"));
}

/** What a CA or its servers said, its times without the milliseconds that a CA never has. */
function saidText(why: string): string {
  return certificateText(why.replace(/(T\d\d:\d\d:\d\d)\.\d{3}Z/g, "$1Z"));
}

const pendingText: ItemText<PendingNews> = (certificate, language, identity) => {
  const { address, notBefore, notAfter, findings } = certificate;
  const common = commonValues(identity);
  const values = {
    ...common,
    sender: address,
    notBefore: readableDate(notBefore, language, identity),
    notAfter: readableDate(notAfter, language, identity),
  };
  // The words that the partner was given: an admin who is called about them knows which they are.
  const reasons = doubts(findings).map((code) =>
    fill(language.notice.reason, {
      ...common,
      code,
      what: new Block(fill(language.findings[code].what, values)),
    }),
  );
  const words = language.notice;
  const real = unmistakable(address);
  const cautions = [
    ...(certificate.authenticated ? [] : [fill(words["not-authenticated"], common)]),
    ...(real === null ? [] : [fill(words["not-ascii"], { ...common, real })]),
  ];
  return fill(words.certificate, {
    ...common,
    address,
    reasons: new Block([...cautions, ...reasons].join("\n")),
    commands: commandsFor(certificate, words, common),
  });
};

/** Taken as it is by every shell and by our own command line, and too plain to be taken for anything else. */
const SHELL_SAFE = /^[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9.-]+$/;

function commandsFor(
  { address, sha256, findings }: PendingNews,
  words: LanguageTexts["notice"],
  common: ReturnType<typeof commonValues>,
): Block {
  const values = { ...common, address, fingerprint: sha256.slice(0, SHORT_HASH) };
  if (!SHELL_SAFE.test(address)) return new Block(fill(words["commands-show"], values));
  // `keybot approve` refuses it.
  const ofDomain = findings.some(({ code }) => code === "cert.domain");
  return new Block(fill(ofDomain ? words["commands-domain"] : words.commands, values));
}

const mailText: ItemText<MailNews> = ({ to, template, createdAt, error }, language, identity) =>
  fill(language.notice.mail, {
    ...commonValues(identity),
    to,
    template,
    time: readableDate(createdAt, language, identity),
    error: errorText(error, language, identity),
  });

const unhandledText: ItemText<UnhandledNews> = ({ key, seenAt, problem }, language, identity) =>
  fill(language.notice.message, {
    ...commonValues(identity),
    key: key.slice(0, SHORT_HASH),
    time: readableDate(seenAt, language, identity),
    problem: problem ?? "-",
  });

const noPathText: ItemText<NoPathNews> = ({ sha256, addresses, since, code }, language, identity) =>
  fill(language.notice["no-path-certificate"], {
    ...commonValues(identity),
    addresses: addressesText(addresses),
    code,
    since: readableDate(since, language, identity),
    fingerprint: sha256.slice(0, SHORT_HASH),
  });

const unansweredText: ItemText<UnansweredNews> = ({ sha256, addresses, since }, language, identity) =>
  fill(language.notice["unanswered-certificate"], {
    ...commonValues(identity),
    addresses: addressesText(addresses),
    since: readableDate(since, language, identity),
    fingerprint: sha256.slice(0, SHORT_HASH),
  });

const revokedText: ItemText<RevokedNews> = ({ address, sha256 }, language, identity) =>
  fill(language.notice["revoked-certificate"], {
    ...commonValues(identity),
    address,
    fingerprint: sha256.slice(0, SHORT_HASH),
  });

const withdrawnText: ItemText<RevokedNews> = ({ address, sha256 }, language, identity) =>
  fill(language.notice["withdrawn-certificate"], {
    ...commonValues(identity),
    address,
    fingerprint: sha256.slice(0, SHORT_HASH),
  });

/** As many as make a line; the command beside them shows all. */
function addressesText(addresses: readonly string[]): string {
  const some = addresses.slice(0, ADDRESSES_NAMED).join(", ");
  return addresses.length > ADDRESSES_NAMED ? `${some}, …` : some;
}

const ADDRESSES_NAMED = 3;

/** What a server said is a stranger's text: no mail program is to make a link of it. */
function errorText(error: string | null, language: LanguageTexts, identity: Identity): string {
  return error === null ? fill(language.notice["no-error"], commonValues(identity)) : certificateText(error);
}

/** Why a person must decide: each doubt once. */
function doubts(findings: readonly Finding[]): readonly Finding["code"][] {
  const codes = findings.flatMap(({ severity, code }) => (severity === "info" ? [] : [code]));
  return [...new Set(codes)].slice(0, REASONS_PER_CERTIFICATE);
}
