import type { ImapSettings } from "../../src/imap/index.ts";
import type { ScriptedImap } from "../servers/scripted-imap.ts";

/** Settings for a server on this machine, with patience for a test. */
export function imapSettings(
  server: Pick<ScriptedImap, "port">,
  more: Partial<ImapSettings> = {},
): ImapSettings {
  return {
    host: "127.0.0.1",
    port: server.port,
    security: "none",
    ca: null,
    user: "robot@company.example",
    secret: async () => ({ password: "pa55word" }),
    mailbox: "INBOX",
    version: "9.9.9",
    timeouts: { connect: 1_000, silence: 1_500, command: 1_000 },
    maxLiteral: 1_000_000,
    ...more,
  };
}
