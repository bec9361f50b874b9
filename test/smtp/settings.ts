import type { SmtpSettings } from "../../src/smtp/index.ts";
import type { ScriptedSmtp } from "../servers/scripted-smtp.ts";

/** Settings for a server on this machine, with patience for a test. */
export function smtpSettings(
  server: Pick<ScriptedSmtp, "port">,
  more: Partial<SmtpSettings> = {},
): SmtpSettings {
  return {
    host: "127.0.0.1",
    port: server.port,
    security: "none",
    ca: null,
    user: "robot@company.example",
    secret: async () => ({ password: "pa55word" }),
    timeouts: { connect: 1_000, silence: 1_000, command: 1_000 },
    ...more,
  };
}
