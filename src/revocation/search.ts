/** The search for what CAs say of one certificate: kept answers, then place after place, until the evidence settles it. */
import { hash } from "node:crypto";
import {
  buildOcspRequest,
  type Certificate,
  type Crl,
  isProblem,
  type OcspEvidence,
  parseOcspResponse,
  type RevocationStatus,
  revocationStatuses,
  type WeaknessOf,
} from "../pki/index.ts";
import type { AskBudget } from "./budget.ts";
import { crlHeaderOf, crlOf, isSignedBy } from "./decoded-crl.ts";
import { askInTurn, type Place } from "./in-turn.ts";
import { type Attempt, attempt, type Inquiries, type NoAnswer, noAnswer } from "./inquiry.ts";
import type { KeptCrls } from "./kept-crls.ts";
import type { KeptOcsp, OcspWord } from "./kept-ocsp.ts";
import {
  MAX_FETCHED_CRL_BYTES,
  MAX_FETCHED_OCSP_BYTES,
  MAX_ISSUER_BYTES,
  MAX_SIGNERS_ASKED_ABOUT,
} from "./limits.ts";
import { ocspRequest } from "./ocsp-inquiry.ts";
import { inRounds, placesOf, type RevocationQuestion, revocationQuestions } from "./questions.ts";
import { type Signer, signersAmong, signersIn, signerUrls } from "./signers.ts";
import { type CrlWorth, crlWorth, ocspWorth } from "./worth.ts";

/** An OCSP response as it came. */
export interface OcspReply {
  /** SHA-256 of the certificate that was asked about. */
  readonly certificate: string;
  readonly der: Uint8Array;
  /** The nonce of the request; null when there was none, or when the answer was made for an earlier request. */
  readonly nonce: Uint8Array | null;
}

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
export interface Found {
  readonly ocsp: readonly OcspReply[];
  readonly crls: readonly Uint8Array[];
  /** DER of certificates that were fetched because they may have signed a CRL. */
  readonly signers: readonly Uint8Array[];
  /** What was tried in vain, in the order of the places; null when something was found. */
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
  await one.run();
  return one.found();
}

class Search {
  readonly #question: RevocationQuestion;
  readonly #tools: SearchTools;
  readonly #budget: AskBudget;
  readonly #certId: string;
  /** Who may have signed a CRL, and of them those with a path to the anchor. */
  #candidates: readonly Certificate[];
  #signers: readonly Signer[];
  /** By what was fetched, or is kept and need not be renewed yet. */
  readonly #replies: OcspReply[] = [];
  readonly #proven = new Set<Uint8Array>();
  /** Lists whose signer is not known, by their place. */
  readonly #unproven = new Map<Uint8Array, string>();
  /** Kept, and need not be renewed yet: they count when it is their turn. */
  readonly #freshLists = new Set<Uint8Array>();
  /** Kept, and due for renewal. */
  #lastReply: OcspReply | null = null;
  readonly #lastLists = new Set<Uint8Array>();
  readonly #fetchedSigners: Certificate[] = [];
  /** What was found about signers. */
  readonly #beyond: Found[] = [];
  readonly #attempts: { readonly place: number; readonly attempt: Attempt }[] = [];
  #settled: boolean | null = null;

  constructor(
    question: RevocationQuestion,
    beside: readonly Certificate[],
    tools: SearchTools,
    budget: AskBudget,
  ) {
    this.#question = question;
    this.#tools = tools;
    this.#budget = budget;
    this.#candidates = beside;
    this.#signers = signersAmong(beside, question, tools.now());
    this.#certId = hash("sha256", buildOcspRequest(question.certificate, question.issuer), "hex");
  }

