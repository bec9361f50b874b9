import { readFileSync } from "node:fs";
import { join } from "node:path";
import type {
  JudgedCertificate,
  PublishedCertificate,
  ReplyContent,
  Verdict,
} from "../../src/decide/index.ts";
import { FINDINGS, type FindingCode, finding } from "../../src/inspect/index.ts";
import {
  type Identity,
  parseTexts,
  type Reply,
  requiredTextFiles,
  type Texts,
} from "../../src/reply/index.ts";

const FOLDER = join(import.meta.dirname, "../../data/texts");

export const FINDING_CODES = Object.keys(FINDINGS) as FindingCode[];

/** The shipped files of these languages, as configuration will read them. */
export function shippedFiles(languages: readonly string[]): Record<string, string> {
  const paths = requiredTextFiles(languages);
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(FOLDER, path), "utf8")]));
}

/** The shipped texts in this order. */
export function shippedTexts(languages: readonly string[]): Texts {
  const parsed = parseTexts({ files: shippedFiles(languages), languages, findingCodes: FINDING_CODES });
  if (!parsed.ok) throw new Error(parsed.problems.join("\n"));
  return parsed.texts;
}

export const IDENTITY: Identity = {
  from: "Key Management <key-management@company.example>",
  contact: "securemail@company.example",
  loopMark: "0123456789abcdef",
  tag: "[AXAZERTIFIKAT]",
  companyDomains: ["company.example"],
};

/** A certificate as the directory describes it; its DER is never looked at where only words are tested. */
export function published(change: Partial<PublishedCertificate> = {}): PublishedCertificate {
  return {
    sha256: "0f".repeat(16) + "a1".repeat(16),
    spkiSha256: "11".repeat(32),
    keyIdentity: "11".repeat(32),
    der: Buffer.from([0x30, 0x00]),
    addresses: ["claims@company.example"],
    subject: "CN=Claims,O=Company,C=DE",
    issuer: "CN=Example S/MIME CA 1,O=Example Trust,C=DE",
    serial: "01",
    notBefore: new Date("2026-03-01T00:00:00Z"),
    notAfter: new Date("2027-03-01T23:59:59Z"),
    keyAlgorithm: "RSA-3072",
    usage: { sign: true, encrypt: true },
    chain: [],
    ...change,
  };
}

export function judged(
  verdict: Verdict,
  codes: readonly FindingCode[],
  change: Partial<PublishedCertificate> = {},
  quotable = verdict === "accepted",
): JudgedCertificate {
  const certificate = published({
    subject: "CN=Alice Example,E=alice@partner.example",
    addresses: ["alice@partner.example"],
    ...change,
  });
  return { certificate, verdict, findings: codes.map((code) => finding(code)), quotable };
}

/** One reply of every kind, named as its golden files are. */
export const CONTENTS: Readonly<Record<string, ReplyContent>> = {
  certificate: {
    template: "certificate",
    mailboxes: [{ address: "claims@company.example", certificates: [published()] }],
  },
  "certificate.mixed": {
    template: "certificate",
    mailboxes: [
      {
        address: "claims@company.example",
        certificates: [published(), published({ sha256: "ab".repeat(32) })],
      },
      { address: "nobody@company.example", certificates: [] },
      {
        address: "life@company.example",
        certificates: [published({ sha256: "cd".repeat(32), keyAlgorithm: "P-256" })],
      },
    ],
  },
  "no-certificate": {
    template: "no-certificate",
    mailboxes: [{ address: "nobody@company.example", certificates: [] }],
  },
  accepted: { template: "accepted", problems: [], judged: [judged("accepted", ["signature.no-time"])] },
  "accepted.mixed": {
    template: "accepted",
    problems: [],
    judged: [
      judged("rejected", ["cert.expired"], { sha256: "ef".repeat(32) }),
      judged("accepted", []),
      judged("pending", ["path.unknown-ca"], { sha256: "bc".repeat(32) }),
    ],
  },
  "accepted.further": {
    template: "accepted",
    problems: [],
    judged: [
      judged("accepted", []),
      judged("pending", ["signature.unnamed"], { sha256: "bc".repeat(32) }, true),
    ],
  },
  pending: {
    template: "pending",
    problems: [],
    judged: [judged("pending", ["path.unknown-ca", "revocation.unknown"])],
  },
  rejected: {
    template: "rejected",
    problems: [],
    judged: [
      judged("rejected", ["path.self-signed", "cert.expired", "address.mismatch", "signature.no-time"]),
    ],
  },
  "rejected.quotable": {
    template: "rejected",
    problems: [],
    judged: [judged("rejected", ["cert.sign-only"], {}, true)],
  },
  "rejected.unsupported": {
    template: "rejected",
    problems: [],
    judged: [
      judged("rejected", ["path.unsupported"]),
      judged("rejected", ["cert.key-unsupported"], { sha256: "bc".repeat(32), keyAlgorithm: "X25519" }, true),
    ],
  },
  "rejected.private-key": {
    template: "rejected",
    problems: [],
    judged: [judged("rejected", ["cert.private-key"])],
    privateKey: true,
  },
  "rejected.key-alone": { template: "rejected", problems: [], judged: [], privateKey: true },
  "rejected.none": { template: "rejected", problems: [], judged: [] },
  "rejected.by-hand": { template: "rejected", problems: [], judged: [judged("rejected", [])] },
  "rejected.signature": {
    template: "rejected",
    judged: [],
    problems: [finding("signature.no-signer"), finding("signature.no-time")],
  },
  "not-usable.unsigned": { template: "not-usable", why: "unsigned" },
  "not-usable.encrypted": { template: "not-usable", why: "encrypted" },
  "not-usable.openpgp": { template: "not-usable", why: "openpgp" },
  "not-usable.openpgp-key": { template: "not-usable", why: "openpgp-key" },
  "not-usable.rich-text": { template: "not-usable", why: "rich-text" },
  "not-usable.rights-protected": { template: "not-usable", why: "rights-protected" },
  hint: { template: "hint" },
};

/** A whole reply; a test changes one property. */
export function reply(change: Partial<Reply> = {}): Reply {
  return {
    content: { template: "hint" },
    to: "alice@partner.example",
    inReplyTo: "<1@partner.example>",
    references: ["<0@partner.example>"],
    messageId: "<keybot.0123@company.example>",
    now: new Date("2026-11-23T16:16:32Z"),
    identity: IDENTITY,
    texts: shippedTexts(["de", "en"]),
    ...change,
  };
}
