import { LIMITS } from "./limits.ts";

// RFC 5322 §3.6.4 msg-id, wide: mailers leave out the "@" or use other characters; blanks and brackets never.
const MESSAGE_ID = /<([^<>\s\p{Cc}]+)>/gu;

/**
 * The message identifiers of Message-ID, In-Reply-To or References (RFC 5322 §3.6.4), with their angle
 * brackets and as they are written, from the left. Phrases and other text between them (§4.5.4) are passed
 * over.
 *
 * @param body an unfolded field body
 * @returns at most LIMITS.messageIds, the last ones, because a reply's nearest ancestors stand at the end;
 *   longer ones than LIMITS.messageIdLength are left out
 */
export function messageIds(body: string): string[] {
  const found: string[] = [];
  for (const [id] of body.matchAll(MESSAGE_ID)) {
    if (id.length <= LIMITS.messageIdLength) found.push(id);
  }
  return found.slice(-LIMITS.messageIds);
}
