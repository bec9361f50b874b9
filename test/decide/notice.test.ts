import { describe, expect, it } from "vitest";
import {
  type AdminNews,
  type NoticeKind,
  newsOf,
  notices,
  type PendingNews,
  type ReasonCode,
  reason,
} from "../../src/decide/index.ts";
import { ALICE, hoursAgo, NOW } from "./kit.ts";

const PENDING: PendingNews = {
  address: ALICE,
  sha256: "a".repeat(64),
  notBefore: hoursAgo(1),
  notAfter: hoursAgo(-1),
  findings: [],
  authenticated: true,
};
const MAIL = { to: ALICE, template: "certificate", createdAt: hoursAgo(1), error: "550 no" } as const;
const REVOKED = { address: ALICE, sha256: "a".repeat(64), at: NOW, why: "revoked at noon" };
const NONE = { count: 0, items: [] };
const QUIET: AdminNews = {
  told: { pending: null, daily: null, stuck: null, revoked: null, withdrawn: null },
  pending: NONE,
  failed: NONE,
  bounced: NONE,
  unhandled: NONE,
  noPath: NONE,
  unanswered: NONE,
  revoked: NONE,
  withdrawn: NONE,
  delayed: 0,
  withheld: 0,
  stuck: null,
  newest: 0,
};
const one = <T>(item: T) => ({ count: 1, items: [item] });

function kinds(news: Partial<AdminNews>, told: Partial<Record<NoticeKind, Date>> = {}): NoticeKind[] {
  return notices({ ...QUIET, ...news, told: { ...QUIET.told, ...told } }, NOW).map(({ kind }) => kind);
}

describe("what the admin is told (PRODUCT §3, §5)", () => {
  it("is nothing when there is nothing", () => {
    expect(kinds({})).toEqual([]);
  });

  it.each<[string, Partial<AdminNews>, Partial<Record<NoticeKind, Date>>, NoticeKind[]]>([
    ["the first pending certificate, at once", { pending: one(PENDING) }, {}, ["pending"]],
    ["the next ones, not within an hour", { pending: one(PENDING) }, { pending: hoursAgo(0.99) }, []],
    ["the next ones, after an hour", { pending: one(PENDING) }, { pending: hoursAgo(1) }, ["pending"]],
    ["though the note of the day has been written", { pending: one(PENDING) }, { daily: NOW }, ["pending"]],
    [
      "though the last time was noted by a clock that was a year ahead",
      { pending: one(PENDING) },
      { pending: hoursAgo(-24 * 365) },
      ["pending"],
    ],
    ["a reply that was given up", { failed: one(MAIL) }, {}, ["daily"]],
    ["a reply that came back", { bounced: one(MAIL) }, {}, ["daily"]],
    [
      "a mail that could not be read",
      { unhandled: one({ key: "k", seenAt: NOW, problem: "judge.died" }) },
      {},
      ["daily"],
    ],
    ["replies that wait for the budget", { delayed: 3 }, {}, ["daily"]],
    ["replies that the budget forbids", { withheld: 3 }, {}, ["daily"]],
    ["all of that not twice a day", { failed: one(MAIL), delayed: 3 }, { daily: hoursAgo(23) }, []],
    ["all of that the next day", { failed: one(MAIL), delayed: 3 }, { daily: hoursAgo(24) }, ["daily"]],
    [
      "a CA that is silent",
      { unanswered: one({ ...REVOKED, addresses: [ALICE], since: NOW }) },
      {},
      ["daily"],
    ],
    ["what a CA has revoked, at once", { revoked: one(REVOKED) }, {}, ["revoked"]],
    [
      "the next that it has revoked, not within an hour",
      { revoked: one(REVOKED) },
      { revoked: hoursAgo(0.9) },
      [],
    ],
    [
      "the next that it has revoked, after an hour",
      { revoked: one(REVOKED) },
      { revoked: hoursAgo(1) },
      ["revoked"],
    ],
    [
      "that it has revoked a certificate of our own, whenever another was told of",
      { withdrawn: one(REVOKED) },
      { withdrawn: NOW, revoked: NOW },
      ["withdrawn"],
    ],
    ["both kinds, in a mail each", { pending: one(PENDING), failed: one(MAIL) }, {}, ["pending", "daily"]],
  ])("%s", (_, news, told, expected) => {
    expect(kinds(news, told)).toEqual(expected);
  });

  const stuck = (hours: number) => ({ stuck: { count: 1, since: hoursAgo(hours), error: null } });
  it.each<[string, number, Date | null, NoticeKind[]]>([
    ["when it is noticed", 5, null, ["stuck"]],
    ["not again while one that waited then still waits", 5, hoursAgo(1), []],
    ["not again after days of the same", 100, hoursAgo(90), []],
    ["again when all of those are gone, and another waits", 5, hoursAgo(6), ["stuck"]],
  ])("that the outbox does not empty: %s", (_, since, told, expected) => {
    expect(kinds(stuck(since), told === null ? {} : { stuck: told })).toEqual(expected);
  });
});

describe("what of a message is news for the admin", () => {
  it.each<[ReasonCode, string | null, readonly string[]]>([
    ["unreadable", "judge.time-limit", ["unhandled"]],
    ["unreadable", "judge.memory-limit", ["unhandled"]],
    ["unreadable", "judge.died", ["unhandled"]],
    ["unreadable", "message.poisoned", ["unhandled"]],
    ["unreadable", "mime.too-deep", []],
    ["unreadable", "message.too-large", []],
    ["reply.delayed", "2026-06-02T00:00:00.000Z", ["delayed"]],
    ["no-reply.over-budget", "certificate", ["withheld"]],
    ["no-reply.automatic", "judge.died", []],
    ["submission.pending", null, []],
  ])("%s %s", (code, detail, expected) => {
    expect(newsOf({ reasons: [reason("nothing-offered"), reason(code, detail)] })).toEqual(expected);
  });

  it("is each reply of a message that asked for two", () => {
    expect(newsOf({ reasons: [reason("reply.delayed"), reason("no-reply.over-budget")] })).toEqual([
      "delayed",
      "withheld",
    ]);
  });
});
