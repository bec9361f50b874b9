/**
 * smtp: hands finished mails to the company's submission server. The only importer of the SMTP library.
 *
 * Knows SMTP (RFC 5321), submission over TLS (RFC 8314), log-in (RFC 4954), SMTPUTF8 and DSN, and tells what the server
 * refused for good, what it put off, and what only it knows. It must not know what a mail says, nor decide whether and
 * when it is sent again.
 */
export type { Mail } from "./envelope.ts";
export { createMailer, type Mailer, type Sender } from "./mailer.ts";
export type { SmtpSettings } from "./settings.ts";
