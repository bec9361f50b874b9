/** Which mailboxes a certificate names (RFC 8550 §3, RFC 9598 §3). */
import { domainToASCII, domainToUnicode } from "node:url";
import type { Certificate } from "./certificate.ts";
import { attributeTexts } from "./name.ts";
import { OID } from "./oid.ts";

export interface CertificateAddresses {
  /** Mailboxes, each once: local part as it stands, domain in lower case and as A-labels. */
  readonly addresses: readonly string[];
  /** Domains that stand where a mailbox is expected (`example.com`, `*@example.com`, dNSName), in lower case. */
  readonly domains: readonly string[];
  /** Where the addresses are from; `none` when there is none, whatever `domains` holds. */
  readonly source: "san" | "subject" | "none";
}

/**
 * The mailboxes that a certificate names: rfc822Name and SmtpUTF8Mailbox of the subjectAltName. The emailAddress of the
 * subject counts only when the subjectAltName holds neither (RFC 8550 §3), not even an unusable one: an issuer that
 * writes addresses there has said what it vouches for. What is no address (control characters, no or two `@`, …)
 * is left out; its text stands in `extensions.subjectAltName`.
 */
export function certificateAddresses(certificate: Certificate): CertificateAddresses {
  const names = certificate.extensions.subjectAltName ?? [];
  const mailNames = names.filter(({ form }) => form === "rfc822Name" || form === "smtpUTF8Mailbox");
  const texts: string[] = [];
  const domains = new Set<string>();
  for (const name of names) {
    if (name.form === "rfc822Name" || name.form === "smtpUTF8Mailbox") texts.push(name.text);
    if (name.form === "rfc822Name" || name.form === "dNSName") addDomain(domains, name.text);
  }
  const fromSubject = mailNames.length === 0 && !sanIsBroken(certificate);
  const candidates = fromSubject ? attributeTexts(certificate.subject, OID.emailAddress) : texts;
  const addresses = new Set<string>();
  for (const [index, text] of candidates.entries()) {
    const address = mailbox(text, !fromSubject && mailNames[index]?.form === "smtpUTF8Mailbox");
    if (address !== null) addresses.add(address);
    else if (fromSubject) addDomain(domains, text);
  }
  const source = addresses.size === 0 ? "none" : fromSubject ? "subject" : "san";
  return { addresses: [...addresses], domains: [...domains], source };
}

/** A subjectAltName that could not be decoded may have held an address, so the subject cannot stand in for it. */
function sanIsBroken({ extensions }: Certificate): boolean {
  return extensions.subjectAltName === null && extensions.all.some(({ oid }) => oid === OID.subjectAltName);
}

/** One atom's characters (RFC 5322 §3.2.3). */
const ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/;

/** The same with any visible character beyond ASCII (RFC 6532 §3.2): no controls, formats, blanks, surrogates. */
const UTF8_ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\u{10ffff}-]+$/u;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Z}\p{Cs}\p{Cn}\p{Co}]/u;

/** Octets of an address at most: 64 before the `@`, 255 behind it (RFC 5321 §4.5.3.1). */
const MAX_LOCAL_PART = 64;
const MAX_DOMAIN = 255;

/**
 * The mailbox in this text, or null. Departs from RFC 5321 §4.1.2 in that a quoted local part and an address literal
 * are no mailboxes: no mail client fetches a certificate by one, and they are good at hiding an `@`. Departs from
 * RFC 9598 §3 in that an ASCII local part in a SmtpUTF8Mailbox is taken, as OpenSSL does.
 * @param international true for a SmtpUTF8Mailbox; an rfc822Name and an emailAddress are ASCII (RFC 5280 §4.2.1.6)
 */
function mailbox(text: string, international: boolean): string | null {
  const at = text.indexOf("@");
  if (at <= 0 || at !== text.lastIndexOf("@")) return null;
  const local = text.slice(0, at);
  if (local === "*" || Buffer.byteLength(local) > MAX_LOCAL_PART) return null;
  const atom = international ? UTF8_ATOM : ATOM;
  if (INVISIBLE.test(local) || !local.split(".").every((word) => atom.test(word))) return null;
  const domain = asciiDomain(text.slice(at + 1), international);
  return domain === null ? null : `${local}@${domain}`;
}

/** A label of a host name: letters, digits, inner hyphens (RFC 1123 §2.1), 63 octets; `_` as some networks have it. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The domain in lower case and A-labels (RFC 5890 §2.3.2.1), or null when it is none. */
function asciiDomain(text: string, international: boolean): string | null {
  if (text.length > MAX_DOMAIN) return null;
  const ascii = /^[!-~]*$/.test(text);
  if (!ascii && !(international && !INVISIBLE.test(text))) return null;
  const lower = ascii ? text.toLowerCase() : aLabels(text);
  const labels = lower.split(".");
  if (!labels.every((label) => LABEL.test(label))) return null;
  // An all-numeric last label is an IP address, never a domain (RFC 3696 §2).
  return /^[0-9]+$/.test(labels.at(-1) ?? "") ? null : lower;
}

/**
 * U-labels as A-labels, or "" for what only a browser takes for a domain: domainToASCII reads a URL's host, so that
 * `partner.example/ü.evil.example` would end at the slash while a CA looks at its end. A U-label comes back from its
 * A-label as it was, but for case and NFC (RFC 5890 §2.3.2.1).
 */
function aLabels(text: string): string {
  if (/[^A-Za-z0-9._\u0080-\u{10ffff}-]/u.test(text) || hasAsciiDouble(text)) return "";
  const ascii = domainToASCII(text);
  return domainToUnicode(ascii) === text.normalize("NFC").toLowerCase() ? ascii : "";
}

/** A Kelvin sign or a ligature: NFC, NFKC or lower case make ASCII of it, and another domain. */
function hasAsciiDouble(text: string): boolean {
  return [...text].some(
    (character) =>
      character > "\x7f" &&
      /[!-~]/.test(character.normalize("NFC") + character.normalize("NFKC") + character.toLowerCase()),
  );
}

/** Takes `example.com`, `.example.com`, `@example.com`, `*.example.com` and `*@example.com` as that domain. */
function addDomain(domains: Set<string>, text: string): void {
  const domain = asciiDomain(text.replace(/^\*?[@.]?/, ""), false);
  if (domain?.includes(".")) domains.add(domain);
}
