import { IDLE_PAUSE, POLL_INTERVAL } from "./limits.ts";
import type { Link } from "./link.ts";

/** `closed`: the connection is gone. */
export type News = "news" | "timeout" | "closed";

/**
 * Waits for mail by IDLE (RFC 2177), or by NOOP where the server has no IDLE or refuses it.
 *
 * Each EXISTS that raises the count is remembered, whichever command it came with, until the mailbox is listed again;
 * so a mail that arrives between a list and IDLE is news at once.
 */
export class NewsWatch {
  readonly #link: Link;
  #fresh = false;
  #wake: () => void = () => {};
  #idling: Promise<void> | null = null;
  #idleRefused = false;

  constructor(link: Link) {
    this.#link = link;
    link.client.on("exists", ({ count, prevCount }) => {
      if (count <= prevCount) return;
      this.#fresh = true;
      this.#wake();
    });
    link.client.on("close", () => this.#wake());
  }

  /** To be called when the mailbox is about to be listed: what came before is no news then. */
  clear(): void {
    this.#fresh = false;
  }

  /** Whether mail came since then, as far as the server has told with whatever command. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Returns `timeout` when the time is over or `signal` is aborted. Never throws. */
  async wait(timeout: number, signal: AbortSignal | undefined): Promise<News> {
    const end = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    let over = signal?.aborted === true;
    const finish = (): void => {
      over = true;
      this.#wake();
    };
    const timer = setTimeout(finish, timeout);
    signal?.addEventListener("abort", finish, { once: true });
    try {
      while (!this.#link.closed && !this.#fresh && !over) await Promise.race([end, this.#listen()]);
      if (this.#fresh && !this.#link.closed) return "news";
      return this.#link.closed ? "closed" : "timeout";
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
    }
  }

  /** One IDLE that is running or begins, or one NOOP; ends when it is time for the next. */
  #listen(): Promise<void> {
    const { client } = this.#link;
    // One that was begun by an earlier wait goes on until a command ends it.
    this.#idling ??= (
      client.capabilities.has("IDLE") && !this.#idleRefused ? this.#idle() : this.#poll()
    ).finally(() => {
      this.#idling = null;
    });
    return this.#idling;
  }

  async #idle(): Promise<void> {
    const commands = this.#link.commands;
    const pausing = pause(IDLE_PAUSE);
    // `false`: the server refused, or the connection is gone, which the caller sees for itself.
    const answer: unknown = await this.#link.client.idle().catch(() => false);
    if (answer === false) this.#idleRefused = true;
    // A command of ours has ended it, and nobody may wait for the next one.
    if (commands === this.#link.commands) await pausing;
  }

  async #poll(): Promise<void> {
    await this.#link.client.noop().catch(() => {});
    await pause(POLL_INTERVAL);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
