/**
 * What an IMAP server and the way to it can do to us, as one KeybotError.
 *
 * The library's codes come in several styles, and some failures have none; they are read here and nowhere else.
 */

import { KeybotError } from "../errors.ts";
import { escapeControl } from "../log.ts";
import { place, tlsFailure } from "../mail-server.ts";
import type { ImapSettings } from "./settings.ts";

/** The properties that the library, Node and OpenSSL set on an error; each may be absent. */
interface Clues {
  readonly code: string | undefined;
  /** NO or BAD, when the server answered a command. */
  readonly status: string | undefined;
  /** RFC 5530 response code. */
  readonly responseCode: string | undefined;
  /** What the server said: the text of NO or BAD, or of its BYE. */
  readonly said: string | undefined;
  readonly authenticationFailed: boolean;
  readonly tlsFailed: boolean;
  readonly mailboxMissing: boolean;
  readonly message: string;
}

/** RFC 5530 §3 and RFC 9051 §7.1: the server would let us in, but not now. */
const BUSY_CODES: ReadonlySet<string> = new Set(["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"]);
/** The same without a code: Gmail, Exchange, Courier and Dovecot, in their own words. */
const BUSY_WORDS = [
  "too many",
  "maximum number of connections",
  "try again",
  "temporar",
  "not connected",
  "throttled",
];

/** What the sentence of an unreachable server says, by code. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses connections",
  ENOTFOUND: "has a name that cannot be resolved",
  EAI_AGAIN: "has a name that cannot be resolved at the moment",
  EHOSTUNREACH: "cannot be reached over the network",
  ENETUNREACH: "cannot be reached over the network",
  CONNECT_TIMEOUT: "does not answer",
  ETIMEDOUT: "does not answer",
  ETIMEOUT: "does not answer",
  GREETING_TIMEOUT: "does not greet as an IMAP server",
  UPGRADE_TIMEOUT: "does not finish the TLS handshake",
};

/** An error of `connect` or of the log-in. What is not a known failure is a bug and comes back as it is. */
export function connectError(error: unknown, settings: ImapSettings): unknown {
  if (error instanceof KeybotError || !(error instanceof Error)) return error;
  const clues = cluesOf(error);
  const server = place(settings);
  const tls = tlsFailure("imap", settings, [clues.code], error);
  if (tls !== null) return tls;
  if (isBusy(clues)) {
    return new KeybotError("temporary", "imap.busy", `${server} does not let us in now${sayingOf(clues)}`, {
      hint: "It is tried again. If it stays so, check that imap.user may use IMAP on that server.",
      cause: error,
    });
  }
  if (clues.authenticationFailed || clues.message === "Unsupported authentication mechanism") {
    return authenticationError(clues, settings, error);
  }
  if (clues.tlsFailed && (clues.code === undefined || clues.code === "STARTTLS_INJECTION")) {
    const reason =
      clues.code === undefined ? "does not offer STARTTLS" : "sent data between STARTTLS and TLS";
    const hint = 'Set imap.security to "tls" and imap.port to 993, or enable STARTTLS on the server.';
    return new KeybotError("permanent", "imap.starttls", `${server} ${reason}.`, { hint, cause: error });
  }
  if (clues.status !== undefined) return refusal(clues, settings, "log in", error);
  if (clues.code === undefined) return error;
  const reason = UNREACHABLE[clues.code] ?? "closed the connection";
  return new KeybotError("temporary", "imap.unreachable", `${server} ${reason}${sayingOf(clues)}`, {
    hint: "Check imap.host and imap.port, and that the server is running.",
    cause: error,
  });
}

function authenticationError(clues: Clues, settings: ImapSettings, cause: Error): KeybotError {
  const server = place(settings);
  if (clues.message === "Unsupported authentication mechanism" || clues.message === "Login is disabled") {
    const message = `${server} offers no way to log in that fits imap.user and its secret.`;
    const hint = "Check imap.security, and whether the server wants a password or OAuth 2.";
    return new KeybotError("permanent", "imap.authentication", message, { hint, cause });
  }
  const message = `${server} refused the password of ${escapeControl(settings.user)}${sayingOf(clues)}`;
  const hint = "Check imap.user and the file that imap.password_file names.";
  return new KeybotError("permanent", "imap.authentication", message, { hint, cause });
}

