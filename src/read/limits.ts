/** Budgets of reading: a stranger decides what a mail holds, not how long we look at it. */

/** A certificate file is a few kilobytes; a PKCS#7 with its path stays far below this. */
export const CERTIFICATE_FILE_BYTES = 256 * 1024;

/** Nobody sends more than a few certificate files; the rest of a bomb is not looked at. */
export const CERTIFICATE_FILES = 20;

/** How deep a signed part is looked for inside multiparts (lists and anti-virus wrap once or twice). */
export const SIGNED_PART_DEPTH = 10;

/** Addressed mailboxes kept as facts; a request may ask for far fewer (PRODUCT §4: five). */
export const ADDRESSED_MAILBOXES = 50;

/** Octets of a local part at most (RFC 5321 §4.5.3.1.1); no server delivers to a longer one. */
export const LOCAL_PART_OCTETS = 64;

/** Message-IDs looked up to recognise an answer to us; a References field keeps the newest at its end. */
export const REFERENCES = 50;

/** A subject longer than this is neither a request nor a near miss. */
export const SUBJECT_CHARACTERS = 998;
