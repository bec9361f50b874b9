import { describe, expect, it } from "vitest";
import {
  decide,
  type Evidence,
  emptyView,
  type PublishedMailbox,
  viewQuery,
} from "../../src/decide/index.ts";
import { type CertificateReport, finding } from "../../src/inspect/index.ts";
import type { AddressedMailbox } from "../../src/read/index.ts";
import {
  ALICE,
  CLAIMS,
  evidence,
  facts,
  folderOf,
  heldAs,
  NOTHING,
  NOW,
  offering,
  POLICY,
  planOf,
  REQUEST,
  ROBOT,
  reasons,
  report,
  templates,
} from "./kit.ts";

const GOOD = report("good");
const PENDING = report("doubtful", ["path.unknown-ca"]);
const WRONG = report("wrong", ["cert.expired"]);
const BROKEN = {
  ...NOTHING,
  signature: { form: "detached", valid: false, signers: [], findings: [finding("signature.unreadable")] },
} as const;
const UNREADABLE: Evidence = { kind: "unreadable", problem: "judge.died", facts: null };

describe("the kind of a message (CONTRACT §2)", () => {
  it.each<[string, Evidence]>([
    ["submission", evidence({}, offering(GOOD))],
    ["submission", evidence(REQUEST, offering(GOOD))],
    ["submission", evidence({}, BROKEN)],
    ["submission", evidence({}, { ...NOTHING, certificates: [PENDING] })],
    ["request", evidence(REQUEST)],
    ["request", evidence({ ...REQUEST, automatic: { rule: "precedence", evidence: "" } })],
    ["near-miss", evidence({ request: "near-miss" })],
    ["automatic", evidence({ automatic: { rule: "precedence", evidence: "" }, carries: "encrypted" })],
    ["encrypted", evidence({ carries: "encrypted" })],
    ["encrypted", evidence({ carries: "signed" }, { ...NOTHING, encrypted: true })],
    ["openpgp", evidence({ carries: "openpgp" })],
    ["other", evidence()],
    ["unreadable", UNREADABLE],
    ["unreadable", { kind: "unreadable", problem: "mime.too-deep", facts: facts(REQUEST) }],
  ])("%s", (kind, mail) => expect(planOf(mail).kind).toBe(kind));
});

describe("the folder (PRODUCT §2)", () => {
  const AUTOMATIC = { automatic: { rule: "precedence", evidence: "" } } as const;
  it.each<[string, string, Evidence]>([
    ["accepted", "Processed", evidence({}, offering(GOOD))],
    ["accepted beside pending and rejected", "Processed", evidence({}, offering(WRONG, PENDING, GOOD))],
    ["accepted, automatic", "Processed", evidence(AUTOMATIC, offering(GOOD))],
    ["a request answered", "Processed", evidence(REQUEST)],
    ["a request answered beside a rejected certificate", "Processed", evidence(REQUEST, offering(WRONG))],
    ["pending beside rejected", "Pending", evidence({}, offering(WRONG, PENDING))],
    [
      "a silent request with a pending certificate",
      "Pending",
      evidence({ ...REQUEST, ...AUTOMATIC }, offering(PENDING)),
    ],
    ["rejected", "Rejected", evidence({}, offering(WRONG))],
    ["a broken CMS in a readable mail", "Rejected", evidence({}, BROKEN)],
    ["a silent request", "Unhandled", evidence({ ...REQUEST, ...AUTOMATIC })],
    ["a near miss, hinted", "Unhandled", evidence({ request: "near-miss" })],
    ["encrypted, told", "Unhandled", evidence({ carries: "encrypted" })],
    ["plain", "Unhandled", evidence()],
    ["unreadable", "Unhandled", UNREADABLE],
  ])("%s: %s", (_, folder, mail) => {
    const plan = planOf(mail);
    expect(folderOf(plan)).toBe(folder);
    expect(plan.actions.filter(({ action }) => action === "file")).toHaveLength(1);
  });

  it("of a known certificate is Processed too", () => {
    const held = heldAs(GOOD, "active");
    const plan = planOf(evidence({}, offering(GOOD)), { view: { held: [held] } });
    expect(folderOf(plan)).toBe("Processed");
    expect(reasons(plan)).toContain("submission.known");
  });
});

