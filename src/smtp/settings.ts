import type { MailServer, Secret } from "../mail-server.ts";

/** The server that takes our mail in, and as whom we hand it over. */
export interface SmtpSettings extends MailServer {
  /** Null for a server that needs no log-in. */
  readonly user: string | null;
  /** Asked before each connection, because a token lapses; not asked without a user. */
  readonly secret: () => Promise<Secret>;
}
