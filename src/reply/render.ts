import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { ReplyContent } from "../decide/index.ts";
import { composeMessage } from "../mail/index.ts";
import { replyAttachments } from "./attachments.ts";
import { replySubject, replyText } from "./body.ts";
import { replyFields } from "./fields.ts";
import { type Identity, robotAddress } from "./identity.ts";
import { signReply } from "./sign.ts";
import { signingFault } from "./signing-fault.ts";
import type { Texts } from "./texts.ts";

/** A reply that is decided, with everything that its bytes depend on. */
export interface Reply {
  readonly content: ReplyContent;
  /** The bare address that it goes to: the only recipient. */
  readonly to: string;
  /** Message-ID of the mail that is answered, null when it has none. */
  readonly inReplyTo: string | null;
  /** Message-IDs of that mail's References, oldest first. */
  readonly references: readonly string[];
  /** The reply's own, of `replyMessageId`. */
  readonly messageId: string;
  readonly now: Date;
  readonly identity: Identity;
  readonly texts: Texts;
}

/**
 * Renders a reply to the final bytes of a mail (RFC 5322, RFC 2045): they go into the outbox and are sent as they are.
 * Synchronous and deterministic: the same reply gives the same bytes, but for an ECDSA signature, which is random.
 * @returns the message with CRLF line ends
 */
export function renderReply(reply: Reply): Buffer {
  const { content, to, identity, texts } = reply;
  const fields = replyFields({
    ...reply,
    subject: replySubject(content, identity, texts),
    languages: texts.map(({ language }) => language),
    autoSubmitted: "auto-replied",
  });
  const text = replyText(content, to, identity, texts);
  const attachments = replyAttachments(content);
  return composeSigned({ fields, text, attachments }, reply.messageId, identity, reply.now);
}

/** Composes a mail of ours, S/MIME-signed when the robot has an identity whose signature is worth something now. */
export function composeSigned(
  mail: Omit<Parameters<typeof composeMessage>[0], "boundary">,
  messageId: string,
  identity: Identity,
  now: Date,
): Buffer {
  const message = { ...mail, boundary: boundaryOf(messageId, "mixed") };
  const { signing, from } = identity;
  if (signing === undefined || signingFault(signing, robotAddress(from), now) !== null) {
    return composeMessage(message);
  }
  return signReply(message, boundaryOf(messageId, "signed"), signing, now);
}

/**
 * RFC 2046 §5.1.1: a boundary must not stand in what it parts. `=_` never does in quoted-printable or base64, and the
 * hash of an HMAC cannot be foreseen by whoever wrote a text that we repeat.
 */
function boundaryOf(messageId: string, use: "mixed" | "signed"): string {
  const hash = createHash("sha256").update(`${use} ${messageId}`, "utf8").digest("hex");
  return `=_${hash.slice(0, 32)}`;
}
