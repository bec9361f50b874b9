/** One question to one URL: the same question of another message beside, the network behind, and what was asked in vain. */
import type { Log } from "../log.ts";
import type { AskBudget } from "./budget.ts";
import { expiry, fetchUrl } from "./fetch.ts";
import { type FetchFailure, type FetchRequest, failure } from "./fetched.ts";
import { SLOW_MS } from "./limits.ts";
import { Rests } from "./rests.ts";
import type { Network } from "./route.ts";

/** What to ask. What the bytes are worth is for each who asked to see: the same list can answer one and not the other. */
export interface Inquiry {
  /** The same key is the same question, whoever asks it. */
  readonly key: string;
  readonly request: FetchRequest;
}

/** The bytes, or why there are none. `fresh`: they came for this very request, so the request's nonce counts. */
export type InquiryAnswer =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly fresh: boolean }
  | NoAnswer;

/** A URL that was asked in vain. */
export interface Attempt {
  readonly url: string;
  /** As `FetchFailure`, and `no-answer` for bytes that are no answer to the question. */
  readonly why: string;
  readonly detail: string;
  /** A rule of ours forbids to ask there: no later try will have an answer. */
  readonly lasting: boolean;
}

export interface NoAnswer {
  readonly ok: false;
  readonly why: FetchFailure["why"] | "no-answer";
  readonly detail: string;
  readonly behindRedirect?: boolean;
}

/** What came of asking a URL in vain, for whoever reads of it. */
export function attempt(url: string, { why, detail, behindRedirect = false }: NoAnswer): Attempt {
  return { url, why, detail, lasting: why === "private-address" && !behindRedirect };
}

/** Bytes that are no answer. */
export function noAnswer(detail: string): NoAnswer {
  return { ok: false, why: "no-answer", detail };
}

/** What inquiries share over all messages. */
export interface InquiryDesk {
  readonly network: Network;
  readonly log: Log;
  readonly now: () => Date;
}

/** What tells of the server, whatever it was asked for; anything else tells of the question alone. */
const OF_THE_HOST: readonly NoAnswer["why"][] = ["name", "unreachable", "timeout"];

/** What came of one fetch; `cut`: it ended because the message that began it had no more time or use for it. */
interface Fetch {
  readonly answer: InquiryAnswer;
  readonly cut: boolean;
}

/**
 * Asks, once for all who ask the same at the same time. Only for questions about certificates whose path ends in an
 * anchor: what strangers have us ask (`strangers.ts`) is never to be seen here, nor to make us leave a CA alone.
 */
export class Inquiries {
  readonly #desk: InquiryDesk;
  /** Questions whose answer is on its way. */
  readonly #open = new Map<string, Promise<Fetch>>();
  /** Questions that were not answered lately, and hosts that could not be reached. */
  readonly #questions = new Rests<NoAnswer>();
  readonly #hosts = new Rests<NoAnswer>();
  /** Hosts that were silent. */
  readonly #slow = new Rests<true>(SLOW_MS);

  constructor(desk: InquiryDesk) {
    this.#desk = desk;
  }

  /**
   * Never rejects for what a URL does.
   * @param budget where it ends a fetch, nothing is remembered of the host
   */
  async ask(inquiry: Inquiry, budget: AskBudget): Promise<InquiryAnswer> {
    const resting = this.#resting(inquiry);
    if (resting !== null) return resting;
    if (budget.asksNobody) {
      budget.miss();
      return failure("budget", "nobody was asked");
    }
    for (let open = this.#open.get(inquiry.key); open !== undefined; open = this.#open.get(inquiry.key)) {
      const late = expiry(budget.deadline).then((answer) => ({ answer, cut: false }));
      const { answer, cut } = await Promise.race([open, late]);
      if (answer.ok) return { ...answer, fresh: false };
      // It was another message that had nothing left to spend, or no use for the answer any more.
      if ((!cut && answer.why !== "budget") || budget.deadline.aborted) return answer;
    }
    const own = this.#fetch(inquiry, budget);
    this.#open.set(inquiry.key, own);
    try {
      return (await own).answer;
    } finally {
      if (this.#open.get(inquiry.key) === own) this.#open.delete(inquiry.key);
    }
  }

  /** Whether the host of this URL was silent lately, so that it is asked after all others. */
  isSlow(url: string): boolean {
    return this.#slow.of(hostOf(url), this.#desk.now()) !== null;
  }

  /** Notes that the host of this URL was silent while another place answered. */
  noteSlow(url: string): void {
    this.#slow.add(hostOf(url), true, this.#desk.now());
  }

  /** Leaves a question alone for a while whose answer was of no use; returns the failure. */
  rest(key: string, failed: NoAnswer): NoAnswer {
    this.#questions.add(key, remembered(failed), this.#desk.now());
    return failed;
  }

  /** Why a question is left alone; null when it is not. */
  resting(key: string): NoAnswer | null {
    return this.#questions.of(key, this.#desk.now());
  }

  async #fetch(inquiry: Inquiry, budget: AskBudget): Promise<Fetch> {
    const { network, log, now } = this.#desk;
    const { url } = inquiry.request;
    const started = now().getTime();
    const fetched = await fetchUrl(inquiry.request, network, budget);
    const about = { url, milliseconds: now().getTime() - started };
    if (fetched.ok) {
      log.debug("revocation.fetched", { ...about, bytes: fetched.bytes.length });
      this.#slow.remove(hostOf(url));
      return { answer: { ok: true, bytes: fetched.bytes, fresh: true }, cut: false };
    }
    log.debug("revocation.failed", { ...about, why: fetched.why, detail: fetched.detail });
    const cut = budget.deadline.aborted;
    // A server that had no more than what others have left of the message's time did nothing wrong.
    if (!cut) this.#restFailed(inquiry, fetched);
    return { answer: fetched, cut };
  }

  #resting({ key, request }: Inquiry): NoAnswer | null {
    const now = this.#desk.now();
    return this.#hosts.of(hostOf(request.url), now) ?? this.#questions.of(key, now);
  }

  /** Leaves a question, or the host, alone for a while. */
  #restFailed({ key, request: { url } }: Inquiry, failed: NoAnswer): void {
    if (failed.why === "budget") return; // the message's fault, not the URL's
    const ofTheHost = OF_THE_HOST.includes(failed.why) && failed.behindRedirect !== true;
    if (!ofTheHost) this.rest(key, failed);
    else this.#hosts.add(hostOf(url), remembered(failed), this.#desk.now());
    if (ofTheHost && failed.why === "timeout") this.noteSlow(url);
  }
}

function remembered(failed: NoAnswer): NoAnswer {
  return { ...failed, detail: `${failed.detail} (not tried again so soon)` };
}

function hostOf(url: string): string {
  return new URL(url).host;
}
