/** The budgets of this room, each with its reason. */

/**
 * Most UIDs in one command. 200 scattered ones make a line of about 2,200 bytes; RFC 7162 §4 advises servers to take
 * 8,192 and some take no more.
 */
export const UIDS_PER_COMMAND = 200;

/**
 * Bytes of mail that one FETCH brings, and it holds at least one mail. Two such batches are in memory at a time: the one
 * that is being worked on and the one on its way. 4 MiB are 500 ordinary mails, so round trips do not count.
 */
export const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * How far a literal may exceed the configured message size before the connection is dropped. RFC822.SIZE is an estimate
 * on some servers (Exchange counts before it converts), so the size that was announced is no safe cap.
 */
export const LITERAL_HEADROOM = 2;

/** Milliseconds between two NOOPs where the server has no IDLE: what a person who waits for an answer still accepts. */
export const POLL_INTERVAL = 5_000;

/** Milliseconds before IDLE is begun again when the server ended it, so that one that always does is not flooded. */
export const IDLE_PAUSE = 1_000;

/** Milliseconds for LOGOUT: courtesy, and the end of the program waits for it. */
export const LOGOUT_TIMEOUT = 3_000;
