/**
 * What an SMTP server and the way to it can do to us, as one KeybotError.
 *
 * What matters is when it happened: before the mail was handed over nothing is lost, after it only the server knows.
 */
import { KeybotError } from "../errors.ts";
import { escapeControl } from "../log.ts";
import { place, tlsFailure } from "../mail-server.ts";
import { ANSWER_LENGTH } from "./limits.ts";
import type { SmtpSettings } from "./settings.ts";

/**
 * How far a mail had come: `envelope` while sender, recipient and DATA are agreed on, `data` while the bytes are being
 * sent, `sent` when the final dot may have reached the server.
 */
export type Stage = "envelope" | "data" | "sent";

/** The properties that the library, Node and OpenSSL set on an error; each may be absent. */
interface Clues {
  /** The library's kind of failure, such as `EAUTH`. */
  readonly code: string | undefined;
  /** What the system called it, such as `ECONNREFUSED`. */
  readonly systemCode: string | undefined;
  /** SMTP reply code and text. */
  readonly reply: number | undefined;
  readonly said: string | undefined;
  readonly command: string | undefined;
}

/** RFC 4954 §4.7 and §6: not logged in, mechanism too weak, wrong credentials, encryption needed first. */
const AUTHENTICATION_REPLIES: ReadonlySet<number> = new Set([530, 534, 535, 538]);

/**
 * RFC 1870 §6.1 and RFC 6531 §3.5: what MAIL FROM can be refused for because of the mail, its size or its recipient's
 * letters, and not because of the sender.
 */
const MAIL_FAULTS: ReadonlySet<string> = new Set(["5.2.3", "5.3.4", "5.6.7"]);

/**
 * RFC 3463 §3.2, RFC 7505 §4.2 and Exchange's own: the sender's address, or who hands the mail over, is not welcome.
 */
const SENDER_FAULTS: ReadonlySet<string> = new Set([
  "5.1.7",
  "5.1.8",
  "5.2.252",
  "5.7.27",
  "5.7.57",
  "5.7.60",
]);

/**
 * The same in words. Postfix judges the sender only when it knows the recipient, Exchange after the whole mail, so that
 * neither the command nor the code tells whom a server means.
 */
const SENDER_WORDS = [
  /\bsender\b[^:]{0,20}\b(rejected|refused|denied|verify failed|not allowed)/i,
  /\bsend ?as\b|\bnot owned by\b|\bclient host rejected\b/i,
  /\brelay(ing)?\b[^:]{0,20}\b(denied|prohibited|not (allowed|permitted))|\bunable to relay\b/i,
  /\bnot (allowed|permitted|authori[sz]ed) to (send|relay)\b/i,
];

/** What the sentence of an unreachable server says, by code. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses connections",
  ENOTFOUND: "has a name that cannot be resolved",
  EDNS: "has a name that cannot be resolved",
  EHOSTUNREACH: "cannot be reached over the network",
  ENETUNREACH: "cannot be reached over the network",
  ETIMEDOUT: "does not answer",
  EPROTOCOL: "does not answer as an SMTP server that is ready",
};

/** An error of connecting, TLS or the log-in. What is not a known failure is a bug and comes back as it is. */
export function connectError(error: unknown, settings: SmtpSettings): unknown {
  if (error instanceof KeybotError || !(error instanceof Error)) return error;
  const clues = cluesOf(error);
  const server = place(settings);
  const tls = tlsFailure("smtp", settings, [clues.systemCode, clues.code], error);
  if (tls !== null) return tls;
  const isForNow = clues.reply !== undefined && clues.reply < 500;
  if (clues.code === "EAUTH" && !isForNow) {
    const user = escapeControl(settings.user ?? "");
    const message = `${server} refused the password of ${user}${saying(clues)}`;
    const hint = "Check smtp.user and the file that smtp.password_file names.";
    return new KeybotError("permanent", "smtp.authentication", message, { hint, cause: error });
  }
  if (clues.code === "ETLS" && clues.reply !== undefined && !isForNow) {
    const hint = 'Set smtp.security to "tls" and smtp.port to 465, or enable STARTTLS on the server.';
    return new KeybotError("permanent", "smtp.tls", `${server} does not offer STARTTLS.`, {
      hint,
      cause: error,
    });
  }
  if (clues.code === undefined) return error;
  return unreachable(clues, settings, error);
}

/** An error of handing over one mail. */
export function sendError(error: unknown, settings: SmtpSettings, stage: Stage): unknown {
  if (error instanceof KeybotError || !(error instanceof Error)) return error;
  const clues = cluesOf(error);
  if (clues.reply !== undefined) return replyError(clues, clues.reply, settings, error);
  if (clues.code === undefined) return error;
  if (stage === "sent") {
    const message = `${place(settings)} was lost before it said whether it took the mail.`;
    const hint = "It is sent again with the same Message-ID.";
    return new KeybotError("temporary", "smtp.unknown-outcome", message, { hint, cause: error });
  }
  // The library's own objection, such as a size over the server's limit: no second try can help.
  if (clues.code === "EENVELOPE" || clues.code === "EMESSAGE") {
    const message = `The mail does not fit ${place(settings)}: ${escapeControl(error.message)}.`;
    return new KeybotError("permanent", "smtp.refused", message, { cause: error });
  }
  return unreachable(clues, settings, error);
}

