import { describe, expect, it } from "vitest";
import { type Evidence, saidIn, type Template } from "../../src/decide/index.ts";
import { REASONS } from "../../src/decide/reason.ts";
import type { FindingCode } from "../../src/inspect/index.ts";
import {
  ALICE,
  CLAIMS,
  evidence,
  heldAs,
  hoursAgo,
  offering,
  POLICY,
  planOf,
  REQUEST,
  ROBOT,
  reasons,
  report,
  type Situation,
  templates,
} from "./kit.ts";

const told = (template: Template, ...hours: readonly number[]) => ({
  view: { told: hours.map((ago) => ({ template, at: hoursAgo(ago) })) },
});
const PENDING = offering(report("new", ["path.unknown-ca"]));
const GOOD = offering(report("known"));
const NOTHING_NEW = {
  view: {
    held: [
      {
        sha256: "sha256 of known",
        keyIdentity: "key of known",
        issuer: "CN=Example CA",
        notBefore: hoursAgo(24),
        notAfter: hoursAgo(-24),
        status: "active" as const,
        since: hoursAgo(1),
        approved: false,
        decidedByPerson: false,
      },
    ],
  },
};
const WRONG = offering(report("wrong", ["cert.expired"]));
const AUTOMATIC = { automatic: { rule: "precedence", evidence: "Precedence: bulk" } } as const;
const NEAR = { request: "near-miss", subject: "axazertifikat" } as const;
const NO_HINTS = { ...POLICY, replies: { ...POLICY.replies, hints: false } };

const COLLEAGUE = { kind: "one", address: "alle-mitarbeiter@company.example" } as const;

type Row = [
  rule: string,
  why: string,
  mail: Evidence,
  twin: Evidence,
  situation?: Situation,
  twinSituation?: Situation,
];

