import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "../lab/authority.ts";
import { masked, Office, validity } from "./office.ts";

const DAY = 86_400_000;
const CLAIMS = "claims@company.example";
let office: Office;
let claims: Identity;
let file: string;

beforeEach(() => {
  office = new Office();
  claims = office.certificate(CLAIMS);
  file = office.file("claims.pem", claims.pem);
});
afterEach(() => office.close());

const transcript = async (args: readonly string[], options = {}) => {
  const { code, stdout, stderr } = await office.run(args, options);
  return { code, stdout: masked(stdout, { claims }), stderr: masked(stderr, { claims }) };
};

describe("keybot mailbox add", () => {
  it("publishes, with the path that was given", async () => {
    const root = office.file("root.der", office.root.identity.der);
    expect(await transcript(["mailbox", "add", "claims@Company.example", file, root])).toEqual({
      code: 0,
      stdout:
        "claims@company.example publishes {claims} (P-256, until 2027-06-01, with one CA certificate above it) now\n",
      stderr: "",
    });
    expect((await transcript(["mailbox", "add", CLAIMS, file, root])).stdout).toBe(
      "claims@company.example published {claims} (P-256, until 2027-06-01, with one CA certificate above it) already\n",
    );
  });

  it("is what a request is answered with", async () => {
    await office.output(["mailbox", "add", CLAIMS, file]);
    const published = await office.store((store) =>
      store.publishedFor(CLAIMS, new Date("2026-06-01T12:00:00Z")),
    );
    expect(published.map(({ sha256 }) => sha256)).toEqual([claims.sha256]);
  });

  it("prints one record a certificate with --json", async () => {
    expect(await office.records(["mailbox", "add", CLAIMS, file])).toEqual([
      { action: "published", address: CLAIMS, certificate: claims.sha256, revocation: "unasked" },
    ]);
  });

  it("asks before it publishes what names another address", async () => {
    const warning =
      "keybot: warning: {claims} names claims@company.example, not info@company.example; mail programs will refuse it or warn\n";
    const args = ["mailbox", "add", "info@company.example", file];
    expect(await transcript(args)).toEqual({
      code: 2,
      stdout: "",
      stderr: `${warning}keybot: nothing was published for info@company.example\n  --force publishes it all the same\n`,
    });
    expect(await transcript(args, { answers: ["n"] })).toEqual({
      code: 2,
      stdout: "",
      stderr: `${warning}publish it for info@company.example all the same? [y/N] n\nkeybot: not confirmed; nothing was changed\n`,
    });
    expect(await office.records(["mailbox", "list"])).toEqual([]);
    expect(await transcript([...args, "--force"])).toMatchObject({ code: 0, stderr: warning });
  });

  it("warns of a key that was revoked here", async () => {
    await office.harvest(
      "alice@partner.example",
      office.certificate("alice@partner.example", { keyFile: claims.keyFile }),
    );
    await office.output(["revoke", "alice@partner.example", "--yes"]);
    expect(await transcript(["mailbox", "add", CLAIMS, file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("{claims} has a public key that was revoked here"),
    });
  });

  it("refuses a private key and stores nothing at all", async () => {
    const key = office.file("both.pem", claims.pem + readFileSync(claims.keyFile, "utf8"));
    expect(await office.run(["mailbox", "add", CLAIMS, file, key, "--force"])).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "keybot: both.pem holds a private key; nothing was stored\n" +
        "  keybot wants certificates alone, and never keeps a private key; write them to a file without it\n",
    });
    expect(await office.records(["mailbox", "list"])).toEqual([]);
  });

  it.each([
    [
      ["mailbox", "add", "claims@partner.example", "claims.pem"],
      2,
      /claims@partner\.example is not in an own domain\n {2}keybot\.toml names company\.example/,
    ],
    [["mailbox", "add", "claims", "claims.pem"], 2, /"claims" is not a mail address/],
    [["mailbox", "add", CLAIMS, "missing.pem"], 1, /missing\.pem cannot be opened/],
    [["mailbox", "add", CLAIMS], 2, /missing required argument 'file'/],
    [["mailbox"], 2, /which command/],
  ])("answers %j with exit %i", async (args, code, stderr) => {
    const ran = await office.run(args);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toMatch(stderr);
  });
});

