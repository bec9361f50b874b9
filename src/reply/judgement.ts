import type { JudgedCertificate, ReplyContent } from "../decide/index.ts";
import type { Finding, Severity } from "../inspect/index.ts";
import { certificateText } from "./escape.ts";
import { readableFingerprint } from "./fingerprint.ts";
import { commonValues, type Identity } from "./identity.ts";
import { JUDGED_PER_REPLY, REASONS_PER_CERTIFICATE } from "./limits.ts";
import { readableDate } from "./readable-date.ts";
import { readableName } from "./readable-name.ts";
import { Block, fill } from "./section.ts";
import type { LanguageTexts } from "./texts.ts";

const ORDER = ["accepted", "pending", "rejected"] as const;
// A note (`info`) changes nothing for the submitter, so he is not troubled with it.
const TOLD: readonly Severity[] = ["error", "warning"];

/** What a submitter is told of: the three templates that carry a judgement. */
export type Judgement = Extract<ReplyContent, { readonly template: "accepted" | "pending" | "rejected" }>;

/**
 * What became of each certificate, in words: accepted ones first, then pending, then rejected ones; and before them
 * what is wrong with a signature that no certificate could be judged for.
 * @param sender the address that it was judged for
 */
export function judgementText(
  { judged, problems, privateKey }: Judgement,
  sender: string,
  language: LanguageTexts,
  identity: Identity,
): Block {
  const common = commonValues(identity);
  const sorted = ORDER.flatMap((verdict) => judged.filter((one) => one.verdict === verdict));
  const told = sorted.slice(0, JUDGED_PER_REPLY).map((one) => judgedText(one, sender, language, identity));
  const more = sorted.length - told.length;
  if (more > 0) told.push(fill(language.judgement.more, { ...common, count: String(more) }));
  const wrong = reasonsBlock(problems, language, { ...common, sender, notBefore: "", notAfter: "" });
  if (wrong.text !== "") told.unshift(fill(language.judgement.signature, { ...common, reasons: wrong }));
  const nothing = privateKey === true ? language.judgement["key-alone"] : language.judgement.none;
  return new Block(told.length === 0 ? fill(nothing, common) : told.join("\n\n"));
}

function judgedText(
  one: JudgedCertificate,
  sender: string,
  language: LanguageTexts,
  identity: Identity,
): string {
  const values = {
    ...commonValues(identity),
    sender,
    notBefore: readableDate(one.certificate.notBefore, language, identity),
    notAfter: readableDate(one.certificate.notAfter, language, identity),
  };
  const reasons = reasonsBlock(one.findings, language, values);
  return fill(language.judgement[one.verdict], {
    ...values,
    certificate: certificateBlock(one, language, identity),
    reasons: reasons.text === "" ? new Block(fill(language.judgement.unexplained, values)) : reasons,
  });
}

/** PRODUCT §3: the certificate's own text only when its path is valid, so that we mail nobody's words for him. */
function certificateBlock(one: JudgedCertificate, language: LanguageTexts, identity: Identity): Block {
  const common = commonValues(identity);
  const fingerprint = readableFingerprint(one.certificate.sha256);
  if (!one.quotable) return new Block(fill(language.judgement.unquoted, { ...common, fingerprint }));
  return new Block(
    fill(language.judgement.quoted, {
      ...common,
      fingerprint,
      subject: readableName(one.certificate.subject),
      issuer: readableName(one.certificate.issuer),
      notBefore: readableDate(one.certificate.notBefore, language, identity),
      notAfter: readableDate(one.certificate.notAfter, language, identity),
      keyAlgorithm: certificateText(one.certificate.keyAlgorithm),
    }),
  );
}

/** Each reason once, the worst first; `detail` is never told, it may hold the certificate's own text. */
function reasonsBlock(
  findings: readonly Finding[],
  language: LanguageTexts,
  values: ReturnType<typeof commonValues> & Record<"sender" | "notBefore" | "notAfter", string>,
): Block {
  const sentences = reasonCodes(findings).map((code) => {
    const { what, todo } = language.findings[code];
    return fill(language.judgement.reason, {
      ...values,
      what: new Block(fill(what, values)),
      todo: new Block(fill(todo, values)),
    });
  });
  return new Block(sentences.join("\n"));
}

function reasonCodes(findings: readonly Finding[]): readonly Finding["code"][] {
  const codes = TOLD.flatMap((severity) =>
    findings.filter((one) => one.severity === severity).map((one) => one.code),
  );
  return [...new Set(codes)].slice(0, REASONS_PER_CERTIFICATE);
}
