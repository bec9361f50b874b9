/** One installation and mails as its servers deliver them; only `src/read` is asked. */
import { DEFAULT_POLICY, type Policy } from "../../src/policy.ts";
import { type MessageFacts, type ReadMessage, readMessage } from "../../src/read/index.ts";

/** company.example: a border server, an IMAP server behind it, a robot, two authserv-ids. */
export const POLICY: Policy = {
  ...DEFAULT_POLICY,
  domains: ["company.example", "life.company.example"],
  robot: ["robot@company.example"],
  border: {
    ownHosts: ["mx.company.example", "imap.company.example"],
    ownNetworks: ["127.0.0.0/8", "10.0.0.0/8", "::1/128"],
    authservIds: ["mx.company.example"],
    authenticationResults: "above",
    mailboxSource: "auto",
  },
};

/** The same installation with other words on the border. */
export function border(change: Partial<Policy["border"]>): Policy {
  return { ...POLICY, border: { ...POLICY.border, ...change } };
}

/** The border server takes a mail in from outside. */
export const FROM_OUTSIDE =
  "Received: from mail.partner.example (mail.partner.example [192.0.2.1])\r\n\tby mx.company.example (Postfix) with ESMTPS id 4A1B2C\r\n\tfor <claims@company.example>; Mon, 1 Jun 2026 12:00:00 +0200 (CEST)";

/** The same without a `for`, as Postfix writes it for several recipients. */
export const FROM_OUTSIDE_NO_FOR =
  "Received: from mail.partner.example (mail.partner.example [192.0.2.1])\r\n\tby mx.company.example (Postfix) with ESMTPS id 4A1B2C; Mon, 1 Jun 2026 12:00:00 +0200";

/** The IMAP server takes it over from the border server. */
export const LMTP =
  "Received: from mx.company.example\r\n\tby imap.company.example with LMTP\r\n\tid abc (envelope-from <alice@partner.example>)\r\n\tfor <robot@company.example>; Mon, 1 Jun 2026 12:00:01 +0200";

/** Re-injected inside: Sieve hands it to the border server again. */
export const REINJECTED =
  "Received: from imap.company.example (imap.company.example [10.0.0.2])\r\n\tby mx.company.example (Postfix) with ESMTP id 5D6E7F\r\n\tfor <robot@company.example>; Mon, 1 Jun 2026 12:00:02 +0200";

/** What Alice writes, from the header's first line of hers on. */
export const ALICE = [
  "Date: Mon, 1 Jun 2026 11:59:58 +0200",
  "From: Alice <alice@partner.example>",
  "To: Claims <claims@company.example>",
  "Subject: [AXAZERTIFIKAT]",
  "Message-ID: <1@partner.example>",
];

/** A message of these header lines. */
export function mail(header: readonly string[], body = "Hello\r\n"): Buffer {
  return Buffer.from(`${header.join("\r\n")}\r\n\r\n${body}`);
}

export function read(header: readonly string[], policy: Policy = POLICY, body?: string): ReadMessage {
  return readMessage(mail(header, body), policy);
}

export function factsOf(header: readonly string[], policy: Policy = POLICY): MessageFacts {
  return read(header, policy).facts;
}

/** A mail of Alice's with one of her lines replaced, or more of them. */
export function aliceWith(...lines: readonly string[]): string[] {
  const names = new Set(lines.map(nameOf));
  return [...ALICE.filter((line) => !names.has(nameOf(line))), ...lines];
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}
