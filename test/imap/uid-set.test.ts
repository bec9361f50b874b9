import { describe, expect, it } from "vitest";
import { inPieces, uidSet } from "../../src/imap/uid-set.ts";

describe("a sequence-set names exactly these UIDs (RFC 9051 §9)", () => {
  it.each([
    [[], ""],
    [[7], "7"],
    [[3, 4, 5, 9], "3:5,9"],
    [[9, 3, 5, 4], "3:5,9"],
    [[1, 1, 2], "1:2"],
    [[1, 3, 5], "1,3,5"],
    [[4294967294, 4294967295], "4294967294:4294967295"],
  ] as const)("%j: %s", (uids, set) => {
    expect(uidSet(uids)).toBe(set);
  });

  it("200 scattered UIDs of ten digits stay under the 8,192 bytes that a server must take (RFC 7162 §4)", () => {
    expect(uidSet(Array.from({ length: 200 }, (_, index) => 4_000_000_000 + 2 * index)).length).toBeLessThan(
      8_000,
    );
  });

  it("pieces have every UID once", () => {
    expect(inPieces([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(inPieces([], 2)).toEqual([]);
  });
});