/** In each row the first mail is not answered, for this reason; its twin, one property changed, is. */
const RULES: readonly Row[] = [
  ["RFC 3834 §2", "no-reply.automatic", evidence({ ...REQUEST, ...AUTOMATIC }), evidence(REQUEST)],
  ["RFC 3834 §2, a submission", "no-reply.automatic", evidence(AUTOMATIC, GOOD), evidence({}, GOOD)],
  [
    "PRODUCT §3, no single From",
    "no-reply.from",
    evidence({ ...REQUEST, from: { kind: "several" } }),
    evidence(REQUEST),
  ],
  [
    "PRODUCT §5, a colleague whom nothing vouches for",
    "no-reply.own-domain",
    evidence({ ...REQUEST, from: COLLEAGUE, authenticated: null }),
    evidence({ ...REQUEST, from: COLLEAGUE, authenticated: true }),
  ],
  [
    "PRODUCT §5, a colleague from outside",
    "no-reply.own-domain",
    evidence({ ...REQUEST, from: COLLEAGUE, authenticated: null, fromInside: false }),
    evidence({ ...REQUEST, from: COLLEAGUE, authenticated: null, fromInside: true }),
  ],
  [
    "PRODUCT §5, not to us",
    "no-reply.not-addressed",
    evidence({ ...REQUEST, addressedToUs: false }),
    evidence(REQUEST),
  ],
  [
    "PRODUCT §5, DMARC fails",
    "no-reply.authentication-failed",
    evidence({ ...REQUEST, authenticated: false }),
    evidence({ ...REQUEST, authenticated: null }),
  ],
  [
    "PRODUCT §5, DMARC fails, accepted by his own signature but known already",
    "no-reply.authentication-failed",
    evidence({ authenticated: false }, GOOD),
    evidence({ authenticated: false }, offering(report("new"))),
    { view: { held: [heldAs(report("known"), "active")] } },
    { view: { held: [heldAs(report("known"), "active")] } },
  ],
  [
    "PRODUCT §5, refers to us",
    "no-reply.refers-to-us",
    evidence(REQUEST),
    evidence(REQUEST),
    { view: { refersToUs: true } },
  ],
  [
    "PRODUCT §5, refers to us and changes nothing",
    "no-reply.refers-to-us",
    evidence({}, WRONG),
    evidence({}, GOOD),
    { view: { refersToUs: true } },
    { view: { refersToUs: true } },
  ],
  [
    "PRODUCT §5, refers to what another plus form was told for good, whatever it changes",
    "no-reply.refers-to-us",
    evidence({}, GOOD),
    evidence({}, GOOD),
    { view: { refersToUs: true, refersToOtherForm: ["accepted"] } },
    { view: { refersToUs: true, refersToOtherForm: ["rejected"] } },
  ],
  [
    "PRODUCT §5, another plus form was told the same, whatever it changes",
    "no-reply.told-before",
    evidence({}, GOOD),
    evidence({}, GOOD),
    { view: { ...told("accepted", 23).view, toldOtherForms: told("accepted", 23).view.told } },
    { view: { ...told("accepted", 25).view, toldOtherForms: told("accepted", 25).view.told } },
  ],
  [
    "PRODUCT §5, another plus form was told of a doubt: an acceptance is news",
    "no-reply.told-before",
    evidence({}, PENDING),
    evidence({}, GOOD),
    { view: { ...told("rejected", 5).view, toldOtherForms: told("rejected", 5).view.told } },
    { view: { ...told("rejected", 5).view, toldOtherForms: told("rejected", 5).view.told } },
  ],
  [
    "PRODUCT §4, hints switched off",
    "no-reply.switched-off",
    evidence(NEAR),
    evidence(NEAR),
    { policy: NO_HINTS },
  ],
  [
    "PRODUCT §4, one hint a day",
    "no-reply.told-before",
    evidence(NEAR),
    evidence(NEAR),
    told("hint", 23.9),
    told("hint", 24),
  ],
  [
    "PRODUCT §4, a hint only counts hints",
    "no-reply.told-before",
    evidence(NEAR),
    evidence(NEAR),
    told("hint", 1),
    told("accepted", 1),
  ],
  [
    "PRODUCT §3, not usable: authenticated only",
    "no-reply.not-authenticated",
    evidence({ authenticated: null }),
    evidence(),
  ],
  [
    "PRODUCT §3, not usable: once in 7 days",
    "no-reply.told-before",
    evidence(),
    evidence(),
    told("not-usable", 167),
    told("not-usable", 168),
  ],
  [
    "PRODUCT §3, one reply a day when nothing changes",
    "no-reply.told-before",
    evidence({}, GOOD),
    evidence({}, GOOD),
    { view: { ...NOTHING_NEW.view, ...told("accepted", 5).view } },
    { view: { ...NOTHING_NEW.view, ...told("accepted", 25).view } },
  ],
  [
    "PRODUCT §3, a doubt told then counts, an acceptance does not",
    "no-reply.told-before",
    evidence({}, WRONG),
    evidence({}, WRONG),
    told("pending", 5),
    told("accepted", 5),
  ],
  [
    "PRODUCT §3, three in 30 days",
    "no-reply.told-before",
    evidence({}, WRONG),
    evidence({}, WRONG),
    told("rejected", 30, 60, 90),
    told("rejected", 30, 60),
  ],
  [
    "PRODUCT §3, three in 30 days, and older ones",
    "no-reply.told-before",
    evidence({}, WRONG),
    evidence({}, WRONG),
    told("rejected", 30, 60, 719),
    told("rejected", 30, 60, 720),
  ],
];

