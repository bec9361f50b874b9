/**
 * imap: the robot mailbox on its server. The only importer of the IMAP library.
 *
 * Knows IMAP4rev1 (RFC 3501), UIDPLUS (RFC 4315), MOVE (RFC 6851), IDLE (RFC 2177) and what servers make of them. It
 * lists, fetches, moves and waits; it bounds every command in time, checks every result, and turns each failure into one
 * KeybotError. It must not know what a mail means, why it is moved, or which folders there are.
 */
export { connectImap } from "./connect.ts";
export type { FetchedMail, ListedMail } from "./fetch.ts";
export type { Moved } from "./move.ts";
export type { News } from "./news.ts";
export type { ImapSession } from "./session.ts";
export type { ImapSettings } from "./settings.ts";
