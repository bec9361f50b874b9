/**
 * store: everything that keybot remembers, in one SQLite file.
 *
 * Subject: ledger, directory of partners, published mailboxes, trust store, outbox, reply budgets, leases and the audit
 * trail. It knows SQL (all of the project's) and is the only importer of the SQLite driver, whose types and errors
 * do not pass this border: rows become domain types, failures become KeybotErrors.
 * It must not know a rule of the product: what to store and what to answer is decided by functions and values that it
 * is given. No clock and no log: times come in as arguments.
 *
 * Every method is one transaction: it is done when its promise resolves, and nothing happened when it rejects.
 * SQLite works synchronously behind the promises; waiting for another process' write blocks this one.
 */
export type { NewsQuery, WrittenNotice } from "./admin-notice.ts";
export {
  AUDIT_ACTIONS,
  type AuditAction,
  type AuditDetail,
  type AuditEntry,
  type AuditFilter,
} from "./audit.ts";
export type { AuditCheck, AuditQuestion } from "./audit-chain.ts";
export type { BarredKey } from "./barred-key.ts";
export type {
  ChangedHolding,
  HoldingChange,
  ImportCount,
  ImportItem,
  ImportRequest,
  Rejudged,
} from "./change.ts";
export type { CommitAttempt, CommitInput, CommitResult, Decide, Decision } from "./commit.ts";
export type { DirectoryCertificate, FoundCertificate, Search } from "./directory.ts";
export type { Forgotten } from "./forget.ts";
export type { Holding } from "./holding.ts";
export type { MailMark, Suspect } from "./in-hand.ts";
export type { LedgerEntry, LedgerFilter, LedgerMessage, Outcome, Waiting, WaitingMessage } from "./ledger.ts";
export type { CertificateRecord, ListingFilter, ListingSort } from "./listing.ts";
export type { Mailbox, MailboxCertificate, MailboxChange } from "./mailboxes.ts";
export { makeFolder } from "./make-folder.ts";
export { databaseFile, type OpenOptions, openEmptyStore, openStore, type Store } from "./open.ts";
export type {
  ClaimedMail,
  MailTemplate,
  OutboxChange,
  OutboxEntry,
  OutboxFilter,
  RenderedReply,
} from "./outbox.ts";
export type { CachedAnswer } from "./revocation-cache.ts";
export type {
  CertificateToCheck,
  CheckNote,
  RevokedByCa,
  Unanswered,
  WithoutPath,
} from "./revocation-check.ts";
export type { AskedAnswer, RevocationState } from "./revocation-state.ts";
export type { OutboxState, StoredStatus } from "./transition.ts";
export type {
  LoadedTrustList,
  TrustChange,
  TrustEntry,
  TrustItem,
  TrustList,
  TrustOrigin,
  TrustReplacement,
} from "./trust.ts";
