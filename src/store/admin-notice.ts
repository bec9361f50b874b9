import type {
  AdminNews,
  MailNews,
  MessageNews,
  News,
  NoticeKind,
  PendingNews,
  RevokedNews,
} from "../decide/index.ts";
import type { Finding } from "../inspect/index.ts";
import { json, milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";
import type { OutboxRows, RenderedReply } from "./outbox.ts";
import {
  UNANSWERED_COLUMNS,
  UNANSWERED_ROWS,
  type UnansweredRow,
  unansweredOf,
  WITHOUT_PATH_COLUMNS,
  type WithoutPathRow,
  withoutPathOf,
} from "./revocation-check.ts";

/** Which news is read. */
export interface NewsQuery {
  readonly now: Date;
  /** A mail in the outbox is stuck when it has been due since before. */
  readonly stuckBefore: Date;
  /** A certificate without a path is news again when it was told before then. */
  readonly noPathToldBefore: Date;
  /** A certificate about which nobody has answered since before then is news, once until somebody does. */
  readonly unansweredBefore: Date;
  /** Of each kind of news at most so many in full. */
  readonly limit: number;
}

/** A mail to the admin as it goes into the outbox, and what it tells of. */
export interface WrittenNotice {
  readonly kind: NoticeKind;
  readonly mail: RenderedReply;
}

/** What the admin is told of by mail, each once. */
export interface AdminNotices {
  /** All that he has not been told of; null when there is nothing, which costs one look at a few small indexes. */
  adminNews(query: NewsQuery): Promise<AdminNews | null>;
  /**
   * Puts the mails that `write` makes of the news into the outbox and notes what they tell of, in one transaction: a
   * death before it loses none, one after it doubles none, and of two robots one finds nothing left to tell.
   * @param write synchronous; runs inside the transaction
   * @returns how many were written
   */
  tellAdmin(query: NewsQuery, write: (news: AdminNews) => readonly WrittenNotice[]): Promise<number>;
}

/** Used inside the caller's transaction. */
export interface NewsRows {
  /** Notes what is news of a message. */
  note(news: readonly MessageNews[], ledger: number): void;
}

type NewsKind = "pending" | "failed" | "bounced" | MessageNews;

/** Which news a mail of a kind tells of, completely. */
const TOLD_BY: Readonly<Record<NoticeKind, readonly NewsKind[]>> = {
  pending: ["pending"],
  daily: ["failed", "bounced", "unhandled", "delayed", "withheld"],
  // Not noted row by row: the outbox says it.
  stuck: [],
  // Noted in a table of their own.
  revoked: [],
  withdrawn: [],
};

const UNHANDLED = "INSERT INTO admin_news (kind, ledger) VALUES ('unhandled', ?) ON CONFLICT DO NOTHING";
const COUNT_UP = "UPDATE admin_news SET count = count + 1 WHERE kind = ?";
const COUNT = "INSERT INTO admin_news (kind) VALUES (?)";

/** Waiting for nothing but the server: held back by a budget is one whose first time has not come. */
const STUCK_MAILS = `
  FROM outbox WHERE state = 'waiting' AND template <> 'notice'
    AND iif(attempts = 0, next_attempt_at, created_at) <= :stuck_before`;
/** What a person has approved, or published, is told once: he knew it then, or knows it now. */
const NO_PATH = `
  FROM revocation_check r INDEXED BY revocation_check_no_path CROSS JOIN certificate c ON c.id = r.certificate
  WHERE r.no_path_since IS NOT NULL AND r.in_use = 1 AND c.not_after >= :now
    AND (r.no_path_told_at IS NULL OR (r.no_path_told_at <= :told_before
      AND EXISTS (SELECT 1 FROM holding h WHERE h.certificate = c.id AND h.status = 'active' AND h.approved = 0)))`;
const NO_PATH_COUNT = `SELECT count(*) AS count ${NO_PATH}`;
const NO_PATH_LIST = `SELECT ${WITHOUT_PATH_COLUMNS} ${NO_PATH} ORDER BY r.no_path_since, c.id LIMIT :limit`;
const NO_PATH_TOLD = `
  UPDATE revocation_check SET no_path_told_at = :now WHERE certificate IN (SELECT r.certificate ${NO_PATH})`;
const UNTOLD = `${UNANSWERED_ROWS} AND r.unanswered_told_at IS NULL`;
const UNTOLD_COUNT = `SELECT count(*) AS count ${UNTOLD}`;
const UNTOLD_LIST = `SELECT ${UNANSWERED_COLUMNS} ${UNTOLD} ORDER BY r.heard_at, c.id LIMIT :limit`;
const UNANSWERED_TOLD = `
  UPDATE revocation_check SET unanswered_told_at = :now WHERE certificate IN (SELECT r.certificate ${UNTOLD})`;
const REVOKED_COUNTS = "SELECT kind, count(*) AS count FROM revoked_news GROUP BY kind";
const REVOKED = `
  SELECT n.address, n.at, n.why, c.sha256 FROM revoked_news n JOIN certificate c ON c.id = n.certificate
  WHERE n.kind = ? ORDER BY n.id LIMIT ?`;
const REVOKED_TOLD = "DELETE FROM revoked_news WHERE kind = ?";
export const ANY_NEWS = `
  SELECT EXISTS (SELECT 1 FROM admin_news) OR EXISTS (SELECT 1 FROM revoked_news) OR EXISTS (SELECT 1 ${STUCK_MAILS})
    OR EXISTS (SELECT 1 ${NO_PATH}) OR EXISTS (SELECT 1 ${UNTOLD}) AS news`;
const STUCK = `
  SELECT count(*) AS count, min(iif(attempts = 0, next_attempt_at, created_at)) AS since,
    (SELECT last_error FROM outbox WHERE state = 'waiting' AND template <> 'notice' AND last_error IS NOT NULL
     ORDER BY attempts DESC, id LIMIT 1) AS error
  ${STUCK_MAILS}`;
const COUNTS =
  "SELECT kind, count(*) AS row_count, sum(count) AS total, max(id) AS newest FROM admin_news GROUP BY kind";
const PENDING = `
  SELECT h.address, c.sha256, c.not_before, c.not_after, h.findings, h.authenticated
  FROM admin_news n JOIN holding h ON h.id = n.holding JOIN certificate c ON c.id = h.certificate
  WHERE n.kind = 'pending' ORDER BY n.id LIMIT ?`;
const MAILS = `
  SELECT o.recipient, o.template, o.created_at, o.last_error
  FROM admin_news n JOIN outbox o ON o.id = n.outbox WHERE n.kind = ? ORDER BY n.id LIMIT ?`;
const MESSAGES = `
  SELECT l.key, l.seen_at, (SELECT value ->> 'detail' FROM json_each(l.reasons) WHERE value ->> 'code' = 'unreadable') AS problem
  FROM admin_news n JOIN ledger l ON l.id = n.ledger WHERE n.kind = 'unhandled' ORDER BY n.id LIMIT ?`;
const LAST = "SELECT kind, told_at FROM admin_notice";
const TOLD = `
  INSERT INTO admin_notice (kind, told_at) VALUES (:kind, :at)
  ON CONFLICT (kind) DO UPDATE SET told_at = excluded.told_at`;
const FORGET = "DELETE FROM admin_news WHERE kind = ?";

interface CountRow {
  readonly kind: NewsKind;
  readonly row_count: number;
  readonly total: number;
  readonly newest: number;
}

interface PendingRow {
  readonly address: string;
  readonly sha256: string;
  readonly not_before: number;
  readonly not_after: number;
  readonly findings: string;
  readonly authenticated: number | null;
}

interface MailRow {
  readonly recipient: string;
  readonly template: MailNews["template"];
  readonly created_at: number;
  readonly last_error: string | null;
}

interface MessageRow {
  readonly key: string;
  readonly seen_at: number;
  readonly problem: string | null;
}

interface RevokedRow {
  readonly address: string;
  readonly at: number;
  readonly why: string;
  readonly sha256: string;
}

interface StuckRow {
  readonly count: number;
  readonly since: number | null;
  readonly error: string | null;
}

export function newsRows({ db }: Connection): NewsRows {
  const unhandled = db.prepare<[number]>(UNHANDLED);
  const countUp = db.prepare<[string]>(COUNT_UP);
  const count = db.prepare<[string]>(COUNT);
  return {
    note: (news, ledger) => {
      for (const kind of news) {
        if (kind === "unhandled") unhandled.run(ledger);
        else if (countUp.run(kind).changes === 0) count.run(kind);
      }
    },
  };
}

export function adminNotices(on: Connection, mails: OutboxRows): AdminNotices {
  const { db } = on;
  const any = db.prepare<[object], { news: number }>(ANY_NEWS);
  const stuck = db.prepare<[object], StuckRow>(STUCK);
  const counts = db.prepare<[], CountRow>(COUNTS);
  const pending = db.prepare<[number], PendingRow>(PENDING);
  const noPathCount = db.prepare<[object], { count: number }>(NO_PATH_COUNT);
  const noPath = db.prepare<[object], WithoutPathRow>(NO_PATH_LIST);
  const noPathTold = db.prepare(NO_PATH_TOLD);
  const untoldCount = db.prepare<[object], { count: number }>(UNTOLD_COUNT);
  const untold = db.prepare<[object], UnansweredRow>(UNTOLD_LIST);
  const unansweredTold = db.prepare(UNANSWERED_TOLD);
  const revokedCounts = db.prepare<[], { kind: "revoked" | "withdrawn"; count: number }>(REVOKED_COUNTS);
  const revoked = db.prepare<[string, number], RevokedRow>(REVOKED);
  const revokedTold = db.prepare<[string]>(REVOKED_TOLD);
  const mailsOf = db.prepare<[string, number], MailRow>(MAILS);
  const messages = db.prepare<[number], MessageRow>(MESSAGES);
  const last = db.prepare<[], { kind: NoticeKind; told_at: number }>(LAST);
  const told = db.prepare(TOLD);
  const forget = db.prepare<[string]>(FORGET);

  const noPathOf = ({ now, noPathToldBefore }: NewsQuery) => ({
    now: milliseconds(now),
    told_before: milliseconds(noPathToldBefore),
  });

  const untoldOf = ({ now, unansweredBefore }: NewsQuery) => ({
    now: milliseconds(now),
    unanswered_before: milliseconds(unansweredBefore),
  });

  function read(query: NewsQuery): AdminNews | null {
    const { stuckBefore, limit } = query;
    const before = { stuck_before: milliseconds(stuckBefore) };
    const without = noPathOf(query);
    const unanswered = untoldOf(query);
    if (any.get({ ...before, ...without, ...unanswered })?.news !== 1) return null;
    const counted = new Map(revokedCounts.all().map(({ kind, count }) => [kind, count]));
    const revokedNews = (kind: "revoked" | "withdrawn"): News<RevokedNews> => {
      const count = counted.get(kind) ?? 0;
      return { count, items: count === 0 ? [] : revoked.all(kind, limit).map(revokedOf) };
    };
    const rows = counts.all();
    const countOf = (kind: NewsKind) => rows.find((row) => row.kind === kind);
    const news = <T>(kind: NewsKind, items: () => readonly T[]): News<T> => {
      const row = countOf(kind);
      return row === undefined ? { count: 0, items: [] } : { count: row.row_count, items: items() };
    };
    const mailNews = (kind: "failed" | "bounced") => news(kind, () => mailsOf.all(kind, limit).map(mailOf));
    const times = new Map(last.all().map((row) => [row.kind, time(row.told_at)]));
    const waiting = stuck.get(before);
    return {
      told: {
        pending: times.get("pending") ?? null,
        daily: times.get("daily") ?? null,
        stuck: times.get("stuck") ?? null,
        revoked: times.get("revoked") ?? null,
        withdrawn: times.get("withdrawn") ?? null,
      },
      pending: news("pending", () => pending.all(limit).map(pendingOf)),
      failed: mailNews("failed"),
      bounced: mailNews("bounced"),
      unhandled: news("unhandled", () =>
        messages.all(limit).map(({ key, seen_at, problem }) => ({ key, seenAt: time(seen_at), problem })),
      ),
      noPath: {
        count: noPathCount.get(without)?.count ?? 0,
        items: noPath.all({ ...without, limit }).map(withoutPathOf),
      },
      unanswered: {
        count: untoldCount.get(unanswered)?.count ?? 0,
        items: untold.all({ ...unanswered, limit }).map(unansweredOf),
      },
      revoked: revokedNews("revoked"),
      withdrawn: revokedNews("withdrawn"),
      delayed: countOf("delayed")?.total ?? 0,
      withheld: countOf("withheld")?.total ?? 0,
      stuck:
        waiting === undefined || waiting.since === null
          ? null
          : { count: waiting.count, since: time(waiting.since), error: waiting.error },
      newest: Math.max(0, ...rows.map((row) => row.newest)),
    };
  }

  return {
    adminNews: (query) => on.read(() => read(query)),
    tellAdmin: (query, write) =>
      on.write(() => {
        const news = read(query);
        const written = news === null ? [] : write(news);
        for (const { kind, mail } of written) {
          mails.insert(mail, null, query.now);
          told.run({ kind, at: milliseconds(query.now) });
          for (const of of TOLD_BY[kind]) forget.run(of);
          if (kind === "revoked" || kind === "withdrawn") revokedTold.run(kind);
          if (kind !== "daily") continue;
          noPathTold.run(noPathOf(query));
          unansweredTold.run(untoldOf(query));
        }
        return written.length;
      }),
  };
}

function pendingOf(row: PendingRow): PendingNews {
  return {
    address: row.address,
    sha256: row.sha256,
    notBefore: time(row.not_before),
    notAfter: time(row.not_after),
    findings: json<readonly Finding[]>(row.findings),
    authenticated: row.authenticated === 1,
  };
}

function revokedOf({ address, sha256, at, why }: RevokedRow): RevokedNews {
  return { address, sha256, at: time(at), why };
}

function mailOf(row: MailRow): MailNews {
  return {
    to: row.recipient,
    template: row.template,
    createdAt: time(row.created_at),
    error: row.last_error,
  };
}
