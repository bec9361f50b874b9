import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";

/** How the server is to be. */
export interface ScriptedSmtpOptions {
  /** EHLO keywords; STARTTLS is added when there is a certificate. */
  readonly extensions?: readonly string[];
  /** PEM; with it STARTTLS is offered, or TLS is spoken from the first byte. */
  readonly certificate?: { readonly cert: string; readonly key: string; readonly implicit?: boolean };
  /** Answers by verb (`RCPT`, `.` for the final dot, `CONNECT`) instead of the usual ones; settable later too. */
  readonly answers?: Readonly<Record<string, SmtpAnswer>>;
}

/** The reply line, `drop` to reset the connection, `silence` to say nothing; null from a function: the usual one. */
export type SmtpAnswer = string | ((line: string) => string | null);

/** A mail that was taken, byte for byte. */
export interface TakenMail {
  readonly from: string;
  readonly to: string;
  readonly raw: Buffer;
}

const DEFAULT_EXTENSIONS = ["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 100000000", "AUTH PLAIN"];

/** An SMTP server on 127.0.0.1 whose every answer can be replaced. */
export class ScriptedSmtp {
  readonly answers: Map<string, SmtpAnswer>;
  readonly mails: TakenMail[] = [];
  /** The commands of all connections in order. */
  readonly commands: string[] = [];
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(options: ScriptedSmtpOptions) {
    this.answers = new Map(Object.entries(options.answers ?? {}));
    const { certificate } = options;
    const context = certificate === undefined ? undefined : createSecureContext(certificate);
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      new Session(this, options, socket, context).greet();
    });
  }

  static async start(options: ScriptedSmtpOptions = {}): Promise<ScriptedSmtp> {
    const server = new ScriptedSmtp(options);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Says 421 to all connections and closes them, as a server does with idle ones. */
  closeIdle(): void {
    for (const socket of this.#sockets) socket.end("421 4.4.2 idle for too long\r\n");
  }

  /** Resets all connections. */
  dropAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.dropAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

const END_OF_DATA = "\r\n.\r\n";

class Session {
  #socket: Socket;
  /** The socket below TLS, which is the one that can be reset. */
  readonly #plain: Socket;
  readonly #server: ScriptedSmtp;
  readonly #options: ScriptedSmtpOptions;
  readonly #context: SecureContext | undefined;
  #received = "";
  #inData = false;
  #from: string | null = null;
  #to: string | null = null;

  constructor(
    server: ScriptedSmtp,
    options: ScriptedSmtpOptions,
    socket: Socket,
    context: SecureContext | undefined,
  ) {
    this.#server = server;
    this.#options = options;
    this.#socket = socket;
    this.#plain = socket.setNoDelay(true);
    this.#context = context;
    if (options.certificate?.implicit === true) this.#encrypt();
    this.#listen();
  }

  greet(): void {
    this.#answer("CONNECT", "", () => "220 scripted ESMTP");
  }

  #encrypt(): void {
    this.#socket = new TLSSocket(this.#socket, {
      isServer: true,
      ...(this.#context && { secureContext: this.#context }),
    });
  }

  #listen(): void {
    this.#socket.on("error", () => {}); // the client went away; there is nobody to tell
    this.#socket.on("data", (bytes: Buffer) => {
      this.#received += bytes.toString("latin1");
      while (this.#inData ? this.#takeMail() : this.#takeLine());
    });
  }

  #takeLine(): boolean {
    const end = this.#received.indexOf("\r\n");
    if (end === -1) return false;
    const line = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 2);
    this.#server.commands.push(line);
    const verb = (line.split(" ")[0] ?? "").toUpperCase();
    this.#answer(verb, line, () => this.#usual(verb, line));
    return true;
  }

  #takeMail(): boolean {
    const end = this.#received.indexOf(END_OF_DATA);
    if (end === -1) return false;
    const stuffed = this.#received.slice(0, end + 2);
    this.#received = this.#received.slice(end + END_OF_DATA.length);
    this.#inData = false;
    this.#answer(".", "", () => {
      // RFC 5321 §4.5.2.
      const raw = Buffer.from(stuffed.replace(/^\./gm, ""), "latin1");
      this.#server.mails.push({ from: this.#from ?? "", to: this.#to ?? "", raw });
      return `250 2.0.0 queued as ${this.#server.mails.length}`;
    });
    this.#from = null;
    this.#to = null;
    return true;
  }

  #answer(verb: string, line: string, usual: () => string): void {
    const scripted = this.#server.answers.get(verb);
    const reply = (typeof scripted === "function" ? scripted(line) : scripted) ?? usual();
    if (reply === "drop") this.#plain.resetAndDestroy();
    else if (reply !== "silence" && reply !== "") this.#socket.write(`${reply}\r\n`);
    if (/^[24]21/.test(reply)) this.#socket.end();
  }

  #usual(verb: string, line: string): string {
    const address = Buffer.from(/<([^>]*)>/.exec(line)?.[1] ?? "", "latin1").toString("utf8");
    switch (verb) {
      case "EHLO":
        return this.#hello();
      case "STARTTLS":
        return this.#startTls();
      case "AUTH":
        return "235 2.7.0 welcome";
      case "MAIL":
        this.#from = address;
        return "250 2.1.0 ok";
      case "RCPT":
        this.#to = address;
        return "250 2.1.5 ok";
      case "DATA":
        if (this.#to === null) return "503 5.5.1 no recipient";
        this.#inData = true;
        return "354 go";
      case "QUIT":
        return "221 2.0.0 bye";
      case "RSET":
        this.#from = null;
        this.#to = null;
        return "250 2.0.0 ok";
      default:
        return "502 5.5.2 unknown";
    }
  }

  #hello(): string {
    const offersTls = this.#context !== undefined && !(this.#socket instanceof TLSSocket);
    const keywords = [
      ...(this.#options.extensions ?? DEFAULT_EXTENSIONS),
      ...(offersTls ? ["STARTTLS"] : []),
    ];
    return ["scripted", ...keywords]
      .map((word, at) => `250${at === keywords.length ? " " : "-"}${word}`)
      .join("\r\n");
  }

  #startTls(): string {
    if (this.#context === undefined) return "502 5.5.1 not offered";
    this.#socket.write("220 go\r\n");
    this.#socket.removeAllListeners("data");
    this.#received = "";
    this.#encrypt();
    this.#listen();
    return "";
  }
}
