import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FINDINGS } from "../../src/inspect/index.ts";
import { DOCUMENT, findingsDocument, homeless } from "./findings-document.ts";

describe("docs/findings.md", () => {
  // KEYBOT_UPDATE=1 npx vitest run test/inspect writes it anew.
  it("is what the table of findings and the replies' texts say", () => {
    if (process.env.KEYBOT_UPDATE === "1") writeFileSync(DOCUMENT, findingsDocument());
    expect(readFileSync(DOCUMENT, "utf8")).toBe(findingsDocument());
  });

  it("has a place for every code", () => {
    expect(homeless()).toEqual([]);
  });

  it.each(Object.entries(FINDINGS))("%s tells the admin what to do in one sentence", (_, { admin }) => {
    expect(admin).toMatch(/^[A-Z].*\.$/);
    expect(admin.length).toBeLessThan(240);
  });
});
