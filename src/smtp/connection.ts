import { Readable } from "node:stream";
import type SMTPConnection from "nodemailer/lib/smtp-connection";
import { hostToConnect, tlsOptions, unlessTlsAtOnce } from "../mail-server.ts";
import type { Envelope } from "./envelope.ts";
import { answerText, connectError, goneError, lateError, noAuthentication, type Stage } from "./errors.ts";
import { PIECE_BYTES, QUIT_TIMEOUT } from "./limits.ts";
import { credentialsFor, tokenHandler } from "./log-in.ts";
import type { SmtpSettings } from "./settings.ts";

/** Our name for a single command in the library's table of log-ins; it is not sent. */
const SINGLE = "SINGLE";

/** A command that the server refused, and with which words. */
export interface Refused {
  readonly command: "MAIL FROM" | "RCPT TO";
  readonly response: string;
}

/** How the library reports back. */
type Done<T> = (error?: Error | null, value?: T) => void;

/**
 * One connection of the library, logged in. Its own pool and its `sendMail` are not used: they go on in clear text or
 * without a log-in where a server offers neither, and do not tell how far a lost mail had come.
 */
export class Connection {
  /** Keywords of the EHLO answer, upper case. */
  extensions: ReadonlySet<string> = new Set();
  /** Whether a refused mail may have left the session in the middle of a transaction. */
  needsReset = false;
  readonly #library: SMTPConnection;
  readonly #settings: SmtpSettings;
  #gone = false;
  /** Of `#command`: what is sent, and what came. */
  #line = "";
  #reply = "";
  /** Fails the call that is waiting; there is at most one. */
  #fail: ((error: Error) => void) | null = null;