describe("a mail is not answered, its twin is", () => {
  it.each(RULES)("%s: %s", (_, why, mail, twin, situation, twinSituation) => {
    const plan = planOf(mail, situation);
    expect(templates(plan)).toEqual([]);
    expect(reasons(plan)).toContain(why);
    const answered = planOf(
      twin,
      twinSituation ?? (situation === undefined || mail !== twin ? undefined : {}),
    );
    expect(templates(answered)).toHaveLength(1);
    expect(reasons(answered)).not.toContain(why);
  });

  it.each([
    "user@10.0.0.5",
    "user@0x7f.1",
    "user@127.0x1",
    "user@2130706433",
    "user@partner.example.1",
    "user@host.lan2",
    "user@localhost",
    "user@[192.0.2.1]",
    "user@.example",
  ])("a machine near us is not written to for a stranger (PRODUCT §5): %s", (address) => {
    const plan = planOf(evidence({ ...REQUEST, from: { kind: "one", address } }));
    expect([templates(plan), reasons(plan)]).toEqual([[], ["no-reply.from"]]);
  });
  it.each([
    "user@partner.example",
    "user@1.partner.example",
    "user@xn--bcher-kva.xn--p1ai",
    "user@10.museum",
  ])("its twin is answered: %s", (address) => {
    const plan = planOf(evidence({ ...REQUEST, from: { kind: "one", address } }));
    expect(templates(plan)).toEqual(["no-certificate"]);
  });

  it("every reason for silence is in this table, or is the budget's", () => {
    const shown = new Set(RULES.map(([, why]) => why));
    const all = Object.keys(REASONS).filter((code) => code.startsWith("no-reply."));
    expect(all.filter((code) => !shown.has(code))).toEqual(["no-reply.over-budget"]);
  });

  describe("a second and different failure on the same day is told (PRODUCT §3)", () => {
    const said = (of: Evidence) => {
      const reply = planOf(of).actions.find(({ action }) => action === "reply");
      return reply?.action === "reply" ? saidIn(reply.content) : null;
    };
    const again = (of: Evidence, ...past: readonly (readonly [Evidence, number])[]) =>
      templates(
        planOf(of, {
          view: {
            told: past.map(([mail, hours]) => ({
              template: "rejected",
              at: hoursAgo(hours),
              said: said(mail),
            })),
          },
        }),
      );
    const failing = (name: string, code: FindingCode) => evidence({}, offering(report(name, [code])));
    const expired = failing("one", "cert.expired");
    const signOnly = failing("one", "cert.sign-only");
    const other = failing("two", "cert.expired");

    it("sign-only, then expired: both", () => expect(again(expired, [signOnly, 1])).toEqual(["rejected"]));
    it("another certificate that has expired, too: it needs the same advice", () =>
      expect(again(other, [expired, 1])).toEqual([]));
    it("the same once a day", () => {
      expect(again(expired, [expired, 1])).toEqual([]);
      expect(again(expired, [signOnly, 1], [expired, 2])).toEqual([]);
      expect(again(expired, [expired, 25])).toEqual(["rejected"]);
    });
    it("the same three times in 30 days", () => {
      expect(again(expired, [expired, 30], [expired, 60], [expired, 700])).toEqual([]);
      expect(again(expired, [signOnly, 30], [expired, 60], [expired, 700])).toEqual(["rejected"]);
    });
    const OTHERS: readonly FindingCode[] = [
      "signature.unreadable",
      "signature.no-signer",
      "signature.broken",
      "signature.digest-mismatch",
      "signature.attributes",
      "signature.content-type",
      "signature.algorithm",
      "cert.sign-only",
      "cert.weak-key",
      "cert.usage",
    ];
    it("different ones three a day and ten in 30 days, whatever a program thinks up", () => {
      const numbered = (n: number) => failing("one", OTHERS[n] ?? "address.mismatch");
      const past = (count: number, hours: number) =>
        Array.from({ length: count }, (_, n) => [numbered(n), hours] as const);
      expect(again(expired, ...past(2, 5))).toEqual(["rejected"]);
      expect(again(expired, ...past(3, 5))).toEqual([]);
      expect(again(expired, ...past(9, 100))).toEqual(["rejected"]);
      expect(again(expired, ...past(10, 100))).toEqual([]);
    });
    it("what was said before this was noted may have been the same", () => {
      expect(templates(planOf(expired, told("rejected", 1)))).toEqual([]);
    });
  });

  describe("a reply to our hint whose subject is the tag is a request (PRODUCT §4)", () => {
    const toHint = { view: { refersToUs: true, refersToHint: true } };
    it("is answered", () => expect(templates(planOf(evidence(REQUEST), toHint))).toEqual(["no-certificate"]));
    it.each<[string, Evidence, Situation]>([
      [
        "not when it refers to another mail of ours as well",
        evidence(REQUEST),
        { view: { refersToUs: true } },
      ],
      ["not when it nearly has the tag again", evidence(NEAR), toHint],
      ["not without the tag", evidence(), toHint],
      ["not when a program wrote it", evidence({ ...REQUEST, ...AUTOMATIC }), toHint],
      [
        "not when another plus form of the address was answered before",
        evidence(REQUEST),
        { view: { ...toHint.view, refersToOtherForm: ["certificate"] } },
      ],
    ])("%s", (_, mail, situation) => expect(templates(planOf(mail, situation))).toEqual([]));
  });

  it("a mail that changes the directory is answered whatever was told", () => {
    expect(templates(planOf(evidence({}, PENDING), told("pending", 1, 2, 3, 4)))).toEqual(["pending"]);
    expect(templates(planOf(evidence({}, GOOD), told("accepted", 1, 2, 3, 4)))).toEqual(["accepted"]);
  });

  it("a request is answered however often its sender was told of certificates", () => {
    expect(templates(planOf(evidence(REQUEST), told("rejected", 1, 2, 3)))).toEqual(["no-certificate"]);
  });
});

