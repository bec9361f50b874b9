import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What is spoken over the connection. */
export type Dialogue = "imap" | "smtp";

/**
 * At which moment of a command something happens: the server has not got it yet; it has carried it out and its whole
 * answer is here, but the client has not got it; or the client has it.
 */
export type Moment = "unsent" | "unanswered" | "answered";

/** A place in a dialogue. */
export type Point =
  /** A command; IMAP's is matched without its tag. `.` is the end of a mail (SMTP), `connect` a new connection. */
  | { readonly command: RegExp | "connect" | "."; readonly moment: Moment }
  /** So many bytes after the arming, in one direction. */
  | { readonly bytes: number; readonly from: "client" | "server" };

/**
 * What happens there.
 * - `reset`: the client's end is reset (RST), as by a router that forgot us;
 * - `half-close`: the client sees the end of the server's side, its own side stays open, and nobody reads it;
 * - `stall`: nothing comes through any more in either direction, and both ends stay open;
 * - `drip`: from here on a few bytes at a time, in both directions; nothing is lost;
 * - `hold`: the command waits until this is done, then all goes on (at the moment `unsent` only);
 * - a function: it is called at that instant, then the connection is reset.
 */
export type Doing =
  | "reset"
  | "half-close"
  | "stall"
  | "drip"
  | { readonly hold: () => Promise<void> }
  | (() => void);

/** A mail that the SMTP server took: what it said 250 to. */
export interface Accepted {
  readonly messageId: string;
  /** Whether the 250 was passed on. That the client read it is another matter. */
  readonly told: boolean;
  readonly at: number;
}

/** A fault that waits for its place. */
export interface Armed {
  readonly happened: boolean;
  disarm(): void;
}

interface Fault {
  readonly point: Point;
  readonly doing: Doing;
  bytesLeft: number;
  happened: boolean;
}

/** Bytes that come through at a time on a line that drips, and the pause between them. */
const DRIP_BYTES = 160;
const DRIP_MS = 1;

/** How long a server may take to notice that its client has gone. */
const FAREWELL_MS = 5_000;

/**
 * Stands between a client and a mail server, on 127.0.0.1 and in clear text, and can make go wrong at every place of
 * the dialogue what goes wrong on a way. When the client's end is cut, the server is left to finish what it has read,
 * and what it answers is still noted: so it is known for certain which mails were taken although nobody was told.
 */
export class FaultProxy {
  readonly accepted: Accepted[] = [];
  /** Every command that came by, IMAP's without their tags; secrets left out. */
  readonly commands: string[] = [];
  /** The port of the server behind; settable, so that a proxy can be there before its server. */
  target = 0;
  readonly dialogue: Dialogue;
  fault: Fault | null = null;
  readonly #server = createServer((client) => this.#connected(client));
  readonly #open = new Set<Line>();

  private constructor(dialogue: Dialogue) {
    this.dialogue = dialogue;
  }