describe("what is stored (PRODUCT §3 7.)", () => {
  it("stands under the From address alone, whatever the certificate names", () => {
    const many = report("many", [], { addresses: [ALICE, "bob@partner.example"] });
    expect(
      planOf(evidence({}, offering(many, WRONG))).actions.filter(({ action }) => action === "store"),
    ).toMatchObject([
      { certificate: many.sha256, status: "active", address: ALICE },
      { certificate: WRONG.sha256, status: "rejected", address: ALICE },
    ]);
  });

  it("is nothing without exactly one From address", () => {
    const mail = evidence({ from: { kind: "two-fields" } }, offering(report("x", ["address.from"])));
    expect(planOf(mail).actions).toEqual([{ action: "file", folder: "Rejected" }]);
  });

  it("is not the signing half of a dual key pair, which nobody can encrypt to", () => {
    const signer = report("signer", [], { usage: { sign: true, encrypt: false } });
    const plan = planOf(evidence({}, offering(signer, report("encryption", [], { role: "encryption" }))));
    expect(plan.actions).toMatchObject([
      { action: "store", certificate: "sha256 of encryption", status: "active" },
      {
        action: "reply",
        content: { template: "accepted", judged: [{ certificate: { sha256: "sha256 of encryption" } }] },
      },
      { action: "file" },
    ]);
    // What is told is what `lookup` gives.
    expect(plan.actions[1]).toHaveProperty("content.judged.length", 1);
    expect(plan.judged).toHaveLength(2);
  });

  it("is not what is kept as revoked, and the mail does not say accepted: no mail leads out of it", () => {
    const held = heldAs(GOOD, "revoked");
    expect(planOf(evidence({}, offering(GOOD)), { view: { held: [held] } })).toMatchObject({
      judged: [{ verdict: "rejected", findings: [{ code: "revocation.revoked" }] }],
      actions: [{ action: "store", status: "rejected" }, { template: "rejected" }, { folder: "Rejected" }],
    });
    // Revoked here, by a person: the key is barred, and that is the reason.
    const barred = new Set([GOOD.spkiSha256]);
    expect(planOf(evidence({}, offering(GOOD)), { view: { held: [held], barred } })).toMatchObject({
      judged: [{ verdict: "rejected", findings: [{ code: "cert.barred" }] }],
    });
  });

  it("bars the public key whose private half came along, in that order", () => {
    const given = report("given", ["cert.private-key"]);
    expect(planOf(evidence({}, offering(given))).actions).toMatchObject([
      { action: "store", status: "rejected" },
      { action: "bar", spkiSha256: given.spkiSha256 },
      { action: "reply", template: "rejected" },
      { action: "file", folder: "Rejected" },
    ]);
  });

  it("tells of the certificates of the best verdict, and quotes only those whose path is valid", () => {
    const reply = (...of: readonly CertificateReport[]) =>
      planOf(evidence({}, offering(...of))).actions.find(({ action }) => action === "reply");
    const judged = (sha256: string, quotable: boolean) => ({ certificate: { sha256 }, quotable });
    expect(reply(WRONG, GOOD)).toMatchObject({
      content: { template: "accepted", judged: [judged(GOOD.sha256, true)] },
    });
    expect(reply(WRONG, PENDING)).toMatchObject({
      content: { template: "pending", judged: [judged(PENDING.sha256, false)] },
    });
  });

  it("tells what is wrong with a signature that bears no certificate", () => {
    const reply = planOf(evidence({}, BROKEN)).actions.find(({ action }) => action === "reply");
    expect(reply).toMatchObject({
      content: { template: "rejected", judged: [], problems: [{ code: "signature.unreadable" }] },
    });
  });
});

describe("a request (PRODUCT §4)", () => {
  const asked = (count: number): AddressedMailbox[] =>
    Array.from({ length: count }, (_, n) => ({ address: `m${n}@company.example`, source: "To" }));
  const published = (address: string): PublishedMailbox => ({
    address,
    certificates: [{ ...report(address), chain: [] }],
  });

  it("asks for the addressed mailboxes, five at most", () => {
    const query = (count: number) =>
      viewQuery(evidence({ ...REQUEST, addressed: asked(count) }), POLICY).mailboxes;
    expect([query(1).length, query(5).length, query(9).length]).toEqual([1, 5, 5]);
    expect(query(9)).toEqual(asked(5).map(({ address }) => address));
  });

  it("notes how many were left out", () => {
    const { reasons: noted } = planOf(evidence({ ...REQUEST, addressed: asked(7) }));
    expect(noted).toContainEqual(expect.objectContaining({ code: "request.too-many", detail: "2 left out" }));
    expect(reasons(planOf(evidence({ ...REQUEST, addressed: asked(5) })))).not.toContain("request.too-many");
  });

  it("is answered once for all its mailboxes", () => {
    const addressed = asked(2);
    const view = {
      mailboxes: [{ address: "m0@company.example", certificates: [] }, published("m1@company.example")],
    };
    const plan = planOf(evidence({ ...REQUEST, addressed }), { view });
    expect(templates(plan)).toEqual(["certificate"]);
    expect(plan.actions[0]).toMatchObject({ content: { mailboxes: view.mailboxes } });
  });

  it("is answered in the same words for no certificate and for no such mailbox", () => {
    const none = planOf(evidence(REQUEST), { view: { mailboxes: [{ address: CLAIMS, certificates: [] }] } });
    expect(none).toEqual(planOf(evidence(REQUEST)));
  });

  it("that is none asks for no mailbox", () => {
    expect(viewQuery(evidence({ addressed: asked(2) }), POLICY).mailboxes).toEqual([]);
    expect(viewQuery(evidence({ ...REQUEST, request: "near-miss" }), POLICY).mailboxes).toEqual([]);
  });
});