  async run(): Promise<void> {
    await this.#askPlaces();
    if (this.#isSettledByReply()) return this.#takeKeptDeltas();
    await this.#askForDeltas();
    if (!this.#isSettled()) await this.#askAboutSigners();
  }

  /** What the certificate names: responders and CRLs, kept or asked. */
  async #askPlaces(): Promise<void> {
    const { ocsp, crls } = this.#question;
    await this.#takeKeptReply();
    const unasked: string[] = [];
    for (const url of inRounds(crls)) if (!(await this.#takeKeptLists(url))) unasked.push(url);
    const responders = ocsp.map((url) => this.#place(url, (budget) => this.#askResponder(url, budget)));
    // A responder knows of a revocation before the next CRL does.
    const kept: Place = { url: null, ask: async () => this.#countKeptLists() };
    const lists = unasked.map((url) => this.#listPlace(url, "complete"));
    await this.#ask([...responders, kept, ...lists], () => this.#isSettled());
    this.#countKeptLists();
  }

  found(): Found {
    const last = this.#lastReply === null ? [] : [this.#lastReply];
    const ocsp = [...this.#replies, ...last, ...this.#beyond.flatMap((found) => found.ocsp)];
    const own = [...this.#proven, ...this.#unproven.keys(), ...this.#lastLists];
    const isAnswered = this.#replies.length + last.length > 0 || own.some(isComplete);
    return {
      ocsp,
      crls: [...own, ...this.#beyond.flatMap(({ crls }) => crls)],
      signers: this.#fetchedSigners.map(({ der }) => der),
      attempts: isAnswered ? null : this.#sortedAttempts(),
    };
  }

  #sortedAttempts(): readonly Attempt[] {
    return [...this.#attempts].sort((left, right) => left.place - right.place).map((one) => one.attempt);
  }

  /** Hosts that were silent lately are asked after all others. */
  async #ask(places: readonly Place[], isEnough: () => boolean): Promise<void> {
    const { inquiries } = this.#tools;
    const [slow, others] = [true, false].map((wanted) =>
      places.filter(({ url }) => (url !== null && inquiries.isSlow(url)) === wanted),
    );
    await askInTurn([...(others ?? []), ...(slow ?? [])], this.#budget, isEnough, (url) =>
      inquiries.noteSlow(url),
    );
  }

  #places = 0;

  #place(url: string, ask: (budget: AskBudget) => Promise<NoAnswer | null>): Place {
    const place = this.#places++;
    return {
      url,
      ask: async (budget) => {
        const failed = await ask(budget);
        if (failed !== null) this.#attempts.push({ place, attempt: attempt(url, failed) });
        this.#settled = null;
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
    if (kept.fresh) this.#replies.push(reply);
    else this.#lastReply = reply;
  }

  async #askResponder(url: string, budget: AskBudget): Promise<NoAnswer | null> {
    const { inquiries, keptOcsp, nonce, weaknessOf, now } = this.#tools;
    const { certificate, issuer } = this.#question;
    const sent = nonce?.() ?? null;
    const key = `ocsp ${this.#certId} ${url}`;
    const post = ocspRequest(url, certificate, issuer, sent);
    const answer = await inquiries.ask(
      { key, request: { url, post, maxBytes: MAX_FETCHED_OCSP_BYTES } },
      budget,
    );
    if (!answer.ok) return answer;
    const reply = { certificate: certificate.sha256, der: answer.bytes, nonce: answer.fresh ? sent : null };
    const worth = ocspWorth(reply.der, this.#question, reply.nonce, weaknessOf, now());
    if (!worth.usable) return inquiries.rest(key, noAnswer(worth.detail));
    const word = { isRevoked: this.#statusBy([reply], []).status === "revoked", madeAt: worth.madeAt };
    const wordOf = (der: Uint8Array) => this.#wordOf(der);
    const counts =
      worth.keep === null || (await keptOcsp.keep(this.#certId, reply.der, word, worth.keep, wordOf, now()));
    if (!counts) return inquiries.rest(key, noAnswer(OLDER));
    this.#replies.push(reply);
    this.#lastReply = null;
    return null;
  }

  #wordOf(der: Uint8Array): OcspWord | null {
    const { weaknessOf, now } = this.#tools;
    const worth = ocspWorth(der, this.#question, null, weaknessOf, now());
    if (!worth.usable) return null;
    const reply = { certificate: this.#question.certificate.sha256, der, nonce: null };
    return { isRevoked: this.#statusBy([reply], []).status === "revoked", madeAt: worth.madeAt };
  }

  // CRLs (RFC 5280 §6.3)

  /** @returns whether this place need not be asked yet */
  async #takeKeptLists(url: string, wanted: "complete" | "delta" = "complete"): Promise<boolean> {
    const { keptCrls, now } = this.#tools;
    const kept = await keptCrls.at(this.#question.issuer, url, now());
    if (kept === null) return false;
    if (kept.signer !== null) this.#addCandidates([kept.signer]);
    const answers = kept.lists.filter((der) => isProvenWorth(this.#worthOf(der, wanted)));
    for (const der of answers) (kept.fresh ? this.#freshLists : this.#lastLists).add(der);
    return kept.fresh && answers.length > 0;
  }

  #countKeptLists(): void {
    for (const der of this.#freshLists) this.#proven.add(der);
    this.#settled = null;
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
    const worth = this.#worthOf(answer.bytes, wanted);
    if (!worth.usable) return inquiries.rest(worth.forAny ? key : ofThis, noAnswer(worth.detail));
    if (worth.signer === null) return this.#takeUnproven(answer.bytes, url, ofThis);
    if (!(await this.#keep(answer.bytes, url, worth, worth.signer)))
      return inquiries.rest(ofThis, noAnswer(OLDER));
    return null;
  }

  /**
   * A list that somebody else has signed goes along, as he may be allowed to, but does not end the search: a mirror's domain
   * can have fallen to a stranger. What the place gave before, proven, stands before it.
   */
  async #takeUnproven(der: Uint8Array, url: string, key: string): Promise<NoAnswer | null> {
    const { inquiries, keptCrls, now } = this.#tools;
    if ((await keptCrls.at(this.#question.issuer, url, now())) !== null)
      return inquiries.rest(key, noAnswer("not signed by the CA"));
    this.#unproven.set(der, url);
    return null;
  }

  async #keep(
    der: Uint8Array,
    url: string,
    worth: CrlWorth & { readonly usable: true },
    signer: Certificate,
  ): Promise<boolean> {
    const { keptCrls, weaknessOf, now } = this.#tools;
    const { issuer, path } = this.#question;
    const isAbove = path.some(({ sha256 }) => sha256 === signer.sha256);
    const off = isAbove
      ? undefined
      : this.#signers.find(({ certificate }) => certificate.sha256 === signer.sha256);
    const { signatureAlgorithm } = worth.crl;
    const weak = weaknessOf({ signatureAlgorithm, signers: off?.path.slice(0, -1) ?? [] }) !== null;
    if (!(await keptCrls.keep(issuer, url, der, { ...worth, signer }, { weak, isAbove }, now()))) {
      await this.#takeKeptLists(url);
      return false;
    }
    this.#proven.add(der);
    this.#settled = null;
    return true;
  }

  #worthOf(der: Uint8Array, wanted: "complete" | "delta"): CrlWorth {
    const signers = this.#signers.map(({ certificate }) => certificate);
    return crlWorth(der, this.#question, wanted, signers, this.#tools.now());
  }

  /**
   * The delta CRLs to what was had: those that the certificate names (RFC 5280 §4.2.1.15) and those that the complete CRLs
   * name (§5.2.6), the latter only where the CA has signed them: nobody on the way is to send us to URLs of his. Without
   * one, the complete CRL holds until its own nextUpdate (§5.2.4): why it is not there is in the log only.
   */
  async #askForDeltas(): Promise<void> {
    const complete = [...this.#proven, ...this.#unproven.keys(), ...this.#lastLists].filter(isComplete);
    if (complete.length === 0) return;
    for (const urls of this.#deltaPlaces()) {
      const [first] = await this.#takeKeptOf(urls);
      this.#countKeptLists();
      if (first !== undefined) continue;
      const before = this.#proven.size;
      await this.#ask(
        urls.map((url) => this.#listPlace(url, "delta")),
        () => this.#proven.size > before,
      );
    }
  }

  async #takeKeptDeltas(): Promise<void> {
    for (const urls of this.#deltaPlaces()) await this.#takeKeptOf(urls);
    this.#countKeptLists();
  }

  /** @returns those of the URLs that need not be asked yet */
  async #takeKeptOf(urls: readonly string[]): Promise<readonly string[]> {
    const fresh: string[] = [];
    for (const url of urls) if (await this.#takeKeptLists(url, "delta")) fresh.push(url);
    return fresh;
  }

  #deltaPlaces(): readonly (readonly string[])[] {
    const named = [...this.#proven, ...this.#lastLists].flatMap((der) => {
      const crl = crlHeaderOf(der);
      return isProblem(crl) ? [] : placesOf(crl.freshestCrl ?? []);
    });
    const all = [...this.#question.deltas, ...named];
    return [...new Map(all.map((urls) => [urls.join(" "), urls])).values()];
  }

  // Signers off the path (RFC 5280 §6.3.3 (f))

  /**
   * Who signed a list that nobody above has signed is looked for where the list says (RFC 5280 §5.2.7), and what his own
   * certificate names is asked about him.
   */
  async #askAboutSigners(): Promise<void> {
    for (const [der, url] of [...this.#unproven]) {
      const crl = crlHeaderOf(der);
      if (isProblem(crl)) continue;
      const places = signerUrls(crl).map(
        (at): Place => ({
          url: at,
          ask: async (budget) => {
            const answer = await this.#tools.inquiries.ask(
              { key: `crl-signer ${at}`, request: { url: at, post: null, maxBytes: MAX_ISSUER_BYTES } },
              budget,
            );
            if (answer.ok) this.#addSigners(signersIn(answer.bytes, der, crl));
          },
        }),
      );
      await this.#ask(places, () => isProvenWorth(this.#worthOf(der, "complete")));
      const worth = this.#worthOf(der, "complete");
      if (!isProvenWorth(worth)) continue;
      this.#unproven.delete(der);
      await this.#keep(der, url, worth, worth.signer);
    }
    if (this.#isSettled()) return;
    const lists = [...this.#proven];
    const used = this.#signers.filter(({ certificate }) =>
      lists.some((der) => {
        const crl = crlHeaderOf(der);
        return !isProblem(crl) && isSignedBy(der, crl, certificate);
      }),
    );
    for (const { path } of used.slice(0, MAX_SIGNERS_ASKED_ABOUT)) await this.#askBeyond(path);
  }

  /** Asks about those certificates of a signer's path that do not stand on the path of the question. */
  async #askBeyond(path: readonly Certificate[]): Promise<void> {
    const known = new Set(this.#question.path.map(({ sha256 }) => sha256));
    for (const question of revocationQuestions(path)) {
      if (known.has(question.certificate.sha256) || !question.named) continue;
      const one = new Search(question, this.#candidates, this.#tools, this.#budget);
      // Who signed the lists about a signer is not looked for any more.
      await one.#askPlaces();
      this.#beyond.push(one.found());
      this.#settled = null;
    }
  }

  #addSigners(certificates: readonly Certificate[]): void {
    this.#fetchedSigners.push(...certificates);
    this.#addCandidates(certificates);
  }

  #addCandidates(certificates: readonly Certificate[]): void {
    const known = new Set(this.#candidates.map(({ sha256 }) => sha256));
    const added = certificates.filter(({ sha256 }) => !known.has(sha256));
    if (added.length === 0) return;
    this.#candidates = [...this.#candidates, ...added];
    this.#signers = signersAmong(this.#candidates, this.#question, this.#tools.now());
  }

  // What the judge of the path would say

  #isSettled(): boolean {
    this.#settled ??= this.#status().status !== "unknown";
    return this.#settled;
  }

  #isSettledByReply(): boolean {
    return this.#replies.length > 0 && this.#statusBy(this.#replies, []).status !== "unknown";
  }

  #status(): RevocationStatus {
    const beyond = this.#beyond.flatMap(({ crls }) => crls);
    return this.#statusBy(this.#replies, [...this.#proven, ...beyond]);
  }

  #statusBy(replies: readonly OcspReply[], lists: readonly Uint8Array[]): RevocationStatus {
    const ocsp = replies.flatMap(({ certificate, der, nonce }): OcspEvidence[] => {
      const response = parseOcspResponse(der);
      return isProblem(response) ? [] : [{ certificate, response, nonce }];
    });
    const crls = lists.flatMap((der): Crl[] => {
      const crl = crlOf(der);
      return isProblem(crl) ? [] : [crl];
    });
    const { path } = this.#question;
    const { weaknessOf, now } = this.#tools;
    const at = now();
    const [status] = revocationStatuses({ path, ocsp, crls, others: this.#candidates, at, weaknessOf });
    return status ?? { status: "unknown", why: "" };
  }
}

const OLDER = "older than what the CA said before";

function isComplete(der: Uint8Array): boolean {
  const crl = crlHeaderOf(der);
  return !isProblem(crl) && crl.baseCrlNumber === null;
}

function isProvenWorth(
  worth: CrlWorth,
): worth is CrlWorth & { readonly usable: true; readonly signer: Certificate } {
  return worth.usable && worth.signer !== null;
}
