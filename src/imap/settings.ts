import type { MailServer, Secret } from "../mail-server.ts";

/** Which mailbox on which server, and as whom. */
export interface ImapSettings extends MailServer {
  readonly user: string;
  /** Asked before each connection, because a token lapses and a file may have been renewed. */
  readonly secret: () => Promise<Secret>;
  readonly mailbox: string;
  /** Our version, which the server is told (RFC 2971). */
  readonly version: string;
  /** Bytes of the largest mail that is fetched whole. */
  readonly maxLiteral: number;
}
