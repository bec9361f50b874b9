/**
 * Drafts as fast-check draws and shrinks them: mostly good, with a few fields bent. What shrinks does so towards the
 * good mail of one CA, so the smallest counterexample shows the one field that matters.
 */
import fc from "fast-check";
import {
  ALICE,
  type AnswerDraft,
  BOB,
  type Breakage,
  type CertificateDraft,
  type CrlDraft,
  type Encoding,
  type Frame,
  GOOD_CA,
  GOOD_CRL,
  GOOD_LEAF,
  GOOD_ROOT,
  GOOD_SIGNER,
  type KeyName,
  type MailDraft,
  type NamesDraft,
  NOBODY,
  type Scope,
  type SignerDraft,
} from "./draft.ts";

type Bend = Partial<CertificateDraft>;

/** The first of them more often than all others together: a mail with five defects tells nothing. */
function mostly<T>(usual: T, ...rare: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.constant(usual), weight: rare.length * 4 },
    { arbitrary: fc.constantFrom(...rare), weight: rare.length },
  );
}

/** As `mostly`, and rarer: what stands beside other bends. */
function seldom<T>(usual: T, ...rare: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.constant(usual), weight: 11 },
    { arbitrary: fc.constantFrom(...rare), weight: 1 },
  );
}

/** What a certificate of a CA can be, beside good. */
export const CA_BENDS: readonly Bend[] = [
  { digest: "sha1" },
  { extendedUsages: ["server"] },
  { extendedUsages: ["email"] },
  { extendedUsages: ["any"] },
  { validity: "expired" },
  { validity: "future" },
  { validity: "longer" },
  { validity: "ended-before-it-began" },
  { forged: true },
  { ca: false },
  { pathLength: 0 },
  { usages: ["cRLSign"] },
  { usages: null },
  { nullParameters: true },
];

/** What a certificate of a person can be, beside good. */
export const LEAF_BENDS: readonly Bend[] = [
  { extendedUsages: ["server"] },
  { extendedUsages: null },
  { extendedUsages: ["any", "server"] },
  { validity: "expired" },
  { validity: "future" },
  { validity: "longer" },
  { usages: ["sign"] },
  { usages: ["encrypt"] },
  { usages: null },
  { addresses: [BOB] },
  { addresses: [] },
  { addresses: [BOB, ALICE] },
  { digest: "sha1" },
  { forged: true },
  { issuer: "leaf" },
  { namesCrl: true },
  { nullParameters: true },
];

/** Names that a CA may speak for, met and not met, in the usual spelling and in another (RFC 5280 §4.2.1.10, §7.5). */
const CA_NAMES: readonly NamesDraft[] = [
  { permitted: ["email:partner.example"], excluded: [] },
  { permitted: ["email:PARTNER.example"], excluded: [] },
  { permitted: [`email:${ALICE}`], excluded: [] },
  { permitted: ["email:other.example"], excluded: [] },
  { permitted: ["email:.partner.example"], excluded: [] },
  { permitted: ["organisation:Generated"], excluded: [] },
  { permitted: ["organisation:GENERATED"], excluded: [] },
  { permitted: ["organisation:Other"], excluded: [] },
  { permitted: [], excluded: [`email:${ALICE}`] },
  { permitted: [], excluded: ["email:Alice@partner.example"] },
  { permitted: [], excluded: ["email:other.example"] },
  { permitted: [], excluded: ["organisation:Generated"] },
  { permitted: [], excluded: ["organisation:generated"] },
  { permitted: ["email:partner.example"], excluded: [`email:${BOB}`] },
];

/** What a CA says of policies, in mails where all certificates have one (RFC 5280 §4.2.1.4, §4.2.1.5, §4.2.1.11). */
const CA_POLICIES: readonly Bend[] = [
  { policies: ["one"] },
  { policies: ["one"], explicitAfter: 0 },
  { policies: ["one"], explicitAfter: 1 },
  { policies: ["one"], explicitAfter: 3 },
  { policies: ["one"], mappings: [["one", "two"]], explicitAfter: 0 },
  { policies: ["one", "two"], mappings: [["one", "two"]], explicitAfter: 0 },
  { policies: ["any"], explicitAfter: 0 },
  { policies: ["two"], explicitAfter: 0 },
  { policies: null, explicitAfter: 0 },
];

