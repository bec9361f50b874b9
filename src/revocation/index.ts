/**
 * revocation: asking CAs over HTTP whether certificates are revoked (PRODUCT §3 rule 6, §5 last item).
 *
 * Subject: which CRLs and OCSP responses to fetch for a path, and which issuers a certificate names; fetching, keeping. It knows HTTP, the rules that
 * a stranger's URL is fetched under (public addresses only, one budget a message) and how long an answer may be kept.
 * The only room with an HTTP client, so it also brings the list of public CAs whose URL an admin types, under the same
 * rules and over https alone. It must not know mails, policies, findings or the database: the clock, the log and
 * the cache come in as arguments, and what an answer means is judged in `pki`, over the whole path.
 *
 * What is behind a URL never causes an error here: it causes an `Unanswered`. Ask only when the mail's signature is
 * right and, for all but issuers, the path ends in an anchor.
 */

export {
  openRevocationDesk,
  type RevocationAnswers,
  type RevocationDesk,
  type RevocationOptions,
  type Unanswered,
} from "./ask-revocation.ts";
export type { AskBudget } from "./budget.ts";
export { type KeptAnswer, memoryCache, type RevocationCache } from "./cache.ts";
export type { OcspReply } from "./evidence.ts";
export type { Issuers } from "./fetch-issuers.ts";
export { fetchRootList, type RootListOptions } from "./fetch-root-list.ts";
export type { Fetched, FetchFailure } from "./fetched.ts";
export type { Attempt } from "./inquiry.ts";
export { ASK_LIMITS, type AskLimits, ROOT_LIST_LIMITS } from "./limits.ts";
export { type RevocationQuestion, revocationQuestions } from "./questions.ts";
export type { Fetches, Reader, Stranger, StrangerBook, StrangerRequest } from "./strangers.ts";
