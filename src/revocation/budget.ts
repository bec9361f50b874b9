import type { AskLimits } from "./limits.ts";

/** What the questions of one message may still cost. */
export class Budget {
  /** Aborted when the time of the message is over. */
  readonly deadline: AbortSignal;
  /** For one exchange. */
  readonly exchangeMilliseconds: number;
  #requests: number;
  #bytes: number;

  readonly #timer: NodeJS.Timeout;

  constructor(limits: AskLimits) {
    const controller = new AbortController();
    this.deadline = controller.signal;
    this.#timer = setTimeout(() => controller.abort(), limits.milliseconds);
    this.exchangeMilliseconds = limits.exchangeMilliseconds;
    this.#requests = limits.requests;
    this.#bytes = limits.bytes;
  }

  /** The message has its answers: the clock stops. */
  close(): void {
    clearTimeout(this.#timer);
  }

  /** Takes one exchange; false when there is none left. */
  takeRequest(): boolean {
    return this.#requests-- > 0;
  }

  /** Takes so many bytes of a body; false when there are not enough. */
  takeBytes(count: number): boolean {
    this.#bytes -= count;
    return this.#bytes >= 0;
  }
}
