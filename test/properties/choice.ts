/** Where there is a choice, whoever has one good thing to choose is accepted, and an addition takes nothing away. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { GOOD_MAIL, mailDraft } from "../generator/arbitrary.ts";
import {
  certificateOf,
  GOOD_CA,
  GOOD_LEAF,
  GOOD_SIGNER,
  type MailDraft,
  NOBODY,
} from "../generator/draft.ts";
import { judge, type Outcome } from "../generator/judge.ts";
import { type MadeMail, make } from "../generator/make.ts";
import { isProven, isSigner, waysUp } from "../generator/paths.ts";
import { type Effort, property } from "./settings.ts";

/** One signer, the certificate of his, and a graph of CAs above it. */
const graphDraft = mailDraft({ crls: false, tampered: false }).map((draft) => {
  const cas = draft.certificates.filter(isIssuing).map(({ handle }) => handle);
  const inMail = draft.sent.filter((handle) => cas.includes(handle));
  return { ...draft, sent: ["leaf", ...inMail], signers: draft.signers.slice(0, 1).map(withoutPreference) };
});

function isIssuing({ subject }: { readonly subject: string }): boolean {
  return subject === "ca" || subject === "upper";
}

function withoutPreference<T extends object>(signer: T): T & { readonly preference: null } {
  return { ...signer, preference: null };
}

/** Certificates of the signer's key by which a SignerInfo with a key identifier can be read. */
const twinDraft = mailDraft({ crls: false, tampered: false }).map((draft) => {
  const twins = draft.certificates.filter(({ handle }) => handle === "leaf" || handle.startsWith("twin-"));
  const cas = draft.certificates.filter(isIssuing).map(({ handle }) => handle);
  return {
    ...draft,
    sent: [...twins.map(({ handle }) => handle), ...cas],
    signers: draft.signers
      .slice(0, 1)
      .map((signer) => ({ ...withoutPreference(signer), sid: "key" as const })),
  };
});

interface Addition {
  readonly draft: MailDraft;
  readonly added: string;
}

/** A mail, and one certificate that somebody lays beside it on the way. */
const additions: fc.Arbitrary<Addition> = mailDraft().chain((draft) => {
  const strangers = [
    { ...GOOD_CA, handle: "forged-ca", serial: 90, forged: true },
    {
      ...GOOD_CA,
      handle: "namesake-ca",
      subject: "ca",
      key: "ec9" as const,
      serial: 91,
      issuer: "namesake-ca",
    },
    {
      ...GOOD_LEAF,
      handle: "forged-leaf",
      key: draft.certificates.find(isLeaf)?.key ?? "ec5",
      serial: 92,
      forged: true,
    },
  ];
  const whole = { ...draft, certificates: [...draft.certificates, ...strangers.map(belowCa(draft))] };
  const absent = whole.certificates
    .map(({ handle }) => handle)
    .filter((handle) => !draft.sent.includes(handle));
  return fc.record({
    draft: fc.constant(whole),
    added: fc.constantFrom(...absent),
  });
});

const isLeaf = ({ handle }: { readonly handle: string }) => handle === "leaf";

/** GOOD_LEAF names the CA of GOOD_MAIL, as all drafts do; a forged CA has the name and key of theirs. */
function belowCa(draft: MailDraft) {
  const ca = certificateOf(draft, "ca");
  return <T extends { readonly handle: string }>(one: T): T =>
    one.handle === "forged-ca" ? { ...one, subject: ca.subject, key: ca.key } : one;
}

/** Whether the added certificate is on the path of one that is in use, made a signer known, or is rightly named beside one. */
function completes({ draft, added }: Addition, made: MadeMail, { explanation, active }: Outcome): boolean {
  const { evidence } = explanation;
  const der = made.certificates.get(added)?.der;
  if (evidence.kind !== "read" || der === undefined) return false;
  const onPath = evidence.inspection.certificates.some(({ path }) =>
    path.intermediates.some((one) => Buffer.compare(one, der) === 0),
  );
  return onPath || isSigner(draft, added) || (active.includes(added) && isProven(draft, added));
}

const TWIN_CA = { ...GOOD_CA, handle: "ca-1", serial: 11, digest: "sha1" as const };
const MALLORY = { ...GOOD_LEAF, handle: "beside", subject: "Mallory", key: "ec6" as const, serial: 120 };
const TWIN_LEAF = { ...GOOD_LEAF, handle: "twin-0", serial: 110, validity: "longer" as const };

function withCertificate(one: (typeof GOOD_MAIL.certificates)[number], sent: readonly string[]): MailDraft {
  return { ...GOOD_MAIL, certificates: [...GOOD_MAIL.certificates, one], sent };
}

/** One of two certificates signs only, the other encrypts only. */
function sharesTheWork(draft: MailDraft): (handles: readonly string[]) => boolean {
  return (handles) => {
    const usages = handles.map((handle) => certificateOf(draft, handle).usages);
    const only = (usage: string) => usages.some((own) => own?.length === 1 && own[0] === usage);
    return only("sign") && only("encrypt");
  };
}

