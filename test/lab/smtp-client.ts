import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** An SMTP or LMTP reply: its code and all its text (lines joined by LF). */
export interface Reply {
  readonly code: number;
  readonly text: string;
}

/** One mail to hand over, exactly as it is: no header is added, no byte is changed (a missing last CRLF is added). */
export interface Handover {
  readonly port: number;
  /** Envelope sender; "" is the null sender `<>`. */
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: Buffer | string;
  /** Local address to connect from, e.g. 127.0.0.2: the server sees a client from outside. */
  readonly localAddress?: string;
  /** Name in EHLO or LHLO. */
  readonly helo?: string;
  readonly lmtp?: boolean;
  /** STARTTLS before all else; the server's certificate is not checked, because this is only the tests' own client. */
  readonly startTls?: boolean;
  /** AUTH PLAIN. */
  readonly login?: { readonly user: string; readonly password: string };
}

/**
 * Speaks SMTP (RFC 5321) or LMTP (RFC 2033) and returns one reply for each recipient: the refusal at RCPT, else the
 * answer after the final dot. Throws on a broken connection and when EHLO, AUTH or MAIL FROM is refused.
 */
export async function handOver(mail: Handover): Promise<Reply[]> {
  const socket = connect({
    port: mail.port,
    host: "127.0.0.1",
    ...(mail.localAddress === undefined ? {} : { localAddress: mail.localAddress }),
  });
  const line = new Dialogue(socket);
  try {
    await line.expect(2, undefined);
    await line.expect(2, hello(mail));
    if (mail.startTls === true) {
      await line.expect(2, "STARTTLS");
      line.encrypt();
      await line.expect(2, hello(mail));
    }
    if (mail.login !== undefined) await line.expect(2, `AUTH PLAIN ${plainLogin(mail.login)}`);
    await line.expect(2, `MAIL FROM:<${mail.from}>`);
    return await recipientsAndData(line, mail);
  } finally {
    line.close();
  }
}

async function recipientsAndData(line: Dialogue, mail: Handover): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const address of mail.to) replies.push(await line.ask(`RCPT TO:<${address}>`));
  const accepted = replies.filter((reply) => reply.code < 300).length;
  if (accepted > 0) {
    await line.expect(3, "DATA");
    line.send(dotStuffed(mail.raw));
    // LMTP answers once for each accepted recipient (RFC 2033 §4.2), SMTP once for all.
    const final: Reply[] = [await line.reply()];
    while (mail.lmtp === true && final.length < accepted) final.push(await line.reply());
    for (const [index, reply] of replies.entries()) {
      if (reply.code < 300) replies[index] = (mail.lmtp === true ? final.shift() : final[0]) ?? reply;
    }
  }
  line.send("QUIT\r\n");
  return replies;
}

function hello(mail: Handover): string {
  return `${mail.lmtp === true ? "LHLO" : "EHLO"} ${mail.helo ?? "mail.partner.example"}`;
}

function plainLogin(login: { readonly user: string; readonly password: string }): string {
  return Buffer.from(`\0${login.user}\0${login.password}`).toString("base64");
}

// RFC 5321 §4.5.2; latin1 keeps every byte as it is.
function dotStuffed(raw: Buffer | string): Buffer {
  const text = (typeof raw === "string" ? Buffer.from(raw) : raw).toString("latin1");
  const ended = text.endsWith("\r\n") ? text : `${text}\r\n`;
  return Buffer.from(`${ended.replace(/^\./gm, "..")}.\r\n`, "latin1");
}

class Dialogue {
  #socket: Socket;
  #received = "";
  #replies: Reply[] = [];
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    socket.on("data", (bytes: Buffer) => this.#read(bytes.toString("latin1")));
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the server closed the connection")));
    socket.setTimeout(30_000, () => socket.destroy(new Error("the server has said nothing for 30 seconds")));
  }

  #read(text: string): void {
    this.#received += text;
    // The last line of a reply has a blank after the code, the others a hyphen (RFC 5321 §4.2.1).
    for (;;) {
      const last = /^\d{3}(?: [^\n]*)?\r?\n/m.exec(this.#received);
      if (last === null) break;
      const lines = this.#received
        .slice(0, last.index + last[0].length)
        .trimEnd()
        .split(/\r?\n/);
      this.#received = this.#received.slice(last.index + last[0].length);
      this.#replies.push({
        code: Number(last[0].slice(0, 3)),
        text: lines.map((each) => each.slice(4)).join("\n"),
      });
    }
    this.#wake?.();
  }

  #end(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  send(text: string | Buffer): void {
    this.#socket.write(text);
  }

  async reply(): Promise<Reply> {
    for (;;) {
      const reply = this.#replies.shift();
      if (reply !== undefined) return reply;
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  ask(command: string): Promise<Reply> {
    this.send(`${command}\r\n`);
    return this.reply();
  }

  async expect(kind: number, command: string | undefined): Promise<Reply> {
    const reply = command === undefined ? await this.reply() : await this.ask(command);
    if (Math.floor(reply.code / 100) === kind) return reply;
    throw new Error(`${command ?? "connecting"}: ${reply.code} ${reply.text}`);
  }

  encrypt(): void {
    const plain = this.#socket;
    plain.removeAllListeners("data");
    plain.removeAllListeners("close");
    this.#socket = connectTls({ socket: plain, rejectUnauthorized: false });
    this.#listen(this.#socket);
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }
}
