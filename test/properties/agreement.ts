/** Everything that is said of one mail agrees: signature, verdicts, whom to ask, what is stored, told and filed. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { verdictOf } from "../../src/decide/verdict.ts";
import type { Revocation } from "../../src/policy.ts";
import { answerDrafts, GOOD_MAIL, mailDraft } from "../generator/arbitrary.ts";
import { type AnswerDraft, GOOD_LEAF, GOOD_SIGNER, type MailDraft } from "../generator/draft.ts";
import { judge, POLICY } from "../generator/judge.ts";
import { make } from "../generator/make.ts";
import { cannotEncrypt, isProven } from "../generator/paths.ts";
import { type Effort, property } from "./settings.ts";

interface Case {
  readonly draft: MailDraft;
  readonly revocation: Revocation;
}

const cases: fc.Arbitrary<Case> = fc.record({
  // A CRL to be asked for stands in many of them: it is what the invariant is about.
  draft: fc.tuple(mailDraft(), fc.boolean()).map(([draft, namesCrl]) => ({
    ...draft,
    certificates: draft.certificates.map((one) =>
      one.handle === "leaf" && namesCrl ? { ...one, namesCrl } : one,
    ),
  })),
  revocation: fc.constantFrom("soft-fail" as const, "hard-fail" as const, "off" as const),
});

const by = (revocation: Revocation) => ({ ...POLICY, certificates: { ...POLICY.certificates, revocation } });

/** Somebody else's certificate for Alice's address, and a second SignerInfo by it that is broken. */
function withBrokenSecond(namesCrl: boolean): MailDraft {
  return {
    ...GOOD_MAIL,
    certificates: [
      ...GOOD_MAIL.certificates.map((one) => (one.handle === "leaf" ? { ...one, namesCrl } : one)),
      { ...GOOD_LEAF, handle: "self-made", key: "ec7", issuer: "self-made", serial: 130 },
    ],
    sent: ["leaf", "self-made", "ca"],
    signers: [GOOD_SIGNER, { ...GOOD_SIGNER, certificate: "self-made", breakage: "zeros" }],
  };
}

/** Alice's certificate says where its CRL lies, and responders answer about it. */
const askedDraft = fc
  .tuple(mailDraft({ crls: false, tampered: false }), answerDrafts("leaf"), fc.boolean())
  .map(([draft, answers, namesCrl]) => ({ ...askable(draft, namesCrl), answers }));

function askable(draft: MailDraft, besideToo: boolean): MailDraft {
  return {
    ...draft,
    certificates: draft.certificates.map((one) =>
      one.handle === "leaf" || (besideToo && one.handle === "beside") ? { ...one, namesCrl: true } : one,
    ),
  };
}

const GOOD_ANSWER: AnswerDraft = {
  certificate: "leaf",
  status: "good",
  by: "ca",
  time: "current",
  forged: false,
};

/** A certificate of the same CA for Alice's address, of another subject, that nothing signed names. */
function besideByMallory(isAsked: boolean): MailDraft {
  const draft = {
    ...GOOD_MAIL,
    certificates: [
      ...GOOD_MAIL.certificates,
      { ...GOOD_LEAF, handle: "beside", subject: "Mallory", key: "ec6" as const, serial: 120 },
    ],
    sent: ["leaf", "beside", "ca"],
    answers: [GOOD_ANSWER, { ...GOOD_ANSWER, certificate: "beside" }],
  };
  return askable(draft, isAsked);
}

/** Alice signed, and somebody laid a second SignerInfo beside hers, by a certificate of his own making for her address. */
function besideProvenSigner(isFirst: boolean): MailDraft {
  const signers = [GOOD_SIGNER, { ...GOOD_SIGNER, certificate: "self-made" }];
  const draft = {
    ...GOOD_MAIL,
    certificates: [
      ...GOOD_MAIL.certificates,
      { ...GOOD_LEAF, handle: "beside", key: "ec6" as const, serial: 120 },
      { ...GOOD_LEAF, handle: "self-made", key: "ec7" as const, issuer: "self-made", serial: 130 },
    ],
    sent: ["leaf", "beside", "self-made", "ca"],
    signers: isFirst ? signers : signers.toReversed(),
    answers: [GOOD_ANSWER],
  };
  return askable(draft, false);
}

/** Opaque mails with a line below them; the subject's length makes each length of the structure modulo 3. */
const footers = fc
  .record({
    footer: fc.constantFrom(
      "Diese Nachricht ist vertraulich.",
      "Confidential",
      "-- ",
      "Impressum: Partner GmbH",
    ),
    more: fc.constantFrom("", "a", "aa"),
  })
  .map(
    ({ footer, more }): MailDraft => ({
      ...GOOD_MAIL,
      form: "opaque",
      footer,
      certificates: GOOD_MAIL.certificates.map((one) =>
        one.handle === "leaf" ? { ...one, subject: `Alice${more}` } : one,
      ),
    }),
  );