/** The mail program still names the certificate that has run out. */
function besideRenewal(): MailDraft {
  const mail = withCertificate(TWIN_LEAF, ["leaf", "twin-0", "ca"]);
  const expired = (one: (typeof mail.certificates)[number]) => ({ ...one, validity: "expired" as const });
  return {
    ...mail,
    certificates: mail.certificates.map((one) => (isLeaf(one) ? expired(one) : one)),
    signers: [GOOD_SIGNER],
  };
}

/** The signer names one of the certificates by its hash. */
function named([draft, signingCertificate]: readonly [MailDraft, string]): MailDraft {
  return {
    ...draft,
    signers: draft.signers.map((signer) => ({ ...signer, attributes: true, signingCertificate })),
  };
}

const byKey = (draft: MailDraft) => ({ ...draft, signers: [{ ...GOOD_SIGNER, sid: "key" as const }] });

/** The tests, with as many runs as are asked for. */
export function choiceTests(effort: Effort): void {
  describe("a choice", () => {
    property(
      "of paths: a graph of CAs is accepted exactly when one of its paths is, each judged alone (RFC 4158 §2.4)",
      graphDraft,
      async (draft) => {
        const whole = await judge(draft);
        let one = false;
        for (const way of waysUp(draft, "leaf")) {
          const alone = await judge({ ...draft, sent: ["leaf", ...way], intermediates: [] });
          one ||= alone.active.includes("leaf");
        }
        expect(whole.active.includes("leaf"), JSON.stringify(whole.stored)).toBe(one);
      },
      {
        effort,
        examples: [
          withCertificate(TWIN_CA, ["leaf", "ca-1", "ca"]),
          withCertificate({ ...TWIN_CA, digest: "sha256", extendedUsages: ["server"] }, [
            "leaf",
            "ca-1",
            "ca",
          ]),
        ],
      },
    );

    property(
      "of signer certificates: accepted exactly when one of the key's certificates is, each judged alone, or one to sign with one to encrypt (RFC 5652 §5.3, RFC 8551 §2.5.3)",
      twinDraft,
      async (draft) => {
        const twins = draft.sent.filter((handle) => handle === "leaf" || handle.startsWith("twin-"));
        const others = draft.sent.filter((handle) => !twins.includes(handle));
        let one = false;
        const pairs = twins.flatMap((left, at) => twins.slice(at + 1).map((right) => [left, right]));
        for (const few of [...twins.map((handle) => [handle]), ...pairs.filter(sharesTheWork(draft))]) {
          const alone = await judge({ ...draft, sent: [...few, ...others] });
          one ||= few.some((handle) => alone.active.includes(handle));
        }
        const whole = await judge(draft);
        expect(
          twins.some((handle) => whole.active.includes(handle)),
          JSON.stringify(whole.stored),
        ).toBe(one);
      },
      {
        effort,
        examples: [
          byKey(withCertificate({ ...TWIN_LEAF, validity: "future" }, ["leaf", "twin-0", "ca"])),
          byKey(withCertificate({ ...TWIN_LEAF, addresses: [] }, ["leaf", "twin-0", "ca"])),
        ],
      },
    );

    property(
      "of signer certificates: a signing-certificate attribute excludes all but the one that it names (RFC 5035 §3)",
      fc.tuple(twinDraft, fc.constantFrom("leaf", "twin-0", "twin-1", NOBODY)).map(named),
      async (draft) => {
        const made = make(draft);
        const { explanation, active } = await judge(draft, made);
        const { evidence } = explanation;
        const reports = evidence.kind === "read" ? evidence.inspection.certificates : [];
        const signing = reports.filter(({ role }) => role === "signer").map(({ sha256 }) => sha256);
        const signers = active.filter((handle) =>
          signing.includes(made.certificates.get(handle)?.sha256 ?? ""),
        );
        const [signer] = draft.signers;
        expect(signers.filter((handle) => handle !== signer?.signingCertificate)).toEqual([]);
        if (signer?.signingCertificate === NOBODY) expect(active, "a hash of no certificate").toEqual([]);
      },
      {
        effort,
        examples: [
          named([byKey(withCertificate(TWIN_LEAF, ["leaf", "twin-0", "ca"])), "leaf"]),
          named([{ ...GOOD_MAIL, signers: [GOOD_SIGNER] }, NOBODY]),
          named([besideRenewal(), "leaf"]),
          named([besideRenewal(), "twin-0"]),
        ],
      },
    );

    property(
      "is never made worse by one certificate more, nor better unless it completes a path (RFC 5652 §10.2.3)",
      additions,
      async ({ draft, added }) => {
        const before = await judge(draft);
        const more = { ...draft, sent: [added, ...draft.sent] };
        const made = make(more);
        const after = await judge(more, made);
        if (before.active.length > 0) expect(after.active, "no longer accepted").not.toEqual([]);
        for (const handle of after.active) {
          const isNew = !before.active.includes(handle);
          if (isNew)
            expect(
              completes({ draft: more, added }, made, after) || sharesTheWork(more)([added, handle]),
              `${handle} by ${added}`,
            ).toBe(true);
        }
      },
      {
        effort,
        examples: [
          { draft: withCertificate(TWIN_CA, ["leaf", "ca"]), added: "ca-1" },
          { draft: withCertificate(MALLORY, ["leaf", "ca"]), added: "beside" },
        ],
      },
    );
  });
}
