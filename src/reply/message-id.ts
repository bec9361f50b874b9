import { createHmac } from "node:crypto";
import type { Template } from "../decide/index.ts";

/**
 * The Message-ID of a reply: an HMAC of what is answered (PRODUCT §2), so that a repeat of the same reply has the same
 * one, and nobody can make one up that we take for ours.
 * @param secret the installation's secret
 * @param ledgerKey of the message that is answered; else what the mail is about
 * @param recipient the address that the reply goes to
 * @param domain the right side (RFC 5322 §3.6.4): a domain of ours
 * @returns with its angle brackets
 */
export function replyMessageId(
  secret: Uint8Array,
  ledgerKey: string,
  template: Template | "notice",
  recipient: string,
  domain: string,
): string {
  return `<keybot.${mark(secret, ["message-id", ledgerKey, template, recipient])}@${domain}>`;
}

/**
 * The value of `X-Keybot-Loop`: known to this installation alone, the same in each of its mails (PRODUCT §5).
 * @param secret the installation's secret
 */
export function loopMark(secret: Uint8Array): string {
  return mark(secret, ["loop"]);
}

/** JSON parts the strings unmistakably, and its first one keeps the uses of the secret apart. */
function mark(secret: Uint8Array, parts: readonly string[]): string {
  // 160 bits of HMAC-SHA-256 (RFC 2104 §5 allows to shorten to half or more): a Message-ID stays on one line.
  return createHmac("sha256", secret).update(JSON.stringify(parts), "utf8").digest("hex").slice(0, 40);
}
