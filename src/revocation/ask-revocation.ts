/** All questions of one message, asked: OCSP first, then CRLs and their deltas, the certificates side by side. */
import { hash } from "node:crypto";
import type { Log } from "../log.ts";
import type { Certificate, WeaknessOf } from "../pki/index.ts";
import { type AskBudget, Budget, NobodyAsked } from "./budget.ts";
import { memoryCache, type RevocationCache } from "./cache.ts";
import type { OcspReply } from "./evidence.ts";
import { fetchIssuers, type Issuers } from "./fetch-issuers.ts";
import { type Attempt, Inquiries } from "./inquiry.ts";
import { KeptCrls } from "./kept-crls.ts";
import { KeptOcsp } from "./kept-ocsp.ts";
import {
  ASK_LIMITS,
  type AskLimits,
  CRL_MAX_AGE_MS,
  MEMORY_CACHE_BYTES,
  OCSP_MAX_AGE_MS,
  STRANGER_LIMITS,
} from "./limits.ts";
import type { RevocationQuestion } from "./questions.ts";
import { impatientLookup, type Network, systemLookup } from "./route.ts";
import { type SearchTools, search } from "./search.ts";
import { memoryBook, type Reader, type Stranger, type StrangerBook, Strangers } from "./strangers.ts";

/** What asking needs. */
export interface RevocationOptions {
  /** URL of an HTTP proxy, or null. Its own name resolution and rules then decide which hosts can be reached. */
  readonly proxy: string | null;
  /** Fetch from addresses that are not public too. */
  readonly privateAddresses: boolean;
  /** Keeps answers over a restart; null: in memory only. */
  readonly cache: RevocationCache | null;
  /** Milliseconds since a kept answer was last had, after which it counts no longer, whatever its nextUpdate. */
  readonly maxAge?: { readonly ocsp: number; readonly crl: number };
  /** What strangers had us fetch, over a restart; in memory only when it is left out. */
  readonly strangers?: StrangerBook;
  readonly log: Log;
  readonly now: () => Date;
  /** Fresh random octets, 1 to 32 (RFC 8954 §2.1), for each OCSP request; null, the default: requests without nonce. */
  readonly nonce?: (() => Uint8Array) | null;
  /** Which "good" of an OCSP responder counts for nothing, so that the next place is asked; none when it is left out. */
  readonly weaknessOf?: WeaknessOf;
  /** All addresses of a host name; when it is left out, the system's resolver, and for strangers one of our own. */
  readonly lookup?: Network["lookup"];
  /** `ASK_LIMITS` when it is left out. */
  readonly limits?: AskLimits;
  /** `STRANGER_LIMITS` when it is left out. */
  readonly strangerLimits?: AskLimits;
}

/** What could be had, raw: `revocationStatuses` of pki judges it together with the path. */
export interface RevocationAnswers {
  readonly ocsp: readonly OcspReply[];
  /** DER of each, each once. */
  readonly crls: readonly Uint8Array[];
  /** DER of certificates that may have signed a CRL off the path, fetched from where the CRL says (RFC 5280 §5.2.7). */
  readonly signers: readonly Uint8Array[];
  /** Certificates that name somebody to ask, of whom none gave an answer that counts. */
  readonly unanswered: readonly Unanswered[];
}

export interface Unanswered {
  /** SHA-256. */
  readonly certificate: string;
  /** What was tried, in order; empty when it names no http(s) URL that may be fetched. */
  readonly attempts: readonly Attempt[];
}

