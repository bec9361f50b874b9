import { describe, expect, it } from "vitest";
import {
  type HeldCertificate,
  statusOf,
  type Verdict,
  type View,
  verdictOf,
} from "../../src/decide/index.ts";
import {
  type CertificateReport,
  type FindingCode,
  finding,
  type Inspection,
  type Severity,
} from "../../src/inspect/index.ts";
import type { Policy } from "../../src/policy.ts";
import type { MessageFacts } from "../../src/read/index.ts";
import { DAY, evidence, NOW, offering, POLICY, planOf, report } from "./kit.ts";

const UNKNOWN: readonly FindingCode[] = ["path.unknown-ca"];
const EXPIRED: readonly FindingCode[] = ["cert.expired"];

function held(name: string, change: Partial<HeldCertificate> = {}): HeldCertificate {
  return {
    sha256: `sha256 of ${name}`,
    keyIdentity: `key of ${name}`,
    issuer: "CN=Example CA",
    notBefore: new Date(NOW.getTime() - 100 * DAY),
    notAfter: new Date(NOW.getTime() + 265 * DAY),
    status: "active",
    since: new Date(NOW.getTime() - 90 * DAY),
    approved: false,
    decidedByPerson: false,
    ...change,
  };
}

function withPin(pin: Policy["certificates"]["pin"]): Policy {
  return { ...POLICY, certificates: { ...POLICY.certificates, pin } };
}

const APPROVED = held("old", { approved: true, decidedByPerson: true });
const NEW = report("new");
const RENEWED = report("new", [], { keyIdentity: "key of old" });

const daysOn = (days: number): Date => new Date(NOW.getTime() + days * DAY);
const ENDING = held("old", { notAfter: daysOn(30) });
const ENDED = held("old", { notAfter: daysOn(-30), status: "expired" });
const OLDER = report("older", [], { notBefore: daysOn(-200) });
const REVOCATION = {
  by: "CRL",
  revocationTime: daysOn(-5),
  reason: null,
  thisUpdate: daysOn(-4),
} as const;
const REVOKED = held("newer", { status: "revoked", since: daysOn(-5) });

type Row = [
  name: string,
  offered: CertificateReport,
  expected: [Verdict, ...FindingCode[]],
  view?: Partial<View>,
  policy?: Policy,
  facts?: Partial<MessageFacts>,
  signedAt?: Date | null,
];

