import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "../lab/authority.ts";
import { certdata, type Entry, NOT_FOR_THIS } from "../pki/certdata.ts";
import { corpus } from "../pki/path-corpora.ts";
import { masked, NOON, Office, validity } from "./office.ts";

const DAY = 86_400_000;
let office: Office;
let one: Identity;
let two: Identity;

beforeEach(() => {
  office = new Office();
  writeFileSync(
    join(office.folder, "keybot.toml"),
    `${office.configuration}\n[trust]\npublic_roots = true\nrevocation = "off"\n`,
  );
  one = office.root.identity;
  two = office.authority("Second Root").identity;
});
afterEach(() => office.close());

function list(...entries: readonly Entry[]): string {
  return office.file("certdata.txt", certdata(...entries));
}

const transcript = async (args: readonly string[], options = {}) => {
  const { code, stdout, stderr } = await office.run(args, options);
  const hide = (text: string) =>
    masked(text, { one, two }).replace(/SHA-256 [0-9a-f]{16}/g, "SHA-256 {list}");
  return { code, stdout: hide(stdout), stderr: hide(stderr) };
};
const update = (...more: readonly string[]) => transcript(["trust", "update", "certdata.txt", ...more]);
const HEAD = "certdata.txt (SHA-256 {list}) names";

describe("keybot trust update", () => {
  it("shows what comes, changes and goes, asks, and does it", async () => {
    list({ der: one.der, label: "First" }, { der: two.der, label: "Second", distrust: "220831000000Z" });
    const asked = await transcript(["trust", "update", "certdata.txt"], { answers: ["yes"] });
    expect(asked).toEqual({
      code: 0,
      stdout:
        `${HEAD} 2 CAs for e-mail\n+ First ({one})\n+ Second ({two}), for what it issued until 2022-08-31\n` +
        "2 public CAs trusted: 2 added, 0 changed, 0 removed, 0 as before\n",
      stderr: "trust these? [y/N] yes\n",
    });
    list({ der: two.der, label: "Second" });
    expect((await update("--yes")).stdout).toBe(
      `${HEAD} 1 CA for e-mail\n` +
        "~ Second ({two}), for whatever it issues; was for what it issued until 2022-08-31\n" +
        "- CN=Partner Root CA,O=keybot lab,C=DE ({one})\n" +
        "1 public CA trusted: 0 added, 1 changed, 1 removed, 0 as before\n",
    );
    expect(await office.records(["trust", "list"])).toMatchObject([
      { sha256: two.sha256, origin: "public", domains: null, distrustAfter: null, addedBy: "erika" },
    ]);
  });

  it("changes nothing a second time and asks nobody", async () => {
    list({ der: one.der }, { der: two.der, trust: NOT_FOR_THIS });
    await update("--yes");
    const before = await office.records(["trust", "list"]);
    expect(await update()).toEqual({
      code: 0,
      stdout: `${HEAD} 1 CA for e-mail\nnothing to change: 1 public CA trusted\n`,
      stderr: "",
    });
    expect(await office.records(["trust", "list"])).toEqual(before);
  });

  it("changes nothing when it is not confirmed", async () => {
    list({ der: one.der });
    const asked = await transcript(["trust", "update", "certdata.txt"], { answers: ["n"] });
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining("nothing was changed") });
    expect(await office.records(["trust", "list"])).toEqual([]);
  });

  it("prints one record with --json", async () => {
    list({ der: one.der, label: "First", distrust: "220831000000Z" });
    expect(await office.records(["trust", "update", "certdata.txt", "--yes"])).toEqual([
      {
        action: "updated",
        list: { name: "certdata.txt", sha256: expect.stringMatching(/^[0-9a-f]{64}$/), dated: null },
        added: [{ sha256: one.sha256, label: "First", distrustAfter: "2022-08-31T00:00:00Z" }],
        changed: [],
        removed: [],
        unchanged: 0,
        own: [],
      },
    ]);
    expect(await office.records(["trust", "update", "certdata.txt"])).toMatchObject([
      { action: "unchanged", unchanged: 1 },
    ]);
  });

  it("never touches own CAs, listed or not", async () => {
    await office.output(["trust", "add", one.certFile, "--domain", "partner.example"]);
    list({ der: one.der }, { der: two.der });
    expect((await update("--yes")).stdout).toMatch(/1 added, .*; 1 CA of the list stay as added by hand\n$/);
    list({ der: two.der });
    await update("--yes");
    expect(await office.records(["trust", "list"])).toMatchObject([
      { sha256: one.sha256, origin: "own", domains: ["partner.example"] },
      { sha256: two.sha256, origin: "public", domains: null },
    ]);
  });

  it("leaves off what was switched off, also when the list says something new of it", async () => {
    list({ der: one.der });
    await update("--yes");
    await office.output(["trust", "disable", one.sha256.slice(0, 12)]);
    list({ der: one.der, distrust: "300101000000Z" });
    await update("--yes");
    expect(await office.records(["trust", "list"])).toMatchObject([
      { enabled: false, distrustAfter: "2030-01-01T00:00:00Z" },
    ]);
  });

  it("refuses a list that would throw out more than half, unless it is forced", async () => {
    const three = office.authority("Third Root").identity;
    list({ der: one.der }, { der: two.der }, { der: three.der });
    await update("--yes");
    list({ der: one.der });
    expect(await update("--yes")).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "keybot: the list names 1 and would throw out 2 of the 3 public CAs; nothing was changed\n" +
        "  it may be cut off or another list; --force takes it all the same\n",
    });
    expect(await office.records(["trust", "list"])).toHaveLength(3);
    expect((await update("--yes", "--force")).code).toBe(0);
    expect(await office.records(["trust", "list"])).toHaveLength(1);
  });

  it("warns of a list that looks older than the one that is loaded", async () => {
    const newer = office.authority("Newer Root", validity(-DAY, 900 * DAY)).identity;
    list({ der: one.der }, { der: newer.der });
    await update("--yes");
    list({ der: one.der });
    expect((await update("--yes")).stderr).toBe(
      "keybot: warning: this list looks older than the one that is loaded: its newest CA is of 2025-06-01, there it is of 2026-05-31\n",
    );
  });

  it("without a file takes the shipped list, and says which it is", async () => {
    const ran = await office.run(["trust", "update", "--yes"]);
    expect(ran.stdout).toMatch(
      /^NSS built-in roots [\d.]+, dated \d{4}-\d\d-\d\d, names \d+ CAs for e-mail\n\+ /,
    );
    expect((await office.run(["trust", "list"])).stderr).toMatch(
      /^public CAs: NSS built-in roots [\d.]+, dated \d{4}-\d\d-\d\d, loaded on 2026-06-01 by erika\n$/,
    );
  });

  it("notes when the configuration lets no public CA count", async () => {
    writeFileSync(
      join(office.folder, "keybot.toml"),
      `${office.configuration}\n[trust]\npublic_roots = false\n`,
    );
    list({ der: one.der });
    const note = "trust.public_roots is false in the configuration: no public CA vouches for anybody\n";
    expect((await update("--yes")).stderr).toBe(note);
    expect((await office.run(["trust", "list"])).stderr).toContain(note);
  });

  it.each([
    ["http://lists.example/certdata.txt", 2, /carries no signature.*\n.*over https/],
    ["missing.txt", 1, /^keybot: missing\.txt cannot be opened \(ENOENT/],
    [
      "keybot.toml",
      2,
      /keybot\.toml is not a list of public CAs, or a damaged one \(root list: no BEGINDATA\); nothing was changed/,
    ],
  ])("refuses %s with exit %i", async (name, code, stderr) => {
    const ran = await office.run(["trust", "update", name, "--yes"]);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toMatch(stderr);
  });

  it("writes who, why and from which list into the audit trail", async () => {
    const file = list({ der: one.der });
    await update("--yes", "--reason", "quarterly");
    await office.store(async (store) => {
      const rows = await store.auditEntries();
      expect(
        rows.map(({ action, actor, reason, certificate }) => [action, actor, reason, certificate]),
      ).toEqual([
        ["trust.updated", "erika", "quarterly", null],
        ["trust.added", "erika", "quarterly", one.sha256],
      ]);
      expect(rows[0]?.detail).toMatchObject({ origin: "public", list: file, added: 1, removed: 0 });
      expect(await store.verifyAudit()).toMatchObject({ fault: null });
    });
  });
});

