/** A SET has no order, nor have the files of a folder: what becomes of a mail must not depend on one (RFC 5652 §5.1). */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { GOOD_MAIL, mailDraft } from "../generator/arbitrary.ts";
import {
  type CrlDraft,
  GOOD_CA,
  GOOD_CRL,
  GOOD_LEAF,
  GOOD_SIGNER,
  type MailDraft,
} from "../generator/draft.ts";
import { judge, type Outcome } from "../generator/judge.ts";
import { type Effort, property } from "./settings.ts";

interface Pair {
  readonly one: MailDraft;
  readonly other: MailDraft;
}

/** What must be the same. Which of several right reasons is told may differ. */
export function became({ stored, explanation }: Outcome) {
  const filed = explanation.plan.actions.at(-1);
  return { stored, folder: filed?.action === "file" ? filed.folder : filed?.action };
}

const ORDERS = ["sent", "signers", "intermediates", "crls"] as const;

const TWIN_CA = { ...GOOD_CA, handle: "ca-1", serial: 11 };
const TWIN_LEAF = { ...GOOD_LEAF, handle: "twin", serial: 110, validity: "longer" as const };
const LIST: CrlDraft = { ...GOOD_CRL, handle: "clean" };
const ROOT_LIST: CrlDraft = { ...LIST, handle: "root's", issuer: "root" };

/** What is known not to hold yet, each with the mail that shows it. */
const KNOWN: Readonly<Record<(typeof ORDERS)[number], { examples: readonly MailDraft[] }>> = {
  sent: {
    examples: [
      twinCa({ digest: "sha1" }),
      twinCa({ extendedUsages: ["server"] }),
      twinLeaf({ addresses: ["bob@partner.example"] }),
      twinLeaf({ extendedUsages: ["server"] }),
      twinLeaf({ validity: "future" }),
      twinLeaf({ forged: true }),
      equallyLongTwins(),
    ],
  },
  // Found by the generator: the first of the sender's right SignerInfos vouches for what lies beside, not the best.
  signers: { examples: [besideTwoSigners()] },
  intermediates: {
    examples: [{ ...twinCa({ digest: "sha1" }), sent: ["leaf"], intermediates: ["ca", "ca-1"] }],
  },
  crls: {
    examples: [{ ...GOOD_MAIL, crls: [LIST, { ...LIST, handle: "revoking", revoked: ["leaf"] }, ROOT_LIST] }],
  },
};

/** Alice signed twice, once by a certificate that no CA stands behind; her encryption certificate lies beside. */
function besideTwoSigners(): MailDraft {
  return {
    ...GOOD_MAIL,
    certificates: [
      ...GOOD_MAIL.certificates,
      { ...GOOD_LEAF, handle: "beside", key: "ec6", serial: 120 },
      { ...GOOD_LEAF, handle: "self-made", key: "ec7", issuer: "self-made", serial: 130 },
    ],
    sent: ["leaf", "beside", "self-made", "ca"],
    signers: [GOOD_SIGNER, { ...GOOD_SIGNER, certificate: "self-made" }],
  };
}

/** Of two certificates of the key that are valid equally long only one can encrypt, and no CA came along. */
function equallyLongTwins(): MailDraft {
  const twins = [TWIN_LEAF, { ...TWIN_LEAF, handle: "twin-1", serial: 111, usages: ["sign"] as const }];
  const beside = { ...GOOD_LEAF, handle: "beside", key: "ec6" as const, serial: 120 };
  return {
    ...GOOD_MAIL,
    certificates: [...GOOD_MAIL.certificates, ...twins, beside],
    sent: ["twin", "leaf", "twin-1", "beside"],
    signers: [{ ...GOOD_SIGNER, sid: "key" }],
  };
}

function twinCa(bend: Partial<typeof GOOD_CA>): MailDraft {
  return {
    ...GOOD_MAIL,
    certificates: [...GOOD_MAIL.certificates, { ...TWIN_CA, ...bend }],
    sent: ["leaf", "ca", "ca-1"],
  };
}

function twinLeaf(bend: Partial<typeof GOOD_LEAF>): MailDraft {
  return {
    ...GOOD_MAIL,
    certificates: [...GOOD_MAIL.certificates, { ...TWIN_LEAF, ...bend }],
    sent: ["leaf", "twin", "ca"],
    signers: [{ ...GOOD_SIGNER, sid: "key" }],
  };
}

function reversed(draft: MailDraft, what: (typeof ORDERS)[number]): Pair {
  return { one: draft, other: { ...draft, [what]: [...(draft[what] ?? [])].reverse() } };
}

function shuffledOf(draft: MailDraft, what: (typeof ORDERS)[number]): fc.Arbitrary<Pair> {
  const list: readonly unknown[] = draft[what] ?? [];
  return fc.shuffledSubarray([...list], { minLength: list.length, maxLength: list.length }).map((order) => ({
    one: draft,
    other: draft[what] === null ? draft : { ...draft, [what]: order },
  }));
}

/** The tests, with as many runs as are asked for. */
export function orderTests(effort: Effort): void {
  describe("nothing depends on the order", () => {
    for (const what of ORDERS) {
      property(
        `of ${what}`,
        mailDraft().chain((draft) => shuffledOf(draft, what)),
        async ({ one, other }) => {
          expect(became(await judge(other))).toEqual(became(await judge(one)));
        },
        {
          effort,
          examples: KNOWN[what].examples.map((draft) => reversed(draft, what)),
        },
      );
    }

    property(
      "of mails in one process",
      fc.array(mailDraft(), { minLength: 2, maxLength: 4 }),
      async (drafts) => {
        const forth: unknown[] = [];
        for (const draft of drafts) forth.push(became(await judge(draft)));
        const back: unknown[] = [];
        for (const draft of drafts.toReversed()) back.push(became(await judge(draft)));
        expect(back.reverse()).toEqual(forth);
      },
      { effort },
    );
  });
}
