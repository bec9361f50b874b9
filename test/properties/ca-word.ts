/** What CAs say of one certificate, in signed answers: neither their order nor their number makes "revoked" good again. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { encode } from "../../src/pki/der-write.ts";
import { type CaWord, NO_WORD, OID, revocationVerdicts, standing } from "../../src/pki/index.ts";
import { hours, response, type Said } from "../pki/ocsp-authority.ts";
import { extension, issue, issueCa, issueCrl, NOW } from "../pki/path-authority.ts";
import { type Effort, property } from "./settings.ts";

const root = issueCa({ subject: "Root" });
const ca = issueCa({ subject: "CA", issuer: root });
const alice = issue({ subject: "Alice", issuer: ca });
const forger = issueCa({ subject: "CA" });
const path = [alice.certificate, ca.certificate, root.certificate];

/** One answer of the CA about Alice. */
interface Answer {
  readonly channel: "ocsp" | "crl";
  readonly kind: "good" | "revoked" | "hold";
  /** Hours before now at which it was made. */
  readonly age: number;
  /** Hours after which it has run out. */
  readonly lasts: number;
  /** By somebody of the CA's name, with a key of his own: then it says nothing. */
  readonly forged: boolean;
}

const answers = (maxLength: number): fc.Arbitrary<readonly Answer[]> =>
  fc.array(
    fc.record({
      channel: fc.constantFrom("ocsp" as const, "crl" as const),
      kind: fc.constantFrom("good" as const, "revoked" as const, "hold" as const),
      age: fc.integer({ min: 1, max: 12 }),
      lasts: fc.constantFrom(6, 48),
      forged: fc.boolean(),
    }),
    { maxLength },
  );

/** The word after these answers, at hand together, with what was known before. */
function heard(list: readonly Answer[], known: CaWord = NO_WORD): { word: CaWord; isGood: boolean } {
  const certificate = alice.certificate.sha256;
  const ocsp = list
    .filter(({ channel }) => channel === "ocsp")
    .map((answer) => ({
      certificate,
      nonce: null,
      response: response(answer.forged ? forger : ca, { answers: [saidBy(answer)] }),
    }));
  const crls = list.filter(({ channel }) => channel === "crl").map(crlOf);
  const words = new Map([[certificate, known]]);
  const [verdict] = revocationVerdicts({ path, ocsp, crls, others: [], at: NOW, known: words });
  if (verdict === undefined) throw new Error("no verdict");
  return { word: verdict.word, isGood: verdict.status.status === "good" };
}

function saidBy({ kind, age, lasts }: Answer): Said {
  const reason = kind === "hold" ? 6 : 1;
  return {
    ...{ certificate: alice.certificate, issuer: ca.certificate },
    status: kind === "good" ? "good" : { revoked: hours(-age - 1), reason },
    ...{ thisUpdate: hours(-age), nextUpdate: hours(lasts - age) },
  };
}

function crlOf({ kind, age, lasts, forged }: Answer) {
  const reason = encode.tagged(0x0a, Buffer.of(kind === "hold" ? 6 : 1));
  const entry = { serial: alice.certificate.serial, extensions: [extension(OID.reasonCode, reason)] };
  return issueCrl(forged ? forger : ca, {
    ...{ thisUpdate: hours(-age), nextUpdate: hours(lasts - age), number: 100 - age },
    revoked: kind === "good" ? [] : [entry],
  });
}

const oneByOne = (list: readonly Answer[]): CaWord =>
  list.reduce((known, one) => heard([one], known).word, NO_WORD);

export function caWordTests(effort: Effort): void {
  describe("what CAs say of a certificate", () => {
    property(
      "comes to the same in any order, one by one or together",
      fc.tuple(answers(5), fc.array(fc.nat(), { minLength: 5, maxLength: 5 })),
      async ([list, ranks]) => {
        const shuffled = list
          .map((answer, index) => ({ answer, rank: ranks[index] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ answer }) => answer);
        const revoked = standing(oneByOne(list)) !== null;
        expect(standing(oneByOne(shuffled)) !== null).toBe(revoked);
        expect(standing(heard(list).word) !== null).toBe(revoked);
        expect(standing(heard(shuffled).word) !== null).toBe(revoked);
      },
      { effort },
    );

    property(
      "is nothing when somebody else has signed it",
      answers(5),
      async (list) => {
        const { word, isGood } = heard(list.map((answer) => ({ ...answer, forged: true })));
        expect({ word, isGood }).toEqual({ word: NO_WORD, isGood: false });
      },
      { effort },
    );

    property(
      "never makes a revoked certificate good, however much of it there is; only a newer good lifts a hold",
      fc.tuple(answers(3), answers(3)),
      async ([before, after]) => {
        const known = oneByOne(before);
        const revocation = standing(known);
        const { word, isGood } = heard(after, known);
        if (standing(word) !== null) expect(isGood).toBe(false);
        if (revocation === null || standing(word) !== null) return;
        expect(revocation.reason).toBe(6);
        const newer = after.filter(
          ({ kind, age, forged }) => kind === "good" && !forged && hours(-age) > revocation.thisUpdate,
        );
        expect(newer).not.toEqual([]);
      },
      { effort },
    );
  });
}
