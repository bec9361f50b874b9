import { describe, expect, it } from "vitest";
import { viewQuery } from "../../src/decide/index.ts";
import type { MessageFacts } from "../../src/read/index.ts";
import {
  ALICE,
  evidence,
  folderOf,
  NOTHING,
  offering,
  POLICY,
  planOf,
  reasons,
  report,
  templates,
} from "./kit.ts";

const OURS = "<keybot.1@company.example>";
const FULL = { address: ALICE, status: "5.2.2", diagnostic: "smtp; 552 full" };
const BOUNCE: Partial<MessageFacts> = {
  automatic: { rule: "multipart-report", evidence: "Content-Type: multipart/report" },
  returned: { messageIds: ["<other@x.example>", OURS], recipients: [FULL] },
};
const SENT = { view: { returned: [{ messageId: OURS, to: ALICE }] } };

function bounces(...of: Parameters<typeof planOf>): unknown[] {
  return planOf(...of).actions.filter(({ action }) => action === "bounce");
}

describe("a bounce of one of our mails (PRODUCT §5)", () => {
  it("is asked for by every Message-ID that it names", () => {
    expect(viewQuery(evidence(BOUNCE), POLICY).returned).toEqual(["<other@x.example>", OURS]);
    expect(viewQuery(evidence(), POLICY).returned).toEqual([]);
  });

  it("is read inside a signature first: there the report is", () => {
    const header = { messageIds: ["<other@x.example>"], recipients: [] };
    const inside = { ...NOTHING, report: true, returned: { messageIds: [OURS], recipients: [FULL] } };
    const mail = evidence({ returned: header, request: "exact" }, inside);
    expect(viewQuery(mail, POLICY).returned).toEqual([OURS]);
    expect(bounces(mail, SENT)).toHaveLength(1);
    expect(templates(planOf(mail, SENT))).toEqual([]);
  });

  it("is noted with what the server said, filed and not answered", () => {
    const plan = planOf(evidence({ ...BOUNCE, request: "exact" }), SENT);
    expect(plan.actions).toEqual([
      { action: "bounce", messageId: OURS, to: ALICE, error: "5.2.2 smtp; 552 full" },
      { action: "file", folder: "Unhandled" },
    ]);
    expect(plan.reasons.find(({ code }) => code === "bounce")?.detail).toBe(`${OURS} 5.2.2 smtp; 552 full`);
    expect(plan.kind).toBe("request");
  });

  it.each<[string, Partial<MessageFacts>, typeof SENT | object]>([
    ["no mail of ours", BOUNCE, { view: { returned: [] } }],
    [
      "a mail of ours to somebody else",
      BOUNCE,
      { view: { returned: [{ messageId: OURS, to: "bob@x.example" }] } },
    ],
    ["nobody whom it did not reach", { ...BOUNCE, returned: { messageIds: [OURS], recipients: [] } }, SENT],
    ["us, but is not addressed to us", { ...BOUNCE, addressedToUs: false }, SENT],
  ])("is not believed when it names %s", (_, change, situation) => {
    const mail = evidence(change);
    expect(bounces(mail, situation)).toEqual([]);
    expect(reasons(planOf(mail, situation))).not.toContain("bounce");
    expect(folderOf(planOf(mail, situation))).toBe("Unhandled");
  });

  it.each([
    ["in another case", { ...FULL, address: "Alice@partner.example" }, "5.2.2 smtp; 552 full"],
    ["with a status alone", { ...FULL, diagnostic: null }, "5.2.2"],
    ["without a reason", { ...FULL, status: null, diagnostic: null }, null],
  ])("is believed of its recipient %s", (_, recipient, error) => {
    const mail = evidence({ ...BOUNCE, returned: { messageIds: [OURS], recipients: [recipient] } });
    expect(bounces(mail, SENT)).toEqual([{ action: "bounce", messageId: OURS, to: ALICE, error }]);
  });

  it("leaves a note and no more, whatever else its forger puts into it", () => {
    const plan = planOf(evidence(BOUNCE, offering(report("good"))), SENT);
    expect(templates(plan)).toEqual([]);
    expect(plan.actions.map(({ action }) => action)).toEqual(["store", "bounce", "file"]);
    expect(plan.buckets).toEqual([]);
  });
});
