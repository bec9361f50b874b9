import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GOOD_MAIL, mailDraft } from "./arbitrary.ts";
import { judge } from "./judge.ts";

describe("generated mails", () => {
  it.each(["detached", "opaque"] as const)("are accepted when nothing is bent: %s", async (form) => {
    const { active, stored } = await judge({ ...GOOD_MAIL, form });
    expect(active, JSON.stringify(stored)).toEqual(["leaf"]);
  });

  it("become all that a mail can become", async () => {
    const drafts = fc.sample(mailDraft(), { numRuns: 300, seed: 1 });
    const statuses = new Map<string, number>();
    for (const draft of drafts) {
      const { explanation } = await judge(draft);
      for (const action of explanation.plan.actions)
        if (action.action === "file") statuses.set(action.folder, (statuses.get(action.folder) ?? 0) + 1);
    }
    for (const folder of ["Processed", "Pending", "Rejected"])
      expect(statuses.get(folder), folder).toBeGreaterThan(30);
  });
});
