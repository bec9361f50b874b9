/** The budgets of this room, each with its reason. */

/**
 * Milliseconds that a connection is kept for the next mail. A log-in costs more than the mail does; servers close after
 * five minutes (RFC 5321 §4.5.3.2.7), so we go first.
 */
export const KEPT_FOR = 4 * 60_000;

/** Bytes that are handed to the socket at a time, so that we know to within one piece how much is on its way. */
export const PIECE_BYTES = 64 * 1024;

/** Milliseconds for QUIT: courtesy, and the end of the program waits for it. */
export const QUIT_TIMEOUT = 3_000;

/** Characters of a server's answer that are kept: its first lines say it all. */
export const ANSWER_LENGTH = 500;
