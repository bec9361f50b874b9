import type { AskLimits } from "./limits.ts";

/** What the questions of one message may still cost, together. */
export interface AskBudget {
  /** Aborted when the time of the message is over. */
  readonly deadline: AbortSignal;
  /** For one exchange. */
  readonly exchangeMilliseconds: number;
  /** Takes one exchange; false when there is none left. */
  takeRequest(): boolean;
  /** Takes so many bytes of a body; false when there are not enough. */
  takeBytes(count: number): boolean;
  /** The message has its answers: the clock stops. */
  close(): void;
}

/** A budget that starts full, as the limits say. */
export class Budget implements AskBudget {
  readonly deadline: AbortSignal;
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

  close(): void {
    clearTimeout(this.#timer);
  }

  takeRequest(): boolean {
    return this.#requests-- > 0;
  }

  takeBytes(count: number): boolean {
    this.#bytes -= count;
    return this.#bytes >= 0;
  }
}
