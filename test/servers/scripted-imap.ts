import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";

/** How the server is to be. */
export interface ScriptedImapOptions {
  /** What CAPABILITY says, before and after the log-in. */
  readonly capabilities?: string;
  /** The first line; null to say nothing. */
  readonly greeting?: string | null;
  /** PEM; with it STARTTLS is offered, or TLS is spoken from the first byte. */
  readonly certificate?: { readonly cert: string; readonly key: string; readonly implicit?: boolean };
  /** Prefix and delimiter of the personal namespace; default `("" "/")`. */
  readonly namespace?: { readonly prefix: string | null; readonly delimiter: string };
  /** Prefixes of the namespaces of other users and of shared ones; default none. */
  readonly otherNamespaces?: readonly string[];
  /** Whether COPYUID is told where UIDPLUS is offered; default true. */
  readonly copyUid?: boolean;
  readonly folders?: readonly string[];
  /** Answers to commands, by verb (`LOGIN`, `UID MOVE`), instead of the usual ones; settable later too. */
  readonly answers?: Readonly<Record<string, Answer>>;
}

/** Answers one command. */
export type Answer = (command: Command, usual: () => void) => void;

export interface Command {
  readonly tag: string;
  readonly verb: string;
  readonly args: string;
  /** An untagged line. */
  untagged(line: string): void;
  /** The tagged line, e.g. `NO [OVERQUOTA] full`. */
  done(answer: string): void;
  /** Bytes as they are. */
  write(bytes: string): void;
  /** Resets the connection. */
  drop(): void;
  /** Closes the connection in order. */
  end(): void;
}

interface StoredMail {
  readonly raw: Buffer;
  readonly flags: Set<string>;
}

const DEFAULT_CAPABILITIES = "IMAP4rev1 UIDPLUS MOVE IDLE NAMESPACE";

/** An IMAP server on 127.0.0.1 with one account, whose every answer can be replaced. */
export class ScriptedImap {
  readonly answers: Map<string, Answer>;
  /** The commands of all connections in order, without tags; LOGIN without its arguments. */
  readonly commands: string[] = [];
  readonly folders: Map<string, Map<number, StoredMail>>;
  readonly subscribed = new Set<string>();
  uidValidity = 7;
  readonly #options: ScriptedImapOptions;
  readonly #sessions = new Set<Session>();
  readonly #server: Server;
  #nextUid = 1;

