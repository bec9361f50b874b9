import { ImapFlow, type MailboxObject } from "imapflow";
import { KeybotError } from "../errors.ts";
import { escapeControl, type Log } from "../log.ts";
import { hostToConnect, place, tlsOptions, unlessTlsAtOnce } from "../mail-server.ts";
import { connectError, isMissingMailbox, mailboxError, timeoutError } from "./errors.ts";
import { hierarchyOf } from "./folder.ts";
import { LITERAL_HEADROOM } from "./limits.ts";
import { Link, Refusals } from "./link.ts";
import { type MoveAbilities, moveAbilities } from "./move.ts";
import { mailboxPaths, type Namespaces, takeNamespaces } from "./namespace.ts";
import { type ImapSession, openSession } from "./session.ts";
import type { ImapSettings } from "./settings.ts";

/**
 * Connects, logs in, opens the mailbox and checks that the server can move mails safely.
 *
 * Throws `temporary` `imap.unreachable` or `imap.busy`; `permanent` `imap.tls`, `imap.starttls`, `imap.authentication`,
 * `imap.mailbox` or `imap.no-move`; `config` `imap.insecure`; and what `settings.secret` throws.
 */
export async function connectImap(settings: ImapSettings, log: Log): Promise<ImapSession> {
  const host = await hostToConnect("imap", settings);
  const secret = await settings.secret();
  const auth = "password" in secret ? { pass: secret.password } : { accessToken: secret.accessToken };
  const refusals = new Refusals();
  const client = new ImapFlow({
    host,
    port: settings.port,
    secure: settings.security === "tls",
    // Left out it would go on in clear text on a server without STARTTLS.
    doSTARTTLS: settings.security === "starttls",
    tls: tlsOptions(settings),
    auth: { user: settings.user, ...auth },
    logger: refusals.logger,
    // RFC 2971 §3.3. Empty values are not sent: the library would put its own there.
    clientInfo: { name: "keybot", version: settings.version, vendor: "", "support-url": "" },
    connectionTimeout: settings.timeouts.connect,
    greetingTimeout: settings.timeouts.connect,
    socketTimeout: settings.timeouts.silence,
    maxLiteralSize: settings.maxLiteral * LITERAL_HEADROOM,
    maxResponseSize: settings.maxLiteral * LITERAL_HEADROOM * 2,
    // Mail is mostly base64: compressing it again costs more than the line does.
    disableCompression: true,
    // IDLE begins when the session waits, not when it happens to be quiet.
    disableAutoIdle: true,
    // Servers that offer both revisions have had rev1 tested for twenty years.
    disableIMAP4rev2: true,
  });
  const link = new Link(client, settings, refusals, log);
  try {
    await logIn(link, host);
    const abilities = moveAbilities(client);
    const namespaces = takeNamespaces(client);
    const box = await openMailbox(link, abilities, namespaces);
    log.debug("imap.connected", { server: place(settings), mailbox: box.path, uidValidity: box.uidValidity });
    return openSession(link, {
      uidValidity: box.uidValidity,
      abilities,
      hierarchy: hierarchyOf(client, namespaces),
    });
  } catch (error) {
    link.drop();
    throw error;
  }
}

async function logIn(link: Link, host: string): Promise<void> {
  const { client, settings } = link;
  const end = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(timeoutError(settings, "let us log in", settings.timeouts.connect)),
      settings.timeouts.connect,
    );
  });
  try {
    await Promise.race([client.connect(), late, unlessTlsAtOnce("imap", settings, host, end.signal)]);
  } catch (error) {
    throw connectError(error, settings);
  } finally {
    end.abort();
    clearTimeout(timer);
  }
}

/** Opens the first of these mailboxes that is there. */
async function openFirst(
  client: ImapFlow,
  [path = "INBOX", ...others]: readonly string[],
): Promise<MailboxObject> {
  try {
    return await client.mailboxOpen(path);
  } catch (error) {
    if (others.length === 0 || !isMissingMailbox(error)) throw error;
    return await openFirst(client, others);
  }
}

async function openMailbox(
  link: Link,
  abilities: MoveAbilities,
  namespaces: Namespaces,
): Promise<MailboxObject> {
  const { client, settings } = link;
  const server = place(settings);
  if (!abilities.move && !abilities.uidPlus) {
    const message = `${server} has neither MOVE nor UIDPLUS, so mails cannot be filed there without the danger of losing one.`;
    const hint =
      "No setting of keybot helps: such a server (hMailServer, Mailutils' imap4d) can only expunge all deleted mails at once. Forward the robot's mail to a mailbox on another server.";
    throw new KeybotError("permanent", "imap.no-move", message, { hint });
  }
  const box = await link.run("open the mailbox", () =>
    openFirst(client, mailboxPaths(settings.mailbox, namespaces)).catch((error: unknown) => {
      throw mailboxError(error, settings);
    }),
  );
  if (box.readOnly === true) {
    const message = `${server} opens the mailbox ${escapeControl(settings.mailbox)} for reading only.`;
    const hint = "Give imap.user the right to delete and to insert (RFC 4314: lrswipkxte).";
    throw new KeybotError("permanent", "imap.mailbox", message, { hint });
  }
  if (typeof box.uidValidity !== "bigint") {
    throw new KeybotError(
      "permanent",
      "imap.mailbox",
      `${server} gives no UIDVALIDITY, so UIDs mean nothing there.`,
    );
  }
  // RFC 9051 §7.1 PERMANENTFLAGS: where \Deleted cannot be set, COPY and EXPUNGE would pile up copies.
  if (!abilities.move && box.permanentFlags !== undefined && !box.permanentFlags.has("\\Deleted")) {
    const message = `${server} has no MOVE and does not let us set \\Deleted, so mails cannot be filed there.`;
    throw new KeybotError("permanent", "imap.no-move", message);
  }
  // Held for the life of the connection. The library takes a connection that is quiet for good when a lock is held, and
  // asks with NOOP; without one it would close a session whose caller is busy with the mails.
  await link.run("open the mailbox", () => client.getMailboxLock(box.path, { maxLockHoldTime: false }));
  return box;
}
