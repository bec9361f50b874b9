import { bytes, milliseconds, time } from "./column.ts";
import type { Connection } from "./connection.ts";

/** Who had something fetched, and from where. */
export interface StrangerFetcher {
  /** Of the From address; empty when there is none. */
  readonly domain: string;
  readonly authenticated: boolean;
  readonly host: string;
}

/** Requests and the bytes that came. */
export interface FetchCount {
  readonly requests: number;
  readonly bytes: number;
}

/** What certificates that nobody believes yet have had us fetch, and what came. */
export interface StrangerFetches {
  /** Since then: of all who are authenticated or not as this one, of those for his domain, and of anybody from the host. */
  strangerFetches(
    by: StrangerFetcher,
    since: Date,
  ): Promise<{ readonly all: FetchCount; readonly sender: FetchCount; readonly host: FetchCount }>;
  /** Notes a request, and forgets those before `since`; returns its number. */
  noteStrangerFetch(request: StrangerFetcher & { readonly at: Date }, since: Date): Promise<number>;
  /** Notes how much came, and the answer itself when it is to be kept. */
  noteStrangerAnswer(
    request: number,
    size: number,
    kept: { readonly url: string; readonly bytes: Uint8Array } | null,
  ): Promise<void>;
  /** The newest answer of a URL that is kept since then. */
  strangerAnswer(url: string, since: Date): Promise<{ readonly bytes: Uint8Array; readonly at: Date } | null>;
}

const COUNT =
  "SELECT count(*) AS requests, coalesce(sum(size), 0) AS bytes FROM stranger_fetch WHERE at >= :since";
const OF_ALL = `${COUNT} AND authenticated = :authenticated`;
const OF_SENDER = `${OF_ALL} AND domain = :domain`;
const OF_HOST = `${COUNT} AND host = :host`;
const FORGET = "DELETE FROM stranger_fetch WHERE at < ?";
const NOTE = `
  INSERT INTO stranger_fetch (at, domain, authenticated, host) VALUES (:at, :domain, :authenticated, :host)
  RETURNING id`;
const NOTE_ANSWER = "UPDATE stranger_fetch SET size = :size, url = :url, bytes = :bytes WHERE id = :id";
const ANSWER = "SELECT at, bytes FROM stranger_fetch WHERE url = ? AND at >= ? ORDER BY id DESC LIMIT 1";

export function strangerFetches(on: Connection): StrangerFetches {
  const ofAll = on.db.prepare<[object], FetchCount>(OF_ALL);
  const ofSender = on.db.prepare<[object], FetchCount>(OF_SENDER);
  const ofHost = on.db.prepare<[object], FetchCount>(OF_HOST);
  const forget = on.db.prepare<[number]>(FORGET);
  const note = on.db.prepare<[object], { id: number }>(NOTE);
  const noteAnswer = on.db.prepare(NOTE_ANSWER);
  const answer = on.db.prepare<[string, number], { at: number; bytes: Uint8Array }>(ANSWER);
  const none: FetchCount = { requests: 0, bytes: 0 };
  return {
    strangerFetches: ({ domain, authenticated, host }, since) =>
      on.read(() => {
        const whose = { since: milliseconds(since), authenticated: authenticated ? 1 : 0 };
        return {
          all: ofAll.get(whose) ?? none,
          sender: ofSender.get({ ...whose, domain }) ?? none,
          host: ofHost.get({ since: milliseconds(since), host }) ?? none,
        };
      }),
    noteStrangerFetch: ({ domain, authenticated, host, at }, since) =>
      on.write(() => {
        forget.run(milliseconds(since));
        const row = { at: milliseconds(at), domain, authenticated: authenticated ? 1 : 0, host };
        return note.get(row)?.id ?? 0;
      }),
    noteStrangerAnswer: (request, size, kept) =>
      on.write(() => {
        noteAnswer.run({ id: request, size, url: kept?.url ?? null, bytes: kept?.bytes ?? null });
      }),
    strangerAnswer: (url, since) =>
      on.read(() => {
        const row = answer.get(url, milliseconds(since));
        return row === undefined ? null : { bytes: bytes(row.bytes), at: time(row.at) };
      }),
  };
}
