/**
 * decide: facts, inspection and what the directory knows → a plan.
 *
 * Subject: every business rule of the product (PRODUCT §3-5). PURE and synchronous: no clock, no random, no file, no
 * database, no log. It must not know how mail arrives, how a reply is worded or how a plan is carried out.
 */

export { capOf } from "./counted-as.ts";
export { decide, viewQuery } from "./decide.ts";
export type { Evidence } from "./evidence.ts";
export { isBarred, isPinnedToAnother, keysOf } from "./judge.ts";
export { isOfMail } from "./keep.ts";
export {
  type AdminNews,
  type MailNews,
  type MessageNews,
  NEWS_TOLD,
  type News,
  NO_PATH_AGAIN_MS,
  type NoPathNews,
  type Notice,
  type NoticeKind,
  newsOf,
  notices,
  type PendingNews,
  type RevokedNews,
  type SigningNotice,
  STUCK_MS,
  type StuckNews,
  type UnansweredNews,
  type UnhandledNews,
} from "./notice.ts";
export type {
  Action,
  BarAction,
  BounceAction,
  BucketState,
  DropAction,
  FileAction,
  Folder,
  JudgedCertificate,
  MessageKind,
  Plan,
  PublishedCertificate,
  PublishedMailbox,
  ReplyAction,
  ReplyContent,
  StoreAction,
  Template,
  VerdictOnCertificate,
  WaitAction,
} from "./plan.ts";
export { REASONS, type Reason, type ReasonCode, reason } from "./reason.ts";
export { saidIn } from "./said.ts";
export { isRobot } from "./silence.ts";
export { isQuotable } from "./submission.ts";
export { type CertificateStatus, statusOf, type Verdict, verdictOf } from "./verdict.ts";
export {
  emptyView,
  type HeldCertificate,
  type PastReply,
  type View,
  type ViewQuery,
  type Waited,
} from "./view.ts";
export { askAgainAt, checkAgainAt, isWorthWaiting, LONGEST_WAIT_MS } from "./waiting.ts";
