import { domainToASCII } from "node:url";
import { lacksExtension } from "./errors.ts";
import type { SmtpSettings } from "./settings.ts";

/** One mail for one recipient. */
export interface Mail {
  /** Addr-spec, or empty for the null sender. */
  readonly envelopeFrom: string;
  /** Addr-spec. */
  readonly to: string;
  /** The finished mail with CRLF line ends; it is sent as it is (one that does not end with CRLF gets it). */
  readonly raw: Uint8Array;
}

/** Who it is from and to, as SMTP writes it. */
export interface Envelope {
  /** Empty for the null sender. */
  readonly from: string;
  readonly to: string;
  readonly use8BitMime: boolean;
  readonly size: number;
}

/**
 * The envelope of a mail for a server with these extensions. SMTPUTF8 is only needed when a LOCAL PART is not ASCII: a
 * domain has its ASCII form (RFC 5890 §2.3.2.1), which every server takes.
 *
 * Throws `permanent` `smtp.refused` when the mail needs an extension that is missing.
 */
export function envelopeFor(mail: Mail, extensions: ReadonlySet<string>, settings: SmtpSettings): Envelope {
  const from = asciiDomain(mail.envelopeFrom);
  const to = asciiDomain(mail.to);
  // RFC 6531 §3.4.
  if (!(isAscii(from) && isAscii(to)) && !extensions.has("SMTPUTF8")) {
    throw lacksExtension(settings, "SMTPUTF8", "its address has letters beyond ASCII");
  }
  const use8BitMime = mail.raw.some((byte) => byte > 0x7f);
  // RFC 6152 §3.
  if (use8BitMime && !extensions.has("8BITMIME")) {
    throw lacksExtension(settings, "8BITMIME", "it holds bytes beyond ASCII");
  }
  return { from, to, use8BitMime, size: mail.raw.byteLength };
}

/** An address for the question whether it would be taken; null when it needs an extension, and so is not asked about. */
export function plainAddress(address: string): string | null {
  const plain = asciiDomain(address);
  return isAscii(plain) ? plain : null;
}

function asciiDomain(address: string): string {
  const at = address.lastIndexOf("@");
  if (at < 0 || isAscii(address.slice(at))) return address;
  const domain = domainToASCII(address.slice(at + 1));
  return domain === "" ? address : `${address.slice(0, at)}@${domain}`;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}
