import { describe, expect, it } from "vitest";
import { CrlShelf } from "../../src/robot/crl-shelf.ts";

const MEGABYTE = 1024 * 1024;
const crl = (fill: number, megabytes = 1) => Buffer.alloc(megabytes * MEGABYTE, fill);

/** What is sent, by the first octet of each: the buffers themselves are too large to be compared and printed. */
function sent(
  shelf: CrlShelf,
  ...crls: readonly Uint8Array[]
): readonly [clear: boolean, ...added: unknown[]] {
  const { clear, add } = shelf.place(crls).shelf;
  return [clear, ...add.map(({ der }) => der[0])];
}

describe("the CRLs that a judge process holds", () => {
  it("are sent once, and then named", () => {
    const shelf = new CrlShelf();
    const [one, two] = [crl(1), crl(2)];
    const [name] = shelf.place([one]).crls;
    expect(name).toMatch(/^[0-9a-f]{64}$/);
    expect(sent(shelf, one, two)).toEqual([false, 2]);
    // The same bytes in another buffer are the same CRL.
    expect(sent(shelf, crl(2), crl(1))).toEqual([false]);
    expect(shelf.place([two, crl(1)]).crls[1]).toBe(name);
  });

  it("go when they become too many, and what is needed now comes again", () => {
    const shelf = new CrlShelf();
    const [kept, more] = [crl(1, 20), crl(2, 20)];
    expect(sent(shelf, kept)).toEqual([false, 1]);
    expect(sent(shelf, kept, more)).toEqual([true, 1, 2]);
    expect(sent(shelf, kept, more)).toEqual([false]);
    expect(sent(shelf, crl(3))).toEqual([true, 3]);
  });
});
