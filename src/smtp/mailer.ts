import { KeybotError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { place } from "../mail-server.ts";
import { Connection, type Refused } from "./connection.ts";
import { envelopeFor, type Mail, plainAddress } from "./envelope.ts";
import { isLoss, replyOf, type Stage, sendError } from "./errors.ts";
import { KEPT_FOR } from "./limits.ts";
import type { SmtpSettings } from "./settings.ts";

/** Who sends: the same for every mail of an installation. */
export interface Sender {
  /** The envelope sender; empty: the null sender. */
  readonly envelopeFrom: string;
  /** The robot's own address, which stands in for a recipient. */
  readonly address: string;
}

export interface Mailer {
  /**
   * Hands a mail to the server; mails wait for each other. Returns the server's answer, on one line.
   *
   * Throws `permanent` `smtp.refused` (never send it again), `temporary` `smtp.deferred` or `smtp.unreachable` (the
   * server has not got it), `temporary` `smtp.sender-refused` (it seems to mean us: ask `verify`), `temporary` `smtp.unknown-outcome` (only the server knows), `permanent`
   * `smtp.authentication` or `smtp.tls`, `config` `smtp.insecure`, and what `settings.secret` throws. A mail with bare CR
   * or LF is a bug of the caller: a RangeError.
   */
  send(mail: Mail): Promise<{ readonly response: string }>;
  /**
   * Connects, protects the connection, logs in, and asks without sending anything whether a mail of this sender would be
   * taken. Throws as `send` does, and `permanent` `smtp.sender-refused` when every mail would be refused.
   */
  verify(sender: Sender): Promise<void>;
  /** Ends the connection that is kept for the next mail. A later `send` opens a new one. Never throws. */
  close(): Promise<void>;
}

/** A mailer that connects when the first mail comes and keeps the connection for the next ones. */
export function createMailer(settings: SmtpSettings, log: Log): Mailer {
  return new KeepingMailer(settings, log);
}

class KeepingMailer implements Mailer {
  readonly #settings: SmtpSettings;
  readonly #log: Log;
  #kept: Connection | null = null;
  #keptUntil: NodeJS.Timeout | undefined;
  /** The last mail in the line; never rejects. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(settings: SmtpSettings, log: Log) {
    this.#settings = settings;
    this.#log = log;
  }

  send(mail: Mail): Promise<{ readonly response: string }> {
    return this.#inLine(async () => {
      if (!hasCrlfOnly(mail.raw)) throw new RangeError("a mail with bare CR or LF cannot be sent unchanged");
      return { response: await this.#deliver(mail) };
    });
  }

  verify(sender: Sender): Promise<void> {
    return this.#inLine(async () => {
      await (await this.#takeKept())?.quit();
      const connection = await Connection.open(this.#settings);
      const refused = await this.#ask(connection, sender);
      if (refused === null) return;
      const failure = sendError(replyOf(refused.command, refused.response), this.#settings, "envelope");
      // What the server has against the robot's own address as a recipient is no concern of the partners' mails.
      if (failure instanceof KeybotError && refused.command === "RCPT TO" && !isOurs(failure)) return;
      throw isSenderRefused(failure) ? forAll(failure) : failure;
    });
  }

  close(): Promise<void> {
    return this.#inLine(async () => {
      clearTimeout(this.#keptUntil);
      const connection = this.#kept;
      this.#kept = null;
      await connection?.quit();
    });
  }

  async #ask(connection: Connection, sender: Sender): Promise<Refused | null> {
    const from = plainAddress(sender.envelopeFrom);
    try {
      const refused = from === null ? null : await connection.ask(from, plainAddress(sender.address));
      await connection.reset();
      this.#keep(connection);
      return refused;
    } catch (error) {
      connection.close();
      throw sendError(error, this.#settings, "envelope");
    }
  }

  #inLine<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#line.then(task);
    this.#line = result.catch(() => {});
    return result;
  }

  /** Over the kept connection, and once more over a new one when the kept one turns out to be dead. */
  async #deliver(mail: Mail): Promise<string> {
    const kept = await this.#takeKept();
    if (kept !== null) {
      const answer = await this.#sendOver(kept, mail, true);
      if (answer !== null) return answer;
    }
    const fresh = await Connection.open(this.#settings);
    this.#log.debug("smtp.connected", { server: place(this.#settings) });
    const answer = await this.#sendOver(fresh, mail, false);
    if (answer === null) throw new Error("a new connection was taken for a kept one");
    return answer;
  }

  async #takeKept(): Promise<Connection | null> {
    clearTimeout(this.#keptUntil);
    const connection = this.#kept;
    this.#kept = null;
    if (connection === null || !connection.usable) return null;
    if (!connection.needsReset) return connection;
    try {
      await connection.reset();
      return connection;
    } catch (error) {
      this.#log.debug("smtp.reset-failed", { error: messageOf(error) });
      connection.close();
      return null;
    }
  }

  /** Null when `mayBeStale` and the connection was lost before the server can have got anything of the mail. */
  async #sendOver(connection: Connection, mail: Mail, mayBeStale: boolean): Promise<string | null> {
    let stage: Stage = "envelope";
    try {
      const envelope = envelopeFor(mail, connection.extensions, this.#settings);
      const answer = await connection.send(envelope, mail.raw, (reached) => {
        stage = reached;
      });
      this.#keep(connection);
      return answer;
    } catch (error) {
      if (mayBeStale && isBefore(stage) && isLoss(error)) {
        connection.close();
        return null;
      }
      const failure = sendError(error, this.#settings, stage);
      const wasAnswered =
        failure instanceof KeybotError && /^smtp\.(refused|deferred|sender-refused)$/.test(failure.code);
      if (wasAnswered && connection.usable) {
        connection.needsReset = true;
        this.#keep(connection);
      } else {
        connection.close();
      }
      throw failure;
    }
  }

  #keep(connection: Connection): void {
    this.#kept = connection;
    this.#keptUntil = setTimeout(() => {
      if (this.#kept !== connection) return;
      this.#kept = null;
      void connection.quit();
    }, KEPT_FOR).unref();
  }
}

/** Refusals that concern who sends, whatever the recipient. */
function isOurs({ code }: KeybotError): boolean {
  return code === "smtp.sender-refused" || code === "smtp.authentication";
}

function isSenderRefused(error: unknown): error is KeybotError {
  return error instanceof KeybotError && error.code === "smtp.sender-refused";
}

/** No stranger's address was in the question, so the answer holds for every mail. */
function forAll({ code, message, hint, cause }: KeybotError): KeybotError {
  return new KeybotError("permanent", code, message, { ...(hint === null ? {} : { hint }), cause });
}

// The callback changes it, which the compiler does not see.
function isBefore(stage: Stage): boolean {
  return stage === "envelope";
}

/** The library would mend bare CR and LF, and so break a signature. */
function hasCrlfOnly(raw: Uint8Array): boolean {
  for (let index = raw.indexOf(0x0a); index !== -1; index = raw.indexOf(0x0a, index + 1)) {
    if (raw[index - 1] !== 0x0d) return false;
  }
  for (let index = raw.indexOf(0x0d); index !== -1; index = raw.indexOf(0x0d, index + 1)) {
    if (raw[index + 1] !== 0x0a) return false;
  }
  return true;
}
