import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Office } from "./office.ts";

let office: Office;
beforeEach(() => {
  office = new Office();
});
afterEach(() => office.close());

const READING = [
  ["list"],
  ["show", "alice@partner.example"],
  ["lookup", "alice@partner.example"],
  ["log"],
  ["mailbox", "list"],
  ["mailbox", "show", "claims@company.example"],
  ["trust", "list"],
  ["audit", "list"],
  ["audit", "verify"],
];
/** Nothing that they could change is in a database that is not there. */
const CHANGING = [
  ["approve", "3f2a9c1d"],
  ["reject", "3f2a9c1d"],
  ["revoke", "alice@partner.example", "--yes"],
  ["restore", "3f2a9c1d"],
  ["trust", "remove", "3f2a9c1d", "--yes"],
  ["trust", "disable", "3f2a9c1d"],
  ["mailbox", "remove", "claims@company.example", "--yes"],
];

describe("without a database", () => {
  it.each([...READING, ...CHANGING])(
    "keybot %s %s is wrong configuration, and makes nothing",
    async (...args) => {
      expect(await office.run(args)).toEqual({
        code: 2,
        stdout: "",
        stderr:
          `keybot: there is no database ${join(office.folder, "state", "keybot.db")}\n` +
          "  `keybot init` makes it, and so do `keybot trust add` and `keybot run`; or state_dir in keybot.toml names another folder\n",
      });
      expect(readdirSync(office.folder)).not.toContain("state");
    },
  );

  it("keybot doctor says so", async () => {
    const { code, stdout } = await office.run(["doctor"]);
    expect(code).toBe(4);
    expect(stdout).toContain("FAIL  database:        there is no database");
    expect(existsSync(join(office.folder, "state"))).toBe(false);
  });

  it("an empty one is an answer", async () => {
    await office.store(async () => {});
    expect(await office.run(["list"])).toEqual({ code: 0, stdout: "", stderr: "no certificates yet\n" });
    expect(await office.run(["lookup", "alice@partner.example"])).toMatchObject({ code: 3 });
  });

  it("keybot trust add makes it", async () => {
    await office.output(["trust", "add", office.root.identity.certFile, "--any-domain"]);
    expect(await office.records(["trust", "list"])).toHaveLength(1);
  });
});
