import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createSecureContext } from "node:tls";
import type { Identity } from "./authority.ts";
import { freePorts } from "./port.ts";
import { SmtpSession } from "./smtp-session.ts";

/** A mail that the sink took, byte for byte, with its envelope. */
export interface SunkMail {
  /** Envelope sender; "" for `<>`. */
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: Buffer;
  /** Whether it came over TLS, and as whom the client had logged in. */
  readonly encrypted: boolean;
  readonly user: string | undefined;
  /** The client's name in EHLO and its address. */
  readonly helo: string;
  readonly client: string;
}

/**
 * What goes wrong, from now on; `{}` is a server in order. A reply is written as it is sent: "450 4.2.1 later"; one
 * that begins with 421 also closes the connection.
 */
export interface Faults {
  /** STARTTLS is not offered. */
  readonly noStartTls?: boolean;
  readonly onConnect?: string;
  readonly onAuth?: string;
  readonly onMail?: string;
  /** Refuses each recipient, or those for which the function returns a reply. */
  readonly onRecipient?: string | ((address: string) => string | undefined);
  readonly onData?: string;
  /** Refuses the mail after the final dot; it is not kept. */
  readonly afterDot?: string;
  /** Resets the connection at the final dot: `drop` loses the mail, `keep` keeps it and loses only the 250. */
  readonly hangUp?: "drop" | "keep";
  /** Milliseconds to wait before the answer to the final dot. */
  readonly delay?: number;
}

/** How the sink is to be. */
export interface SinkOptions {
  /** Server certificate; without it there is no STARTTLS. */
  readonly certificate?: Identity;
  /** user → password; without it every login is right. */
  readonly users?: ReadonlyMap<string, string>;
  /** Whether there is such a mailbox; without it every recipient is taken. */
  readonly accepts?: (address: string) => boolean;
  readonly faults?: Faults;
  /** A port that was promised already. */
  readonly port?: number;
  /** Called before a mail is acknowledged; a thrown error is answered 451. */
  readonly onMail?: (mail: SunkMail) => Promise<void>;
}

/** A minimal SMTP receiver on 127.0.0.1 that keeps what it gets. */
export interface SmtpSink {
  readonly port: number;
  readonly mails: readonly SunkMail[];
  /** Settable at any time; holds for the next command of every connection. */
  faults: Faults;
  /** The commands of all connections, in order, AUTH without its secret. */
  readonly commands: readonly string[];
  /** Waits until `count` mails have come, or throws. */
  received(count: number, milliseconds?: number): Promise<readonly SunkMail[]>;
  stop(): Promise<void>;
}

/** Starts a sink: for machines without root, and for faults that a real server does not make on demand. */
export async function startSmtpSink(options: SinkOptions = {}): Promise<SmtpSink> {
  const mails: SunkMail[] = [];
  const commands: string[] = [];
  const open = new Set<Socket>();
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const secureContext =
    options.certificate === undefined
      ? undefined
      : createSecureContext({
          cert: readFileSync(options.certificate.certFile),
          key: readFileSync(options.certificate.keyFile),
        });
  const sink = {
    port,
    mails,
    faults: options.faults ?? {},
    commands,
    received: async (count: number, milliseconds = 10_000) => {
      const until = Date.now() + milliseconds;
      while (mails.length < count) {
        if (Date.now() > until)
          throw new Error(`${mails.length} mails came to the sink, ${count} were expected`);
        await sleep(5);
      }
      return mails;
    },
    stop: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    new SmtpSession(socket, { options, secureContext, faults: () => sink.faults, mails, commands }).greet();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return sink;
}
