/** One question to one URL: the cache before, the same question of another message beside, the network behind. */
import type { Log } from "../log.ts";
import type { AskBudget } from "./budget.ts";
import type { RevocationCache } from "./cache.ts";
import { expiry, fetchUrl } from "./fetch.ts";
import { type FetchFailure, type FetchRequest, failure } from "./fetched.ts";
import { Rests } from "./rests.ts";
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

/** What inquiries share over all messages. */
export interface InquiryDesk {
  readonly network: Network;
  readonly cache: RevocationCache;
  readonly log: Log;
  readonly now: () => Date;
}

/** What tells of the server, whatever it was asked for; anything else tells of the question alone. */
const OF_THE_HOST: readonly NoAnswer["why"][] = ["name", "unreachable", "timeout"];

/**
 * Asks, once for all who ask the same at the same time. Only for questions about certificates whose path ends in an
 * anchor: what strangers have us ask (`strangers.ts`) is never to be seen here, nor to make us leave a CA alone.
 */
export class Inquiries {
  readonly #desk: InquiryDesk;
  /** Questions whose answer is on its way. */
  readonly #open = new Map<string, Promise<InquiryAnswer>>();
  /** Questions that were not answered lately, and hosts that could not be reached. */
  readonly #questions = new Rests<NoAnswer>();
  readonly #hosts = new Rests<NoAnswer>();

  constructor(desk: InquiryDesk) {
    this.#desk = desk;
  }

  /** The time that answers are judged at. */
  now(): Date {
    return this.#desk.now();
  }

  /** Never rejects for what a URL does; an error of the cache's environment passes. */
  async ask(inquiry: Inquiry, budget: AskBudget): Promise<InquiryAnswer> {
    const { cache, now } = this.#desk;
    const kept = await cache.get(inquiry.key, now());
    const before =
      kept === null ? null : { ok: true as const, bytes: kept.bytes, fresh: false, proven: true };
    if (kept !== null && before !== null && now() < kept.renewAt) return before;
    const answer = this.#resting(inquiry) ?? (await this.#asked(inquiry, budget));
    // The CA cannot be reached, but what it said last still holds (nextUpdate).
    return answer.ok || before === null ? answer : before;
  }

  async #asked(inquiry: Inquiry, budget: AskBudget): Promise<InquiryAnswer> {
    if (budget.asksNobody) {
      budget.miss();
      return failure("budget", "nobody was asked");
    }
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

  async #fetch(inquiry: Inquiry, budget: AskBudget): Promise<InquiryAnswer> {
    const { network, cache, log, now } = this.#desk;
    const { key, request, worth } = inquiry;
    const { url } = request;
    const started = now().getTime();
    const fetched = await fetchUrl(request, network, budget);
    const about = { url, milliseconds: now().getTime() - started };
    if (!fetched.ok) {
      log.debug("revocation.failed", { ...about, why: fetched.why, detail: fetched.detail });
      // A server that had no more than what others have left of the message's time did nothing wrong.
      return budget.deadline.aborted ? fetched : this.#rest(inquiry, fetched);
    }
    const found = worth(fetched.bytes, now());
    log.debug("revocation.fetched", { ...about, bytes: fetched.bytes.length, usable: found.usable });
    if (!found.usable) return this.#rest(inquiry, { ok: false, why: "no-answer", detail: found.detail });
    const kept = await cache.get(key, now());
    const before = kept === null ? null : worth(kept.bytes, now());
    // Whoever is on the way can send what the CA said before it revoked; what we have heard since then stands. Only "revoked" counts
    // at any age.
    if (before?.usable && found.final !== true && (found.keep === null || found.madeAt < before.madeAt)) {
      const detail = found.keep === null ? "not signed by the CA" : "older than what the CA said before";
      return this.#rest(inquiry, { ok: false, why: "no-answer", detail });
    }
    if (found.keep !== null) await cache.put(key, { bytes: fetched.bytes, ...found.keep });
    return { ok: true, bytes: fetched.bytes, fresh: true, proven: found.keep !== null };
  }

  #resting({ key, request }: Inquiry): NoAnswer | null {
    const now = this.#desk.now();
    return this.#hosts.of(hostOf(request.url), now) ?? this.#questions.of(key, now);
  }

  /** Leaves a question, or the host, alone for a while; returns the failure. */
  #rest({ key, request }: Inquiry, failed: NoAnswer): NoAnswer {
    if (failed.why === "budget") return failed; // the message's fault, not the URL's
    const ofTheHost = OF_THE_HOST.includes(failed.why) && failed.behindRedirect !== true;
    const remembered = { ...failed, detail: `${failed.detail} (not tried again so soon)` };
    if (ofTheHost) this.#hosts.add(hostOf(request.url), remembered, this.#desk.now());
    else this.#questions.add(key, remembered, this.#desk.now());
    return failed;
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}
