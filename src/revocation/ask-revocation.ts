/** All questions of one message, asked: OCSP first, then CRLs and their deltas, the certificates side by side. */
import { hash } from "node:crypto";
import type { Log } from "../log.ts";
import {
  buildOcspRequest,
  type Certificate,
  isProblem,
  parseCrlHeader,
  type WeaknessOf,
} from "../pki/index.ts";
import { type AskBudget, Budget, NobodyAsked } from "./budget.ts";
import { memoryCache, type RevocationCache } from "./cache.ts";
import { fetchIssuers, type Issuers } from "./fetch-issuers.ts";
import { type Attempt, attempt, Inquiries, type Inquiry, type InquiryAnswer } from "./inquiry.ts";
import {
  ASK_LIMITS,
  type AskLimits,
  MAX_DELTA_CRLS,
  MAX_FETCHED_CRL_BYTES,
  MAX_FETCHED_OCSP_BYTES,
  MEMORY_CACHE_BYTES,
  STRANGER_LIMITS,
} from "./limits.ts";
import { placesOf, type RevocationQuestion } from "./questions.ts";
import { impatientLookup, type Network, systemLookup } from "./route.ts";
import { memoryBook, type Reader, type Stranger, type StrangerBook, Strangers } from "./strangers.ts";
import { crlWorth, ocspSettles, ocspWorth } from "./worth.ts";

/** What asking needs. */
export interface RevocationOptions {
  /** URL of an HTTP proxy, or null. Its own name resolution and rules then decide which hosts can be reached. */
  readonly proxy: string | null;
  /** Fetch from addresses that are not public too. */
  readonly privateAddresses: boolean;
  /** Keeps answers over a restart; null: in memory only. */
  readonly cache: RevocationCache | null;
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
  /** Certificates that name somebody to ask, of whom none gave an answer that counts. */
  readonly unanswered: readonly Unanswered[];
}

export interface OcspReply {
  /** SHA-256 of the certificate that was asked about. */
  readonly certificate: string;
  readonly der: Uint8Array;
  /** The nonce of the request; null when there was none, or when the answer was made for an earlier request. */
  readonly nonce: Uint8Array | null;
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
   * @returns a part of what could be had, when the budget was given up meanwhile
   * @throws KeybotError what the cache throws
   */
  ask(questions: readonly RevocationQuestion[], budget: AskBudget): Promise<RevocationAnswers>;
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
  const inquiries = new Inquiries({ network, cache, log, now });
  return {
    budget: (signal) => new Budget(limits, signal),
    strangersBudget: (signal) => new Budget(strangerLimits, signal),
    nobody: () => new NobodyAsked(),
    issuersOf: (certificate, by, read, budget) => fetchIssuers(certificate, by, read, strangers, budget),
    async ask(questions, budget) {
      const manner = { nonce, weaknessOf };
      const outcomes = await Promise.all(
        questions.map((question) => askOne(question, inquiries, budget, manner)),
      );
      const unanswered = outcomes.flatMap((outcome) => outcome.unanswered ?? []);
      for (const { certificate, attempts } of budget.givenUp || budget.missed ? [] : unanswered) {
        const tried = attempts.map(({ url, why, detail }) => `${url} ${why}: ${detail}`);
        log.warn("revocation.unanswered", { certificate, tried });
      }
      return {
        ocsp: outcomes.flatMap(({ ocsp }) => ocsp),
        crls: eachOnce(outcomes.flatMap(({ crls }) => crls)),
        unanswered,
      };
    },
  };
}

/** How OCSP is asked, and what is taken for an answer. */
interface OcspManner {
  readonly nonce: (() => Uint8Array) | null;
  readonly weaknessOf: WeaknessOf;
}

interface Outcome {
  readonly ocsp: readonly OcspReply[];
  readonly crls: readonly Uint8Array[];
  readonly unanswered: Unanswered | null;
}