/** Asks CAs over HTTP; keeps answers, and shares what is on its way, between all messages. */
export interface RevocationDesk {
  /**
   * What may be spent on one message, whatever is asked for it; its clock runs until it is closed.
   * @param signal aborted: what is open is given up at once
   */
  budget(signal?: AbortSignal): AskBudget;
  /** The same for what a message of a stranger has us ask. */
  strangersBudget(signal?: AbortSignal): AskBudget;
  /** Nothing may be spent: only what is known already counts; `missed` tells whether that was enough. */
  nobody(): AskBudget;
  /**
   * Asks all questions of one message. Never rejects for what a URL does or holds.
   * @param beside certificates at hand that may have signed a CRL although they are not on the path
   * @returns a part of what could be had, when the budget was given up meanwhile
   * @throws KeybotError what the cache throws
   */
  ask(
    questions: readonly RevocationQuestion[],
    budget: AskBudget,
    beside?: readonly Certificate[],
  ): Promise<RevocationAnswers>;
  /**
   * Fetches what a certificate says that its issuers are (RFC 5280 §4.2.2.1, caIssuers): candidates for its path, none
   * when it names no URL or nothing there fits. Never rejects for what a URL does or holds. Ask only when the mail's
   * signature is right (PRODUCT §5).
   * @param by who has us ask: nothing is known yet of the CA
   * @param read what counts of the bytes that came: they are a stranger's, and not decoded here
   * @throws KeybotError what the book throws, and what `read` throws
   */
  issuersOf(certificate: Certificate, by: Stranger, read: Reader, budget: AskBudget): Promise<Issuers>;
}

/** Opens the desk. One for the whole program. */
export function openRevocationDesk(options: RevocationOptions): RevocationDesk {
  const {
    proxy,
    privateAddresses,
    log,
    now,
    limits = ASK_LIMITS,
    strangerLimits = STRANGER_LIMITS,
  } = options;
  const { nonce = null, weaknessOf = () => null } = options;
  const network = { proxy, privateAddresses, lookup: options.lookup ?? systemLookup };
  const outside = { ...network, lookup: options.lookup ?? impatientLookup };
  const strangers = new Strangers(outside, options.strangers ?? memoryBook(), log, now);
  const cache = memoryCache(MEMORY_CACHE_BYTES, options.cache);
  const { maxAge = { ocsp: OCSP_MAX_AGE_MS, crl: CRL_MAX_AGE_MS } } = options;
  const tools: SearchTools = {
    inquiries: new Inquiries({ network, log, now }),
    keptCrls: new KeptCrls(cache, maxAge.crl),
    keptOcsp: new KeptOcsp(cache, maxAge.ocsp),
    nonce,
    weaknessOf,
    now,
  };
  return {
    budget: (signal) => new Budget(limits, signal, now),
    strangersBudget: (signal) => new Budget(strangerLimits, signal),
    nobody: () => new NobodyAsked(),
    issuersOf: (certificate, by, read, budget) => fetchIssuers(certificate, by, read, strangers, budget),
    async ask(questions, budget, beside = []) {
      const outcomes = await Promise.all(
        questions.map(async (question) => {
          const found = await search(question, beside, tools, budget);
          return { ...found, certificate: question.certificate.sha256, named: question.named };
        }),
      );
      const unanswered = outcomes.flatMap(({ certificate, named, attempts }): Unanswered[] =>
        named && attempts !== null ? [{ certificate, attempts }] : [],
      );
      for (const { certificate, attempts } of budget.givenUp || budget.missed ? [] : unanswered) {
        const tried = attempts.map(({ url, why, detail }) => `${url} ${why}: ${detail}`);
        log.warn("revocation.unanswered", { certificate, tried });
      }
      return {
        ocsp: outcomes.flatMap(({ ocsp }) => ocsp),
        crls: eachOnce(outcomes.flatMap(({ crls }) => crls)),
        signers: eachOnce(outcomes.flatMap(({ signers }) => signers)),
        unanswered,
      };
    },
  };
}

/** Two certificates of one CA have the same CRL; cached and shared answers are even the same buffer. */
function eachOnce(all: readonly Uint8Array[]): readonly Uint8Array[] {
  const byDigest = new Map([...new Set(all)].map((der) => [hash("sha256", der, "hex"), der]));
  return [...byDigest.values()];
}
