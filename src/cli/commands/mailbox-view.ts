import type { PublishedCertificate } from "../../decide/index.ts";
import { escapeControl } from "../../log.ts";
import type { Mailbox, MailboxCertificate } from "../../store/index.ts";
import { isoTime } from "../json.ts";
import { day, type Listing, minute, short } from "../result.ts";
import { revocationLines } from "../revocation-text.ts";

/** One object of `keybot mailbox list` and `mailbox show`. */
export function mailboxRecord({ address, aliases, addedAt, addedBy, certificates }: Mailbox): object {
  return {
    address,
    aliases,
    addedAt,
    addedBy,
    certificates: certificates.map((certificate) => ({
      sha256: certificate.sha256,
      spkiSha256: certificate.spkiSha256,
      addresses: certificate.addresses,
      subject: certificate.subject,
      issuer: certificate.issuer,
      serial: certificate.serial,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      keyAlgorithm: certificate.keyAlgorithm,
      usage: certificate.usage,
      chainLength: certificate.chain.length,
      revoked: certificate.revoked,
      revocation: certificate.revocation,
    })),
  };
}

/**
 * How mailboxes are listed.
 * @param mailboxes those that will be listed: what CAs have revoked has a column where there is any
 */
export function mailboxListing(mailboxes: readonly Mailbox[], now: Date): Listing<Mailbox> {
  const isAnyRevoked = mailboxes.some((mailbox) => countRevoked(mailbox) > 0);
  const revoked = (mailbox: Mailbox) => (isAnyRevoked ? [String(countRevoked(mailbox))] : []);
  return {
    columns: [
      { title: "address", shrink: true },
      { title: "certificates", right: true },
      { title: "valid until" },
      { title: "aliases", shrink: true },
      ...(isAnyRevoked ? [{ title: "revoked", right: true }] : []),
    ],
    cells: (mailbox) => [
      mailbox.address,
      ...figures(mailbox, now, day),
      mailbox.aliases.join(", "),
      ...revoked(mailbox),
    ],
    full: (mailbox) => [
      mailbox.address,
      ...figures(mailbox, now, isoTime),
      mailbox.aliases.join(","),
      ...revoked(mailbox),
    ],
    json: mailboxRecord,
  };
}

/** How many its CA has revoked. */
function countRevoked({ certificates }: Mailbox): number {
  return certificates.filter(({ revoked }) => revoked !== null).length;
}

/** How many are valid now, and when the last of them lapses. */
function figures({ certificates }: Mailbox, now: Date, print: (time: Date) => string): [string, string] {
  const valid = certificates.filter((certificate) => stateOf(certificate, now) === "published");
  const last = Math.max(...valid.map(({ notAfter }) => notAfter.getTime()));
  return [String(valid.length), valid.length === 0 ? "none valid" : print(new Date(last))];
}

/** A mailbox for people. */
export function describeMailbox(
  { address, aliases, addedAt, addedBy, certificates }: Mailbox,
  now: Date,
): string {
  const lines = [
    `${address}: added ${minute(addedAt)} by ${addedBy}`,
    ...(aliases.length === 0 ? [] : [`aliases: ${aliases.join(", ")}`]),
    ...certificates.flatMap((certificate) => ["", ...blockOf(certificate, now)]),
  ];
  return lines.map((line) => `${escapeControl(line)}\n`).join("");
}

function blockOf(certificate: MailboxCertificate, now: Date): readonly string[] {
  return [
    certificate.sha256,
    field("state", stateOf(certificate, now)),
    ...revocationLines(certificate.revocation).map(([name, value]) => field(name, value)),
    field("names", certificate.addresses.join(", ") || "no address"),
    field("subject", certificate.subject),
    field("issued by", certificate.issuer),
    field("valid", `${day(certificate.notBefore)} to ${day(certificate.notAfter)}`),
    field("key", certificate.keyAlgorithm),
    field(
      "path",
      certificate.chain.length === 0 ? "none given" : `${caCertificates(certificate)} above it goes along`,
    ),
  ];
}

function stateOf({ notBefore, notAfter, revoked }: MailboxCertificate, now: Date): string {
  if (revoked !== null) return `revoked by its CA, not published (${revoked.why})`;
  if (notAfter < now) return `expired on ${day(notAfter)}, not published`;
  return notBefore > now ? `published from ${day(notBefore)} on` : "published";
}

/** What is said after `mailbox add`. */
export function addedSentence(address: string, certificate: PublishedCertificate, added: boolean): string {
  const { sha256, keyAlgorithm, notAfter, chain } = certificate;
  const path = chain.length === 0 ? "without a path" : `with ${caCertificates(certificate)} above it`;
  const what = `${short(sha256)} (${keyAlgorithm}, until ${day(notAfter)}, ${path})`;
  return added ? `${address} publishes ${what} now` : `${address} published ${what} already`;
}

function caCertificates({ chain }: PublishedCertificate): string {
  return chain.length === 1 ? "one CA certificate" : `a path of ${chain.length} CA certificates`;
}

function field(name: string, value: string): string {
  return `  ${name.padEnd(9)}  ${value}`;
}