const LEAF_POLICIES: readonly Bend[] = [
  { policies: ["one"] },
  { policies: ["two"] },
  { policies: ["any"] },
  { policies: ["one", "two"] },
  { policies: null },
];

const BREAKAGES: readonly Breakage[] = ["value", "digest", "content-type", "zeros"];

/** Certificates of the CAs: two levels at most, each with up to two further certificates of its name and key. */
function authorities(hasPolicies: boolean): fc.Arbitrary<readonly CertificateDraft[]> {
  const level = (subject: string, key: KeyName, serial: number, above: readonly string[]) =>
    fc
      .array(
        fc.record({
          bend: mostly<Bend>({}, ...CA_BENDS),
          names: seldom<NamesDraft | null>(null, ...CA_NAMES),
          policies: hasPolicies ? fc.constantFrom(...CA_POLICIES) : fc.constant<Bend>({}),
          issuer: fc.constantFrom(...above),
        }),
        { minLength: 1, maxLength: 3 },
      )
      .map((twins) =>
        twins.map(({ bend, names, policies, issuer }, index) => ({
          ...GOOD_CA,
          handle: index === 0 ? subject : `${subject}-${index}`,
          subject,
          key,
          serial: serial + index,
          issuer,
          names,
          ...policies,
          ...bend,
        })),
      );
  return fc.boolean().chain((two) =>
    fc
      .tuple(
        two ? level("upper", "ec2", 20, ["root", "root", "root", "other-root"]) : fc.constant([]),
        // A cross-certificate of another root, or one that the lower CA signed itself, is only another issuer.
        level(
          "ca",
          "ec1",
          10,
          two ? ["upper", "upper", "root", "other-root"] : ["root", "root", "other-root"],
        ),
      )
      .map(([upper, lower]) => [...upper, ...lower]),
  );
}

const ROOTS: readonly CertificateDraft[] = [
  GOOD_ROOT,
  { ...GOOD_ROOT, handle: "other-root", subject: "Other Root", key: "ec3", issuer: "other-root" },
];

/** Alice's certificates: that of her signature, others of the same key, others of another key. */
function people(hasPolicies: boolean): fc.Arbitrary<readonly CertificateDraft[]> {
  return fc
    .record({
      leaf: mostly<Bend>({}, ...LEAF_BENDS),
      key: mostly<KeyName>("ec5", "rsa0"),
      twins: fc.array(fc.constantFrom<Bend>({}, { validity: "longer" }, ...LEAF_BENDS), { maxLength: 2 }),
      twinsLonger: fc.boolean(),
      policies: hasPolicies ? fc.constantFrom(...LEAF_POLICIES) : fc.constant<Bend>({}),
      beside: mostly<Bend | null>(
        null,
        {},
        { subject: "Mallory" },
        { addresses: [BOB] },
        { usages: ["encrypt"] },
        { usages: ["encrypt"], subject: "Mallory" },
        { issuer: "beside" },
      ),
    })
    .map(({ leaf, key, twins, twinsLonger, policies, beside }) => {
      const own: CertificateDraft = { ...GOOD_LEAF, key, ...policies, ...leaf };
      const longer: Bend = twinsLonger ? { validity: "longer" } : {};
      return [
        own,
        ...twins.map((bend, index) => {
          const handle = `twin-${index}`;
          const issuer = bend.issuer === undefined ? {} : { issuer: handle };
          return {
            ...GOOD_LEAF,
            key,
            ...policies,
            handle,
            serial: 110 + index,
            ...longer,
            ...bend,
            ...issuer,
          };
        }),
        ...(beside === null
          ? []
          : [{ ...GOOD_LEAF, handle: "beside", key: "ec6" as const, serial: 120, ...beside }]),
        { ...GOOD_LEAF, handle: "self-made", key: "ec7" as const, issuer: "self-made", serial: 130 },
        { ...GOOD_LEAF, handle: "second", key: "ec8" as const, serial: 140 },
        { ...GOOD_LEAF, handle: "bob", subject: "Bob", key: "ec4" as const, serial: 150, addresses: [BOB] },
      ];
    });
}