const ROWS: readonly Row[] = [
  ["nothing is known", NEW, ["accepted"]],
  ["a doubt", report("new", UNKNOWN), ["pending", "path.unknown-ca"]],
  [
    "an error beside a doubt",
    report("new", ["path.unknown-ca", "cert.expired"]),
    ["rejected", "path.unknown-ca", "cert.expired"],
  ],

  ["pinned: another key", NEW, ["pending", "cert.pinned", "history.second-key"], { held: [APPROVED] }],
  ["pinned: the same key", RENEWED, ["accepted", "history.same-key"], { held: [APPROVED] }],
  [
    "pinned: another key, waiting already",
    NEW,
    ["pending", "cert.pinned", "history.second-key"],
    { held: [APPROVED, held("new", { status: "pending" })] },
  ],
  [
    "pinned: another key, expired before",
    NEW,
    ["pending", "cert.pinned", "history.second-key"],
    { held: [APPROVED, held("new", { status: "expired" })] },
  ],
  ["pinned: another key, active already", NEW, ["accepted"], { held: [APPROVED, held("new")] }],
  [
    "pinned: one of two approved keys",
    RENEWED,
    ["accepted", "history.same-key"],
    { held: [APPROVED, held("third", { approved: true })] },
  ],
  [
    "not pinned: the approved one was revoked",
    NEW,
    ["accepted"],
    { held: [{ ...APPROVED, status: "revoked" }] },
  ],
  [
    "pinned: the approved one has expired, and its successor has another key",
    NEW,
    ["pending", "cert.pinned", "history.second-key"],
    { held: [{ ...APPROVED, status: "expired" }] },
  ],
  [
    "not pinned: the robot accepted the other",
    NEW,
    ["accepted", "history.second-key"],
    { held: [held("old")] },
  ],
  [
    "pin = first: the robot accepted the other",
    NEW,
    ["pending", "cert.pinned", "history.second-key"],
    { held: [held("old")] },
    withPin("first"),
  ],
  [
    "pin = first: the other is pending",
    NEW,
    ["accepted"],
    { held: [held("old", { status: "pending" })] },
    withPin("first"),
  ],
  ["pin = off", NEW, ["accepted", "history.second-key"], { held: [APPROVED] }, withPin("off")],

  [
    "history: the same key in another certificate",
    RENEWED,
    ["accepted", "history.same-key"],
    { held: [held("old")] },
  ],
  [
    "history: a renewal by the same CA, the older ends soon",
    NEW,
    ["accepted", "history.renewal"],
    { held: [ENDING] },
  ],
  ["history: a renewal after the older has ended", NEW, ["accepted", "history.renewal"], { held: [ENDED] }],
  [
    "history: a second device, the older has long to run",
    NEW,
    ["accepted", "history.second-key"],
    { held: [held("old")] },
  ],
  [
    "history: not a renewal when it ends before the other",
    report("new", [], { notAfter: daysOn(20) }),
    ["accepted", "history.second-key"],
    { held: [ENDING] },
  ],
  [
    "history: a new CA",
    NEW,
    ["accepted", "history.new-ca"],
    { held: [held("old", { issuer: "CN=Other CA" })] },
  ],
  [
    "history: the same CA counts before another",
    NEW,
    ["accepted", "history.renewal"],
    { held: [held("third", { issuer: "CN=Other CA" }), ENDING] },
  ],
  [
    "history: what is pending is nobody's key yet",
    NEW,
    ["accepted"],
    { held: [held("old", { status: "pending" })] },
  ],
  [
    "history: what is revoked is nobody's key any more",
    NEW,
    ["accepted"],
    { held: [held("old", { status: "revoked" })] },
  ],
  [
    "history: an older one, signed before the newer was revoked",
    OLDER,
    ["pending", "history.before-revocation"],
    { held: [REVOKED] },
    POLICY,
    {},
    daysOn(-6),
  ],
  [
    "history: an older one, signed after the newer was revoked",
    OLDER,
    ["accepted"],
    { held: [REVOKED] },
    POLICY,
    {},
    NOW,
  ],
  [
    "history: an older one, and nobody knows when it was signed",
    OLDER,
    ["pending", "history.before-revocation"],
    { held: [REVOKED] },
    POLICY,
    {},
    null,
  ],
  [
    "history: an older one that is in use already",
    OLDER,
    ["accepted"],
    { held: [REVOKED, held("older")] },
    POLICY,
    {},
    daysOn(-6),
  ],
  [
    "history: a newer one, signed before the older was revoked",
    NEW,
    ["accepted"],
    { held: [REVOKED] },
    POLICY,
    {},
    daysOn(-6),
  ],

  ["barred", NEW, ["rejected", "cert.barred"], { barred: new Set(["key of new"]) }],
  [
    "barred: active all the same",
    NEW,
    ["rejected", "cert.barred"],
    { barred: new Set(["key of new"]), held: [held("new")] },
  ],
  ["barred: another key", NEW, ["accepted"], { barred: new Set(["key of old"]) }],

  [
    "its CA has revoked it before, whatever it says today",
    NEW,
    ["rejected", "revocation.revoked"],
    { revoked: new Map([[NEW.sha256, REVOCATION]]) },
  ],
  [
    "its CA has revoked it before, and it is active all the same",
    NEW,
    ["rejected", "revocation.revoked"],
    { revoked: new Map([[NEW.sha256, REVOCATION]]), held: [held("new")] },
  ],
  [
    "a CA above it is revoked",
    { ...NEW, path: { ...NEW.path, authorities: ["ca"] } },
    ["rejected", "revocation.revoked"],
    { revoked: new Map([["ca", REVOCATION]]) },
  ],
  ["another certificate is revoked", NEW, ["accepted"], { revoked: new Map([["other", REVOCATION]]) }],

  [
    "settled: active, and a doubt about this mail",
    report("new", UNKNOWN),
    ["accepted", "path.unknown-ca"],
    { held: [held("new")] },
  ],
  [
    "settled: active, and an error",
    report("new", EXPIRED),
    ["rejected", "cert.expired"],
    { held: [held("new")] },
  ],
  [
    "settled: turned away by a person",
    report("new", UNKNOWN),
    ["rejected", "path.unknown-ca"],
    { held: [held("new", { status: "rejected", decidedByPerson: true })] },
  ],
  [
    "settled: rejected by the robot, a doubt now",
    report("new", UNKNOWN),
    ["pending", "path.unknown-ca"],
    { held: [held("new", { status: "rejected" })] },
  ],
  [
    "settled: turned away by a person, beyond doubt now",
    NEW,
    ["accepted"],
    { held: [held("new", { status: "rejected", decidedByPerson: true })] },
  ],

  [
    "cap: the last of the day",
    report("new", UNKNOWN),
    ["pending", "path.unknown-ca"],
    { pendingOfDomain: 19 },
  ],
  [
    "cap: the last of all senders' day",
    report("new", UNKNOWN),
    ["pending", "path.unknown-ca"],
    { pendingOfAll: 499 },
  ],
  ...(["pendingOfDomain", "pendingOfAll"] as const).flatMap((cap): Row[] => {
    const full = { [cap]: cap === "pendingOfAll" ? 500 : 20 };
    const doubtful = report("new", UNKNOWN);
    const away: [Verdict, ...FindingCode[]] = ["rejected", "path.unknown-ca", "cert.pending-cap"];
    const later: [Verdict, ...FindingCode[]] = ["pending", "path.unknown-ca", "cert.pending-later"];
    return [
      [`${cap}: one more of nobody known`, doubtful, away, full, POLICY, { authenticated: null }],
      [`${cap}: one more of an authenticated sender waits`, doubtful, later, full],
      [
        `${cap}: it still waits after 71 hours`,
        doubtful,
        later,
        { ...full, waited: { since: daysOn(-71 / 24), told: [], forRoom: true } },
      ],
      [
        `${cap}: it is turned away after 72 hours`,
        doubtful,
        away,
        { ...full, waited: { since: daysOn(-3), told: [], forRoom: true } },
      ],
      [`${cap}: accepted is not counted`, NEW, ["accepted"], full],
      [
        `${cap}: pending already is not counted`,
        doubtful,
        ["pending", "path.unknown-ca"],
        { ...full, held: [held("new", { status: "pending" })] },
      ],
    ];
  }),

  ["DMARC fails: accepted stays", NEW, ["accepted"], {}, POLICY, { authenticated: false }],
  [
    "DMARC fails: a doubt is rejected",
    report("new", UNKNOWN),
    ["rejected", "path.unknown-ca", "mail.authentication"],
    {},
    POLICY,
    { authenticated: false },
  ],
  [
    "DMARC fails: a rejection stays",
    report("new", EXPIRED),
    ["rejected", "cert.expired", "mail.authentication"],
    {},
    POLICY,
    { authenticated: false },
  ],
  [
    "nothing said of the sender: a doubt is a doubt",
    report("new", UNKNOWN),
    ["pending", "path.unknown-ca"],
    {},
    POLICY,
    { authenticated: null },
  ],
];

