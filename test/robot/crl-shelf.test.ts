import { describe, expect, it } from "vitest";
import { CrlShelf } from "../../src/robot/crl-shelf.ts";

const MEGABYTE = 1024 * 1024;
const crl = (fill: number, megabytes = 1) => Buffer.alloc(megabytes * MEGABYTE, fill);

describe("the CRLs that a judge process holds", () => {
  it("are sent once, and then named", () => {
    const shelf = new CrlShelf();
    const [one, two] = [crl(1), crl(2)];
    const first = shelf.place([one]);
    expect(first.shelf).toMatchObject({ clear: false, add: [{ der: one }] });
    const second = shelf.place([one, two]);
    expect(second.shelf).toMatchObject({ clear: false, add: [{ der: two }] });
    expect(second.crls[0]).toBe(first.crls[0]);
    // The same bytes in another buffer are the same CRL.
    expect(shelf.place([crl(2), crl(1)]).shelf).toEqual({ clear: false, add: [] });
  });

  it("go when they become too many, and what is needed now comes again", () => {
    const shelf = new CrlShelf();
    const kept = crl(1, 20);
    shelf.place([kept]);
    const more = crl(2, 20);
    expect(shelf.place([kept, more]).shelf).toMatchObject({
      clear: true,
      add: [{ der: kept }, { der: more }],
    });
    expect(shelf.place([more]).shelf).toMatchObject({ add: expect.anything() });
  });
});