async function askOne(
  question: RevocationQuestion,
  inquiries: Inquiries,
  budget: AskBudget,
  { nonce, weaknessOf }: OcspManner,
): Promise<Outcome> {
  const certificate = question.certificate.sha256;
  const attempts: Attempt[] = [];
  const ocsp: OcspReply[] = [];
  for (const url of question.ocsp) {
    const fresh = nonce?.() ?? null;
    const answer = await inquiries.ask(ocspInquiry(url, question, fresh, weaknessOf), budget);
    if (!answer.ok) attempts.push(attempt(url, answer));
    else {
      const reply = { certificate, der: answer.bytes, nonce: answer.fresh ? fresh : null };
      ocsp.push(reply);
      if (ocspSettles(reply.der, question, reply.nonce, weaknessOf, inquiries.now()))
        return { ocsp, crls: [], unanswered: null };
    }
  }
  const complete: Answer[] = [];
  for (const places of question.crls) {
    complete.push(...(await askForCrl(places, question, inquiries, budget, attempts)));
  }
  // Without one, the complete CRL holds until its own nextUpdate (RFC 5280 §5.2.4): why it is not there is in the log only.
  const deltas: Answer[] = [];
  for (const places of deltaPlaces(question, complete)) {
    deltas.push(...(await askForCrl(places, question, inquiries, budget, [])));
  }
  const silent = question.named && complete.length === 0 && ocsp.length === 0;
  const crls = [...complete, ...deltas].map(({ bytes }) => bytes);
  return { ocsp, crls, unanswered: silent ? { certificate, attempts } : null };
}

type Answer = InquiryAnswer & { readonly ok: true };

/**
 * One CRL from the first place that has it, signed by the CA itself. A list that somebody else has signed goes along, as he
 * may be allowed to, but does not end the search: a mirror's domain can have fallen to a stranger. What was tried in vain
 * goes to the attempts.
 */
async function askForCrl(
  places: readonly string[],
  question: RevocationQuestion,
  inquiries: Inquiries,
  budget: AskBudget,
  attempts: Attempt[],
): Promise<readonly Answer[]> {
  const found: Answer[] = [];
  for (const url of places) {
    const answer = await inquiries.ask(crlInquiry(url, question), budget);
    if (answer.ok) found.push(answer);
    else attempts.push(attempt(url, answer));
    if (answer.ok && answer.proven) break;
  }
  return found;
}

/**
 * The delta CRLs to what was had: those that the certificate names (RFC 5280 §4.2.1.15) and those that the complete CRLs
 * name (§5.2.6), the latter only where the CA has signed them: nobody on the way is to send us to URLs of his.
 */
function deltaPlaces(
  { deltas }: RevocationQuestion,
  complete: readonly Answer[],
): readonly (readonly string[])[] {
  if (complete.length === 0) return [];
  const all = [...deltas, ...complete.flatMap(({ bytes, proven }) => (proven ? freshestOf(bytes) : []))];
  return [...new Map(all.map((places) => [places.join(" "), places])).values()].slice(0, MAX_DELTA_CRLS);
}

/** Kept answers are the same buffer each time, and a digest over megabytes is not to be paid for every mail. */
const freshest = new WeakMap<Uint8Array, readonly (readonly string[])[]>();

function freshestOf(der: Uint8Array): readonly (readonly string[])[] {
  const known = freshest.get(der);
  if (known !== undefined) return known;
  const crl = parseCrlHeader(der);
  const places = isProblem(crl) ? [] : placesOf(crl.freshestCrl ?? []);
  freshest.set(der, places);
  return places;
}

/**
 * Departs from RFC 5019 §5 (GET for small requests) because every responder takes a POST, also those of small CAs; what
 * a GET would find in caches on the way, our own cache has.
 */
function ocspInquiry(
  url: string,
  question: RevocationQuestion,
  nonce: Uint8Array | null,
  weaknessOf: WeaknessOf,
): Inquiry {
  const { certificate, issuer } = question;
  const body = buildOcspRequest(certificate, issuer, { nonce });
  const plain = nonce === null ? body : buildOcspRequest(certificate, issuer);
  return {
    key: `ocsp ${hash("sha256", plain, "hex")} ${url}`,
    request: {
      url,
      post: { body, contentType: "application/ocsp-request" },
      maxBytes: MAX_FETCHED_OCSP_BYTES,
    },
    worth: (bytes, now) => ocspWorth(bytes, question, nonce, weaknessOf, now),
  };
}

/** The issuer's key is part of the question: what one CA has proven at a URL proves nothing for another. */
function crlInquiry(url: string, question: RevocationQuestion): Inquiry {
  return {
    key: `crl ${question.issuer.spkiSha256} ${url}`,
    request: { url, post: null, maxBytes: MAX_FETCHED_CRL_BYTES },
    worth: (bytes, now) => crlWorth(bytes, question, now),
  };
}

/** Two certificates of one CA have the same CRL; cached and shared answers are even the same buffer. */
function eachOnce(all: readonly Uint8Array[]): readonly Uint8Array[] {
  const byDigest = new Map([...new Set(all)].map((der) => [hash("sha256", der, "hex"), der]));
  return [...byDigest.values()];
}
