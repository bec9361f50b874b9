import { parseAddrSpec } from "./address.ts";
import { asciiLowerCase, withoutControls } from "./characters.ts";
import { firstField, type HeaderField, parseHeader } from "./header.ts";
import { LIMITS } from "./limits.ts";

/** What a server says became of a mail for one recipient (RFC 3464 §2.3). */
export interface DeliveryStatus {
  /** Original-Recipient and Final-Recipient as bare addresses, each once, where they are mail addresses. */
  readonly recipients: readonly string[];
  /** Lower case: `failed`, `delayed`, `delivered`, `relayed`, `expanded`; null when it is missing. */
  readonly action: string | null;
  /** `5.1.1` (RFC 3463 §2), or null. */
  readonly status: string | null;
  /** Diagnostic-Code on one line, cut to length. A stranger's text. */
  readonly diagnostic: string | null;
}

/**
 * Reads the content of a message/delivery-status part (RFC 3464 §2.1): groups of fields parted by blank lines, the
 * first about the message, each other one about a recipient. Departs from §2.1 in that a group counts by its fields and
 * not by its place, because some servers leave out the blank line between the first two.
 *
 * @param content decoded
 * @returns at most LIMITS.deliveryStatuses, in order; what is no such group is passed over
 */
export function parseDeliveryStatus(content: Uint8Array): DeliveryStatus[] {
  const end = Math.min(content.length, LIMITS.deliveryStatusBytes);
  const found: DeliveryStatus[] = [];
  let at = 0;
  while (at < end && found.length < LIMITS.deliveryStatuses) {
    const { fields, bodyStart } = parseHeader(content, at, end);
    const status = statusOf(fields);
    if (status !== null) found.push(status);
    // A header ends behind its empty line, so this always goes forward.
    at = Math.max(bodyStart, at + 1);
  }
  return found;
}

function statusOf(fields: readonly HeaderField[]): DeliveryStatus | null {
  const value = (name: string) => firstField(fields, name)?.body ?? null;
  const [original, final] = [value("Original-Recipient"), value("Final-Recipient")];
  const action = value("Action");
  if (original === null && final === null && action === null) return null;
  const recipients = [original, final].flatMap((body) => (body === null ? [] : addressOf(body)));
  const diagnostic = value("Diagnostic-Code");
  return {
    recipients: [...new Set(recipients)],
    action: action === null ? null : (/^[a-z-]+/.exec(asciiLowerCase(action))?.[0] ?? null),
    status: /^([245]\.\d{1,3}\.\d{1,3})(?!\d)/.exec(value("Status") ?? "")?.[1] ?? null,
    diagnostic:
      diagnostic === null
        ? null
        : withoutControls(diagnostic.slice(0, LIMITS.diagnosticLength)).trim() || null,
  };
}

/** RFC 3464 §2.3.1: `rfc822; alice@partner.example`, or `utf-8;` (RFC 6533 §3). Some servers write angle brackets. */
function addressOf(body: string): string[] {
  const bare = /^\s*(?:rfc822|utf-8)\s*;\s*<?([^<>\s]+)>?\s*$/i.exec(body)?.[1];
  const mailbox = bare === undefined ? null : parseAddrSpec(bare);
  return mailbox === null ? [] : [mailbox.address];
}