function replyError(clues: Clues, reply: number, settings: SmtpSettings, cause: Error): KeybotError {
  const server = place(settings);
  if (AUTHENTICATION_REPLIES.has(reply)) {
    const message = `${server} wants another log-in for this mail${saying(clues)}`;
    return new KeybotError("permanent", "smtp.authentication", message, {
      hint: "Check smtp.user and its secret.",
      cause,
    });
  }
  // RFC 5321 §4.2.1: 5yz is final, save 503, which speaks of the session and not of the mail.
  if (reply >= 500 && reply !== 503) {
    if (meansSender(clues, reply)) {
      const message = `${server} refused the sender of the mail${saying(clues)}`;
      const hint = settings.user === null ? NO_LOG_IN_HINT : SENDER_HINT;
      return new KeybotError("temporary", "smtp.sender-refused", message, { hint, cause });
    }
    return new KeybotError("permanent", "smtp.refused", `${server} refused the mail${saying(clues)}`, {
      cause,
    });
  }
  return new KeybotError(
    "temporary",
    "smtp.deferred",
    `${server} does not take the mail now${saying(clues)}`,
    { cause },
  );
}

const SENDER_HINT =
  "Check smtp.from and smtp.bounce_address: some servers take no empty sender, others only the address of smtp.user.";

/** Postfix asks nobody to log in: it says "Client host rejected" or "Relay access denied". */
const NO_LOG_IN_HINT =
  "smtp.user is not set: set it and smtp.password_file if this server takes mails only after a log-in. Else check smtp.from and smtp.bounce_address: some servers take no empty sender.";

/** Whether a refusal is about who sends, which is the same for every mail, and not about the mail or its recipient. */
function meansSender(clues: Clues, reply: number): boolean {
  const said = clues.said ?? "";
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(said)?.[1] ?? "";
  if (clues.command === "MAIL FROM") return reply !== 552 && !MAIL_FAULTS.has(enhanced);
  return SENDER_FAULTS.has(enhanced) || SENDER_WORDS.some((words) => words.test(said));
}

/** A server's reply to one command of ours, in the form of the library's errors. */
export function replyOf(command: "MAIL FROM" | "RCPT TO", response: string): Error {
  const responseCode = Number.parseInt(response, 10);
  return Object.assign(new Error(`${command} failed`), {
    code: "EENVELOPE",
    response,
    responseCode,
    command,
  });
}

function unreachable(clues: Clues, settings: SmtpSettings, cause: Error): KeybotError {
  const known = UNREACHABLE[clues.systemCode ?? ""] ?? UNREACHABLE[clues.code ?? ""];
  const message = `${place(settings)} ${known ?? "closed the connection"}${saying(clues)}`;
  return new KeybotError("temporary", "smtp.unreachable", message, {
    hint: "Check smtp.host and smtp.port, and that the server is running.",
    cause,
  });
}

/** The server has no way to log in, or none that fits. */
export function noAuthentication(settings: SmtpSettings): KeybotError {
  const message = `${place(settings)} offers no way to log in.`;
  const hint = "Check smtp.port and smtp.security; for a server that needs no log-in leave smtp.user out.";
  return new KeybotError("permanent", "smtp.authentication", message, { hint });
}

/** The mail needs an SMTP extension that the server lacks, so it can never be sent there. */
export function lacksExtension(settings: SmtpSettings, extension: string, need: string): KeybotError {
  const message = `${place(settings)} cannot take the mail: ${need}, and the server has no ${extension}.`;
  return new KeybotError("permanent", "smtp.refused", message);
}

/** Nothing came in the time that sending one mail, or the log-in, may take. Has the code of the library's own. */
export function lateError(milliseconds: number): Error {
  return Object.assign(new Error(`Nothing within ${milliseconds} ms`), { code: "ETIMEDOUT" });
}

/** The connection is gone, seen without an error of the library. */
export function goneError(): Error {
  return Object.assign(new Error("Connection closed"), { code: "ECONNECTION" });
}

/** The server gave no reply, or said that it closes: on a connection that was kept this only means it was too old. */
export function isLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, reply } = cluesOf(error);
  return reply === 421 || (reply === undefined && (code === "ECONNECTION" || code === "ESOCKET"));
}

function saying(clues: Clues): string {
  return clues.said === undefined ? "." : `: ${escapeControl(clues.said)}`;
}

/** A server's answer on one line and of bearable length. */
export function answerText(response: string): string {
  return response.replaceAll(/\r?\n/g, " ").slice(0, ANSWER_LENGTH);
}

function cluesOf(error: Error): Clues {
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const reply: unknown = Reflect.get(error, "responseCode");
  const said = text("response");
  return {
    code: text("code"),
    systemCode: text("originalCode"),
    reply: typeof reply === "number" ? reply : undefined,
    said: said === undefined ? undefined : answerText(said),
    command: text("command"),
  };
}
