/** Requests, near misses and mail that offers nothing (PRODUCT §4-5), each with its twin. */

import type { Template } from "../../src/decide/index.ts";
import type { FindingCode } from "../../src/inspect/index.ts";
import { summaryOf } from "../../src/inspect/index.ts";
import { encryptedMail, type Identity, type MailOptions, plainMail } from "../lab/openssl.ts";
import { ALICE, type World } from "./authorities.ts";
import { certificateOf, delivered } from "./bench.ts";
import type { Case } from "./case.ts";
import { signed } from "./mails.ts";

const TAG = "[AXAZERTIFIKAT]";
const REQUEST = "PRODUCT §4";
const SILENCE = "PRODUCT §5";
const CLAIMS = "claims@company.example";

interface Outcome {
  readonly reply?: Template;
  readonly reason: string;
  readonly view?: NonNullable<Case["view"]>;
  readonly policy?: NonNullable<Case["policy"]>;
}

function unsigned(
  id: string,
  section: string,
  what: string,
  mail: Buffer,
  { reply, reason, ...more }: Outcome,
): Case {
  const answered = reply === "certificate" || reply === "no-certificate";
  return {
    ...{ id, section, what, mail, ...more },
    expect: {
      certificates: [],
      folder: answered ? "Processed" : "Unhandled",
      replies: reply === undefined ? [] : [reply],
      active: [],
      reason,
    },
  };
}

function write(
  change: Partial<MailOptions> = {},
  delivery: Parameters<typeof delivered>[0] = { to: CLAIMS },
): Buffer {
  const { extraHeaders = [], ...rest } = change;
  return plainMail({
    from: ALICE,
    to: CLAIMS,
    subject: TAG,
    text: "",
    extraHeaders: [...delivered(delivery), ...extraHeaders],
    ...rest,
  });
}

/** A directory that publishes one certificate for this mailbox. */
function publishing(of: Identity, address = CLAIMS): NonNullable<Case["view"]> {
  return { mailboxes: [{ address, certificates: [{ ...summaryOf(certificateOf(of)), chain: [] }] }] };
}

export function answerCases(world: World): Case[] {
  const claims = world.issue({ addresses: [CLAIMS] });
  const view = publishing(claims);
  return [
    ...requestCases(view),
    ...silentCases(view),
    ...nearMissCases(),
    ...uselessCases(world),
    ...signedRequests(world, view),
  ];
}

function requestCases(view: NonNullable<Case["view"]>): Case[] {
  const answered = { reply: "certificate", reason: "request.answered", view } as const;
  return [
    unsigned("request.published", REQUEST, "the mailbox has a certificate", write(), answered),
    unsigned("request.none", REQUEST, "it has none", write(), {
      reply: "no-certificate",
      reason: "request.answered",
    }),
    unsigned("request.body", REQUEST, "the body does not matter", write({ text: "Hello" }), answered),
    unsigned(
      "request.encoded",
      REQUEST,
      "the subject as an encoded word",
      write({ subject: "=?utf-8?Q?=5BAXAZERTIFIKAT=5D?=" }),
      answered,
    ),
    unsigned(
      "request.foreign",
      REQUEST,
      "addressed to nobody of ours",
      write({ to: "x@elsewhere.example" }, { to: "x@elsewhere.example" }),
      { reason: "no-reply.not-addressed" },
    ),
    unsigned(
      "request.robot",
      REQUEST,
      "addressed to the robot itself",
      write({ to: "robot@company.example" }, {}),
      { reply: "no-certificate", reason: "request.answered" },
    ),
    unsigned("request.many", REQUEST, "seven mailboxes: five are answered", write({ to: many(7) }, {}), {
      reply: "no-certificate",
      reason: "request.too-many",
    }),
    unsigned("request.five", REQUEST, "five mailboxes", write({ to: many(5) }, {}), {
      reply: "no-certificate",
      reason: "request.answered",
    }),
  ];
}

function many(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `m${n}@company.example`);
}

function silentCases(view: NonNullable<Case["view"]>): Case[] {
  const silent = (id: string, what: string, mail: Buffer, reason: string, more: Partial<Outcome> = {}) =>
    unsigned(`silence.${id}`, SILENCE, what, mail, { reason, view, ...more });
  const header = (name: string, value: string) => write({ extraHeaders: [[name, value]] });
  const full = {
    name: `unauthenticated address ${ALICE}`,
    usedUntil: new Date(Date.now() + 47 * 3_600_000),
  };
  return [
    silent("automatic", "an automatic mail", header("Auto-Submitted", "auto-replied"), "no-reply.automatic"),
    silent("null", "the null sender", header("Return-Path", "<>"), "no-reply.automatic"),
    silent("list", "a list mail", header("List-Id", "<l.partner.example>"), "no-reply.automatic"),
    silent(
      "own-list",
      "a list of our own, from outside and not authenticated",
      write({ from: "alle@company.example" }),
      "no-reply.own-domain",
    ),
    silent("ourselves", "our own address", write({ from: "Robot@company.example" }), "no-reply.automatic"),
    silent(
      "dmarc",
      "the sender's authentication failed",
      write({}, { to: CLAIMS, dmarc: "fail" }),
      "no-reply.authentication-failed",
    ),
    silent(
      "refers",
      "it refers to one of our mails",
      header("In-Reply-To", "<k@company.example>"),
      "no-reply.refers-to-us",
      { view: { ...view, refersToUs: true } },
    ),
    silent("budget", "the sender's budget is used up for days", write(), "no-reply.over-budget", {
      view: { ...view, buckets: [full] },
    }),
    unsigned("silence.budget.soon", SILENCE, "the sender's budget refills within 24 hours", write(), {
      reply: "certificate",
      reason: "reply.delayed",
      view: { ...view, buckets: [{ ...full, usedUntil: new Date(Date.now() + 23 * 3_600_000) }] },
    }),
  ];
}

