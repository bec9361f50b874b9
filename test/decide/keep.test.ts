import { describe, expect, it } from "vitest";
import type { DropAction, HeldCertificate, StoreAction } from "../../src/decide/index.ts";
import type { CertificateReport, FindingCode, Inspection } from "../../src/inspect/index.ts";
import type { MessageFacts } from "../../src/read/index.ts";
import {
  ALICE,
  CLAIMS,
  evidence,
  facts,
  hoursAgo,
  NOW,
  offering,
  planOf,
  REQUEST,
  reasons,
  report,
} from "./kit.ts";

const RIGHT: CertificateReport["path"] = {
  valid: true,
  anchor: "a",
  length: 3,
  intermediates: [new Uint8Array([1])],
};

/** How the directory holds a certificate of Alice's. */
function held(of: CertificateReport, change: Partial<HeldCertificate> = {}): HeldCertificate {
  const { sha256, keyIdentity, issuer, notBefore, notAfter } = of;
  return {
    ...{ sha256, keyIdentity, issuer, notBefore, notAfter, status: "active", since: hoursAgo(1) },
    ...{ approved: false, decidedByPerson: false, ...change },
  };
}

function actionsOn(
  inspection: Inspection,
  known: readonly HeldCertificate[] = [],
  change: Partial<MessageFacts> = {},
): { readonly stores: readonly StoreAction[]; readonly drops: readonly DropAction[] } {
  const { actions } = planOf(evidence(facts(change), inspection), { view: { held: known } });
  return {
    stores: actions.flatMap((action) => (action.action === "store" ? [action] : [])),
    drops: actions.flatMap((action) => (action.action === "drop" ? [action] : [])),
  };
}

describe("by whose word something is kept of a certificate", () => {
  type Row = readonly [string, readonly FindingCode[], Partial<CertificateReport>, boolean, boolean, boolean];
  const rows: readonly Row[] = [
    // what, findings, more, known, believed, keeps its path
    ["beyond doubt", [], {}, false, true, true],
    ["beyond doubt, known", [], {}, true, true, true],
    ["beyond doubt, no path", [], { path: { ...RIGHT, valid: false } }, true, true, false],
    ["without a signature", ["signature.none"], { role: "offered" }, true, false, false],
    ["without a signature, new", ["signature.none"], { role: "offered" }, false, false, false],
    ["only a part is signed", ["signature.partial"], {}, true, false, false],
    ["SHA-1", ["signature.digest-weak"], {}, true, false, false],
    ["an old mail again", ["signature.replay"], {}, true, false, false],
    ["its CA is unknown, its own signature is right", ["path.unknown-ca"], {}, true, true, false],
    ["its CA says nothing, its own signature is right", ["revocation.unknown"], {}, true, true, false],
    ["its CA says nothing, new, its own signature is right", ["revocation.unknown"], {}, false, false, true],
    ["its CA is unknown, new, its own signature is right", ["path.unknown-ca"], {}, false, false, false],
    ["beside somebody's signature", ["path.self-signed"], { role: "encryption" }, true, false, false],
    ["broken", ["signature.broken"], {}, true, false, false],
  ];
  it.each(rows)("%s", (_, codes, more, known, believed, keepsPath) => {
    const alice = report("alice", codes, { path: RIGHT, ...more });
    const { stores } = actionsOn(offering(alice), known ? [held(alice)] : []);
    expect(stores).toMatchObject([{ certificate: alice.sha256, believed, keepsPath }]);
  });

  it("tells when its signer says that he signed, never after now", () => {
    const alice = report("alice", [], { path: RIGHT });
    const signed = (signingTime: Date | null): Inspection => ({
      ...offering(alice),
      signature: {
        ...{ form: "detached", valid: true, findings: [] },
        signers: [{ certificate: alice.sha256, valid: true, signingTime, findings: [] }],
      },
    });
    const signedAt = (time: Date | null) => actionsOn(signed(time)).stores[0]?.signedAt;
    expect(signedAt(hoursAgo(2))).toEqual(hoursAgo(2));
    expect(signedAt(hoursAgo(-2))).toEqual(NOW);
    expect(signedAt(null)).toBeNull();
  });
});

describe("what is rejected", () => {
  const rejected = (name: string) => report(name, ["signature.broken"]);

  it("is not stored under an address that it does not name, and is told all the same", () => {
    const [own, other] = [rejected("own"), report("other", ["address.mismatch", "signature.none"])];
    const plan = planOf(evidence({}, offering(own, other)));
    expect(plan.judged.map(({ verdict }) => verdict)).toEqual(["rejected", "rejected"]);
    expect(plan.actions.filter(({ action }) => action === "store")).toMatchObject([
      { certificate: own.sha256 },
    ]);
    expect(plan.reasons[0]?.detail).toContain("address.mismatch");
  });

  it("is kept ten an address: of one mail the first, of earlier ones the latest", () => {
    const now = Array.from({ length: 14 }, (_, index) => rejected(`now ${index}`));
    const before = Array.from({ length: 30 }, (_, index) =>
      held(rejected(`before ${index}`), { status: "rejected", since: hoursAgo(100 - index) }),
    );
    const flood = actionsOn(offering(...now), before);
    expect(flood.stores.map(({ certificate }) => certificate)).toEqual(
      now.slice(0, 10).map((one) => one.sha256),
    );
    expect(flood.drops).toHaveLength(30);
    const [one] = now;
    const { drops } = actionsOn(offering(...(one === undefined ? [] : [one])), before.slice(0, 10));
    expect(drops).toEqual([{ action: "drop", certificate: before[0]?.sha256, address: ALICE }]);
    expect(actionsOn(offering(...now.slice(0, 1)), before.slice(0, 9)).drops).toEqual([]);
  });

  it("takes the place of nothing that a person decided or that is in use, pending or revoked", () => {
    const others = (["active", "pending", "revoked", "expired"] as const).flatMap((status) =>
      Array.from({ length: 5 }, (_, index) => held(rejected(`${status} ${index}`), { status })),
    );
    const byHand = Array.from({ length: 20 }, (_, index) =>
      held(rejected(`by hand ${index}`), { status: "rejected", decidedByPerson: true }),
    );
    expect(actionsOn(offering(rejected("new")), [...others, ...byHand])).toMatchObject({
      stores: [{ status: "rejected" }],
      drops: [],
    });
  });

  it("drops nothing for one that is known already, nor for one that is accepted", () => {
    const before = Array.from({ length: 12 }, (_, index) =>
      held(rejected(`before ${index}`), { status: "rejected", since: hoursAgo(100 - index) }),
    );
    expect(actionsOn(offering(rejected("before 3")), before).drops).toEqual([]);
    expect(actionsOn(offering(report("good")), before).drops).toEqual([]);
  });
});

it("a mailbox's certificate goes out without what is stored as its CA certificates and is not its path", () => {
  const claims = { ...report("claims"), chain: [new Uint8Array([1])] };
  const mailboxes = [{ address: CLAIMS, certificates: [claims] }];
  const plan = planOf(evidence(REQUEST), { view: { mailboxes } });
  expect(plan.actions[0]).toMatchObject({
    template: "certificate",
    content: { mailboxes: [{ address: CLAIMS, certificates: [{ sha256: claims.sha256, chain: [] }] }] },
  });
  expect(reasons(plan)).toContain("request.without-chain");
  const whole = planOf(evidence(REQUEST), {
    view: { mailboxes: [{ address: CLAIMS, certificates: [{ ...claims, chain: [] }] }] },
  });
  expect(reasons(whole)).not.toContain("request.without-chain");
});