describe("what is told where", () => {
  it.each<[string, Evidence, string[]]>([
    ["a request", evidence(REQUEST), ["no-certificate"]],
    [
      "a signed request: the answer, then the verdict",
      evidence(REQUEST, GOOD),
      ["no-certificate", "accepted"],
    ],
    ["a near miss", evidence(NEAR), ["hint"]],
    ["a signed near miss: the verdict, then the hint", evidence(NEAR, GOOD), ["accepted", "hint"]],
    [
      "a near miss to a mailbox",
      evidence({ ...NEAR, addressed: [{ address: CLAIMS, source: "To" }] }),
      ["hint"],
    ],
    ["an unsigned mail to the robot", evidence(), ["not-usable"]],
    [
      "the same to its plus form in another case",
      evidence({ addressed: [{ address: ROBOT.toUpperCase().replace("@", "+x@"), source: "To" }] }),
      ["not-usable"],
    ],
    ["an unsigned mail to a mailbox", evidence({ addressed: [{ address: CLAIMS, source: "To" }] }), []],
    [
      "an unsigned mail to the robot and a mailbox",
      evidence({
        addressed: [
          { address: ROBOT, source: "To" },
          { address: CLAIMS, source: "Cc" },
        ],
      }),
      [],
    ],
  ])("%s", (_, mail, expected) => expect(templates(planOf(mail))).toEqual(expected));

  it.each([
    ["encrypted", { carries: "encrypted" }],
    ["openpgp", { carries: "openpgp" }],
    ["rich-text", { carries: "rich-text" }],
    ["rights-protected", { carries: "rights-protected" }],
    ["unsigned", { carries: "nothing" }],
  ] as const)("a mail that is not usable is told why: %s", (why, change) => {
    const reply = planOf(evidence(change)).actions.find(({ action }) => action === "reply");
    expect(reply).toMatchObject({ to: ALICE, content: { template: "not-usable", why } });
  });

  it("goes to the From address, and to nobody else", () => {
    const mail = evidence({ ...REQUEST, returnPath: { kind: "address", address: "x@elsewhere.example" } });
    expect(planOf(mail).actions).toContainEqual(expect.objectContaining({ action: "reply", to: ALICE }));
  });
});