describe("what a public CA vouches for", () => {
  const statusOf = async (address: string) => {
    await office.harvest(address, office.certificate(address));
    return (await office.records(["list", "--address", address]))[0]?.status;
  };

  it("is every address, as long as it is trusted, enabled and wanted by the configuration", async () => {
    list({ der: one.der });
    await update("--yes");
    expect(await statusOf("a@partner.example")).toBe("active");
    await office.output(["trust", "disable", one.sha256]);
    expect(await statusOf("b@partner.example")).toBe("pending");
    await office.output(["trust", "enable", one.sha256]);
    expect(await statusOf("c@other.example")).toBe("active");
    list({ der: one.der, distrust: "260101000000Z" });
    await update("--yes");
    expect(await statusOf("d@partner.example")).toBe("pending");
    list({ der: one.der });
    await update("--yes");
    writeFileSync(
      join(office.folder, "keybot.toml"),
      `${office.configuration}\n[trust]\npublic_roots = false\nrevocation = "off"\n`,
    );
    expect(await statusOf("e@partner.example")).toBe("pending");
  });
});

const folder = corpus("nss");

describe.skipIf(folder === null)("Mozilla's own list of May 2026", () => {
  it("is loaded on top of the shipped one, once", async () => {
    const file = office.file("certdata.txt", readFileSync(join(folder ?? "", "certdata.txt")));
    await office.output(["trust", "update", "--yes"]);
    expect(await office.output(["trust", "update", file, "--yes"])).toMatch(
      /\n90 public CAs trusted: \d+ added, \d+ changed, \d+ removed, \d+ as before\n$/,
    );
    expect(await office.output(["trust", "update", file])).toMatch(
      /\nnothing to change: 90 public CAs trusted\n$/,
    );
    const trusted = await office.records(["trust", "list"], { now: NOON });
    expect(trusted.map(({ origin, enabled }) => `${origin} ${enabled}`)).toEqual(
      Array(90).fill("public true"),
    );
  });
});