function signers(beside: boolean, twins: readonly string[]): fc.Arbitrary<readonly SignerDraft[]> {
  const signer = (
    certificate: fc.Arbitrary<string>,
    breakage: fc.Arbitrary<Breakage>,
    named: fc.Arbitrary<string | null>,
  ) =>
    fc.record({
      certificate,
      sid: mostly<SignerDraft["sid"]>("issuer", "key"),
      attributes: mostly(true, false),
      scheme: mostly<SignerDraft["scheme"]>("plain", "pss"),
      digest: mostly<SignerDraft["digest"]>("sha256", "sha512"),
      breakage,
      preference: beside ? mostly<string | null>(null, "beside") : fc.constant(null),
      signingCertificate: named,
    });
  const first = signer(
    fc.constant("leaf"),
    mostly<Breakage>("none", "none", ...BREAKAGES),
    seldom<string | null>(null, "leaf", "leaf", NOBODY, ...twins),
  );
  const others = fc.array(
    signer(
      fc.constantFrom("self-made", "second", "bob", "leaf"),
      mostly<Breakage>("none", ...BREAKAGES),
      fc.constant(null),
    ),
    { maxLength: 2 },
  );
  return fc
    .record({
      first,
      others: fc.oneof({ arbitrary: fc.constant([]), weight: 3 }, { arbitrary: others, weight: 1 }),
    })
    .map((all) => [all.first, ...all.others]);
}

/** What the CRLs of one CA share: nothing to be shared first. */
const SCOPES: readonly [Scope | null, Scope | null][] = [
  ["users", "cas"],
  ["users", null],
  ["cas", null],
  ["attributes", null],
  ["some-reasons", "other-reasons"],
  ["some-reasons", null],
  ["point", null],
  ["other-point", null],
  ["point", "other-point"],
];

/** Each CA's CRLs; now and then two of one second. */
export function listDrafts(cas: readonly CertificateDraft[]): fc.Arbitrary<readonly CrlDraft[]> {
  const all = [...ROOTS, ...cas];
  const heads = all.filter(({ subject }, index) => all.findIndex((one) => one.subject === subject) === index);
  const one = (issuer: string, number: number, scope: Scope | null = null) =>
    fc.record({
      handle: fc.constant(`${issuer} ${number}`),
      issuer: fc.constant(issuer),
      revoked: issuer === "ca" ? mostly<readonly string[]>([], ["leaf"]) : fc.constant([]),
      released: fc.constant([]),
      number: fc.constantFrom(1, number),
      base: fc.constant(null),
      age: fc.constantFrom(5, 1),
      scope: fc.constant(scope),
      forged: mostly(false, true),
    });
  const delta = (scope: Scope | null) =>
    fc
      .record({
        revoked: mostly<readonly string[]>([], ["leaf"]),
        released: mostly<readonly string[]>([], ["leaf"]),
        number: fc.constantFrom(3, 1),
        base: fc.constantFrom(1, 1, 1, 2),
        forged: mostly(false, true),
      })
      .map((bent): CrlDraft => ({ ...GOOD_CRL, handle: "delta", scope, ...bent }));
  return mostly<readonly [Scope | null, Scope | null]>([null, null], ...SCOPES).chain(([first, second]) =>
    fc
      .tuple(
        ...heads.map(({ handle }) => one(handle, 1, handle === "ca" ? first : null)),
        fc.option(one("ca", 2, second), { nil: null }),
        fc.option(delta(first), { nil: null, freq: 5 }),
      )
      .map((all) => all.filter((list) => list !== null)),
  );
}