/** An error of opening the mailbox. */
export function mailboxError(error: unknown, settings: ImapSettings): unknown {
  if (!(error instanceof Error)) return error;
  const clues = cluesOf(error);
  if (clues.status !== "NO") return commandError(error, settings, "open the mailbox");
  const name = escapeControl(settings.mailbox);
  const message = clues.mailboxMissing
    ? `${place(settings)} has no mailbox ${name}.`
    : `${place(settings)} does not open the mailbox ${name}${sayingOf(clues)}`;
  const kind = isBusy(clues) ? "temporary" : "permanent";
  const hint =
    'Check imap.mailbox, and whether imap.user may open it. A name that begins with "/" is taken whole, from the root.';
  return new KeybotError(kind, "imap.mailbox", message, { hint, cause: error });
}

/** The server has no mailbox of that name, as far as the library could find out. */
export function isMissingMailbox(error: unknown): boolean {
  return error instanceof Error && cluesOf(error).mailboxMissing;
}

/** An error of a command; `doing` completes "while we tried to …". */
export function commandError(error: unknown, settings: ImapSettings, doing: string): unknown {
  if (error instanceof KeybotError || !(error instanceof Error)) return error;
  const clues = cluesOf(error);
  if (clues.status === "NO" || clues.status === "BAD") return refusal(clues, settings, doing, error);
  if (clues.code === undefined) return error;
  return closedError(settings, doing, error, clues.said);
}

/** The server said no to a command. Temporary: the mail stays where it is and is tried again. */
function refusal(clues: Clues, settings: ImapSettings, doing: string, cause: Error): KeybotError {
  const message = `${place(settings)} refused to ${doing}${sayingOf(clues)}`;
  // RFC 9208 §4.1.3: OVERQUOTA.
  if (clues.responseCode === "OVERQUOTA") {
    return new KeybotError("temporary", "imap.quota", message, {
      hint: "Make room in the robot's account.",
      cause,
    });
  }
  return new KeybotError("temporary", "imap.refused", message, { cause });
}

/** The connection is gone, or was never there any more. */
export function closedError(
  settings: ImapSettings,
  doing: string,
  cause?: unknown,
  said?: string,
): KeybotError {
  const why = said === undefined ? "." : `: ${escapeControl(said)}`;
  const message = `The connection to ${place(settings)} was lost before we could ${doing}${why}`;
  return new KeybotError("temporary", "imap.closed", message, { cause });
}

/** Nothing came in the time that a command may take. */
export function timeoutError(settings: ImapSettings, doing: string, milliseconds: number): KeybotError {
  const message = `${place(settings)} did not ${doing} within ${Math.ceil(milliseconds / 1000)} s.`;
  return new KeybotError("temporary", "imap.unreachable", message);
}

/** The refusal that the library kept to itself when a command returned `false`. */
export function refusedError(cause: unknown, settings: ImapSettings, doing: string): KeybotError {
  const error = commandError(cause, settings, doing);
  if (error instanceof KeybotError) return error;
  return new KeybotError("temporary", "imap.refused", `${place(settings)} refused to ${doing}.`, { cause });
}

/** RFC 3501 §7.1 TRYCREATE, RFC 5530 §3 NONEXISTENT: the target folder is not there. */
export function isMissingFolder(error: unknown): boolean {
  const code = error instanceof Error ? cluesOf(error).responseCode : undefined;
  return code === "TRYCREATE" || code === "NONEXISTENT";
}

function isBusy(clues: Clues): boolean {
  if (clues.responseCode !== undefined && BUSY_CODES.has(clues.responseCode)) return true;
  // A code of its own, such as AUTHENTICATIONFAILED, wins over what the text may mention.
  if (clues.responseCode !== undefined && clues.responseCode !== "ALERT") return false;
  const said = clues.said?.toLowerCase();
  return said !== undefined && BUSY_WORDS.some((word) => said.includes(word));
}

/** `: the server's words`, or a full stop; the end of a sentence about an error of the library. */
export function saying(error: unknown): string {
  return error instanceof Error ? sayingOf(cluesOf(error)) : ".";
}

function sayingOf({ said }: Clues): string {
  return said === undefined || said === "" ? "." : `: ${escapeControl(said)}`;
}

function cluesOf(error: Error): Clues {
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === "string" ? value : undefined;
  };
  return {
    code: text("code"),
    status: text("responseStatus"),
    responseCode: text("serverResponseCode")?.toUpperCase(),
    // A refusal that the library only found out later has its words in `response`, which else is no text.
    said: text("responseText") ?? text("reason") ?? text("response"),
    authenticationFailed: Reflect.get(error, "authenticationFailed") === true,
    tlsFailed: Reflect.get(error, "tlsFailed") === true,
    mailboxMissing: Reflect.get(error, "mailboxMissing") === true,
    message: error.message,
  };
}