  private constructor(options: ScriptedImapOptions) {
    this.#options = options;
    this.answers = new Map(Object.entries(options.answers ?? {}));
    this.folders = new Map(["INBOX", ...(options.folders ?? [])].map((name) => [name, new Map()]));
    const { certificate } = options;
    const context = certificate === undefined ? undefined : createSecureContext(certificate);
    this.#server = createServer((socket) => {
      const session = new Session(this, options, socket, context);
      this.#sessions.add(session);
      socket.on("close", () => this.#sessions.delete(session));
    });
  }

  static async start(options: ScriptedImapOptions = {}): Promise<ScriptedImap> {
    const server = new ScriptedImap(options);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get capabilities(): string {
    return this.#options.capabilities ?? DEFAULT_CAPABILITIES;
  }

  get inbox(): Map<number, StoredMail> {
    return this.folder("INBOX");
  }

  folder(name: string): Map<number, StoredMail> {
    const folder = this.folders.get(name);
    if (folder === undefined) throw new Error(`no folder ${name}`);
    return folder;
  }

  /** Puts a mail into INBOX; connections hear of it when they may (RFC 3501 §5.2: with the next command, or in IDLE). */
  arrive(raw: string | Buffer): number {
    const uid = this.#nextUid++;
    this.inbox.set(uid, { raw: Buffer.from(raw), flags: new Set() });
    for (const session of this.#sessions) session.announce(false);
    return uid;
  }

  /** The UIDs of INBOX. */
  uids(): number[] {
    return [...this.inbox.keys()];
  }

  newUid(): number {
    return this.#nextUid++;
  }

  /** Resets all connections. */
  dropAll(): void {
    for (const session of this.#sessions) session.drop();
  }

  async stop(): Promise<void> {
    this.dropAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

class Session {
  socket: Socket;
  readonly #plain: Socket;
  readonly #server: ScriptedImap;
  readonly #options: ScriptedImapOptions;
  readonly #context: SecureContext | undefined;
  #received = "";
  #selected: string | null = null;
  #idleTag: string | null = null;
  /** How many mails the client believes to be there. */
  #told = 0;

  constructor(
    server: ScriptedImap,
    options: ScriptedImapOptions,
    socket: Socket,
    context: SecureContext | undefined,
  ) {
    this.#server = server;
    this.#options = options;
    this.#context = context;
    this.socket = socket;
    this.#plain = socket.setNoDelay(true);
    if (options.certificate?.implicit === true) this.#encrypt();
    this.#listen();
    const greeting = options.greeting === undefined ? "* OK ready" : options.greeting;
    if (greeting !== null) this.#write(`${greeting}\r\n`);
    if (greeting?.startsWith("* BYE")) this.socket.end();
  }

  /** Tells of a changed number of mails, outside of a command only in IDLE. */
  announce(inCommand: boolean): void {
    const count = this.#selected === null ? this.#told : this.#server.inbox.size;
    if (count === this.#told || (!inCommand && this.#idleTag === null)) return;
    this.#told = count;
    this.#write(`* ${count} EXISTS\r\n`);
  }

  /** Resets the connection; the socket below TLS is the one that can be reset. */
  drop(): void {
    this.#plain.resetAndDestroy();
  }

  #encrypt(): void {
    this.socket = new TLSSocket(this.socket, {
      isServer: true,
      ...(this.#context && { secureContext: this.#context }),
    });
  }

  #listen(): void {
    this.socket.on("error", () => {}); // the client went away; there is nobody to tell
    this.socket.on("data", (bytes: Buffer) => {
      this.#received += bytes.toString("latin1");
      for (let end = this.#received.indexOf("\r\n"); end !== -1; end = this.#received.indexOf("\r\n")) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 2);
        this.#line(line);
      }
    });
  }

  #write(bytes: string): void {
    if (!this.socket.destroyed) this.socket.write(bytes, "latin1");
  }

  #line(line: string): void {
    if (line === "DONE") {
      const tag = this.#idleTag;
      this.#idleTag = null;
      if (tag !== null) this.#write(`${tag} OK idled\r\n`);
      return;
    }
    const [, tag = "*", uid = "", verb = "", args = ""] = /^(\S+) (UID )?(\S+) ?(.*)$/i.exec(line) ?? [];
    const name = `${uid}${verb}`.toUpperCase();
    this.#server.commands.push(name === "LOGIN" ? name : `${name} ${args}`.trim());
    const command: Command = {
      tag,
      verb: name,
      args,
      untagged: (text) => this.#write(`* ${text}\r\n`),
      done: (answer) => this.#write(`${tag} ${answer}\r\n`),
      write: (bytes) => this.#write(bytes),
      drop: () => this.drop(),
      end: () => this.socket.end(),
    };
    const usual = (): void => this.#usual(command);
    const scripted = this.#server.answers.get(name);
    if (scripted === undefined) usual();
    else scripted(command, usual);
  }

  #usual(command: Command): void {
    const { verb, args } = command;
    switch (verb) {
      case "CAPABILITY":
        command.untagged(`CAPABILITY ${this.#capabilities()}`);
        break;
      case "STARTTLS":
        command.done("OK go");
        this.socket.removeAllListeners("data");
        this.#encrypt();
        this.#listen();
        return;
      case "NAMESPACE": {
        const { prefix, delimiter } = this.#options.namespace ?? { prefix: "", delimiter: "/" };
        const others = (this.#options.otherNamespaces ?? []).map((other) => `("${other}" "${delimiter}")`);
        command.untagged(
          `NAMESPACE ${prefix === null ? "NIL" : `(("${prefix}" "${delimiter}"))`} ${others.length === 0 ? "NIL" : `(${others.join("")})`} NIL`,
        );
        break;
      }
      case "LIST":
      case "LSUB":
        this.#list(command);
        break;
      case "CREATE":
        this.#server.folders.set(unquoted(args), new Map());
        break;
      case "SUBSCRIBE":
        this.#server.subscribed.add(unquoted(args));
        break;
      case "STATUS": {
        const [name = ""] = /^"[^"]*"|^\S+/.exec(args) ?? [];
        const folder = this.#server.folders.get(unquoted(name));
        if (folder === undefined) {
          command.done("NO [NONEXISTENT] no such mailbox");
          return;
        }
        command.untagged(`STATUS ${name} (MESSAGES ${folder.size})`);
        break;
      }
      case "SELECT":
        if (!this.#select(command)) return;
        break;
      case "UID FETCH":
        this.#fetch(command);
        break;
      case "UID MOVE":
      case "UID COPY":
        if (!this.#transfer(command)) return;
        break;
      case "UID STORE":
        for (const mail of this.#mails(args)) mail.flags.add("\\Deleted");
        break;
      case "UID EXPUNGE":
        this.#remove(numbers(args, this.#server.uids()), command);
        break;
      case "IDLE":
        this.#idleTag = command.tag;
        command.write("+ idling\r\n");
        this.announce(true);
        return;
      case "LOGOUT":
        command.untagged("BYE see you");
        break;
      default:
    }
    this.announce(true);
    command.done("OK done");
    if (verb === "LOGOUT") this.socket.end();
  }

  #capabilities(): string {
    const offersTls = this.#context !== undefined && !(this.socket instanceof TLSSocket);
    return `${this.#server.capabilities}${offersTls ? " STARTTLS" : ""}`;
  }

  #list(command: Command): void {
    const delimiter = this.#options.namespace?.delimiter ?? "/";
    const pattern = unquoted(command.args.slice(command.args.lastIndexOf(" ") + 1));
    for (const name of this.#server.folders.keys()) {
      const fits = pattern === "*" || pattern === name;
      if (fits) command.untagged(`${command.verb} () "${delimiter}" "${name}"`);
    }
  }

  #select(command: Command): boolean {
    const name = unquoted(command.args);
    const folder = this.#server.folders.get(name);
    if (folder === undefined) {
      command.done("NO [NONEXISTENT] no such mailbox");
      return false;
    }
    this.#selected = name;
    this.#told = folder.size;
    command.untagged(`${folder.size} EXISTS`);
    command.untagged("FLAGS (\\Seen \\Deleted)");
    command.untagged("OK [PERMANENTFLAGS (\\Seen \\Deleted)] ok");
    command.untagged(`OK [UIDVALIDITY ${this.#server.uidValidity}] ok`);
    return true;
  }

  #fetch(command: Command): void {
    const uids = this.#server.uids();
    const partial = /BODY\.PEEK\[\]<0\.(\d+)>/.exec(command.args);
    for (const uid of numbers(command.args, uids)) {
      const mail = this.#server.inbox.get(uid);
      if (mail === undefined) continue;
      const items = [`UID ${uid}`];
      if (command.args.includes("RFC822.SIZE")) items.push(`RFC822.SIZE ${mail.raw.length}`);
      if (command.args.includes("INTERNALDATE")) items.push('INTERNALDATE "23-Nov-2026 10:00:00 +0000"');
      if (command.args.includes("BODY.PEEK[]")) {
        const body = partial === null ? mail.raw : mail.raw.subarray(0, Number(partial[1]));
        items.push(`BODY[]${partial === null ? "" : "<0>"} {${body.length}}\r\n${body.toString("latin1")}`);
      }
      command.untagged(`${uids.indexOf(uid) + 1} FETCH (${items.join(" ")})`);
    }
  }

  #transfer(command: Command): boolean {
    const target = this.#server.folders.get(unquoted(command.args.slice(command.args.indexOf(" ") + 1)));
    if (target === undefined) {
      command.done("NO [TRYCREATE] no such folder");
      return false;
    }
    const uids = numbers(command.args, this.#server.uids());
    const copies = uids.map((uid) => {
      const copy = this.#server.newUid();
      const mail = this.#server.inbox.get(uid);
      if (mail !== undefined) target.set(copy, mail);
      return copy;
    });
    const tells =
      uids.length > 0 && this.#options.copyUid !== false && this.#server.capabilities.includes("UIDPLUS");
    const code = tells ? `[COPYUID 9 ${uids.join(",")} ${copies.join(",")}] ` : "";
    if (command.verb === "UID COPY") {
      command.done(`OK ${code}copied`);
      return false;
    }
    if (tells) command.untagged(`OK ${code}moved`);
    this.#remove(uids, command);
    return true;
  }

  #mails(args: string): StoredMail[] {
    return numbers(args, this.#server.uids()).flatMap((uid) => this.#server.inbox.get(uid) ?? []);
  }

  #remove(uids: readonly number[], command: Command): void {
    for (const uid of uids) {
      const number = this.#server.uids().indexOf(uid) + 1;
      this.#server.inbox.delete(uid);
      if (number > this.#told) continue;
      this.#told -= 1;
      command.untagged(`${number} EXPUNGE`);
    }
  }
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, "$1");
}

/** The numbers of a sequence-set that exist. */
function numbers(args: string, existing: readonly number[]): number[] {
  const ranges = (args.split(" ")[0] ?? "").split(",").map((range) => range.split(":"));
  return existing.filter((uid) =>
    ranges.some(([first, last = first]) => uid >= Number(first) && (last === "*" || uid <= Number(last))),
  );
}
