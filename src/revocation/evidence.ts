/** What was found about one certificate so far, and whether the judge of the path would have an answer by it. */
import {
  type Certificate,
  type Computing,
  type Crl,
  fullComputing,
  isProblem,
  type OcspEvidence,
  parseOcspResponse,
  type RevocationStatus,
  revocationStatuses,
  type WeaknessOf,
} from "../pki/index.ts";
import { crlHeaderOf, crlOf, isSignedBy } from "./decoded-crl.ts";
import type { OcspWord } from "./kept-ocsp.ts";
import { SIGNER_COMPUTING } from "./limits.ts";
import { placesOf, type RevocationQuestion } from "./questions.ts";
import { type Signer, signersAmong } from "./signers.ts";
import { type CrlWorth, crlWorth, ocspWorth, type Worth } from "./worth.ts";

/** An OCSP response as it came. */
export interface OcspReply {
  /** SHA-256 of the certificate that was asked about. */
  readonly certificate: string;
  readonly der: Uint8Array;
  /** The nonce of the request; null when there was none, or when the answer was made for an earlier request. */
  readonly nonce: Uint8Array | null;
}

/** Raw answers. */
export interface Answers {
  readonly ocsp: readonly OcspReply[];
  readonly crls: readonly Uint8Array[];
}

/** What the evidence is for, and by what it is judged. */
export interface EvidenceTools {
  readonly weaknessOf: WeaknessOf;
  readonly now: () => Date;
}

/** The evidence about one certificate. Nothing is fetched here. */
export class Evidence {
  readonly question: RevocationQuestion;
  readonly #tools: EvidenceTools;
  /** Fetched, or kept and not due for renewal. */
  readonly replies: OcspReply[] = [];
  readonly proven = new Set<Uint8Array>();
  /** Kept lists that are not due for renewal: they count when it is their turn. */
  readonly freshLists = new Set<Uint8Array>();
  /** Kept, and due for renewal: the last resort. */
  lastReply: OcspReply | null = null;
  readonly lastLists = new Set<Uint8Array>();
  /** Lists whose signer is not known, with the place that each came from. */
  readonly unproven = new Map<Uint8Array, string>();
  /** What was found about signers and delegated responders. */
  readonly #beyond: Answers[] = [];
  /** Who may have signed a CRL, and of them those with a path to the anchor. */
  #candidates: readonly Certificate[];
  #signers: readonly Signer[];
  readonly #computing: Computing = { ...fullComputing(), left: SIGNER_COMPUTING };
  #settled: boolean | null = null;

  /** @param candidates certificates that may have signed a CRL */
  constructor(question: RevocationQuestion, candidates: readonly Certificate[], tools: EvidenceTools) {
    this.question = question;
    this.#tools = tools;
    this.#candidates = candidates;
    this.#signers = signersAmong(candidates, question, tools.now(), this.#computing);
  }

  get candidates(): readonly Certificate[] {
    return this.#candidates;
  }

  get signers(): readonly Signer[] {
    return this.#signers;
  }

