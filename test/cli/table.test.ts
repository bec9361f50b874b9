import { describe, expect, it } from "vitest";

import { jsonLine } from "../../src/cli/json.ts";
import { type Column, renderTable, tabLine } from "../../src/cli/table.ts";

const COLUMNS: readonly Column[] = [
  { title: "address", shrink: true },
  { title: "status" },
  { title: "mails", right: true },
  { title: "issuer", shrink: true },
];

const ROWS = [
  ["alice@partner.example", "active", "12", "Example Public CA 3"],
  ["bob@a-rather-long-domain-name.example", "pending", "1", "Unknown"],
];

describe("a table for a terminal", () => {
  it("is aligned, figures at the right, when there is room", () => {
    expect(renderTable(COLUMNS, ROWS, 100)).toBe(
      [
        "ADDRESS                                STATUS   MAILS  ISSUER",
        "alice@partner.example                  active      12  Example Public CA 3",
        "bob@a-rather-long-domain-name.example  pending      1  Unknown",
        "",
      ].join("\n"),
    );
  });

  it("cuts the widest column first when there is none", () => {
    expect(renderTable(COLUMNS, ROWS, 50)).toBe(
      [
        "ADDRESS           STATUS   MAILS  ISSUER",
        "alice@partner.e…  active      12  Example Public …",
        "bob@a-rather-lo…  pending      1  Unknown",
        "",
      ].join("\n"),
    );
  });

  it("keeps at least eight columns of each, however narrow the terminal", () => {
    expect(renderTable(COLUMNS, ROWS, 10).split("\n")[1]).toBe("alice@p…  active      12  Example…");
  });

  it("is nothing without rows", () => {
    expect(renderTable(COLUMNS, [], 80)).toBe("");
  });

  it("counts wide and combining characters as the terminal shows them", () => {
    const rows = [
      ["漢字", "1"],
      ["e\u0301a", "2"],
      ["plain", "3"],
    ];
    expect(renderTable([{ title: "name" }, { title: "n" }], rows, 80)).toBe(
      "NAME   N\n漢字   1\ne\u0301a     2\nplain  3\n",
    );
  });

  it("escapes what a stranger wrote", () => {
    expect(renderTable([{ title: "subject" }], [["CN=\u001b[2Jx\n\u202ey"]], 80)).toBe(
      "SUBJECT\nCN=\\u001b[2Jx\\u000a\\u202ey\n",
    );
  });

  it("stays quick with a column of stranger's text", () => {
    const started = performance.now();
    renderTable(COLUMNS, [["x".repeat(200_000), "", "", "y".repeat(100_000)]], 80);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("a row for a pipe", () => {
  it("has full values between tabs, and no other tab or newline", () => {
    expect(tabLine(["a\tb", "c\nd", "é"])).toBe("a\\u0009b\tc\\u000ad\té\n");
  });
});

describe("a record as JSON", () => {
  it("is one line with times in UTC, without bytes", () => {
    const record = {
      at: new Date("2027-03-01T00:00:00.123Z"),
      der: new Uint8Array([1, 2]),
      list: [{ at: new Date(0) }],
      big: 12n,
      none: null,
    };
    expect(jsonLine(record)).toBe(
      '{"at":"2027-03-01T00:00:00Z","list":[{"at":"1970-01-01T00:00:00Z"}],"big":"12","none":null}\n',
    );
  });

  it("holds nothing that a terminal would obey, and means the same", () => {
    const text = "\u001b[2J\u009b2J\u202e\u2028\n";
    const line = jsonLine({ text });
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(line)).toEqual({ text });
  });
});
