import { describe, expect, it } from "vitest";
import { messageIds } from "../../src/mail/index.ts";
import { loopMark, replyMessageId } from "../../src/reply/index.ts";

const SECRET = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);
const KEY = "ab".repeat(32);
const ONE = replyMessageId(SECRET, KEY, "accepted", "a@partner.example", "company.example");

describe("a reply's Message-ID (PRODUCT §2)", () => {
  it("is a msg-id of our domain, and the same for the same reply (RFC 5322 §3.6.4)", () => {
    expect(ONE).toMatch(/^<keybot\.[0-9a-f]{40}@company\.example>$/);
    expect(messageIds(ONE)).toEqual([ONE]);
    expect(replyMessageId(SECRET, KEY, "accepted", "a@partner.example", "company.example")).toBe(ONE);
  });

  it.each([
    ["secret", replyMessageId(OTHER, KEY, "accepted", "a@partner.example", "company.example")],
    ["message", replyMessageId(SECRET, "cd".repeat(32), "accepted", "a@partner.example", "company.example")],
    ["template", replyMessageId(SECRET, KEY, "rejected", "a@partner.example", "company.example")],
    ["recipient", replyMessageId(SECRET, KEY, "accepted", "b@partner.example", "company.example")],
  ])("is another one with another %s", (_, id) => {
    expect(id).not.toBe(ONE);
  });

  it("does not run its parts together", () => {
    expect(replyMessageId(SECRET, `k","hint`, "hint", "a", "d")).not.toBe(
      replyMessageId(SECRET, "k", "hint", `hint","a`, "d"),
    );
  });
});

describe("the loop mark (PRODUCT §5)", () => {
  it("is one value an installation", () => {
    expect(loopMark(SECRET)).toMatch(/^[0-9a-f]{40}$/);
    expect(loopMark(SECRET)).toBe(loopMark(SECRET));
    expect(loopMark(OTHER)).not.toBe(loopMark(SECRET));
  });
});