describe("keybot mailbox list and show", () => {
  beforeEach(async () => {
    const old = office.certificate(CLAIMS, validity(-30 * DAY, 20 * DAY));
    await office.output(["mailbox", "add", CLAIMS, file, office.file("old.pem", old.pem)]);
    await office.output(["mailbox", "alias", CLAIMS, "schaden@company.example"]);
  });

  it("lists a table, counting what is valid now", async () => {
    expect((await transcript(["mailbox", "list"], { isTTY: true })).stdout).toBe(`\
ADDRESS                 CERTIFICATES  VALID UNTIL  ALIASES
claims@company.example             2  2027-06-01   schaden@company.example
`);
    const now = new Date("2026-06-22T12:00:00Z");
    expect((await transcript(["mailbox", "list"], { now })).stdout).toBe(
      "claims@company.example\t1\t2027-06-01T12:00:00Z\tschaden@company.example\n",
    );
  });

  it("shows a mailbox, also by an alias", async () => {
    const now = new Date("2026-06-22T12:00:00Z");
    const { stdout } = await transcript(["mailbox", "show", "Schaden@company.example"], { now });
    expect(stdout).toContain(
      "claims@company.example: added 2026-06-01 12:00 by erika\naliases: schaden@company.example\n",
    );
    expect(stdout).toContain(`\
{CLAIMS}
  state      published
  names      claims@company.example
  subject    CN=claims@company.example,O=keybot lab,C=DE
  issued by  CN=Partner Root CA,O=keybot lab,C=DE
  valid      2026-05-02 to 2027-06-01
  key        P-256
  path       none given
`);
    expect(stdout).toContain("state      expired on 2026-06-21, not published");
  });

  it("prints one record a mailbox with --json, the same in both", async () => {
    const [record] = await office.records(["mailbox", "list"]);
    expect(record).toMatchObject({
      address: CLAIMS,
      aliases: ["schaden@company.example"],
      addedAt: "2026-06-01T12:00:00Z",
      addedBy: "erika",
      certificates: [{ usage: { sign: true, encrypt: true }, chainLength: 0 }, {}],
    });
    expect(await office.records(["mailbox", "show", CLAIMS])).toEqual([record]);
  });

  it("finds nothing with exit 3", async () => {
    expect(await office.run(["mailbox", "show", "info@company.example"])).toMatchObject({
      code: 3,
      stderr: "keybot: there is no mailbox info@company.example\n  keybot mailbox list names all\n",
    });
  });

  it("is where show sends who looks for our own certificate", async () => {
    expect(await office.run(["show", CLAIMS])).toMatchObject({
      code: 3,
      stderr: `keybot: no certificate of ${CLAIMS} is known\n  it is a mailbox of ours: keybot mailbox show ${CLAIMS}\n`,
    });
    expect(await transcript(["show", claims.sha256])).toMatchObject({
      code: 3,
      stderr: `keybot: {claims} is no partner's certificate\n  it is our own: keybot mailbox show ${CLAIMS}\n`,
    });
  });
});

describe("keybot mailbox remove", () => {
  beforeEach(() => office.output(["mailbox", "add", CLAIMS, file]));

  it("withdraws one certificate, and asks", async () => {
    const prefix = claims.sha256.slice(0, 8);
    expect(await transcript(["mailbox", "remove", CLAIMS, prefix], { answers: ["y"] })).toEqual({
      code: 0,
      stdout: "claims@company.example publishes {claims} no longer\n",
      stderr: `publish ${prefix} for claims@company.example no longer? [y/N] y\n`,
    });
    expect(await office.records(["mailbox", "list"])).toMatchObject([{ address: CLAIMS, certificates: [] }]);
    expect(await office.run(["mailbox", "remove", CLAIMS, prefix, "--yes"])).toMatchObject({ code: 3 });
  });

  it("removes a mailbox with its aliases", async () => {
    await office.output(["mailbox", "alias", CLAIMS, "schaden@company.example"]);
    expect(await office.run(["mailbox", "remove", "schaden@company.example", "--yes"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`keybot: schaden@company.example is an alias of ${CLAIMS}`),
    });
    expect(await transcript(["mailbox", "remove", CLAIMS, "--yes"])).toMatchObject({
      code: 0,
      stdout:
        "removed the mailbox claims@company.example with one certificate and the alias schaden@company.example\n",
    });
    expect(await office.run(["mailbox", "remove", CLAIMS, "--yes"])).toMatchObject({ code: 3 });
  });
});

describe("keybot mailbox alias", () => {
  beforeEach(() => office.output(["mailbox", "add", CLAIMS, file]));

  it("is answered as the mailbox until it is removed", async () => {
    const alias = ["mailbox", "alias", CLAIMS, "schaden@Company.example"];
    expect(await office.output(alias)).toBe(
      "schaden@company.example is answered as claims@company.example now\n",
    );
    expect(await office.output(alias)).toBe(
      "schaden@company.example was an alias of claims@company.example already\n",
    );
    expect(await office.output([...alias, "--remove"])).toBe(
      "schaden@company.example is no alias of claims@company.example any more\n",
    );
    expect(await office.run([...alias, "--remove"])).toMatchObject({ code: 3 });
  });

  it.each([
    [["mailbox", "alias", CLAIMS, "schaden@partner.example"], 2, "is not in an own domain"],
    [
      ["mailbox", "alias", "info@company.example", "schaden@company.example"],
      3,
      "there is no mailbox info@company.example",
    ],
    [["mailbox", "alias", CLAIMS, CLAIMS], 2, "is a mailbox or an alias already"],
  ])("answers %j with exit %i", async (args, code, message) => {
    expect(await office.run(args)).toMatchObject({
      code,
      stdout: "",
      stderr: expect.stringContaining(message),
    });
  });
});
