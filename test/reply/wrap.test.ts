import { describe, expect, it } from "vitest";
import { wrapText } from "../../src/reply/wrap.ts";

const LONG = "word ".repeat(20).trim();

describe("wrapText", () => {
  it.each([
    ["joins the lines of a paragraph", "a\nb", "a b"],
    ["keeps paragraphs apart, with one blank line", "a\n\n\n\nb", "a\n\nb"],
    ["drops blank lines at both ends", "\n\na\n\n", "a"],
    ["keeps a line's end after a backslash", "Kind regards\\\nus", "Kind regards\nus"],
    ["starts anew at a list item", "a\n- b\n- c", "a\n- b\n- c"],
    ["joins what stands under a list item's text", "1. a\n   b", "1. a b"],
    ["keeps indented lines apart", "    A: 1\n    B: 2", "    A: 1\n    B: 2"],
    [
      "hangs a long list item under its text",
      `- ${LONG}`,
      `- ${"word ".repeat(14)}word\n  word word word word word`,
    ],
    ["never breaks a word", "x".repeat(100), "x".repeat(100)],
    ["counts code points", `${"ü".repeat(75)} ü`, `${"ü".repeat(75)}\nü`],
  ])("%s", (_, text, wrapped) => {
    expect(wrapText(text)).toBe(wrapped);
  });

  it("comes to the same when it is done twice", () => {
    const once = wrapText(`${LONG}\n\n- ${LONG}\n\n    ${LONG}`);
    expect(wrapText(once)).toBe(once);
  });
});
