/** One question to one URL: the cache before, the same question of another message beside, the network behind. */
import type { Log } from "../log.ts";
import type { AskBudget } from "./budget.ts";
import type { RevocationCache } from "./cache.ts";
import { expiry, fetchUrl } from "./fetch.ts";
import type { FetchFailure, FetchRequest } from "./fetched.ts";
import { FAILURE_REST_MS, MAX_FAILURES } from "./limits.ts";
import type { Network } from "./route.ts";
import type { Worth } from "./worth.ts";

/** What to ask, and how to tell an answer. */
export interface Inquiry {
  /** The same key is the same question, whoever asks it. */
  readonly key: string;
  readonly request: FetchRequest;
  readonly worth: (bytes: Uint8Array, now: Date) => Worth;
}

/** The answer, or why there is none; `no-answer`: bytes came, but they do not answer the question. `fresh`: it came for this very request, so the request's nonce counts. `proven`: the CA that is asked about signed it. */
export type InquiryAnswer =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly fresh: boolean; readonly proven: boolean }
  | NoAnswer;

/** A URL that was asked in vain. */
export interface Attempt {
  readonly url: string;
  /** As `FetchFailure`, and `no-answer` for bytes that are no answer to the question. */
  readonly why: string;
  readonly detail: string;
}

interface NoAnswer {
  readonly ok: false;
  readonly why: FetchFailure["why"] | "no-answer";
  readonly detail: string;
}

/** What inquiries share over all messages. */
export interface InquiryDesk {
  readonly network: Network;
  readonly cache: RevocationCache;
  readonly log: Log;
  readonly now: () => Date;
}

/** Asks, once for all who ask the same at the same time. */
export class Inquiries {
  readonly #desk: InquiryDesk;
  /** Questions whose answer is on its way. */
  readonly #open = new Map<string, Promise<InquiryAnswer>>();
  /** URLs that could not be fetched lately, and questions that were not answered, the oldest first. */
  readonly #resting = new Map<string, { readonly failure: NoAnswer; readonly until: number }>();

  constructor(desk: InquiryDesk) {
    this.#desk = desk;
  }

  /** Never rejects for what a URL does; an error of the cache's environment passes. */
  async ask(inquiry: Inquiry, budget: AskBudget): Promise<InquiryAnswer> {
    const { cache, now } = this.#desk;
    const kept = await cache.get(inquiry.key, now());
    const before =
      kept === null ? null : { ok: true as const, bytes: kept.bytes, fresh: false, proven: true };
    if (kept !== null && before !== null && now() < kept.renewAt) return before;
    const answer = await this.#shared(inquiry, budget);
    // The CA cannot be reached, but what it said last still holds (nextUpdate).
    return answer.ok || before === null ? answer : before;
  }

  async #shared(inquiry: Inquiry, budget: AskBudget): Promise<InquiryAnswer> {
    const open = this.#open.get(inquiry.key);
    if (open !== undefined) {
      const answer = await Promise.race([open, expiry(budget.deadline)]);
      // It was another message that had nothing left to spend.
      if (answer.ok || answer.why !== "budget") return answer.ok ? { ...answer, fresh: false } : answer;
    }
    const own = this.#fetch(inquiry, budget);
    this.#open.set(inquiry.key, own);
    try {
      return await own;
    } finally {
      if (this.#open.get(inquiry.key) === own) this.#open.delete(inquiry.key);
    }
  }

  async #fetch({ key, request, worth }: Inquiry, budget: AskBudget): Promise<InquiryAnswer> {
    const { network, cache, log, now } = this.#desk;
    const { url } = request;
    const resting = this.#restingFailure(url) ?? this.#restingFailure(key);
    if (resting !== null) return resting;
    const started = now().getTime();
    const fetched = await fetchUrl(request, network, budget);
    const about = { url, milliseconds: now().getTime() - started };
    if (!fetched.ok) {
      log.debug("revocation.failed", { ...about, why: fetched.why, detail: fetched.detail });
      return this.#rest(url, fetched);
    }
    const found = worth(fetched.bytes, now());
    log.debug("revocation.fetched", { ...about, bytes: fetched.bytes.length, usable: found.usable });
    if (!found.usable) return this.#rest(key, { ok: false, why: "no-answer", detail: found.detail });
    const kept = await cache.get(key, now());
    const before = kept === null ? null : worth(kept.bytes, now());
    // Whoever is on the way can send what the CA said before it revoked; what we have heard since then stands.
    if (before?.usable && (found.keep === null || found.madeAt < before.madeAt)) {
      const detail = found.keep === null ? "not signed by the CA" : "older than what the CA said before";
      return this.#rest(key, { ok: false, why: "no-answer", detail });
    }
    if (found.keep !== null) await cache.put(key, { bytes: fetched.bytes, ...found.keep });
    return { ok: true, bytes: fetched.bytes, fresh: true, proven: found.keep !== null };
  }

  #restingFailure(what: string): NoAnswer | null {
    const resting = this.#resting.get(what);
    return resting !== undefined && this.#desk.now().getTime() < resting.until ? resting.failure : null;
  }

  /** Leaves a URL or a question alone for a while; returns the failure. */
  #rest(what: string, failure: NoAnswer): NoAnswer {
    if (failure.why === "budget") return failure; // the message's fault, not the URL's
    const detail = `${failure.detail} (not tried again so soon)`;
    this.#resting.delete(what);
    this.#resting.set(what, {
      failure: { ...failure, detail },
      until: this.#desk.now().getTime() + FAILURE_REST_MS,
    });
    const [oldest] = this.#resting.keys();
    if (this.#resting.size > MAX_FAILURES && oldest !== undefined) this.#resting.delete(oldest);
    return failure;
  }
}
