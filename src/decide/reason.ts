/**
 * Reasons: why a message was dealt with as it was. They stand in the ledger and in `keybot log`.
 * A code is API: it never changes its meaning.
 */
export const REASONS = {
  "request.answered": "PRODUCT §4: the subject is exactly the tag",
  "request.too-many": "PRODUCT §4: more mailboxes addressed than one request may ask for",
  "request.without-chain":
    "PRODUCT §4: what is stored as its CA certificates is not its path, and is left out",
  "hint.sent": "PRODUCT §4: the subject is nearly the tag",
  "submission.accepted": "PRODUCT §3: a certificate was accepted",
  "submission.known": "PRODUCT §3: the certificate was known already",
  "submission.pending": "PRODUCT §3: a person must decide",
  "submission.rejected": "PRODUCT §3: nothing in it can be used",
  "submission.waiting": "PRODUCT §3: no CA has told yet whether a certificate is revoked; asked again later",
  "submission.over-cap":
    "PRODUCT §3: more certificates wait for a person than a day may bring; decided again later",
  "nothing-offered": "PRODUCT §3: neither a request nor a certificate",
  bounce: "PRODUCT §5: a mail of ours came back (RFC 3464)",
  unreadable: "PRODUCT §2: the message cannot be read",
  "no-reply.automatic": "RFC 3834 §2: an automatic mail is never answered",
  "no-reply.from": "RFC 5322 §3.6.2: not exactly one From address",
  "no-reply.own-domain": "PRODUCT §5: From is of an own domain, from outside and not authenticated",
  "no-reply.not-addressed": "RFC 3834 §2: the mail is not addressed to us",
  "no-reply.refers-to-us": "PRODUCT §5: it refers to one of our mails and changes nothing",
  "no-reply.authentication-failed": "PRODUCT §5: the sender's authentication failed",
  "no-reply.not-authenticated": "PRODUCT §3: only authenticated senders are told how to do it right",
  "no-reply.told-before": "PRODUCT §3: told so recently",
  "no-reply.switched-off": "PRODUCT §4: hints are switched off",
  "no-reply.over-budget": "PRODUCT §5: over the reply budget for more than 24 hours",
  "reply.delayed": "PRODUCT §5: over the reply budget, sent later",
} as const;

export type ReasonCode = keyof typeof REASONS;

export interface Reason {
  readonly code: ReasonCode;
  /** The rule and its section. */
  readonly rule: string;
  /** The value of this case (a header, an address), or null. May hold text of strangers. */
  readonly detail: string | null;
}

/** A reason of the table, for one case. */
export function reason(code: ReasonCode, detail: string | null = null): Reason {
  return { code, rule: REASONS[code], detail };
}
