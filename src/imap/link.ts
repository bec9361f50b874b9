import type { ImapFlow } from "imapflow";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { closedError, commandError, timeoutError } from "./errors.ts";
import type { ImapSettings } from "./settings.ts";

/**
 * One connection of the library, with what it leaves out: a bound on every command, one kind of error, and the reason of
 * a command that merely returned `false`.
 */
export class Link {
  readonly client: ImapFlow;
  readonly settings: ImapSettings;
  /** Resolves when the connection is gone, for whatever reason; never rejects. */
  readonly gone: Promise<void>;
  /** How many commands were run, so that it can be told who ended an IDLE. */
  commands = 0;
  readonly #refusals: Refusals;
  #closed = false;

  constructor(client: ImapFlow, settings: ImapSettings, refusals: Refusals, log: Log) {
    this.client = client;
    this.settings = settings;
    this.#refusals = refusals;
    // An "error" without a listener ends the process; often there is only "close" and no "error".
    client.on("error", (error) => log.debug("imap.error", { error: messageOf(error) }));
    this.gone = new Promise((resolve) => {
      client.on("close", () => {
        if (!this.#closed) log.debug("imap.closed", { reason: client.byeReason });
        this.#closed = true;
        resolve();
      });
    });
  }

  get closed(): boolean {
    return this.#closed || !this.client.usable;
  }

  /**
   * Runs commands; `doing` completes "we could not …". Throws `imap.closed` without trying when the connection is gone,
   * `imap.unreachable` when it takes longer than a command may (the connection is then dropped, because its answer may
   * still come), else what `commandError` makes of the library's error.
   */
  async run<T>(doing: string, commands: (client: ImapFlow) => Promise<T>): Promise<T> {
    if (this.closed) throw closedError(this.settings, doing, undefined, this.client.byeReason);
    this.#refusals.last = null;
    this.commands += 1;
    const limit = this.settings.timeouts.command;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(timeoutError(this.settings, doing, limit));
        this.drop();
      }, limit);
    });
    try {
      return await Promise.race([commands(this.client), late]);
    } catch (error) {
      throw commandError(error, this.settings, doing);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Why the last command of `run` returned `false`, or null when the server did not say. */
  get refusal(): unknown {
    return this.#refusals.last;
  }

  /** Ends the connection at once. */
  drop(): void {
    this.#closed = true;
    this.client.close();
  }
}

/** The last refusal that the library told its logger, and nobody else. */
export class Refusals {
  last: unknown = null;

  /**
   * The library's logger. Its lines hold every command and much of the mail, so nothing of it is written; only the error
   * of a refused command is kept.
   */
  readonly logger = {
    debug: (): void => {},
    info: (): void => {},
    error: (): void => {},
    warn: (entry: unknown): void => {
      if (typeof entry !== "object" || entry === null || !("err" in entry)) return;
      if (entry.err instanceof Error && Reflect.has(entry.err, "responseStatus")) this.last = entry.err;
    },
  };
}
