/**
 * The figures of this room. Nothing here is a rule of a standard unless it says so: they bound what a stranger's
 * text can do to a reply.
 */

/** Columns of the text: RFC 5322 §2.1.1 recommends 78; two are left for the `> ` of an answer. */
export const TEXT_WIDTH = 76;

/** Code points of any one value in a text: more than the longest address (RFC 5321 §4.5.3.1: 64 + 1 + 255). */
export const VALUE_LENGTH = 340;

/** Code points of a certificate's own text: the names of real CAs stay below 200. */
export const CERTIFICATE_TEXT_LENGTH = 240;

/** Characters of one foreign Message-ID that is repeated; a longer one is left out, for a folded line holds 998. */
export const MESSAGE_ID_LENGTH = 250;

/** Message-IDs in References: the start of the thread and its latest ones are enough for every client. */
export const REFERENCES = 20;

/**
 * Characters of a file name without number and extension: with them it stays within 50, up to which `mail` writes it as
 * a plain parameter. Longer ones take RFC 2231 sections, which not every mail program puts together.
 */
export const FILE_NAME_LENGTH = 44;

/** Reasons told for one certificate: findings are few, but their number comes from the stranger's mail. */
export const REASONS_PER_CERTIFICATE = 12;

/** Certificates told of in one reply: a CMS may carry hundreds, a reader wants the first few. */
export const JUDGED_PER_REPLY = 10;

/** Hex digits of a fingerprint or key that name it in a command: nobody finds a second one with the same 64 bits by chance. */
export const SHORT_HASH = 16;

/** UTF-16 units of a distinguished name that are looked at: RFC 5280 §A.1 bounds CN and O to 64 characters each. */
export const NAME_LENGTH = 4096;
