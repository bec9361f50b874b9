/**
 * reply: a plan's reply → the bytes of a mail.
 *
 * Subject: words, attachments, header and signature of what the robot answers (PRODUCT §3 "The submitter is told",
 * §4, §5) and of what it tells the admin. The words are data of `data/texts`: another language is another folder. It knows the plan's types, `mail`
 * (composing) and `pki` (PEM, certs-only, signing). PURE and synchronous: no clock, no random, no file; it looks
 * nothing up and decides nothing, it only says what was decided. A stranger's text passes `escape.ts` on its way into
 * a text, and the grammar of its field on its way into a header.
 */
export { type Identity, robotAddress, type SigningIdentity } from "./identity.ts";
export { loopMark, replyMessageId } from "./message-id.ts";
export { type NoticeMail, renderNotice } from "./notice.ts";
export { type Reply, renderReply } from "./render.ts";
export { requireSigning } from "./sign.ts";
export { type SigningFault, signingFault } from "./signing-fault.ts";
export { requiredTextFiles } from "./text-files.ts";
export { type ParsedTexts, parseTexts, type Texts } from "./texts.ts";
