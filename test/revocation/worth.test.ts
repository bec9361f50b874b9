import { describe, expect, it } from "vitest";
import { answerWeakness } from "../../src/inspect/index.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { Evidence } from "../../src/revocation/evidence.ts";
import { RENEW_AFTER_MS } from "../../src/revocation/limits.ts";
import { revocationQuestions } from "../../src/revocation/questions.ts";
import { ocspWorth } from "../../src/revocation/worth.ts";
import { hours, issueResponder, ocspPlace, ocspSigning, respond, type Said } from "../pki/ocsp-authority.ts";
import { type Issued, issue, issueCa, NOW } from "../pki/path-authority.ts";

const ca = issueCa({ subject: "CA" });
const place = ocspPlace("http://ocsp.example/");
const alice = issue({ subject: "Alice", issuer: ca, extensions: [place] }).certificate;
const delegate = issueResponder({ issuer: ca, extensions: [ocspSigning(), place] });
const stranger = issueCa({ subject: "CA" });
const [question] = revocationQuestions([alice, ca.certificate]);
const weaknessOf = answerWeakness(DEFAULT_POLICY.certificates);

function says(said: Partial<Said> = {}, signer: Issued = ca): Buffer {
  return respond(signer, { answers: [{ certificate: alice, issuer: ca.certificate, ...said }] });
}

const revoked = (reason: number) => ({ status: { revoked: hours(-30), reason } }) as const;
const past = { thisUpdate: hours(-60), nextUpdate: hours(-40) };

describe("what an OCSP answer is worth to whoever asks, and whether it ends the search", () => {
  it.each<[string, Buffer, { usable: boolean; final?: boolean; settles: boolean }]>([
    ["good", says(), { usable: true, final: false, settles: true }],
    ["revoked", says(revoked(1)), { usable: true, final: true, settles: true }],
    ["revoked, past nextUpdate", says({ ...revoked(1), ...past }), { usable: false, settles: false }],
    ["on hold", says(revoked(6)), { usable: true, final: false, settles: true }],
    ["on hold, past nextUpdate", says({ ...revoked(6), ...past }), { usable: false, settles: false }],
    ["RFC 6960 §2.2: unknown", says({ status: "unknown" }), { usable: true, final: false, settles: false }],
    [
      "RFC 6960 §4.2.2.2.1: good, by a delegate who is still to be asked about",
      says({}, delegate),
      { usable: true, final: false, settles: false },
    ],
    ["the same, revoked", says(revoked(1), delegate), { usable: true, final: true, settles: true }],
    ["past nextUpdate", says(past), { usable: false, settles: false }],
    ["signed by nobody who may", says({}, stranger), { usable: false, settles: false }],
    ["a web page", Buffer.from("<html>"), { usable: false, settles: false }],
  ])("%s", (_, der, { settles, ...worth }) => {
    if (question === undefined) throw new Error("there is a question");
    expect(ocspWorth(der, question, null, weaknessOf, NOW)).toMatchObject(worth);
    const evidence = new Evidence(question, [], { weaknessOf, now: () => NOW });
    evidence.replies.push({ certificate: alice.sha256, der, nonce: null });
    expect(evidence.isSettled()).toBe(settles);
  });

  it("is kept until nextUpdate and renewed after an hour; without nextUpdate for a day, and renewed at once", () => {
    if (question === undefined) throw new Error("there is a question");
    const kept = (said: Partial<Said>) => ocspWorth(says(said), question, null, weaknessOf, NOW);
    expect(kept({ nextUpdate: hours(100) })).toMatchObject({
      madeAt: hours(-1),
      keep: { renewAt: new Date(NOW.getTime() + RENEW_AFTER_MS), validUntil: hours(100) },
    });
    expect(kept({ nextUpdate: null })).toMatchObject({ keep: { renewAt: NOW, validUntil: hours(23) } });
  });
});
