/** The search for what CAs say of one certificate: kept answers, then place after place, until the evidence settles it. */
import { hash } from "node:crypto";
import {
  buildOcspRequest,
  type Certificate,
  delegateOf,
  isProblem,
  parseOcspResponse,
  type WeaknessOf,
} from "../pki/index.ts";
import type { AskBudget } from "./budget.ts";
import { crlHeaderOf } from "./decoded-crl.ts";
import { type Answers, Evidence } from "./evidence.ts";
import { askInTurn, type Place } from "./in-turn.ts";
import { type Attempt, attempt, type Inquiries, type NoAnswer, noAnswer } from "./inquiry.ts";
import type { KeptCrls } from "./kept-crls.ts";
import type { KeptOcsp } from "./kept-ocsp.ts";
import {
  MAX_FETCHED_CRL_BYTES,
  MAX_FETCHED_OCSP_BYTES,
  MAX_ISSUER_BYTES,
  MAX_SIGNERS_ASKED_ABOUT,
} from "./limits.ts";
import { ocspRequest } from "./ocsp-inquiry.ts";
import { inRounds, type RevocationQuestion, revocationQuestions } from "./questions.ts";
import { signersIn, signerUrls } from "./signers.ts";
import { type CrlWorth, ocspWorth } from "./worth.ts";

/** What searches share. */
export interface SearchTools {
  readonly inquiries: Inquiries;
  readonly keptCrls: KeptCrls;
  readonly keptOcsp: KeptOcsp;
  /** Fresh random octets for each OCSP request (RFC 8954 §2.1); null: requests without nonce. */
  readonly nonce: (() => Uint8Array) | null;
  readonly weaknessOf: WeaknessOf;
  readonly now: () => Date;
}

/** What was found about one certificate, raw. */
export interface Found extends Answers {
  /** DER of certificates that were fetched because they may have signed a CRL. */
  readonly signers: readonly Uint8Array[];
  /** What was tried in vain, in the order of the places; null when somebody has said something. */
  readonly attempts: readonly Attempt[] | null;
}

/**
 * Searches for what CAs say of one certificate (RFC 5280 §6.3.3, RFC 6960): it ends when an answer counts for all reasons
 * of revocation, or somebody says that it is revoked. A kept answer that is due for renewal is the last resort.
 * @param beside certificates that may have signed a CRL
 * @throws KeybotError what the cache throws
 */
export async function search(
  question: RevocationQuestion,
  beside: readonly Certificate[],
  tools: SearchTools,
  budget: AskBudget,
): Promise<Found> {
  const one = new Search(question, beside, tools, budget);
  await one.askPlaces();
  await one.askFurther();
  return one.found();
}

class Search {
  readonly #question: RevocationQuestion;
  readonly #tools: SearchTools;
  readonly #budget: AskBudget;
  readonly #evidence: Evidence;
  readonly #certId: string;
  readonly #fetchedSigners: Certificate[] = [];
  readonly #attempts: { readonly place: number; readonly attempt: Attempt }[] = [];
  #places = 0;

  constructor(
    question: RevocationQuestion,
    beside: readonly Certificate[],
    tools: SearchTools,
    budget: AskBudget,
  ) {
    this.#question = question;
    this.#tools = tools;
    this.#budget = budget;
    this.#evidence = new Evidence(question, beside, tools);
    this.#certId = hash("sha256", buildOcspRequest(question.certificate, question.issuer), "hex");
  }

