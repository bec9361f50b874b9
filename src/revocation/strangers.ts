/**
 * Questions of strangers: fetches that a certificate asks for whose path does not end in an anchor. They have a memory, a
 * cache and limits of their own, so that nobody whom we do not believe makes us leave a CA alone, fills the disk, or has
 * us fetch from a third party more than this room allows all of them together.
 */
import type { Log } from "../log.ts";
import { type AskBudget, PartOfBudget } from "./budget.ts";
import { expiry, fetchUrl } from "./fetch.ts";
import { failure } from "./fetched.ts";
import type { NoAnswer } from "./inquiry.ts";
import {
  FAILURE_REST_MS,
  KEEP_OF_STRANGERS_MS,
  MAX_ISSUER_BYTES,
  OF_AUTHENTICATED,
  OF_NOBODY,
  PER_HOST,
  PER_SENDER,
  RATION_MS,
  type Ration,
} from "./limits.ts";
import { Rests } from "./rests.ts";
import type { Network } from "./route.ts";

/** Who has us ask. */
export interface Stranger {
  /** As caps count him: his registered domain, or his address at a freemail provider; empty when there is none. */
  readonly domain: string;
  /** The domain is his: who forges it draws on a ration of its own. */
  readonly authenticated: boolean;
}

/** What was fetched within a time. */
export interface Fetches {
  readonly requests: number;
  readonly bytes: number;
}

/** One request that is about to be made. */
export interface StrangerRequest extends Stranger {
  readonly host: string;
  readonly at: Date;
}

/**
 * What strangers had us fetch, kept over a restart; the oldest goes first. Errors of its environment (a disk) are thrown as
 * `KeybotError`s and pass through.
 */
export interface StrangerBook {
  /** Since then: of all who are authenticated or not as this one, of those for his domain, and of anybody from the host. */
  fetches(
    by: Stranger & { readonly host: string },
    since: Date,
  ): Promise<{ readonly all: Fetches; readonly sender: Fetches; readonly host: Fetches }>;
  /** Notes a request before it is made, and forgets those before `since`; returns its number. */
  note(request: StrangerRequest, since: Date): Promise<number>;
  /** Notes what came of it: so many bytes, and, to be used again, what they are. */
  noteAnswer(
    request: number,
    size: number,
    kept: { readonly url: string; readonly bytes: Uint8Array } | null,
  ): Promise<void>;
  /** The newest answer of a URL since then. */
  answer(url: string, since: Date): Promise<{ readonly bytes: Uint8Array; readonly at: Date } | null>;
}

/** Reads what a URL has given: the certificates in it that count, none when none does; null when it cannot be read at all. */
export type Reader = (bytes: Uint8Array) => Promise<readonly Uint8Array[] | null>;

export type StrangerAnswer = { readonly ok: true; readonly certificates: readonly Uint8Array[] } | NoAnswer;

/** Asks for strangers, within their rations. */
export class Strangers {
  readonly #network: Network;
  readonly #book: StrangerBook;
  readonly #log: Log;
  readonly #now: () => Date;
  /** URLs whose answer is on its way: whoever names the same waits for it. */
  readonly #open = new Map<string, Promise<Raw>>();
  readonly #resting = new Rests<NoAnswer>();

  constructor(network: Network, book: StrangerBook, log: Log, now: () => Date) {
    this.#network = network;
    this.#book = book;
    this.#log = log;
    this.#now = now;
  }