/** What responders say of one certificate (RFC 6960 §2.2). */
export function answerDrafts(...certificates: readonly string[]): fc.Arbitrary<readonly AnswerDraft[]> {
  const one = fc.record({
    certificate: fc.constantFrom(...certificates),
    status: fc.constantFrom<AnswerDraft["status"]>("good", "good", "revoked", "unknown"),
    by: mostly<AnswerDraft["by"]>("ca", "responder", "other-ca", "stranger"),
    // An old word that a certificate is revoked may count or not: it is never drawn.
    time: mostly<AnswerDraft["time"]>("current", "future"),
    forged: mostly(false, true),
  });
  return fc.array(one, { minLength: 1, maxLength: 3 });
}

/** What is asked for of a draft beside what is drawn. */
export interface Shape {
  /** CRLs are part of the path (`--crl`) in some of the mails. */
  readonly crls?: boolean;
  /** The mail may have been tampered with on the way: footers, no content. */
  readonly tampered?: boolean;
  /** Responders answer about Alice's certificate in some of the mails without CRLs. */
  readonly answers?: boolean;
}

/** Any mail of Alice's. */
export function mailDraft({
  crls = true,
  tampered = true,
  answers = false,
}: Shape = {}): fc.Arbitrary<MailDraft> {
  const graph = seldom(false, true).chain((hasPolicies) =>
    fc.tuple(authorities(hasPolicies), people(hasPolicies)),
  );
  return graph.chain(([cas, persons]) => {
    const named = persons.filter(({ handle }) => !["self-made", "second", "bob"].includes(handle));
    const offered = [...cas, ...named].map(({ handle }) => handle);
    return fc
      .record({
        form: fc.constantFrom("detached" as const, "opaque" as const),
        encoding: seldom<Encoding>("der", "indefinite", "pieces", "attributes"),
        frame: seldom<Frame>("usual", "boundary-twice", "signature-as-p7m", "content-type-twice"),
        hasContent: tampered ? mostly(true, true, true, false) : fc.constant(true),
        footer: tampered
          ? mostly<string | null>(null, null, null, "Diese Nachricht ist vertraulich.", "-- ", "Impressum")
          : fc.constant(null),
        // The signer's own certificate may be anywhere in the SET, and a CA may lie in the trust folder only.
        sent: fc.shuffledSubarray(offered, { minLength: Math.max(1, offered.length - 1) }),
        trusted: fc.subarray(cas.map(({ handle }) => handle)),
        signers: signers(
          persons.some(({ handle }) => handle === "beside"),
          persons.flatMap(({ handle }) => (handle.startsWith("twin-") ? [handle] : [])),
        ),
        anchors: mostly<readonly string[]>(["root"], ["root", "other-root"]),
        given: answers
          ? seldom<boolean>(false, true).chain((some) => (some ? answerDrafts("leaf") : fc.constant(null)))
          : fc.constant(null),
        crls: crls ? fc.option(listDrafts(cas), { nil: null, freq: 2 }) : fc.constant(null),
      })
      .map(({ trusted, given, signers: signing, sent, ...rest }) => {
        const more = signing.map(({ certificate }) => certificate).filter((handle) => !sent.includes(handle));
        const answered = rest.crls === null ? given : null;
        const askable = persons.map((one) =>
          one.handle === "leaf" && answered !== null ? { ...one, namesCrl: true } : one,
        );
        return {
          ...rest,
          from: ALICE,
          certificates: [...ROOTS, ...cas, ...askable],
          sent: [...new Set([...sent, ...more])],
          signers: signing,
          intermediates: trusted,
          answers: answered,
        };
      });
  });
}

/** An honest mail of one CA: what a bent one is a sibling of. */
export const GOOD_MAIL: MailDraft = {
  from: ALICE,
  form: "detached",
  encoding: "der",
  frame: "usual",
  hasContent: true,
  footer: null,
  certificates: [...ROOTS, GOOD_CA, GOOD_LEAF],
  sent: ["leaf", "ca"],
  signers: [GOOD_SIGNER],
  anchors: ["root"],
  intermediates: [],
  crls: null,
  answers: null,
};
