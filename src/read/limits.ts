/** Budgets of reading: a stranger decides what a mail holds, not how long we look at it. */

/** A certificate file is a few kilobytes; a PKCS#7 with its path stays far below this. */
export const CERTIFICATE_FILE_BYTES = 256 * 1024;

/** Nobody sends more than a few certificate files; the rest of a bomb is not looked at. */
export const CERTIFICATE_FILES = 20;

/** How deep a signed part is looked for inside multiparts (lists and anti-virus wrap once or twice). */
export const SIGNED_PART_DEPTH = 10;

/** MIME entities opened one inside the other in parts that call themselves CMS; Exchange makes one. */
export const ENTITIES_INSIDE = 2;

/** Addressed mailboxes kept as facts; a request may ask for far fewer (PRODUCT §4: five). */
export const ADDRESSED_MAILBOXES = 50;

/** Octets of a local part at most (RFC 5321 §4.5.3.1.1); no server delivers to a longer one. */
export const LOCAL_PART_OCTETS = 64;

/** Message-IDs looked up to recognise an answer to us; a References field keeps the newest at its end. */
export const REFERENCES = 50;

/** A subject longer than this is neither a request nor a near miss. */
export const SUBJECT_CHARACTERS = 998;

/** How long a subject may be that holds the whole tag: longer than a line, it speaks of something else too. */
export const SUBJECT_LINE = 100;

/** Bytes of text in which the header of a mail that came back is looked for: servers put it behind a page of words. */
export const RETURNED_TEXT_BYTES = 64 * 1024;

/** Parts of one bounce that are looked at, and Message-IDs and recipients that are kept of it; a bounce of ours has one each. */
export const RETURNED = 20;

/** How deep the parts of a bounce lie: a filter on the way wraps once. */
export const RETURNED_DEPTH = 3;

/** Bytes of one part in which a private key is looked for; a key has 10 KB, a long discussion in HTML some 500 KB. */
export const SECRET_BYTES = 1024 * 1024;

/** Bytes of all parts of a mail together in which one is looked for. */
export const SECRETS_BYTES = 8 * 1024 * 1024;

/** How deep forwarded mails are looked into for private keys. */
export const FORWARDED_DEPTH = 3;