  /** Never rejects for what a URL does; an error of the book's environment, or of the reader, passes. */
  async ask(url: string, by: Stranger, read: Reader, budget: AskBudget): Promise<StrangerAnswer> {
    const now = this.#now();
    const resting = this.#resting.of(url, now);
    if (resting !== null) return resting;
    const kept = await this.#book.answer(url, new Date(now.getTime() - KEEP_OF_STRANGERS_MS));
    if (kept !== null) {
      const answer = await this.#read(url, kept.bytes, read);
      if (answer.ok) return answer;
      // What is of no use to this one was asked for another's sake; a server may have mended it meanwhile.
      if (now.getTime() - kept.at.getTime() < FAILURE_REST_MS) return answer;
    }
    if (budget.asksNobody) {
      if (!(await this.#mayAsk(url, by))) return failure("budget", SPENT);
      budget.miss();
      return failure("budget", "nobody was asked");
    }
    const raw = await this.#shared(url, by, budget);
    return raw.ok ? await this.#read(url, raw.bytes, read) : raw;
  }

  async #read(url: string, bytes: Uint8Array, read: Reader): Promise<StrangerAnswer> {
    const certificates = await read(bytes);
    if (certificates === null) return this.#rest(url, noAnswer("what is there cannot be read"));
    return certificates.length > 0
      ? { ok: true, certificates }
      : noAnswer("nothing there is a CA certificate whose key signed this");
  }

  async #shared(url: string, by: Stranger, budget: AskBudget): Promise<Raw> {
    const open = this.#open.get(url);
    if (open !== undefined) {
      const answer = await Promise.race([open, expiry(budget.deadline)]);
      // It was another message that had nothing left to spend.
      if (answer.ok || answer.why !== "budget") return answer;
    }
    const own = this.#fetch(url, by, budget);
    this.#open.set(url, own);
    try {
      return await own;
    } finally {
      if (this.#open.get(url) === own) this.#open.delete(url);
    }
  }

  async #fetch(url: string, by: Stranger, budget: AskBudget): Promise<Raw> {
    const rationed = new Rationed(budget, (hop) => this.#take(hop, by));
    const request = { url, post: null, maxBytes: MAX_ISSUER_BYTES };
    const fetched = await fetchUrl(request, this.#network, rationed);
    const { last, bytes } = rationed;
    if (last !== null)
      await this.#book.noteAnswer(last, bytes, fetched.ok ? { url, bytes: fetched.bytes } : null);
    if (!fetched.ok) {
      this.#log.debug("issuer.failed", { url, why: fetched.why, detail: fetched.detail });
      if (fetched.why !== "budget" && !budget.deadline.aborted) this.#rest(url, fetched);
    }
    return fetched;
  }

  /** Of the URL alone: another stranger's is not to suffer for it. */
  #rest(url: string, failed: NoAnswer): NoAnswer {
    const detail = `${failed.detail} (not tried again so soon)`;
    this.#resting.add(url, { ...failed, detail }, this.#now());
    return failed;
  }

  async #mayAsk(url: string, by: Stranger): Promise<boolean> {
    const { hostname: host } = new URL(url);
    const fetches = await this.#book.fetches({ ...by, host }, this.#since());
    const all = by.authenticated ? OF_AUTHENTICATED : OF_NOBODY;
    return isLeft(all, fetches.all) && isLeft(PER_SENDER, fetches.sender) && isLeft(PER_HOST, fetches.host);
  }

  /** Takes one request of the rations; null when one of them is used up. */
  async #take({ href, hostname: host }: URL, by: Stranger): Promise<number | null> {
    if (!(await this.#mayAsk(href, by))) return null;
    return this.#book.note({ ...by, host, at: this.#now() }, this.#since());
  }

  #since(): Date {
    return new Date(this.#now().getTime() - RATION_MS);
  }
}

type Raw = { readonly ok: true; readonly bytes: Uint8Array } | NoAnswer;

const SPENT = "strangers' certificates have had us fetch enough for this hour";

function noAnswer(detail: string): NoAnswer {
  return { ok: false, why: "no-answer", detail };
}

function isLeft(ration: Ration, { requests, bytes }: Fetches): boolean {
  return requests < ration.requests && bytes < ration.bytes;
}

/** A message's budget that draws on the rations too, and counts what came. */
class Rationed extends PartOfBudget {
  readonly #take: (url: URL) => Promise<number | null>;
  /** Number of the last request. */
  last: number | null = null;
  bytes = 0;

  constructor(budget: AskBudget, take: (url: URL) => Promise<number | null>) {
    super(budget);
    this.#take = take;
  }

  override async takeRequest(url: URL): Promise<boolean> {
    if (!(await super.takeRequest(url))) return false;
    const request = await this.#take(url);
    if (request === null) return false;
    this.last = request;
    return true;
  }

  override takeBytes(count: number): boolean {
    this.bytes += count;
    return super.takeBytes(count);
  }
}

/** A book in memory, for a program without a database. */
export function memoryBook(): StrangerBook {
  interface Page extends StrangerRequest {
    readonly id: number;
    size: number;
    kept: { readonly url: string; readonly bytes: Uint8Array } | null;
  }
  let pages: Page[] = [];
  let last = 0;
  const sum = (some: readonly Page[]): Fetches => ({
    requests: some.length,
    bytes: some.reduce((total, { size }) => total + size, 0),
  });
  return {
    async fetches({ domain, authenticated, host }, since) {
      const recent = pages.filter(({ at }) => at >= since);
      const all = recent.filter((page) => page.authenticated === authenticated);
      return {
        all: sum(all),
        sender: sum(all.filter((page) => page.domain === domain)),
        host: sum(recent.filter((page) => page.host === host)),
      };
    },
    async note(request, since) {
      last += 1;
      pages = [...pages.filter(({ at }) => at >= since), { ...request, id: last, size: 0, kept: null }];
      return last;
    },
    async noteAnswer(request, size, kept) {
      const page = pages.find(({ id }) => id === request);
      if (page !== undefined) Object.assign(page, { size, kept });
    },
    async answer(url, since) {
      const page = pages.findLast(({ kept, at }) => kept?.url === url && at >= since);
      return page?.kept ? { bytes: page.kept.bytes, at: page.at } : null;
    },
  };
}