  private constructor(library: SMTPConnection, settings: SmtpSettings) {
    this.#library = library;
    this.#settings = settings;
    library.on("error", (error: Error) => this.#fail?.(error));
    library.on("end", () => {
      this.#gone = true;
      // The library ends the connection first and reports the reason right after.
      setImmediate(() => this.#fail?.(goneError()));
    });
  }

  /** Connects, protects the connection, logs in. Throws what `connectError` says. */
  static async open(settings: SmtpSettings): Promise<Connection> {
    const host = await hostToConnect("smtp", settings);
    // Loaded here: most commands send nothing, and should not wait for it.
    const { default: Library } = await import("nodemailer/lib/smtp-connection");
    let mechanisms: ReadonlySet<string> = new Set();
    const library = new Library({
      host,
      port: settings.port,
      secure: settings.security === "tls",
      // Left out it would go on in clear text on a server without STARTTLS.
      requireTLS: settings.security === "starttls",
      ignoreTLS: settings.security === "none",
      tls: tlsOptions(settings),
      connectionTimeout: settings.timeouts.connect,
      greetingTimeout: settings.timeouts.connect,
      dnsTimeout: settings.timeouts.connect,
      socketTimeout: settings.timeouts.silence,
      customAuth: {
        ...tokenHandler(settings, () => mechanisms),
        [SINGLE]: async (context) => {
          connection.#reply = (await context.sendCommand(connection.#line)).response;
        },
      },
    });
    const connection: Connection = new Connection(library, settings);
    const end = new AbortController();
    try {
      await Promise.race([
        connection.#call(settings.timeouts.connect, (done) => library.connect(done)),
        unlessTlsAtOnce("smtp", settings, host, end.signal),
      ]);
      const offered = readExtensions(library.lastServerResponse || "");
      connection.extensions = offered.extensions;
      mechanisms = offered.mechanisms;
      if (settings.user !== null) await connection.#logIn(settings.user, mechanisms);
      return connection;
    } catch (error) {
      library.close();
      throw connectError(error, settings);
    } finally {
      end.abort();
    }
  }

  get usable(): boolean {
    return !this.#gone;
  }

  /** Hands one mail over and returns the server's answer. Throws the library's error; `reached` tells how far it came. */
  async send(envelope: Envelope, raw: Uint8Array, reached: (stage: Stage) => void): Promise<string> {
    const body = Readable.from(pieces(raw, reached), { objectMode: false });
    const addressed = {
      ...envelope,
      dsn: dsnOf(envelope),
    };
    const info = await this.#call<SMTPConnection.SentMessageInfo>(this.#settings.timeouts.command, (done) =>
      this.#library.send(addressed, body, done),
    );
    return answerText(info?.response ?? "");
  }

  /**
   * Asks whether a mail would be taken, without sending one: MAIL FROM and RCPT TO; RSET is the
   * caller's. Returns what was refused and with which words, or null. Throws the library's error when the connection is lost.
   *
   * @param to null asks about the sender alone
   */
  async ask(from: string, to: string | null): Promise<Refused | null> {
    const sender = await this.#command(`MAIL FROM:<${from}>`);
    if (!isTaken(sender)) return { command: "MAIL FROM", response: sender };
    if (to === null) return null;
    const recipient = await this.#command(`RCPT TO:<${to}>`);
    return isTaken(recipient) ? null : { command: "RCPT TO", response: recipient };
  }

  /** RSET, after a refusal. */
  async reset(): Promise<void> {
    await this.#call<boolean>(this.#settings.timeouts.silence, (done) => this.#library.reset(done));
    this.needsReset = false;
  }

  /** QUIT, then closes, within seconds. Never throws. */
  async quit(): Promise<void> {
    if (!this.#gone) await this.#call(QUIT_TIMEOUT, () => this.#library.quit()).catch(() => {});
    this.close();
  }

  /** Closes at once. */
  close(): void {
    this.#library.close();
  }

  async #logIn(user: string, mechanisms: ReadonlySet<string>): Promise<void> {
    const settings = this.#settings;
    if (!this.extensions.has("AUTH")) throw noAuthentication(settings);
    const credentials = credentialsFor(user, await settings.secret(), mechanisms, settings);
    await this.#call<boolean>(settings.timeouts.connect, (done) => this.#library.login(credentials, done));
  }

  /** One command; the server's reply. The library sends single ones for log-ins only. */
  async #command(line: string): Promise<string> {
    this.#line = line;
    const login = { type: "custom" as const, method: SINGLE, user: "", pass: "" };
    await this.#call<boolean>(this.#settings.timeouts.silence, (done) => this.#library.login(login, done));
    return answerText(this.#reply);
  }

  /** The library calls back, or only tells the connection's listeners, or is silent: each settles the promise. */
  async #call<T>(limit: number, start: (done: Done<T>) => void): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<T | undefined>((resolve, reject) => {
        this.#fail = reject;
        timer = setTimeout(() => {
          reject(lateError(limit));
          this.close();
        }, limit);
        if (this.#gone) reject(goneError());
        else start((error, value) => (error ? reject(error) : resolve(value)));
      });
    } finally {
      clearTimeout(timer);
      this.#fail = null;
    }
  }
}

/** RFC 5321 §4.2.1: 2yz. */
function isTaken(reply: string): boolean {
  return reply.startsWith("2");
}

/** The mail in pieces; says `data` with the first and `sent` when the last was taken. */
function* pieces(raw: Uint8Array, reached: (stage: Stage) => void): Generator<Uint8Array, void, undefined> {
  reached("data");
  for (let start = 0; start < raw.byteLength; start += PIECE_BYTES)
    yield raw.subarray(start, start + PIECE_BYTES);
  reached("sent");
}

/** RFC 5321 §4.1.1.1: the lines of the EHLO answer after the first. */
function readExtensions(answer: string): {
  extensions: ReadonlySet<string>;
  mechanisms: ReadonlySet<string>;
} {
  const extensions = new Set<string>();
  const mechanisms = new Set<string>();
  for (const line of answer.split(/\r?\n/).slice(1)) {
    // "AUTH=LOGIN" is how servers wrote it before RFC 2554.
    const [keyword = "", ...values] = line.slice(4).trim().toUpperCase().split(/[ =]+/);
    extensions.add(keyword);
    if (keyword === "AUTH") for (const value of values) mechanisms.add(value);
  }
  return { extensions, mechanisms };
}

/**
 * RFC 3461 §4.1: nobody is to be told what becomes of an automatic mail, but for its own address for bounces. That one
 * is told of failures, with the header of the mail alone (§4.3): it knows the rest.
 */
function dsnOf({ from }: Envelope) {
  return from === "" ? { notify: "NEVER" as const } : { notify: "FAILURE" as const, ret: "HDRS" as const };
}
