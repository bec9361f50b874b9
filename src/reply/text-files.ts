import type { Template } from "../decide/index.ts";

/** What every text may say, wherever it stands. */
export const COMMON_PLACEHOLDERS = ["contact", "robot", "tag", "domains"] as const;

/**
 * The texts of one language: file → section → the placeholders that it may use beside the common ones. The files
 * stand in `data/texts/<language>/<file>.txt`; another language is another folder, and no code.
 */
export const TEXT_FILES = {
  frame: {
    elsewhere: [],
    greeting: [],
    closing: [],
    date: ["day", "month", "year", "time"],
    months: [],
  },
  subjects: {
    certificate: [],
    "no-certificate": [],
    accepted: [],
    pending: [],
    rejected: [],
    "not-usable": [],
    hint: [],
    "private-key": [],
  },
  certificate: {
    body: ["greeting", "mailboxes", "clients", "closing"],
    mailbox: ["address", "certificates"],
    item: ["file", "issuer", "notBefore", "notAfter", "keyAlgorithm", "fingerprint"],
    without: ["address"],
  },
  clients: { body: [] },
  "no-certificate": {
    body: ["greeting", "addresses", "closing"],
    item: ["address"],
  },
  accepted: { body: ["greeting", "sender", "certificates", "closing"] },
  pending: { body: ["greeting", "sender", "certificates", "closing"] },
  rejected: { body: ["greeting", "sender", "certificates", "closing"] },
  "private-key": { body: ["greeting", "certificates", "closing"] },
  judgement: {
    accepted: ["certificate", "notAfter"],
    pending: ["certificate", "reasons"],
    rejected: ["certificate", "reasons"],
    quoted: ["subject", "issuer", "notBefore", "notAfter", "keyAlgorithm", "fingerprint"],
    unquoted: ["fingerprint"],
    reason: ["what", "todo"],
    unexplained: [],
    signature: ["reasons"],
    none: [],
    "key-alone": [],
    more: ["count"],
  },
  "not-usable": {
    unsigned: ["greeting", "closing"],
    encrypted: ["greeting", "closing"],
    openpgp: ["greeting", "closing"],
    "openpgp-key": ["greeting", "closing"],
    "rich-text": ["greeting", "closing"],
    "rights-protected": ["greeting", "closing"],
  },
  hint: { body: ["greeting", "closing"] },
  notice: {
    "pending-subject": [],
    pending: ["certificates", "closing"],
    certificate: ["address", "reasons", "commands"],
    reason: ["code", "what"],
    "not-authenticated": [],
    "not-ascii": ["real"],
    commands: ["fingerprint", "address"],
    "commands-domain": ["fingerprint", "address"],
    "commands-show": ["fingerprint"],
    "daily-subject": [],
    daily: ["news", "closing"],
    failed: ["mails"],
    bounced: ["mails"],
    mail: ["to", "template", "time", "error"],
    "no-error": [],
    unhandled: ["mails"],
    message: ["key", "time", "problem"],
    "no-path": ["certificates"],
    "no-path-certificate": ["addresses", "code", "since", "fingerprint"],
    unanswered: ["certificates"],
    "unanswered-certificate": ["addresses", "since", "fingerprint"],
    budget: ["delayed", "withheld"],
    "revoked-subject": [],
    revoked: ["certificates", "closing"],
    "revoked-certificate": ["address", "fingerprint"],
    "withdrawn-subject": [],
    withdrawn: ["certificates", "closing"],
    "withdrawn-certificate": ["address", "fingerprint"],
    because: ["why", "certificates"],
    "stuck-subject": [],
    stuck: ["count", "since", "error", "closing"],
    "signing-subject": [],
    signing: ["why", "closing"],
    more: ["count"],
    closing: [],
  },
} as const satisfies Record<string, Record<string, readonly string[]>> &
  // A new template without a subject or a file does not compile.
  Record<Template, object> & { readonly subjects: Record<Template | "private-key", readonly string[]> };

/** What a reason in `findings.txt` may say of the certificate: dates and the sender's address, never its own text. */
export const FINDING_PLACEHOLDERS = ["sender", "notBefore", "notAfter"] as const;

export type TextFile = keyof typeof TEXT_FILES;

/**
 * The files that `parseTexts` must be given for these languages.
 * @param languages language tags, e.g. `["de", "en"]`
 * @returns paths below `data/texts`, with `/`
 */
export function requiredTextFiles(languages: readonly string[]): readonly string[] {
  const names = [...Object.keys(TEXT_FILES), "findings"];
  return languages.flatMap((language) => names.map((name) => `${language}/${name}.txt`));
}
