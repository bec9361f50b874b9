import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Faults, SinkOptions, SunkMail } from "./smtp-sink.ts";

/** What all connections of one sink share. */
export interface Shared {
  readonly options: SinkOptions;
  readonly secureContext: SecureContext | undefined;
  readonly faults: () => Faults;
  readonly mails: SunkMail[];
  readonly commands: string[];
}

/** One client's connection to the sink (RFC 5321), STARTTLS (RFC 3207) and AUTH PLAIN and LOGIN (RFC 4954) included. */
export class SmtpSession {
  readonly #shared: Shared;
  #socket: Socket;
  #received = Buffer.alloc(0);
  /** The mail under way, in pieces; undefined between commands. */
  #data: Buffer[] | undefined;
  #login: "plain" | "user" | "password" | undefined;
  #encrypted = false;
  #busy = false;
  #helo = "";
  #user: string | undefined;
  #from: string | undefined;
  #to: string[] = [];

  constructor(socket: Socket, shared: Shared) {
    this.#socket = socket;
    this.#shared = shared;
    this.#listen();
  }

  /** Says the first line. */
  greet(): void {
    this.#say(this.#shared.faults().onConnect ?? "220 sink.company.example ESMTP");
  }

  #listen(): void {
    this.#socket.on("error", () => {}); // the client went away; there is nobody to tell
    this.#socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      void this.#work();
    });
  }

  // One command or mail at a time, in order, also when the client sends several at once.
  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (;;) {
      const mail = this.#data === undefined ? undefined : this.#mailEnd(this.#data);
      const line = this.#data === undefined ? this.#line() : undefined;
      if (mail === undefined && line === undefined) break;
      const reply = mail === undefined ? this.#command(line ?? "") : await this.#mail(mail);
      if (reply !== undefined) this.#say(reply);
    }
    this.#busy = false;
  }

  #line(): string | undefined {
    const end = this.#received.indexOf("\r\n");
    if (end === -1) return undefined;
    const line = this.#received.subarray(0, end).toString("latin1");
    this.#received = this.#received.subarray(end + 2);
    return line;
  }

  // Takes what has come, and keeps back what may be the beginning of the final dot: a mail of 50 MB is copied once.
  #mailEnd(parts: Buffer[]): Buffer | undefined {
    const end = this.#received.indexOf(FINAL_DOT);
    const taken = end === -1 ? Math.max(0, this.#received.length - FINAL_DOT.length) : end + "\r\n".length;
    parts.push(this.#received.subarray(0, taken));
    this.#received = this.#received.subarray(end === -1 ? taken : end + FINAL_DOT.length);
    if (end === -1) return undefined;
    this.#data = undefined;
    return Buffer.concat(parts).subarray("\r\n".length);
  }

  #say(reply: string): void {
    this.#socket.write(`${reply}\r\n`);
    if (/^[24]21/.test(reply)) this.#socket.end(); // QUIT, or "service not available, closing"
  }

  #command(line: string): string | undefined {
    if (this.#login !== undefined) return this.#loginLine(line);
    const verb = (line.split(" ")[0] ?? "").toUpperCase();
    this.#shared.commands.push(verb === "AUTH" ? line.split(" ").slice(0, 2).join(" ") : line);
    switch (verb) {
      case "EHLO":
      case "HELO":
        return this.#hello(line);
      case "STARTTLS":
        return this.#startTls();
      case "AUTH":
        return this.#auth(line);
      case "MAIL":
        return this.#mailFrom(line);
      case "RCPT":
        return this.#recipient(line);
      case "DATA":
        return this.#dataFollows();
      case "RSET":
        this.#reset();
        return "250 2.0.0 Ok";
      case "NOOP":
        return "250 2.0.0 Ok";
      case "QUIT":
        return "221 2.0.0 Bye";
      default:
        return "502 5.5.2 not known here";
    }
  }

  #hello(line: string): string {
    this.#helo = line.slice("EHLO ".length);
    this.#reset();
    const offers = [
      "sink.company.example",
      ...(this.#offersTls() ? ["STARTTLS"] : []),
      "AUTH PLAIN LOGIN",
      "8BITMIME",
    ];
    return offers.map((offer, at) => `250${at === offers.length - 1 ? " " : "-"}${offer}`).join("\r\n");
  }

  #offersTls(): boolean {
    return (
      this.#shared.secureContext !== undefined &&
      !this.#encrypted &&
      this.#shared.faults().noStartTls !== true
    );
  }

  #startTls(): string | undefined {
    const { secureContext } = this.#shared;
    if (secureContext === undefined || !this.#offersTls()) return "502 5.5.1 no TLS here";
    this.#say("220 2.0.0 Ready to start TLS");
    const plain = this.#socket;
    plain.removeAllListeners("data");
    this.#received = Buffer.alloc(0); // RFC 3207 §4.2: what was sent before TLS does not count after it
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext });
    this.#encrypted = true;
    this.#listen();
    return undefined;
  }

  #auth(line: string): string {
    const [, mechanism = "", first] = line.split(" ");
    this.#login = mechanism.toUpperCase() === "PLAIN" ? "plain" : "user";
    if (first !== undefined) return this.#loginLine(first);
    return this.#login === "plain" ? "334 " : "334 VXNlcm5hbWU6";
  }

  #loginLine(line: string): string {
    const text = Buffer.from(line, "base64").toString("utf8");
    if (this.#login === "user") {
      this.#user = text;
      this.#login = "password";
      return "334 UGFzc3dvcmQ6";
    }
    const [user, password] = this.#login === "plain" ? text.split("\0").slice(1) : [this.#user, text];
    this.#login = undefined;
    const known = this.#shared.options.users;
    const right = user !== undefined && (known === undefined || known.get(user) === password);
    this.#user = right ? user : undefined;
    return this.#shared.faults().onAuth ?? (right ? "235 2.7.0 Welcome" : "535 5.7.8 wrong user or password");
  }

  #mailFrom(line: string): string {
    this.#reset();
    const refusal = this.#shared.faults().onMail;
    if (refusal !== undefined) return refusal;
    this.#from = addressOf(line);
    return "250 2.1.0 Ok";
  }

  #recipient(line: string): string {
    if (this.#from === undefined) return "503 5.5.1 MAIL FROM first";
    const address = addressOf(line);
    const { onRecipient } = this.#shared.faults();
    const refusal = typeof onRecipient === "function" ? onRecipient(address) : onRecipient;
    if (refusal !== undefined) return refusal;
    if (this.#shared.options.accepts?.(address) === false) return `550 5.1.1 <${address}>: unknown mailbox`;
    this.#to.push(address);
    return "250 2.1.5 Ok";
  }

  #dataFollows(): string {
    if (this.#to.length === 0) return "554 5.5.1 no valid recipients";
    const refusal = this.#shared.faults().onData;
    if (refusal !== undefined) return refusal;
    this.#data = [];
    // The line end of the DATA line itself: with it an empty mail, whose first line is the dot, is no special case.
    this.#received = Buffer.concat([Buffer.from("\r\n"), this.#received]);
    return "354 End data with <CR><LF>.<CR><LF>";
  }

  async #mail(stuffed: Buffer): Promise<string | undefined> {
    const faults = this.#shared.faults();
    const mail: SunkMail = {
      from: this.#from ?? "",
      to: this.#to,
      raw: Buffer.from(stuffed.toString("latin1").replace(/^\.\./gm, "."), "latin1"), // RFC 5321 §4.5.2
      encrypted: this.#encrypted,
      user: this.#user,
      helo: this.#helo,
      client: this.#socket.remoteAddress ?? "",
    };
    this.#reset();
    if (faults.delay !== undefined) await sleep(faults.delay);
    if (faults.afterDot !== undefined) return faults.afterDot;
    if (faults.hangUp !== "drop") {
      try {
        await this.#shared.options.onMail?.(mail);
      } catch (error) {
        return `451 4.3.0 ${error instanceof Error ? error.message.replace(/[\r\n]+/g, " ") : "failed"}`;
      }
      this.#shared.mails.push(mail);
    }
    if (faults.hangUp === undefined) return `250 2.0.0 Ok: queued as ${this.#shared.mails.length}`;
    this.#socket.destroy();
    return undefined;
  }

  #reset(): void {
    this.#from = undefined;
    this.#to = [];
  }
}

const FINAL_DOT = "\r\n.\r\n";

function addressOf(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? "";
}
