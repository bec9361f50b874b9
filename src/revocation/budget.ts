import { setMaxListeners } from "node:events";
import { type AskLimits, SILENCE_MS } from "./limits.ts";

/** What the questions of one message may still cost, together. */
export interface AskBudget {
  /** Aborted when the time of the message is over. */
  readonly deadline: AbortSignal;
  /** For one exchange. */
  readonly exchangeMilliseconds: number;
  /** Beside a server that was silent for so long another place is asked. */
  readonly silenceMilliseconds: number;
  /** Until the deadline. */
  readonly millisecondsLeft: number;
  /** Nobody waits for the answers any more: what is known now is not all that could be had. */
  readonly givenUp: boolean;
  /** Only what is known already counts. */
  readonly asksNobody: boolean;
  /** `asksNobody`, and somebody would have had to be asked. */
  readonly missed: boolean;
  /** To be told, where nobody is asked, that somebody would have had to be. */
  miss(): void;
  /** Takes one exchange with the host of this URL; false when there is none left. */
  takeRequest(url: URL): Promise<boolean>;
  /** Takes so many bytes of a body; false when there are not enough. */
  takeBytes(count: number): boolean;
  /** The message has its answers: the clock stops. */
  close(): void;
}

/** A budget that starts full, as the limits say. */
export class Budget implements AskBudget {
  readonly deadline: AbortSignal;
  readonly exchangeMilliseconds: number;
  readonly silenceMilliseconds: number;
  readonly asksNobody = false;
  readonly missed = false;
  #requests: number;
  #bytes: number;
  readonly #timer: NodeJS.Timeout;
  readonly #limits: AskLimits;
  readonly #now: (() => Date) | null;
  readonly #started: number;
  readonly #signal: AbortSignal | undefined;
  readonly #end: () => void;

  /**
   * @param signal aborted: the time is over at once
   * @param now to tell how much time is left, which is all of it when it is left out; what ends it is a timer
   */
  constructor(limits: AskLimits, signal?: AbortSignal, now: (() => Date) | null = null) {
    const controller = new AbortController();
    this.deadline = controller.signal;
    // Each of its questions listens; Node would take more than ten for a leak.
    setMaxListeners(0, this.deadline);
    this.#signal = signal;
    this.#end = () => controller.abort();
    if (this.givenUp) this.#end();
    signal?.addEventListener("abort", this.#end, { once: true });
    this.#timer = setTimeout(this.#end, limits.milliseconds);
    this.#limits = limits;
    this.#now = now;
    this.#started = now?.().getTime() ?? 0;
    this.silenceMilliseconds = limits.silenceMilliseconds ?? SILENCE_MS;
    this.exchangeMilliseconds = limits.exchangeMilliseconds;
    this.#requests = limits.requests;
    this.#bytes = limits.bytes;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#end);
  }

  get givenUp(): boolean {
    return this.#signal?.aborted === true;
  }

  get millisecondsLeft(): number {
    const gone = (this.#now?.().getTime() ?? 0) - this.#started;
    return Math.max(0, this.#limits.milliseconds - Math.max(0, gone));
  }

  miss(): void {}

  async takeRequest(): Promise<boolean> {
    return this.#requests-- > 0;
  }

  takeBytes(count: number): boolean {
    this.#bytes -= count;
    return this.#bytes >= 0;
  }
}

/** Nothing is begun that would have to end. */
const NO_DEADLINE = new AbortController().signal;
setMaxListeners(0, NO_DEADLINE);

/** For a first look: what is known already is all that counts, and `missed` tells whether it was enough. */
export class NobodyAsked implements AskBudget {
  readonly deadline = NO_DEADLINE;
  readonly exchangeMilliseconds = 0;
  readonly silenceMilliseconds = 0;
  readonly millisecondsLeft = 0;
  readonly givenUp = false;
  readonly asksNobody = true;
  #missed = false;

  get missed(): boolean {
    return this.#missed;
  }

  miss(): void {
    this.#missed = true;
  }

  async takeRequest(): Promise<boolean> {
    return false;
  }

  takeBytes(): boolean {
    return false;
  }

  close(): void {}
}

/** A message's budget under a condition more, for a part of what it asks. Closing is the message's own business. */
export class PartOfBudget implements AskBudget {
  readonly #whole: AskBudget;

  constructor(whole: AskBudget) {
    this.#whole = whole;
  }

  get deadline(): AbortSignal {
    return this.#whole.deadline;
  }

  get exchangeMilliseconds(): number {
    return this.#whole.exchangeMilliseconds;
  }

  get silenceMilliseconds(): number {
    return this.#whole.silenceMilliseconds;
  }

  get millisecondsLeft(): number {
    return this.#whole.millisecondsLeft;
  }

  get givenUp(): boolean {
    return this.#whole.givenUp;
  }

  get asksNobody(): boolean {
    return this.#whole.asksNobody;
  }

  get missed(): boolean {
    return this.#whole.missed;
  }

  miss(): void {
    this.#whole.miss();
  }

  takeRequest(url: URL): Promise<boolean> {
    return this.#whole.takeRequest(url);
  }

  takeBytes(count: number): boolean {
    return this.#whole.takeBytes(count);
  }

  close(): void {}
}

/** For one place: it ends with the message's time, and as soon as another place has answered. */
export class PlaceBudget extends PartOfBudget {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #end = (): void => this.#controller.abort();

  constructor(whole: AskBudget) {
    super(whole);
    this.#outer = whole.deadline;
    setMaxListeners(0, this.#controller.signal);
    if (this.#outer.aborted) this.#end();
    this.#outer.addEventListener("abort", this.#end, { once: true });
  }

  override get deadline(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends what is still open; to be called in any case. */
  override close(): void {
    this.#outer.removeEventListener("abort", this.#end);
    this.#end();
  }
}
