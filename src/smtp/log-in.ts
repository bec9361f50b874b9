import type SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Secret } from "../mail-server.ts";
import { noAuthentication } from "./errors.ts";
import type { SmtpSettings } from "./settings.ts";

/** What the library's `login` takes. */
export interface Credentials {
  readonly user: string;
  readonly pass: string;
  readonly type?: "custom";
  readonly method?: string;
}

/** Our name in the library's table of mechanisms; it is not sent. */
const TOKEN = "TOKEN";

/**
 * How to log in where the server offers these mechanisms. Throws `permanent` `smtp.authentication` when none fits.
 */
export function credentialsFor(
  user: string,
  secret: Secret,
  mechanisms: ReadonlySet<string>,
  settings: SmtpSettings,
): Credentials {
  const usable = "password" in secret ? ["PLAIN", "LOGIN", "CRAM-MD5"] : ["OAUTHBEARER", "XOAUTH2"];
  if (!usable.some((mechanism) => mechanisms.has(mechanism))) throw noAuthentication(settings);
  if ("password" in secret) return { user, pass: secret.password };
  return { type: "custom", method: TOKEN, user, pass: secret.accessToken };
}

/** The log-in by token: OAUTHBEARER (RFC 7628 §3.1) where offered, else the older XOAUTH2 of Google and Microsoft. */
export function tokenHandler(
  settings: SmtpSettings,
  mechanisms: () => ReadonlySet<string>,
): SMTPConnection.CustomAuthenticationHandlers {
  return {
    [TOKEN]: async (context) => {
      const { user, pass } = context.auth.credentials;
      const isBearer = mechanisms().has("OAUTHBEARER");
      const token = `auth=Bearer ${pass}\u0001\u0001`;
      const opening = isBearer
        ? `AUTH OAUTHBEARER ${base64(`n,a=${saslName(user)},\u0001host=${settings.host}\u0001port=${settings.port}\u0001${token}`)}`
        : `AUTH XOAUTH2 ${base64(`user=${user}\u0001${token}`)}`;
      let answer = await context.sendCommand(opening);
      // RFC 7628 §3.2.3: the reason of a refusal comes as a challenge; 535 only follows after an answer to it.
      if (answer.status === 334) answer = await context.sendCommand(isBearer ? base64("\u0001") : "");
      if (answer.status !== 235) throw new Error("Invalid login");
      return true;
    },
  };
}

/** RFC 5801 §4: "," and "=" mean something in front of a SASL message. */
function saslName(user: string): string {
  return user.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