  static async start(dialogue: Dialogue): Promise<FaultProxy> {
    const proxy = new FaultProxy(dialogue);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** One fault, at the next place that fits; it takes the place of one that waits. */
  arm(point: Point, doing: Doing): Armed {
    const fault: Fault = { point, doing, bytesLeft: "bytes" in point ? point.bytes : 0, happened: false };
    this.fault = fault;
    return {
      get happened() {
        return fault.happened;
      },
      disarm: () => {
        if (this.fault === fault) this.fault = null;
      },
    };
  }

  /** Until no connection is left: what the servers behind took is known then. */
  async settled(): Promise<void> {
    const until = Date.now() + 2 * FAREWELL_MS;
    while (this.#open.size > 0) {
      if (Date.now() > until) throw new Error(`${this.#open.size} connections of the proxy do not end`);
      await sleep(5);
    }
  }

  /** Ends every connection, as a firewall that is restarted. */
  cutAll(): void {
    for (const line of this.#open) line.cut();
  }

  async stop(): Promise<void> {
    for (const line of this.#open) line.abandon();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connected(client: Socket): void {
    const line = new Line(this, client, connect(this.target, "127.0.0.1"), () => this.#open.delete(line));
    this.#open.add(line);
  }
}

/** One connection. */
class Line {
  readonly #proxy: FaultProxy;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #up: Pipe;
  readonly #down: Pipe;
  #clientGone = false;
  #stalled = false;
  #held = false;
  /** What was read and is not yet a whole line. */
  #heard = { client: Buffer.alloc(0), server: Buffer.alloc(0) };
  /** The command whose answer something waits for; null: nothing does. */
  #awaited: { readonly tag: string; readonly fault: Fault; readonly moment: Moment } | null = null;
  #withheld: Buffer[] = [];
  /** SMTP: the mail that is on its way up, or null outside of one. */
  #mail: Buffer[] | null = null;
  #dot: string | null = null;

  constructor(proxy: FaultProxy, client: Socket, server: Socket, over: () => void) {
    this.#proxy = proxy;
    this.#client = client;
    this.#server = server;
    this.#up = new Pipe(server);
    this.#down = new Pipe(client);
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on("error", () => {});
    server.on("error", () => {});
    client.on("data", (bytes) => this.#fromClient(bytes));
    server.on("data", (bytes) => this.#fromServer(bytes));
    client.on("close", () => this.#leave());
    client.on("end", () => {
      this.#up.end();
    });
    server.on("end", () => {
      if (!this.#stalled) this.#down.end();
    });
    server.on("close", () => {
      if (!this.#stalled) client.destroy();
      over();
    });
    const fault = this.#due("connect");
    if (fault !== null) this.#happen(fault);
  }

  cut(): void {
    this.#clientGone = true;
    this.#client.resetAndDestroy();
    this.#leave();
  }

  abandon(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  /** The client has gone: the server reads what is on its way, answers, and notices. */
  #leave(): void {
    this.#clientGone = true;
    this.#up.end();
    setTimeout(() => this.#server.destroy(), FAREWELL_MS).unref();
  }

  #fromClient(bytes: Buffer): void {
    if (this.#stalled) return;
    const counted = this.#counted("client", bytes);
    this.#hearClient(counted.before);
    if (counted.fault === null) return;
    this.#happen(counted.fault);
    this.#hearClient(bytes.subarray(counted.before.length));
  }

  #fromServer(bytes: Buffer): void {
    const counted = this.#clientGone ? { before: bytes, fault: null } : this.#counted("server", bytes);
    this.#hearServer(counted.before);
    if (counted.fault === null) return;
    this.#happen(counted.fault);
    this.#hearServer(bytes.subarray(counted.before.length));
  }

  /** What comes through of these bytes before a fault that counts them. */
  #counted(from: "client" | "server", bytes: Buffer): { before: Buffer; fault: Fault | null } {
    const { fault } = this.#proxy;
    if (fault === null || !("bytes" in fault.point) || fault.point.from !== from)
      return { before: bytes, fault: null };
    fault.bytesLeft -= bytes.length;
    if (fault.bytesLeft > 0) return { before: bytes, fault: null };
    return { before: bytes.subarray(0, bytes.length + fault.bytesLeft), fault: this.#taken(fault) };
  }

  #due(command: string): Fault | null {
    const { fault } = this.#proxy;
    if (fault === null || !("command" in fault.point)) return null;
    const wanted = fault.point.command;
    const fits = typeof wanted === "string" ? wanted === command : wanted.test(command);
    return fits ? this.#taken(fault) : null;
  }

  #taken(fault: Fault): Fault {
    this.#proxy.fault = null;
    fault.happened = true;
    return fault;
  }

  #happen({ doing }: Fault): void {
    switch (doing) {
      case "stall":
        this.#stalled = true;
        return;
      case "drip":
        this.#up.drip();
        this.#down.drip();
        return;
      case "half-close":
        this.#clientGone = true;
        this.#client.end();
        this.#up.end();
        return;
      case "reset":
        this.cut();
        return;
      default:
        if (typeof doing !== "function") throw new Error("a command can be held only before it is sent");
        doing();
        this.cut();
    }
  }

  async #hold(line: Buffer, work: () => Promise<void>): Promise<void> {
    this.#held = true;
    await work();
    this.#held = false;
    this.#up.write(line);
    this.#hearClient(Buffer.alloc(0));
  }

  /** Line by line up to the server; a mail's lines are no commands. */
  #hearClient(bytes: Buffer): void {
    let rest = Buffer.concat([this.#heard.client, bytes]);
    while (!this.#stalled && !this.#clientGone && !this.#held) {
      const end = rest.indexOf("\r\n");
      if (end < 0) break;
      const line = rest.subarray(0, end + 2);
      rest = rest.subarray(end + 2);
      this.#pass(line);
    }
    // What is no whole line yet goes on at once inside a mail; a command waits for its end.
    this.#heard.client = rest;
  }

  #pass(line: Buffer): void {
    const { tag, command } = this.#commandOf(line);
    if (command === null) {
      this.#mail?.push(line);
      this.#up.write(line);
      return;
    }
    const fault = this.#due(command);
    this.#proxy.commands.push(/^(LOGIN|AUTH)/i.test(command) ? (command.split(" ")[0] ?? "") : command);
    const moment = fault !== null && "command" in fault.point ? fault.point.moment : null;
    if (fault !== null && moment === "unsent" && typeof fault.doing === "object") {
      void this.#hold(line, fault.doing.hold);
      return;
    }
    if (fault !== null && moment === "unsent") {
      this.#happen(fault);
      if (fault.doing !== "drip") return;
    } else if (fault !== null && moment !== null) this.#awaited = { tag, fault, moment };
    if (command === ".") {
      const mail = Buffer.concat(this.#mail ?? []).toString("latin1");
      this.#dot = /^Message-ID:\s*(<[^>]*>)/im.exec(mail)?.[1] ?? "";
      this.#mail = null;
    }
    this.#up.write(line);
  }

  #commandOf(line: Buffer): { readonly tag: string; readonly command: string | null } {
    const text = line.subarray(0, 2_000).toString("latin1").trimEnd();
    if (this.#proxy.dialogue === "smtp") {
      if (this.#mail !== null && text !== ".") return { tag: "", command: null };
      return { tag: "", command: text };
    }
    const [tag = "", ...words] = text.split(" ");
    return { tag, command: words.join(" ") };
  }

  #hearServer(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#proxy.dialogue === "imap" && this.#awaited === null) {
      this.#toClient(bytes);
      return;
    }
    let rest = Buffer.concat([this.#heard.server, bytes]);
    for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
      const line = rest.subarray(0, end + 2);
      rest = rest.subarray(end + 2);
      this.#answer(line);
    }
    if (this.#proxy.dialogue === "imap" && this.#awaited === null) {
      this.#toClient(rest);
      rest = Buffer.alloc(0);
    }
    this.#heard.server = rest;
  }

  #answer(line: Buffer): void {
    const text = line.subarray(0, 200).toString("latin1");
    const awaited = this.#awaited;
    const isLast = awaited !== null && this.#endsAnswer(awaited.tag, text);
    if (this.#proxy.dialogue === "smtp") this.#noteReply(text, isLast && awaited.moment === "unanswered");
    if (!isLast) {
      if (awaited?.moment === "unanswered") this.#withheld.push(line);
      else this.#toClient(line);
      return;
    }
    this.#awaited = null;
    if (awaited.moment === "answered") this.#toClient(line);
    this.#withheld.push(line);
    this.#happen(awaited.fault);
    // A line that only became slow, or whose client was not cut, gets its answer all the same.
    if (awaited.moment === "unanswered" && awaited.fault.doing === "drip")
      for (const each of this.#withheld) this.#toClient(each);
    this.#withheld = [];
  }

  #endsAnswer(tag: string, text: string): boolean {
    if (this.#proxy.dialogue === "smtp") return /^\d{3} /.test(text);
    return text.startsWith(`${tag} `) || /^\+ (idling)?/.test(text);
  }

  #noteReply(text: string, withheld: boolean): void {
    if (!/^\d{3} /.test(text)) return;
    if (text.startsWith("354")) this.#mail = [];
    if (this.#dot === null) return;
    if (text.startsWith("250"))
      this.#proxy.accepted.push({
        messageId: this.#dot,
        told: !withheld && !this.#clientGone && !this.#stalled,
        at: Date.now(),
      });
    this.#dot = null;
  }

  #toClient(bytes: Buffer): void {
    if (!this.#clientGone && !this.#stalled && bytes.length > 0) this.#down.write(bytes);
  }
}

/** One direction of a connection, as fast as it comes or drop by drop. */
class Pipe {
  readonly #to: Socket;
  #slow = false;
  #work: Promise<void> = Promise.resolve();

  constructor(to: Socket) {
    this.#to = to;
  }

  drip(): void {
    this.#slow = true;
  }

  write(bytes: Buffer): void {
    if (!this.#slow) {
      this.#give(bytes);
      return;
    }
    this.#work = this.#work.then(async () => {
      for (let start = 0; start < bytes.length && this.#to.writable; start += DRIP_BYTES) {
        this.#give(bytes.subarray(start, start + DRIP_BYTES));
        await sleep(DRIP_MS);
      }
    });
  }

  end(): void {
    if (this.#slow) void this.#work.then(() => this.#to.end());
    else if (this.#to.writable) this.#to.end();
  }

  #give(bytes: Buffer): void {
    if (this.#to.writable) this.#to.write(bytes);
  }
}