  /** What the certificate names: responders and complete CRLs, kept or asked. */
  async askPlaces(): Promise<void> {
    const { ocsp, crls } = this.#question;
    const evidence = this.#evidence;
    await this.#takeKeptReply();
    const unasked: string[] = [];
    for (const url of inRounds(crls)) if (!(await this.#takeKeptLists(url, "complete"))) unasked.push(url);
    const responders = ocsp.map((url) => this.#place(url, (budget) => this.#askResponder(url, budget)));
    // A responder knows of a revocation before the next CRL does.
    const kept: Place = { url: null, ask: async () => evidence.countKeptLists() };
    const lists = unasked.map((url) => this.#listPlace(url, "complete"));
    await this.#ask([...responders, kept, ...lists], () => evidence.isSettled());
  }

  /** What answers name in their turn: delta CRLs, and what is to be asked about those who signed. */
  async askFurther(): Promise<void> {
    const evidence = this.#evidence;
    if (evidence.isSettledByReply()) return this.#takeKeptDeltas();
    if (evidence.completeLists().length > 0) await this.#askForDeltas();
    if (!evidence.isSettled()) await this.#askForSigners();
    if (!evidence.isSettled()) await this.#askAboutSigners();
    if (!evidence.isSettled()) await this.#askAboutDelegates();
  }

  found(): Found {
    const inOrder = [...this.#attempts].sort((left, right) => left.place - right.place);
    return {
      ...this.#evidence.answers,
      signers: this.#fetchedSigners.map(({ der }) => der),
      attempts: this.#evidence.isAnswered ? null : inOrder.map((one) => one.attempt),
    };
  }

  /** Hosts that were silent lately are asked after all others. */
  async #ask(places: readonly Place[], isEnough: () => boolean): Promise<void> {
    const { inquiries } = this.#tools;
    const isSlow = ({ url }: Place): boolean => url !== null && inquiries.isSlow(url);
    const inOrder = [...places.filter((place) => !isSlow(place)), ...places.filter(isSlow)];
    await askInTurn(inOrder, this.#budget, isEnough, (url) => inquiries.noteSlow(url));
  }

  #place(url: string, ask: (budget: AskBudget) => Promise<NoAnswer | null>): Place {
    const place = this.#places++;
    return {
      url,
      ask: async (budget) => {
        const failed = await ask(budget);
        if (failed !== null) this.#attempts.push({ place, attempt: attempt(url, failed) });
        this.#evidence.changed();
      },
    };
  }

  #listPlace(url: string, wanted: "complete" | "delta"): Place {
    return this.#place(url, (budget) => this.#askForList(url, wanted, budget));
  }

  // OCSP (RFC 6960)

  async #takeKeptReply(): Promise<void> {
    const { keptOcsp, now } = this.#tools;
    const kept = await keptOcsp.of(this.#certId, now());
    if (kept === null) return;
    const reply = { certificate: this.#question.certificate.sha256, der: kept.bytes, nonce: null };
    if (kept.fresh) this.#evidence.replies.push(reply);
    else this.#evidence.lastReply = reply;
  }

  async #askResponder(url: string, budget: AskBudget): Promise<NoAnswer | null> {
    const { inquiries, keptOcsp, nonce, weaknessOf, now } = this.#tools;
    const { certificate, issuer } = this.#question;
    const evidence = this.#evidence;
    const sent = nonce?.() ?? null;
    const key = `ocsp ${this.#certId} ${url}`;
    const post = ocspRequest(url, certificate, issuer, sent);
    const request = { url, post, maxBytes: MAX_FETCHED_OCSP_BYTES };
    const answer = await inquiries.ask({ key, request }, budget);
    if (!answer.ok) return answer;
    const reply = { certificate: certificate.sha256, der: answer.bytes, nonce: answer.fresh ? sent : null };
    const worth = ocspWorth(reply.der, this.#question, reply.nonce, weaknessOf, now());
    if (!worth.usable) return inquiries.rest(key, noAnswer(worth.detail));
    const word = evidence.wordOf(reply, worth);
    const wordOf = (der: Uint8Array) => evidence.wordOfKept(der);
    const counts =
      worth.keep === null || (await keptOcsp.keep(this.#certId, reply.der, word, worth.keep, wordOf, now()));
    if (!counts) return inquiries.rest(key, noAnswer(OLDER));
    evidence.replies.push(reply);
    evidence.lastReply = null;
    return null;
  }

  // CRLs (RFC 5280 §6.3)

  /** @returns whether this place need not be asked yet */
  async #takeKeptLists(url: string, wanted: "complete" | "delta"): Promise<boolean> {
    const { keptCrls, now } = this.#tools;
    const evidence = this.#evidence;
    const kept = await keptCrls.at(this.#question.issuer, url, now());
    if (kept === null) return false;
    if (kept.signer !== null) this.#addSigners([kept.signer]);
    const answers = kept.lists.filter((der) => isProven(evidence.worthOf(der, wanted)));
    for (const der of answers) (kept.fresh ? evidence.freshLists : evidence.lastLists).add(der);
    return kept.fresh && answers.length > 0;
  }

  async #askForList(url: string, wanted: "complete" | "delta", budget: AskBudget): Promise<NoAnswer | null> {
    const { inquiries } = this.#tools;
    const { certificate, issuer } = this.#question;
    // The issuer's key is part of the question: what one CA has proven at a URL proves nothing for another.
    const key = `crl ${issuer.spkiSha256} ${url}`;
    const ofThis = `${key} ${wanted} ${certificate.sha256}`;
    const resting = inquiries.resting(ofThis);
    if (resting !== null) return resting;
    const request = { url, post: null, maxBytes: MAX_FETCHED_CRL_BYTES };
    const answer = await inquiries.ask({ key, request }, budget);
    if (!answer.ok) return answer;
    const worth = this.#evidence.worthOf(answer.bytes, wanted);
    if (!worth.usable) return inquiries.rest(worth.forAny ? key : ofThis, noAnswer(worth.detail));
    if (!isProven(worth)) return this.#takeUnproven(answer.bytes, url, ofThis);
    if (await this.#keep(answer.bytes, url, worth)) return null;
    // What it is older than is kept: the last resort, as nobody has confirmed it.
    await this.#takeKeptLists(url, wanted);
    return inquiries.rest(ofThis, noAnswer(OLDER));
  }

  /**
   * A list that somebody else has signed goes along, as he may be allowed to, but does not end the search: a mirror's domain
   * can have fallen to a stranger. What the place gave before, proven, stands before it.
   */
  async #takeUnproven(der: Uint8Array, url: string, key: string): Promise<NoAnswer | null> {
    const { inquiries, keptCrls, now } = this.#tools;
    if ((await keptCrls.at(this.#question.issuer, url, now())) !== null)
      return inquiries.rest(key, noAnswer("not signed by the CA"));
    this.#evidence.unproven.set(der, url);
    return null;
  }

  /** @returns whether it counts: it is not older than another of its signer, kind and scope */
  async #keep(der: Uint8Array, url: string, worth: ProvenWorth): Promise<boolean> {
    const { keptCrls, weaknessOf, now } = this.#tools;
    const { issuer, path } = this.#question;
    const { signer, crl } = worth;
    const isAbove = path.some(({ sha256 }) => sha256 === signer.sha256);
    const off = this.#evidence.signers.find(({ certificate }) => certificate.sha256 === signer.sha256);
    const signers = isAbove ? [] : (off?.path.slice(0, -1) ?? []);
    const weak = weaknessOf({ signatureAlgorithm: crl.signatureAlgorithm, signers }) !== null;
    if (!(await keptCrls.keep(issuer, url, der, worth, { weak, isAbove }, now()))) return false;
    this.#evidence.proven.add(der);
    this.#evidence.changed();
    return true;
  }

  /**
   * Without a delta CRL the complete one holds until its own nextUpdate (RFC 5280 §5.2.4): why it is not there is in the log
   * only.
   */
  async #askForDeltas(): Promise<void> {
    const evidence = this.#evidence;
    for (const urls of evidence.deltaPlaces()) {
      const isThere = await this.#takeKeptDeltasAt(urls);
      evidence.countKeptLists();
      if (isThere) continue;
      const before = evidence.proven.size;
      const places = urls.map((url) => this.#listPlace(url, "delta"));
      await this.#ask(places, () => evidence.proven.size > before);
    }
  }

  async #takeKeptDeltas(): Promise<void> {
    for (const urls of this.#evidence.deltaPlaces()) await this.#takeKeptDeltasAt(urls);
  }

  /** @returns whether one of the places need not be asked yet */
  async #takeKeptDeltasAt(urls: readonly string[]): Promise<boolean> {
    let isThere = false;
    for (const url of urls) isThere = (await this.#takeKeptLists(url, "delta")) || isThere;
    return isThere;
  }

  // Those who signed and do not stand above the certificate

  /** Who signed a list that nobody above has signed is looked for where the list says (RFC 5280 §5.2.7). */
  async #askForSigners(): Promise<void> {
    const evidence = this.#evidence;
    for (const [der, url] of [...evidence.unproven]) {
      const crl = crlHeaderOf(der);
      if (isProblem(crl)) continue;
      const places = signerUrls(crl).map((at): Place => {
        const inquiry = {
          key: `crl-signer ${at}`,
          request: { url: at, post: null, maxBytes: MAX_ISSUER_BYTES },
        };
        const ask = async (budget: AskBudget) => {
          const answer = await this.#tools.inquiries.ask(inquiry, budget);
          if (answer.ok) this.#addSigners(signersIn(answer.bytes, crl));
        };
        return { url: at, ask };
      });
      await this.#ask(places, () => isProven(evidence.worthOf(der, "complete")));
      const worth = evidence.worthOf(der, "complete");
      if (!isProven(worth)) continue;
      evidence.unproven.delete(der);
      await this.#keep(der, url, worth);
    }
  }

  #addSigners(certificates: readonly Certificate[]): void {
    this.#fetchedSigners.push(...certificates);
    this.#evidence.addCandidates(certificates);
  }

  /** RFC 5280 §6.3.3 (f): a signer's path is judged as the main one is, so what it names is asked too. */
  async #askAboutSigners(): Promise<void> {
    const signers = this.#evidence.signersInUse().slice(0, MAX_SIGNERS_ASKED_ABOUT);
    for (const { path } of signers) await this.#askAlong(path);
  }

  /** RFC 6960 §4.2.2.2.1: a delegated responder without nocheck is asked about where his certificate says. */
  async #askAboutDelegates(): Promise<void> {
    const { issuer, certificate, path } = this.#question;
    const { replies, lastReply } = this.#evidence;
    const delegates = new Map<string, Certificate>();
    for (const { der } of [...replies, ...(lastReply === null ? [] : [lastReply])]) {
      const response = parseOcspResponse(der);
      const delegate = isProblem(response)
        ? null
        : delegateOf(response, certificate, issuer, this.#tools.now());
      if (delegate !== null) delegates.set(delegate.sha256, delegate);
    }
    for (const delegate of [...delegates.values()].slice(0, MAX_SIGNERS_ASKED_ABOUT))
      await this.#askAlong([delegate, ...path.slice(1)]);
  }

  /** Asks about those certificates of another path that do not stand on the path of the question. */
  async #askAlong(path: readonly Certificate[]): Promise<void> {
    const known = new Set(this.#question.path.map(({ sha256 }) => sha256));
    for (const question of revocationQuestions(path)) {
      if (known.has(question.certificate.sha256) || !question.named) continue;
      const one = new Search(question, this.#evidence.candidates, this.#tools, this.#budget);
      // Who signed the answers about him in his turn is not looked for any more.
      await one.askPlaces();
      this.#evidence.addBeyond(one.found());
    }
  }
}

const OLDER = "older than what the CA said before";

type ProvenWorth = CrlWorth & { readonly usable: true; readonly signer: Certificate };

function isProven(worth: CrlWorth): worth is ProvenWorth {
  return worth.usable && worth.signer !== null;
}
