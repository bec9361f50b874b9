/**
 * admin: the use cases of a person: looking at the directory, deciding what waits, revoking, publishing, trusting.
 *
 * Subject: what one command of a person means, as functions over a store. A change takes who makes it, why and when
 * (`Change`), and returns what it changed. It joins `store` with the rules of `inspect` (a certificate is judged again
 * when its bar is lifted) and with what `decide` says of a plan's words.
 * It must not know a terminal, an argument, a file or the clock: bytes of files and times come in as arguments, and
 * nothing is printed here. It does not know how a mail is rendered either: whoever calls brings a `Write`.
 * Wrong input is a KeybotError: `usage` when a person asked for what cannot be, `not-found` when nothing is there.
 */
export { parseOwnAddress } from "./address.ts";
export { type Approval, approve } from "./approve.ts";
export type { AskCa, AskedBefore, CertificateToAsk } from "./ask-ca.ts";
export { type AuditQuery, auditTrail, checkTrail, type TrailCheck } from "./audit.ts";
export { type Change, changeBy } from "./change.ts";
export { senderOf } from "./choose-pending.ts";
export type { DecidedHolding, Decision, DecisionRequest } from "./decide-pending.ts";
export type { Letter, Write } from "./letter.ts";
export { type ListQuery, listCertificates } from "./list.ts";
export { type LogQuery, logEntries } from "./log.ts";
export { type FoundForUse, lookUp } from "./lookup.ts";
export {
  addAlias,
  addToMailbox,
  barredDoubts,
  findMailbox,
  type PublishedChange,
  removeAlias,
  removeFromMailbox,
  removeMailbox,
} from "./mailbox.ts";
export { dropMails, notYetSent, type OutboxQuery, outboxMails, retryMails } from "./outbox.ts";
export { type CertificateFile, type Publication, readPublication } from "./publication.ts";
export { reject } from "./reject.ts";
export { type Restored, restore } from "./restore.ts";
export { planRevocation, type Revocation, type RevokedKey, revoke } from "./revoke.ts";
export { type ListedRoot, type RootList, readRootList } from "./root-list.ts";
export { type Shown, type ShownCertificate, show } from "./show.ts";
export {
  type AddedTrust,
  addTrust,
  findTrust,
  listTrust,
  removeTrust,
  switchTrust,
  type TrustedCa,
} from "./trust.ts";
export { readTrustFile, type TrustFileOptions, type TrustProposal } from "./trust-file.ts";
export { applyTrustUpdate, planTrustUpdate, type TrustUpdate } from "./trust-update.ts";
export { whyNotUsed } from "./why-not-used.ts";
