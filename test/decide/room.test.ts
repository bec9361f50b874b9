import { describe, expect, it } from "vitest";
import {
  CLAIMS,
  evidence,
  HOUR,
  hoursAgo,
  NOW,
  offering,
  planOf,
  REQUEST,
  reasons,
  report,
  templates,
} from "./kit.ts";

const later = (hours: number) => new Date(NOW.getTime() + hours * HOUR);
const DOUBTFUL = offering(report("new", ["path.unknown-ca"]));
const full = { pendingOfDomain: 20 };
const waited = (hours: number, ...told: ("pending" | "certificate" | "no-certificate")[]) => ({
  waited: { since: hoursAgo(hours), told, forRoom: true },
});
const last = ({ actions }: ReturnType<typeof planOf>) => actions.at(-1);

describe("an authenticated sender's mail over the cap of pending certificates (PRODUCT §3)", () => {
  it("waits in the mailbox, stores nothing, and its sender is told that it takes a while", () => {
    const plan = planOf(evidence({}, DOUBTFUL), { view: full });
    expect(plan.actions.map(({ action }) => action)).toEqual(["reply", "wait"]);
    expect(last(plan)).toEqual({ action: "wait", until: later(2) });
    expect(reasons(plan)).toEqual(["submission.pending", "submission.over-cap"]);
    const [reply] = plan.actions;
    expect(reply).toMatchObject({
      template: "pending",
      content: { judged: [{ findings: [{ code: "path.unknown-ca" }, { code: "cert.pending-later" }] }] },
    });
  });

  it("is told so once, however often it is decided again", () => {
    const plan = planOf(evidence({}, DOUBTFUL), { view: { ...full, ...waited(10, "pending") } });
    expect(plan.actions).toEqual([{ action: "wait", until: later(2) }]);
    expect(plan.buckets).toEqual([]);
  });

  it("is pending as soon as there is room, without a second word", () => {
    const plan = planOf(evidence({}, DOUBTFUL), { view: waited(10, "pending") });
    expect(plan.actions.map(({ action }) => action)).toEqual(["store", "file"]);
    expect(last(plan)).toEqual({ action: "file", folder: "Pending" });
  });

  it("is turned away with a word after 72 hours, never later", () => {
    expect(last(planOf(evidence({}, DOUBTFUL), { view: { ...full, ...waited(71.5, "pending") } }))).toEqual({
      action: "wait",
      until: later(0.5),
    });
    const plan = planOf(evidence({}, DOUBTFUL), { view: { ...full, ...waited(72, "pending") } });
    expect(last(plan)).toEqual({ action: "file", folder: "Rejected" });
    expect(templates(plan)).toEqual(["rejected"]);
  });

  it("has a request that it brings answered at once, and not again", () => {
    const mail = evidence({ ...REQUEST, addressed: [{ address: CLAIMS, source: "To" }] }, DOUBTFUL);
    expect(templates(planOf(mail, { view: full }))).toEqual(["no-certificate", "pending"]);
    const again = planOf(mail, { view: waited(10, "pending", "no-certificate") });
    expect(templates(again)).toEqual([]);
    expect(last(again)).toEqual({ action: "file", folder: "Processed" });
  });

  it.each([
    ["of its domain", { waitingOfDomain: 20 }],
    ["of all", { waitingOfAll: 500 }],
  ])("is turned away at once when too many %s wait already, unless it is one of them", (_, waiting) => {
    const view = { ...full, ...waiting };
    expect(last(planOf(evidence({}, DOUBTFUL), { view }))).toEqual({ action: "file", folder: "Rejected" });
    const again = planOf(evidence({}, DOUBTFUL), { view: { ...view, ...waited(10, "pending") } });
    expect(last(again)).toEqual({ action: "wait", until: later(2) });
    const forCa = { waited: { since: hoursAgo(1), told: [], forRoom: false } };
    expect(last(planOf(evidence({}, DOUBTFUL), { view: { ...view, ...forCa } }))).toMatchObject({
      action: "file",
    });
  });

  it("bars a private key that came along without waiting", () => {
    const given = report("given", ["cert.private-key"]);
    const mail = evidence({}, offering(given, report("new", ["path.unknown-ca"])));
    const kinds = planOf(mail, { view: full }).actions.map(({ action }) => action);
    expect(kinds).toEqual(["bar", "reply", "wait"]);
  });

  it("waits only when somebody vouches for him: an unknown sender's is turned away at once", () => {
    const plan = planOf(evidence({ authenticated: null }, DOUBTFUL), { view: full });
    expect(last(plan)).toEqual({ action: "file", folder: "Rejected" });
  });
});