function nearMissCases(): Case[] {
  const told = (hours: number) => ({
    told: [{ template: "hint" as const, at: new Date(Date.now() - hours * 3_600_000) }],
  });
  const near = write({ subject: "axazertifikat" });
  return [
    unsigned("near-miss.person", REQUEST, "small letters, no brackets", near, {
      reply: "hint",
      reason: "hint.sent",
    }),
    unsigned("near-miss.again", REQUEST, "again within a day", near, {
      reason: "no-reply.told-before",
      view: told(23),
    }),
    unsigned("near-miss.next-day", REQUEST, "again a day later", near, {
      reply: "hint",
      reason: "hint.sent",
      view: told(25),
    }),
    unsigned("near-miss.answer", REQUEST, "an answer to somebody", write({ subject: `Re: ${TAG}` }), {
      reason: "nothing-offered",
    }),
    unsigned("near-miss.off", REQUEST, "hints are switched off", near, {
      reason: "no-reply.switched-off",
      policy: (policy) => ({ ...policy, replies: { ...policy.replies, hints: false } }),
    }),
  ];
}

function uselessCases(world: World): Case[] {
  const robot = { to: "robot@company.example", subject: "Hello", text: "Hello" };
  const toRobot = (change: Partial<MailOptions> = {}) => write({ ...robot, ...change }, { dmarc: "pass" });
  const pgp = "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nxx\r\n-----END PGP PUBLIC KEY BLOCK-----\r\n";
  const sealed = encryptedMail({
    ...robot,
    from: ALICE,
    recipients: [world.alice],
    extraHeaders: delivered({ dmarc: "pass" }),
  });
  const told = (day: number) => ({
    told: [{ template: "not-usable" as const, at: new Date(Date.now() - day * 86_400_000) }],
  });
  const why = { reply: "not-usable", reason: "nothing-offered" } as const;
  return [
    unsigned("useless.unsigned", "PRODUCT §3", "an unsigned mail, authenticated", toRobot(), why),
    unsigned(
      "useless.unauthenticated",
      "PRODUCT §3",
      "the same, nothing said of its sender",
      write(robot, {}),
      { reason: "no-reply.not-authenticated" },
    ),
    unsigned("useless.encrypted", "PRODUCT §3", "an encrypted mail", sealed, why),
    unsigned("useless.openpgp", "PRODUCT §3", "an OpenPGP key", toRobot({ text: pgp }), why),
    unsigned("useless.again", "PRODUCT §3", "again within seven days", toRobot(), {
      reason: "no-reply.told-before",
      view: told(6),
    }),
    unsigned("useless.next-week", "PRODUCT §3", "again a week later", toRobot(), { ...why, view: told(8) }),
    unsigned(
      "useless.mailbox",
      "PRODUCT §3",
      "a plain mail to a mailbox is none of the robot's",
      write({ subject: "Hello" }, { to: CLAIMS, dmarc: "pass" }),
      { reason: "nothing-offered" },
    ),
  ];
}

function signedRequests(world: World, view: NonNullable<Case["view"]>): Case[] {
  const both = (chain?: readonly string[]) =>
    signed(world.alice, {
      subject: TAG,
      to: CLAIMS,
      extraHeaders: delivered({ to: CLAIMS }),
      ...(chain === undefined ? {} : { chain }),
    });
  const of = (codes: readonly FindingCode[]) => [
    { of: world.alice, verdict: codes.length === 0 ? ("accepted" as const) : ("pending" as const), codes },
  ];
  const shared = { section: REQUEST, view } as const;
  return [
    {
      ...shared,
      id: "request.signed",
      what: "a signed request is a submission too: two replies",
      mail: both(),
      expect: {
        certificates: of([]),
        folder: "Processed",
        replies: ["certificate", "accepted"],
        active: [world.alice],
        signature: true,
      },
    },
    {
      ...shared,
      id: "request.signed.pending",
      what: "the same, the certificate waits for a person",
      mail: both([]),
      expect: {
        certificates: of(["path.issuer-missing"]),
        folder: "Processed",
        replies: ["certificate", "pending"],
        active: [],
        signature: true,
      },
    },
  ];
}