  /** All of it, the last resort too: the judge of the path weighs it. */
  get answers(): Answers {
    const last = this.lastReply === null ? [] : [this.lastReply];
    const lists = [...this.proven, ...this.freshLists, ...this.unproven.keys(), ...this.lastLists];
    return {
      ocsp: [...this.replies, ...last, ...this.#beyond.flatMap(({ ocsp }) => ocsp)],
      crls: [...new Set([...lists, ...this.#beyond.flatMap(({ crls }) => crls)])],
    };
  }

  /** Whether anybody has said anything of the certificate: a delta CRL alone says nothing. */
  get isAnswered(): boolean {
    const lists = [...this.proven, ...this.freshLists, ...this.unproven.keys(), ...this.lastLists];
    return this.replies.length > 0 || this.lastReply !== null || lists.some(isComplete);
  }

  /** To be called when something was added. */
  changed(): void {
    this.#settled = null;
  }

  /** The turn of the kept lists has come. */
  countKeptLists(): void {
    for (const der of this.freshLists) this.proven.add(der);
    this.changed();
  }

  /** Adds what was found about a signer or a delegated responder. */
  addBeyond(answers: Answers): void {
    this.#beyond.push(answers);
    this.changed();
  }

  /** Adds certificates that may have signed a CRL. */
  addCandidates(certificates: readonly Certificate[]): void {
    const known = new Set(this.#candidates.map(({ sha256 }) => sha256));
    const added = certificates.filter(({ sha256 }) => !known.has(sha256));
    if (added.length === 0) return;
    this.#candidates = [...this.#candidates, ...added];
    this.#signers = signersAmong(this.#candidates, this.question, this.#tools.now(), this.#computing);
    this.changed();
  }

  /** Whether what counts says good or revoked. Kept answers that are due for renewal do not count. */
  isSettled(): boolean {
    this.#settled ??= isAnswer(this.#statusBy(this.replies, [...this.proven]));
    return this.#settled;
  }

  /** The same by OCSP alone, and what was found about a delegated responder. */
  isSettledByReply(): boolean {
    return this.replies.length > 0 && isAnswer(this.#statusBy(this.replies, []));
  }

  /** The complete lists that count, or would as the last resort. */
  completeLists(): readonly Uint8Array[] {
    return [...this.proven, ...this.unproven.keys(), ...this.lastLists].filter(isComplete);
  }

  /**
   * Where the delta CRLs are: as the certificate says (RFC 5280 §4.2.1.15), and as the complete CRLs say (§5.2.6), those
   * that are proven: nobody on the way is to send us to URLs of his.
   */
  deltaPlaces(): readonly (readonly string[])[] {
    const named = [...this.proven, ...this.freshLists, ...this.lastLists].flatMap((der) => {
      const crl = crlHeaderOf(der);
      return isProblem(crl) ? [] : placesOf(crl.freshestCrl ?? []);
    });
    const all = [...this.question.deltas, ...named];
    return [...new Map(all.map((urls) => [urls.join(" "), urls])).values()];
  }

  /** What a list is worth for the question, as far as its signers are known by now. */
  worthOf(der: Uint8Array, wanted: "complete" | "delta"): CrlWorth {
    const signers = this.#signers.map(({ certificate }) => certificate);
    return crlWorth(der, this.question, wanted, signers, this.#tools.now());
  }

  /** Of the signers off the path those who signed a list that counts. */
  signersInUse(): readonly Signer[] {
    return this.#signers.filter(({ certificate }) =>
      [...this.proven].some((der) => {
        const crl = crlHeaderOf(der);
        return !isProblem(crl) && isSignedBy(der, crl, certificate);
      }),
    );
  }

  /** What an OCSP response says that is worth something. */
  wordOf(reply: OcspReply, { madeAt, final = false }: Worth & { readonly usable: true }): OcspWord {
    const status = checkedAlone(reply, this.question, this.#tools);
    return { isRevoked: status === "revoked", isFinal: final, madeAt };
  }

  /** What a kept OCSP response says; null when it counts no longer. */
  wordOfKept(der: Uint8Array): OcspWord | null {
    const { weaknessOf, now } = this.#tools;
    const worth = ocspWorth(der, this.question, null, weaknessOf, now());
    const reply = { certificate: this.question.certificate.sha256, der, nonce: null };
    return worth.usable ? this.wordOf(reply, worth) : null;
  }

  #statusBy(replies: readonly OcspReply[], lists: readonly Uint8Array[]): RevocationStatus {
    const beyond = this.#beyond.flatMap(({ crls }) => crls);
    const ocsp = [...replies, ...this.#beyond.flatMap((found) => found.ocsp)];
    const { path } = this.question;
    // Of the candidates those to whom a path leads: with any other's key nothing is computed here.
    const others = this.#signers.flatMap(({ path: way }) => way.slice(0, -1));
    const { weaknessOf, now } = this.#tools;
    const crls = decodedCrls([...lists, ...beyond]);
    const [status] = revocationStatuses({
      path,
      ocsp: decodedOcsp(ocsp),
      crls,
      others,
      at: now(),
      weaknessOf,
    });
    return status ?? { status: "unknown", why: "" };
  }
}

function checkedAlone(
  reply: OcspReply,
  { path }: RevocationQuestion,
  { weaknessOf, now }: EvidenceTools,
): RevocationStatus["status"] {
  const ocsp = decodedOcsp([reply]);
  const [status] = revocationStatuses({ path, ocsp, crls: [], others: [], at: now(), weaknessOf });
  return status?.status ?? "unknown";
}

function decodedOcsp(replies: readonly OcspReply[]): readonly OcspEvidence[] {
  return replies.flatMap(({ certificate, der, nonce }): OcspEvidence[] => {
    const response = parseOcspResponse(der);
    return isProblem(response) ? [] : [{ certificate, response, nonce }];
  });
}

function decodedCrls(lists: readonly Uint8Array[]): readonly Crl[] {
  return lists.flatMap((der): Crl[] => {
    const crl = crlOf(der);
    return isProblem(crl) ? [] : [crl];
  });
}

/** Who does not know the certificate leaves it to another source (RFC 6960 §2.2). */
function isAnswer({ status }: RevocationStatus): boolean {
  return status === "good" || status === "revoked";
}

function isComplete(der: Uint8Array): boolean {
  const crl = crlHeaderOf(der);
  return !isProblem(crl) && crl.baseCrlNumber === null;
}