/** The tests, with as many runs as are asked for. */
export function agreementTests(effort: Effort): void {
  describe("what is said of one mail agrees", () => {
    property<Case>(
      "active: the signature is valid, and whoever can be asked is asked, or the policy asks nobody (RFC 5280 §6.1.3 (a)(3))",
      cases,
      async ({ draft, revocation }) => {
        const made = make(draft);
        const { active, explanation } = await judge(draft, made, by(revocation));
        const { evidence, paths } = explanation;
        const asked = new Set(paths.map(({ certificate }) => certificate));
        const names = draft.certificates.filter(({ namesCrl }) => namesCrl).map(({ handle }) => handle);
        for (const handle of active) {
          expect(evidence.kind === "read" && evidence.inspection.signature?.valid, `${handle}: valid`).toBe(
            true,
          );
          if (revocation === "off" || draft.crls !== null || !names.includes(handle)) continue;
          expect(asked.has(made.certificates.get(handle)?.sha256 ?? ""), `${handle}: asked`).toBe(true);
        }
      },
      {
        effort,
        examples: [
          { draft: withBrokenSecond(true), revocation: "soft-fail" },
          { draft: withBrokenSecond(false), revocation: "hard-fail" },
        ],
      },
    );

    property(
      "beside a signer who can encrypt nothing is active but by a signed preference or the same subject, whatever CAs answer (RFC 8551 §2.5.3.1)",
      askedDraft,
      async (draft) => {
        const made = make(draft);
        const { active, explanation } = await judge(draft, made);
        const { evidence } = explanation;
        const reports = evidence.kind === "read" ? evidence.inspection.certificates : [];
        const beside = reports.filter(({ role }) => role === "encryption").map(({ sha256 }) => sha256);
        for (const handle of active) {
          if (!beside.includes(made.certificates.get(handle)?.sha256 ?? "")) continue;
          const isDue =
            isProven(draft, handle) ||
            draft.signers.some(({ certificate }) => cannotEncrypt(draft, certificate));
          expect(isDue, handle).toBe(true);
        }
      },
      { effort, examples: [besideByMallory(false), besideByMallory(true)] },
    );

    property(
      "beside a signer beyond doubt a further one under his address waits for nobody, in any order, when CAs have answered (PRODUCT §3)",
      fc.boolean(),
      async (isFirst) => {
        const { stored } = await judge(besideProvenSigner(isFirst));
        expect(stored).toEqual({ beside: "active", leaf: "active", "self-made": "rejected" });
      },
      { effort: { ...effort, runs: 4 } },
    );

    property(
      "a footer below an opaque mail is not the mail's damage, whatever the length (RFC 2045 §6.8)",
      footers,
      async (draft) => {
        expect((await judge(draft)).codes).toEqual(["signature.partial"]);
      },
      { effort },
    );

    property(
      "verdicts, plan, reply and folder",
      cases,
      async ({ draft, revocation }) => {
        const { stored, active, explanation } = await judge(draft, make(draft), by(revocation));
        const { judged, actions, reasons } = explanation.plan;
        const { evidence } = explanation;
        const reports = evidence.kind === "read" ? evidence.inspection.certificates : [];
        const encrypts = new Set(reports.filter(({ usage }) => usage.encrypt).map(({ sha256 }) => sha256));
        const accepted = judged.filter(
          ({ verdict, certificate }) => verdict === "accepted" && encrypts.has(certificate),
        );
        const isPending = Object.values(stored).includes("pending");
        const verdict = active.length > 0 ? "accepted" : isPending ? "pending" : "rejected";

        for (const one of judged) expect(one.verdict, one.certificate).toBe(verdictOf(one.findings));
        expect(active.length, "active exactly where a verdict is accepted").toBe(accepted.length);
        expect(actions.slice(0, -1).some(({ action }) => action === "file" || action === "wait")).toBe(false);
        const folder = { accepted: "Processed", pending: "Pending", rejected: "Rejected" }[verdict];
        expect(actions.at(-1)).toEqual({ action: "file", folder });
        const replies = actions.filter((action) => action.action === "reply");
        expect(replies.map(({ template }) => template)).toEqual(replies.length === 0 ? [] : [verdict]);
        for (const { content, to } of replies) {
          expect(to).toBe(draft.from);
          const told = content.template === verdict && "judged" in content ? content.judged : [];
          for (const one of told) expect(one.verdict, "told").toBe(verdict);
        }
        const words = reasons.map(({ code }) => code).filter((code) => code.startsWith("submission."));
        expect(words).toEqual([`submission.${verdict}`]);
      },
      { effort },
    );
  });
}