describe("the view query", () => {
  it("names all that the decision may need, and no more", () => {
    const mail = evidence({ ...REQUEST, references: ["<a@x>"] }, offering(GOOD, WRONG));
    expect(viewQuery(mail, POLICY)).toEqual({
      from: ALICE,
      authenticated: true,
      pendingOf: "partner.example",
      mailboxes: [CLAIMS],
      spkis: [GOOD, WRONG].flatMap(({ keyIdentity, spkiSha256 }) => [keyIdentity, spkiSha256]),
      certificates: [GOOD.sha256, WRONG.sha256],
      references: ["<a@x>"],
      returned: [],
      buckets: [`address ${ALICE}`, "domain partner.example", "total", "delayed"],
    });
    expect(viewQuery(UNREADABLE, POLICY)).toEqual({
      from: null,
      authenticated: false,
      pendingOf: null,
      mailboxes: [],
      spkis: [],
      certificates: [],
      references: [],
      returned: [],
      buckets: [],
    });
  });
});

/** PRODUCT §4: who only asks offers nothing by the certificate of a gateway that signs all his company's mail. */
describe("a signature by a certificate that does not name From", () => {
  const GATEWAY = report("gateway", ["address.mismatch"], { role: "signer" });
  const NAMELESS = report("nameless", ["address.missing", "cert.expired"], { role: "signer" });
  const FILE = report("file", ["address.mismatch", "signature.none"], { role: "offered" });
  const NEAR = { request: "near-miss", addressed: [{ address: CLAIMS, source: "To" }] } as const;
  const UNSIGNED = { ...NOTHING, certificates: [FILE] };

  it.each<[string, Evidence, string, string[]]>([
    ["in a request", evidence(REQUEST, offering(GATEWAY)), "request", ["no-certificate"]],
    ["in a near miss", evidence(NEAR, offering(GATEWAY)), "near-miss", ["hint"]],
    ["without any address", evidence(NEAR, offering(NAMELESS, GATEWAY)), "near-miss", ["hint"]],
    ["beside the sender's own", evidence(NEAR, offering(GATEWAY, GOOD)), "submission", ["accepted", "hint"]],
    ["in a mail that asks for nothing", evidence({}, offering(GATEWAY)), "submission", ["rejected"]],
    [
      "in a request with a file",
      evidence(REQUEST, offering(GATEWAY, FILE)),
      "submission",
      ["no-certificate", "rejected"],
    ],
    ["a file alone", evidence(REQUEST, UNSIGNED), "submission", ["no-certificate", "rejected"]],
    [
      "with a private key",
      evidence(NEAR, { ...offering(GATEWAY), privateKey: true }),
      "submission",
      ["rejected", "hint"],
    ],
    ["a broken one of nobody", evidence(NEAR, BROKEN), "submission", ["rejected", "hint"]],
  ])("%s", (_, mail, kind, due) => {
    const plan = planOf(mail);
    expect([plan.kind, templates(plan)]).toEqual([kind, due]);
  });

  it("stores nothing, and its verdict stands in the ledger", () => {
    const plan = planOf(evidence(NEAR, offering(GATEWAY)));
    expect(plan.actions.map(({ action }) => action)).toEqual(["reply", "file"]);
    expect(plan.judged).toMatchObject([{ certificate: GATEWAY.sha256, verdict: "rejected" }]);
  });

  it("a new certificate makes no second hint on one day", () => {
    const told = [{ template: "hint", at: new Date(NOW.getTime() - 3_600_000) }] as const;
    expect(templates(planOf(evidence(NEAR, offering(GOOD)), { view: { told } }))).toEqual(["accepted"]);
  });
});

describe("decide is pure", () => {
  const mails: readonly Evidence[] = [
    evidence(REQUEST, offering(GOOD, PENDING, WRONG)),
    evidence({ request: "near-miss" }),
    evidence({ addressed: [{ address: ROBOT, source: "robot" }] }),
    UNREADABLE,
  ];
  it.each(mails.map((mail) => [planOf(mail).kind, mail] as const))(
    "on a %s: frozen input, the same plan twice, plain data",
    (_, mail) => {
      const input = [
        deepFreeze(mail),
        deepFreeze(emptyView(viewQuery(mail, POLICY))),
        deepFreeze(POLICY),
      ] as const;
      const plan = decide(...input, NOW);
      expect(decide(...input, new Date(NOW))).toEqual(plan);
      expect(structuredClone(plan)).toEqual(plan);
    },
  );
});

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}

/** A certificate as the directory holds it. */