/** The same, signed at this time. */
function signedOn(offered: Inspection, signingTime: Date | null): Inspection {
  const signer = { certificate: null, valid: true, signingTime, findings: [] };
  return { ...offered, signature: { form: "detached", valid: true, signers: [signer], findings: [] } };
}

describe("a certificate against the directory (PRODUCT §3)", () => {
  it.each(ROWS)(
    "%s",
    (_, offered, [verdict, ...codes], view = {}, policy = POLICY, facts = {}, signedAt = NOW) => {
      const mail = evidence(facts, signedOn(offering(offered), signedAt));
      const [judged] = planOf(mail, { view, policy }).judged;
      expect([judged?.verdict, ...(judged?.findings ?? []).map(({ code }) => code)]).toEqual([
        verdict,
        ...codes,
      ]);
    },
  );

  it("counts the pending certificates of one mail too", () => {
    const mail = offering(report("a", UNKNOWN), report("b", UNKNOWN), report("c", UNKNOWN));
    const { judged } = planOf(evidence({ authenticated: null }, mail), { view: { pendingOfDomain: 18 } });
    expect(judged.map(({ verdict }) => verdict)).toEqual(["pending", "pending", "rejected"]);
  });

  it("stores at once what is accepted, though another certificate of the mail finds no room", () => {
    const mail = evidence({}, offering(NEW, report("b", UNKNOWN)));
    const { judged, actions } = planOf(mail, { view: { pendingOfDomain: 20 } });
    expect(judged.map(({ verdict }) => verdict)).toEqual(["accepted", "rejected"]);
    expect(actions.at(-1)).toEqual({ action: "file", folder: "Processed" });
  });
});

describe("a verdict", () => {
  it.each<[Severity[], Verdict]>([
    [[], "accepted"],
    [["info", "info"], "accepted"],
    [["info", "warning"], "pending"],
    [["warning", "error", "info"], "rejected"],
  ])("of %j is %s", (severities, verdict) => {
    expect(verdictOf(severities.map((severity) => finding("cert.expired", "", severity)))).toBe(verdict);
  });

  it("is stored as a status", () => {
    expect((["accepted", "pending", "rejected"] as const).map(statusOf)).toEqual([
      "active",
      "pending",
      "rejected",
    ]);
  });
});
