/** What means the same is judged the same, however it is written. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { GOOD_MAIL, mailDraft } from "../generator/arbitrary.ts";
import type { Encoding, Frame, MailDraft } from "../generator/draft.ts";
import { judge } from "../generator/judge.ts";
import { became } from "./order.ts";
import { type Effort, property } from "./settings.ts";

interface Pair {
  readonly plain: MailDraft;
  readonly otherwise: MailDraft;
}

const ENCODINGS = ["indefinite", "pieces", "attributes"] as const satisfies readonly Encoding[];
const FRAMES = [
  "boundary-twice",
  "signature-as-p7m",
  "content-type-twice",
] as const satisfies readonly Frame[];

const encoded = (draft: MailDraft, encoding: Encoding): Pair => ({
  plain: { ...draft, encoding: "der" },
  otherwise: { ...draft, encoding },
});

const framed = (draft: MailDraft, frame: Frame): Pair => ({
  plain: { ...draft, frame: "usual" },
  otherwise: { ...draft, frame },
});

const withNull = (draft: MailDraft): Pair => {
  const all = (nullParameters: boolean) =>
    draft.certificates.map((certificate) => ({ ...certificate, nullParameters }));
  return {
    plain: { ...draft, certificates: all(false) },
    otherwise: { ...draft, certificates: all(true) },
  };
};

/** Alice's certificate has an RSA key, and she signs with RSASSA-PSS, whose algorithm has parameters of its own. */
const BY_PSS: MailDraft = {
  ...GOOD_MAIL,
  certificates: GOOD_MAIL.certificates.map((one) => (one.handle === "leaf" ? { ...one, key: "rsa0" } : one)),
  signers: GOOD_MAIL.signers.map((signer) => ({ ...signer, scheme: "pss" })),
};

/** The tests, with as many runs as are asked for. */
export function spellingTests(effort: Effort): void {
  describe("nothing depends on how it is written", () => {
    property(
      "a structure in BER (RFC 5652 §4, §5.4)",
      fc.tuple(mailDraft(), fc.constantFrom(...ENCODINGS)).map(([draft, way]) => encoded(draft, way)),
      isTheSame,
      { effort, examples: ENCODINGS.flatMap((way) => [encoded(GOOD_MAIL, way), encoded(BY_PSS, way)]) },
    );

    property(
      "MIME that says a thing twice, or calls the signature otherwise (RFC 1847 §2.1)",
      fc.tuple(mailDraft(), fc.constantFrom(...FRAMES)).map(([draft, way]) => framed(draft, way)),
      isTheSame,
      { effort, examples: FRAMES.map((way) => framed(GOOD_MAIL, way)) },
    );

    property(
      "NULL in place of absent parameters in certificates (RFC 5758 §3.2)",
      mailDraft().map(withNull),
      isTheSame,
      { effort, examples: [withNull(GOOD_MAIL)] },
    );
  });
}

async function isTheSame({ plain, otherwise }: Pair): Promise<void> {
  expect(became(await judge(otherwise))).toEqual(became(await judge(plain)));
}
