/** What CAs say of a certificate: a draft of their words is an oracle that knows no DER. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { answerDrafts, GOOD_MAIL, listDrafts } from "../generator/arbitrary.ts";
import { type AnswerDraft, type CrlDraft, GOOD_CA, GOOD_CRL, type MailDraft } from "../generator/draft.ts";
import { judge, POLICY } from "../generator/judge.ts";
import { make } from "../generator/make.ts";
import { type Effort, property } from "./settings.ts";

/** Alice's certificate says where its CRL lies: then there is somebody to ask. */
const ASKABLE: MailDraft = {
  ...GOOD_MAIL,
  certificates: GOOD_MAIL.certificates.map((one) =>
    one.handle === "leaf" ? { ...one, namesCrl: true } : one,
  ),
};

const GOOD_ANSWER: AnswerDraft = {
  certificate: "leaf",
  status: "good",
  by: "ca",
  time: "current",
  forged: false,
};

/** RFC 6960 §3.2: signed by the CA, or by whom it has named, and timely. */
function counts({ by, time, forged }: AnswerDraft): boolean {
  return (by === "ca" || by === "responder") && time === "current" && !forged;
}

/** What a mail of Alice's becomes by these answers alone. */
function becomes(given: readonly AnswerDraft[], ifUnknown: "active" | "pending"): string {
  const right = given.filter(counts);
  if (right.some(({ status }) => status === "revoked")) return "rejected";
  // RFC 6960 §2.2: it is no silence, and of several of one time it errs on the safe side.
  if (right.some(({ status }) => status === "unknown")) return "pending";
  return right.some(({ certificate, status }) => certificate === "leaf" && status === "good")
    ? "active"
    : ifUnknown;
}

const lists = fc.record({
  crls: listDrafts([GOOD_CA]),
  namesCrl: fc.boolean(),
});

/** RFC 5280 §6.3.3 (b): whether a CRL speaks of Alice's certificate. */
function speaks({ issuer, base, scope }: CrlDraft, namesCrl: boolean): boolean {
  const isAbout = scope === null || ["users", "some-reasons", "other-reasons"].includes(scope);
  return issuer === "ca" && base === null && (isAbout || (scope === "point" && namesCrl));
}

/** Whether CRLs speak of all reasons together (§6.3.3, reasons_mask). */
function coverAll(crls: readonly CrlDraft[]): boolean {
  const scopes = new Set(crls.map(({ scope }) => scope));
  const whole = crls.some(({ scope }) => scope !== "some-reasons" && scope !== "other-reasons");
  return whole || (scopes.has("some-reasons") && scopes.has("other-reasons"));
}

const isRight = ({ forged }: CrlDraft) => !forged;
const revokes = ({ revoked }: CrlDraft) => revoked.includes("leaf");

/** Whether a delta CRL goes with a complete one (§6.3.3 (c), §5.2.4). */
function completes(delta: CrlDraft, { scope, number }: CrlDraft): boolean {
  return delta.base !== null && delta.scope === scope && delta.base <= number && number < delta.number;
}

/** The tests, with as many runs as are asked for. */
export function revocationTests(effort: Effort): void {
  describe("what CAs say", () => {
    property(
      "in OCSP responses: revoked by one that counts is revoked, else good by one, in any order (RFC 6960 §3.2)",
      fc.record({
        given: answerDrafts("leaf", "leaf", "leaf", "ca"),
        policy: fc.constantFrom("hard-fail" as const, "soft-fail" as const),
      }),
      async ({ given, policy: revocation }) => {
        const draft = { ...ASKABLE, answers: given };
        const policy = { ...POLICY, certificates: { ...POLICY.certificates, revocation } };
        const { stored } = await judge(draft, make(draft), policy);
        expect(stored.leaf).toBe(becomes(given, revocation === "hard-fail" ? "pending" : "active"));
      },
      {
        effort,
        examples: [
          { given: [GOOD_ANSWER], policy: "hard-fail" },
          { given: [GOOD_ANSWER, { ...GOOD_ANSWER, status: "revoked" }], policy: "soft-fail" },
          { given: [{ ...GOOD_ANSWER, by: "other-ca" }], policy: "hard-fail" },
        ],
      },
    );

    property(
      "in CRLs and delta CRLs: none is believed beyond its scope (RFC 5280 §6.3.3)",
      lists,
      async ({ crls, namesCrl }) => {
        const { certificates } = namesCrl ? ASKABLE : GOOD_MAIL;
        const { stored } = await judge({ ...GOOD_MAIL, certificates, crls });
        const speaking = crls.filter((one) => isRight(one) && speaks(one, namesCrl));
        const deltas = crls.filter((one) => isRight(one) && one.base !== null);
        const isCaCleared = crls.some((one) => one.issuer === "root" && isRight(one));
        const changed = deltas.filter((delta) => speaking.some((one) => completes(delta, one)));
        if (!isCaCleared || !coverAll(speaking)) expect(stored.leaf, "not proven").not.toBe("active");
        else if (changed.length === 0 && speaking.every(revokes)) expect(stored.leaf).toBe("rejected");
        else if (!crls.some(revokes)) expect(stored.leaf).toBe("active");
        if (
          changed.length > 0 &&
          changed.every(revokes) &&
          speaking.every((one) => completesAny(changed, one))
        )
          expect(stored.leaf, "revoked by the delta CRL").not.toBe("active");
      },
      {
        effort,
        examples: [
          { crls: [GOOD_CRL, { ...GOOD_CRL, issuer: "root" }], namesCrl: false },
          {
            crls: [
              GOOD_CRL,
              { ...GOOD_CRL, number: 2, base: 1, revoked: ["leaf"] },
              { ...GOOD_CRL, issuer: "root" },
            ],
            namesCrl: false,
          },
        ],
      },
    );
  });
}

function completesAny(deltas: readonly CrlDraft[], complete: CrlDraft): boolean {
  return deltas.some((delta) => completes(delta, complete));
}
