import type { Finding, FindingCode } from "../inspect/index.ts";
import type { Plan, Template } from "./plan.ts";

/**
 * The mails to the admin: certificates that wait for him, the note of the day, an outbox that does not empty; what CAs have
 * revoked of partners' certificates, and of the company's own.
 */
export type NoticeKind = "pending" | "daily" | "stuck" | "revoked" | "withdrawn";

/** What of a message itself is news for the admin; what is news of certificates and replies, their state says. */
export type MessageNews =
  /** Reading it ended the process that did. */
  | "unhandled"
  /** A reply waits for the budget. */
  | "delayed"
  /** A reply is not sent at all, because of the budget. */
  | "withheld";

/** Some of what is new, the oldest first, and how many there are. */
export interface News<T> {
  readonly count: number;
  readonly items: readonly T[];
}

export interface PendingNews {
  readonly address: string;
  readonly sha256: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly findings: readonly Finding[];
  /** The mail that brought it was authenticated; else anybody can have written its address. */
  readonly authenticated: boolean;
}

/** A mail of ours that was given up or came back. */
export interface MailNews {
  readonly to: string;
  readonly template: Template;
  readonly createdAt: Date;
  /** Text of a stranger. */
  readonly error: string | null;
}

export interface UnhandledNews {
  /** Ledger key. */
  readonly key: string;
  readonly seenAt: Date;
  /** A `ReadProblem`. */
  readonly problem: string | null;
}

/** A certificate in use that leads to no trusted CA, so that nobody can be asked whether it is revoked. */
export interface NoPathNews {
  readonly sha256: string;
  readonly addresses: readonly string[];
  readonly since: Date;
  /** What breaks the path. */
  readonly code: FindingCode;
  /** When he was told of it before, or null. */
  readonly toldAt: Date | null;
}

/** A certificate in use about which its CA has been asked in vain for `trust.unanswered_days`. */
export interface UnansweredNews {
  readonly sha256: string;
  readonly addresses: readonly string[];
  /** The last answer; the beginning of its use when there was none. */
  readonly since: Date;
  /** What the last try said: quotes servers. */
  readonly why: string;
}

/** A certificate that its CA has revoked, and who used it: a partner, or a mailbox of ours that published it. */
export interface RevokedNews {
  readonly address: string;
  readonly sha256: string;
  /** When it was noted here. */
  readonly at: Date;
  /** What the CA says; of all customers of a CA that is revoked itself, the same. */
  readonly why: string;
}

/** Mails that wait in the outbox, though nothing but the server keeps them there. */
export interface StuckNews {
  readonly count: number;
  /** Since when the first of them waits. */
  readonly since: Date;
  /** Text of a stranger. */
  readonly error: string | null;
}

/** All that the admin has not been told of, and when he was last told of anything. */
export interface AdminNews {
  readonly told: Readonly<Record<NoticeKind, Date | null>>;
  readonly pending: News<PendingNews>;
  readonly failed: News<MailNews>;
  readonly bounced: News<MailNews>;
  readonly unhandled: News<UnhandledNews>;
  readonly noPath: News<NoPathNews>;
  readonly unanswered: News<UnansweredNews>;
  /** Partners' certificates. */
  readonly revoked: News<RevokedNews>;
  /** Certificates that mailboxes of ours published. */
  readonly withdrawn: News<RevokedNews>;
  /** Replies over the budget: sent later, and not at all. */
  readonly delayed: number;
  readonly withheld: number;
  readonly stuck: StuckNews | null;
  /** The newest of it; grows with each piece of news and never comes again. */
  readonly newest: number;
}

/** A mail to the admin; `reply/` turns it into words. */
export type Notice =
  | { readonly kind: "pending"; readonly pending: News<PendingNews> }
  | ({ readonly kind: "daily" } & Pick<
      AdminNews,
      "failed" | "bounced" | "unhandled" | "noPath" | "unanswered" | "delayed" | "withheld"
    >)
  | { readonly kind: "revoked"; readonly revoked: News<RevokedNews> }
  | { readonly kind: "withdrawn"; readonly withdrawn: News<RevokedNews> }
  | { readonly kind: "stuck"; readonly stuck: StuckNews };

/** Mails leave unsigned, because the signing certificate is of no use; no news of the database, but of the configuration. */
export interface SigningNotice {
  readonly kind: "signing";
  readonly why: string;
}

const HOUR = 3_600_000;

/**
 * PRODUCT §3, §5: at most one mail an hour about pending certificates, and about what CAs have revoked of partners'; of the
 * rest one a day is enough.
 */
const EVERY: Readonly<Record<Collected, number>> = { pending: HOUR, revoked: HOUR, daily: 24 * HOUR };

/** Kinds of which the first is told at once, and what follows is collected. */
type Collected = "pending" | "revoked" | "daily";

/** A mail that the server puts off, greylisted for example, is taken within minutes, seldom hours. */
export const STUCK_MS = 4 * HOUR;

/** Of a certificate without a path he is told again after this long, unless he has approved it himself. */
export const NO_PATH_AGAIN_MS = 30 * 24 * HOUR;

/** Of each kind of news so much is told; the admin's commands show the rest. */
export const NEWS_TOLD = 50;

/**
 * The mails that are due to the admin: the first news at once, what follows collected until its time has come. Each
 * piece of news is told once. Nothing here is ever about a mail to the admin himself.
 */
export function notices(news: AdminNews, now: Date): Notice[] {
  const { pending, failed, bounced, unhandled, noPath, unanswered, delayed, withheld, stuck } = news;
  const { revoked, withdrawn } = news;
  const ofTheDay = [failed, bounced, unhandled, noPath, unanswered].some(({ count }) => count > 0);
  const due: Notice[] = [];
  // Everybody who writes to the company may encrypt to it: told at once, however lately another one was.
  if (withdrawn.count > 0) due.push({ kind: "withdrawn", withdrawn });
  if (revoked.count > 0 && isTime("revoked", news, now)) due.push({ kind: "revoked", revoked });
  if (pending.count > 0 && isTime("pending", news, now)) due.push({ kind: "pending", pending });
  if ((ofTheDay || delayed + withheld > 0) && isTime("daily", news, now)) {
    due.push({ kind: "daily", failed, bounced, unhandled, noPath, unanswered, delayed, withheld });
  }
  // Once an episode: it is another one when every mail that waited at the last notice has gone.
  if (stuck !== null && (news.told.stuck === null || stuck.since > news.told.stuck)) {
    due.push({ kind: "stuck", stuck });
  }
  return due;
}

/** A last time that lies in the future was noted by a clock that was wrong. */
function isTime(kind: Collected, { told }: AdminNews, now: Date): boolean {
  const last = told[kind];
  return last === null || Math.abs(now.getTime() - last.getTime()) >= EVERY[kind];
}

/** Problems of a mail that ended the process that read it: the judge, or the robot itself. */
const ENDED = /^(judge\.|message\.poisoned$)/;

/** What of a decided message the admin is told in the note of the day. */
export function newsOf({ reasons }: Pick<Plan, "reasons">): MessageNews[] {
  return reasons.flatMap(({ code, detail }): MessageNews[] => {
    if (code === "unreadable") return ENDED.test(detail ?? "") ? ["unhandled"] : [];
    if (code === "reply.delayed") return ["delayed"];
    return code === "no-reply.over-budget" ? ["withheld"] : [];
  });
}
