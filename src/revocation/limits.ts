/**
 * The budgets of this room. The URLs stand in certificates of strangers, or an admin has typed them; whatever is behind
 * them costs at most this.
 */
import { MAX_CRL_BYTES, MAX_OCSP_BYTES, MAX_ROOT_LIST_BYTES } from "../pki/index.ts";

/** What the questions of one message may cost together. */
export interface AskLimits {
  /** HTTP exchanges, redirects included. A path of four certificates with OCSP and one CRL each in reserve needs 6. */
  readonly requests: number;
  /** Bytes of all bodies. One of the largest CRLs and several ordinary ones fit. */
  readonly bytes: number;
  /** Until everything that is still open is given up; the mail waits so long, others go on. */
  readonly milliseconds: number;
  /** For one exchange, from the look-up of the name to the last byte, so that a server that drips ends too. */
  readonly exchangeMilliseconds: number;
  /** `SILENCE_MS` when it is left out. */
  readonly silenceMilliseconds?: number;
}

/**
 * After so long without an answer the next place is asked beside a silent one: a server that lives has answered by then,
 * and two responders and a mirror that are all silent leave most of a message's time to the fourth place.
 */
export const SILENCE_MS = 3_000;

export const ASK_LIMITS: AskLimits = {
  requests: 16,
  bytes: 40 * 1024 * 1024,
  milliseconds: 30_000,
  exchangeMilliseconds: 15_000,
};

/**
 * What strangers' questions may cost one message together: a path of four CAs, one after the other, and time that a server
 * with an answer does not need.
 */
export const STRANGER_LIMITS: AskLimits = {
  requests: 8,
  bytes: 1024 * 1024,
  milliseconds: 10_000,
  // A CA's certificate is a static file of 2 KiB.
  exchangeMilliseconds: 2_500,
};

/** What may be fetched within `RATION_MS`. */
export interface Ration {
  /** HTTP exchanges, redirects included. */
  readonly requests: number;
  readonly bytes: number;
}

/** Strangers' questions are counted over this time: an hour. */
export const RATION_MS = 60 * 60 * 1000;

/**
 * From one host, for whomever: a CA has a handful of issuing CAs, and each certificate of them names the same files, which
 * are kept meanwhile. So a third party whose URLs a stranger names sees at most this of us.
 */
export const PER_HOST: Ration = { requests: 12, bytes: 2 * 1024 * 1024 };

/** For one sender domain: a partner whose employees have certificates of two or three CAs. */
export const PER_SENDER: Ration = { requests: 12, bytes: 2 * 1024 * 1024 };

/**
 * For all senders who are authenticated, and for all others: who forges senders uses up the ration of those like him. A CA
 * that is once known is in the directory and not asked for again, so even a first day with hundreds of partners needs less.
 */
export const OF_AUTHENTICATED: Ration = { requests: 120, bytes: 8 * 1024 * 1024 };
export const OF_NOBODY: Ration = { requests: 60, bytes: 4 * 1024 * 1024 };

/** How long such an answer is used again; with the rations it bounds what strangers put on our disk to 12 MiB. */
export const KEEP_OF_STRANGERS_MS = RATION_MS;

/** Redirects that are followed: http to https, a new host name, a CDN. */
export const MAX_REDIRECTS = 3;

/** Bytes of a list of public CAs over https: six times Mozilla's of 2026 (1.3 MiB), which grows by a few CAs a year. */
export const MAX_FETCHED_ROOT_LIST_BYTES = Math.min(8 * 1024 * 1024, MAX_ROOT_LIST_BYTES);

/** What one fetch of a list of public CAs may cost. */
export const ROOT_LIST_LIMITS: AskLimits = {
  requests: 1 + MAX_REDIRECTS,
  bytes: MAX_FETCHED_ROOT_LIST_BYTES,
  // A person waits and no mail does: longer than for a CRL, so that Mozilla's list comes over a line of 100 kbit/s too.
  milliseconds: 120_000,
  exchangeMilliseconds: 120_000,
};

/**
 * Bytes of one CRL over HTTP. The largest of public mail CAs have a few MiB; 20 MiB are half a million entries. Less than
 * what `pki` decodes, because an admin may name a larger file by hand.
 */
export const MAX_FETCHED_CRL_BYTES = Math.min(20 * 1024 * 1024, MAX_CRL_BYTES);

/** Bytes of one OCSP response: `pki` takes no more. */
export const MAX_FETCHED_OCSP_BYTES = MAX_OCSP_BYTES;

/** Characters of a URL: RFC 9110 §4.1 recommends to support 8000; those in certificates have under 200. */
export const MAX_URL_LENGTH = 2_048;

/**
 * Places asked about one certificate, of each kind (responders, CRLs with their mirrors, delta CRLs): as many as a message
 * may have requests, so that what ends a search is an answer (RFC 5280 §6.3.3: until all reasons are covered) or that total.
 */
export const MAX_PLACES = ASK_LIMITS.requests;

/** Signers of CRLs off the path, and delegated responders, who are asked about for one certificate. */
export const MAX_SIGNERS_ASKED_ABOUT = 4;

/** Certificates of a CRL issuer's name to which a path is looked for: its own key, the one before, and some that are not its. */
export const MAX_SIGNER_CANDIDATES = 8;

/** Units of mathematics (`pki/computing.ts`) for their paths: 40 ms, as this is not done in the judge's process. */
export const SIGNER_COMPUTING = 1_000;

/** Lists that are kept as the newest of one signer and scope: made in the same second, and no number tells which is newer. */
export const MAX_EQUALLY_NEW = 4;

/**
 * How long the age of a signer's newest list is remembered, and that of a "revoked": longer than any older answer can be
 * valid, as nobody can know the nextUpdate of answers that he has not seen.
 */
export const REMEMBER_AGE_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/** Greatest age of an answer that is kept, whatever its nextUpdate; the configuration has its own (`trust.ocsp_max_age`). */
export const OCSP_MAX_AGE_MS = 10 * 24 * 60 * 60 * 1000;
export const CRL_MAX_AGE_MS = 30 * 24 * 60 * 60 * 1000;

/** Bytes of answers kept in memory: all CRLs that a robot meets in a day, the largest ones among them. */
export const MEMORY_CACHE_BYTES = 64 * 1024 * 1024;

/** Issuer URLs tried for one certificate or CRL; more than one is rare, and one of a directory (LDAP) does not count. */
export const MAX_ISSUER_URLS = 4;

/** Bytes behind one of them: a certificate has 2 KiB, the bundle of a whole PKI under 100. */
export const MAX_ISSUER_BYTES = 256 * 1024;

/**
 * How long an answer is used before the CA is asked anew although it is still valid: a revocation is noticed an hour
 * after its CA publishes it, and no CA hears of us more than once an hour for the same certificate.
 */
export const RENEW_AFTER_MS = 60 * 60 * 1000;

/** How long a host that cannot be reached, or a question without answer, is left alone: a hundred mails of one CA must not wait for it a hundred times. */
export const FAILURE_REST_MS = 60 * 1000;

/**
 * How long a host that was silent is asked after all others: longer than the hour after which a mail without an answer is
 * tried again, or each try would begin with the same silence.
 */
export const SLOW_MS = 2 * 60 * 60 * 1000;

/** Hosts or questions that are remembered as failing. */
export const MAX_FAILURES = 1_000;
