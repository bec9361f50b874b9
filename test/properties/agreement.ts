/** Everything that is said of one mail agrees: signature, verdicts, whom to ask, what is stored, told and filed. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { verdictOf } from "../../src/decide/verdict.ts";
import type { Revocation } from "../../src/policy.ts";
import { GOOD_MAIL, mailDraft } from "../generator/arbitrary.ts";
import { GOOD_LEAF, GOOD_SIGNER, type MailDraft } from "../generator/draft.ts";
import { judge, POLICY } from "../generator/judge.ts";
import { make } from "../generator/make.ts";
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
