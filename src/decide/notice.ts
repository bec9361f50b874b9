import type { Finding, FindingCode } from "../inspect/index.ts";
import type { Plan, Template } from "./plan.ts";

/** The mails to the admin: certificates that wait for him, the note of the day, an outbox that does not empty. */
export type NoticeKind = "pending" | "daily" | "stuck";

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
      "failed" | "bounced" | "unhandled" | "noPath" | "delayed" | "withheld"
    >)
  | { readonly kind: "stuck"; readonly stuck: StuckNews };

/** Mails leave unsigned, because the signing certificate is of no use; no news of the database, but of the configuration. */
export interface SigningNotice {
  readonly kind: "signing";
  readonly why: string;
}

const HOUR = 3_600_000;

/** PRODUCT §3: at most one mail an hour about pending certificates; of the rest one a day is enough. */
const EVERY: Readonly<Record<"pending" | "daily", number>> = { pending: HOUR, daily: 24 * HOUR };

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
  const { pending, failed, bounced, unhandled, noPath, delayed, withheld, stuck } = news;
  const ofTheDay = failed.count + bounced.count + unhandled.count + noPath.count + delayed + withheld;
  const due: Notice[] = [];
  if (pending.count > 0 && isTime("pending", news, now)) due.push({ kind: "pending", pending });
  if (ofTheDay > 0 && isTime("daily", news, now)) {
    due.push({ kind: "daily", failed, bounced, unhandled, noPath, delayed, withheld });
  }
  // Once an episode: it is another one when every mail that waited at the last notice has gone.
  if (stuck !== null && (news.told.stuck === null || stuck.since > news.told.stuck)) {
    due.push({ kind: "stuck", stuck });
  }
  return due;
}

/** A last time that lies in the future was noted by a clock that was wrong. */
function isTime(kind: "pending" | "daily", { told }: AdminNews, now: Date): boolean {
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
