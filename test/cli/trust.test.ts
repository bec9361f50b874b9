import { hash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "../lab/authority.ts";
import { certdata } from "../pki/certdata.ts";
import { masked, NOON, Office, validity } from "./office.ts";

const DAY = 86_400_000;
let office: Office;
let root: Identity;
let file: string;

beforeEach(() => {
  office = new Office();
  root = office.root.identity;
  file = office.file("root.pem", root.pem);
});
afterEach(() => office.close());

const transcript = async (args: readonly string[], options = {}) => {
  const { code, stdout, stderr } = await office.run(args, options);
  return { code, stdout: masked(stdout, { root }), stderr: masked(stderr, { root }) };
};
const NAME = "CN=Partner Root CA,O=keybot lab,C=DE ({root})";

describe("keybot trust add", () => {
  it("says what it added, and what it changed", async () => {
    const run = async (...args: readonly string[]) =>
      (await transcript(["trust", "add", file, ...args])).stdout;
    expect(await run("--domain", "broker.example", "--domain", "Partner.example")).toBe(
      `added ${NAME} as anchor for broker.example, partner.example\n`,
    );
    expect(await run("--domain", "broker.example", "--domain", "partner.example")).toBe(
      `${NAME} was anchor for broker.example, partner.example already\n`,
    );
    expect(await run("--domain", "hospital.example")).toBe(
      `${NAME} is anchor for broker.example, partner.example, hospital.example now, was anchor for broker.example, partner.example\n`,
    );
    expect(await run("--domain", "broker.example", "--domain", "partner.example", "--replace")).toBe(
      `${NAME} is anchor for broker.example, partner.example now, was anchor for broker.example, partner.example, hospital.example\n`,
    );
    expect(await run("--any-domain")).toBe(
      `${NAME} is anchor for every domain now, was anchor for broker.example, partner.example\n`,
    );
  });

  it("takes no domain away unless it is told to replace", async () => {
    await office.output(["trust", "add", file, "--any-domain"]);
    expect(await transcript(["trust", "add", file, "--domain", "x.example"])).toEqual({
      code: 0,
      stdout: `${NAME} was anchor for every domain already\n`,
      stderr: "it stays so; to make it anchor for x.example alone, add --replace\n",
    });
    expect(await office.records(["trust", "list"])).toMatchObject([{ domains: null }]);
    expect((await transcript(["trust", "add", file, "--domain", "x.example", "--replace"])).stdout).toBe(
      `${NAME} is anchor for x.example now, was anchor for every domain\n`,
    );
  });

  it("takes a chain as anchor and intermediate, and makes its certificates count", async () => {
    const issuing = office.root.intermediate({ name: "Issuing CA", ...validity(-90 * DAY, 900 * DAY) });
    const chain = office.file("chain.pem", issuing.identity.pem + root.pem);
    expect(await office.records(["trust", "add", chain, "--domain", "partner.example"])).toEqual([
      {
        action: "added",
        sha256: issuing.identity.sha256,
        kind: "intermediate",
        domains: null,
        subject: "CN=Issuing CA,O=keybot lab,C=DE",
      },
      {
        action: "added",
        sha256: root.sha256,
        kind: "anchor",
        domains: ["partner.example"],
        subject: "CN=Partner Root CA,O=keybot lab,C=DE",
      },
    ]);
    const alice = office.certificate("alice@partner.example", { by: issuing });
    await office.harvest("alice@partner.example", { ...alice, chain: [] });
    expect(await office.records(["list"])).toMatchObject([{ status: "active" }]);
  });

  it("demands the domains of an anchor, and says why they matter", async () => {
    expect(await transcript(["trust", "add", file])).toEqual({
      code: 2,
      stdout: "",
      stderr:
        `keybot: say for which mail domains ${NAME} may speak: --domain NAME, or --any-domain\n` +
        "  an anchor vouches for every address of its domains: a broker's own CA must not vouch for a hospital\n",
    });
    expect(await office.records(["trust", "list"])).toEqual([]);
  });

  it("adds nothing of a file in which one is no CA", async () => {
    const mixed = office.file("mixed.pem", root.pem + office.certificate("alice@partner.example").pem);
    expect(await office.run(["trust", "add", mixed, "--any-domain"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /is not a CA certificate .*; nothing was added\n {2}add the CA that issued it\n$/,
      ),
    });
    expect(await office.records(["trust", "list"])).toEqual([]);
  });

  it("warns on standard error of a CA that cannot help yet, and adds it", async () => {
    const later = office.authority("Next CA", validity(DAY, 900 * DAY)).identity;
    const ran = await office.run(["trust", "add", later.certFile, "--any-domain", "--json"]);
    expect(ran).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^keybot: warning: CN=Next CA.*is not valid before 2026-06-02\n$/),
    });
    expect(JSON.parse(ran.stdout)).toMatchObject({ action: "added" });
  });

  it("shows what the certificate says as text, whatever it holds (RFC 4514 §2.4)", async () => {
    const odd = office.authority("Left \u202e CA").identity;
    const added = await office.output(["trust", "add", odd.certFile, "--any-domain"]);
    for (const printed of [added, await office.output(["trust", "list"])]) {
      expect(printed).toContain("CN=Left \\e2\\80\\ae CA");
      expect(printed).not.toContain("\u202e");
    }
  });

  it.each([
    [["trust", "add", "missing.pem", "--any-domain"], 1, /^keybot: missing\.pem cannot be opened \(ENOENT/],
    [["trust", "add"], 2, /missing required argument 'file'/],
    [["trust", "enable"], 2, /missing required argument 'sha256'/],
    [["trust"], 2, /which command/],
  ])("answers %j with exit %i", async (args, code, stderr) => {
    const ran = await office.run(args);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toMatch(stderr);
  });
});

describe("keybot trust list", () => {
  it("is a table, full values in a pipe, records with --json", async () => {
    await office.output(["trust", "add", file, "--domain", "partner.example"]);
    expect((await transcript(["trust", "list"], { isTTY: true })).stdout).toBe(`\
KIND    DOMAINS          VALID UNTIL  TRUSTED  FINGERPRINT       SUBJECT
anchor  partner.example  2036-05-29   yes      {root}  CN=Partner Roo…
`);
    expect((await transcript(["trust", "list"])).stdout).toBe(
      "anchor\tpartner.example\t2036-05-29T12:00:00Z\t{ROOT}\tCN=Partner Root CA,O=keybot lab,C=DE\town\tenabled\t\n",
    );
    expect(await office.records(["trust", "list"])).toEqual([
      {
        sha256: root.sha256,
        kind: "anchor",
        origin: "own",
        domains: ["partner.example"],
        subject: "CN=Partner Root CA,O=keybot lab,C=DE",
        issuer: "CN=Partner Root CA,O=keybot lab,C=DE",
        notBefore: "2025-06-01T12:00:00Z",
        notAfter: "2036-05-29T12:00:00Z",
        keyAlgorithm: "P-256",
        enabled: true,
        distrustAfter: null,
        addedAt: "2026-06-01T12:00:00Z",
        addedBy: "erika",
      },
    ]);
  });

  it("names a stored CA that cannot be read, and why: it vouches for nobody", async () => {
    const der = Buffer.from("300302010f", "hex");
    const item = { der, kind: "anchor", origin: "own", domains: null, distrustAfter: null } as const;
    const change = { at: NOON, actor: "erika", reason: null };
    await office.store((store) => store.addTrust(item, change));
    const { stderr } = await office.run(["trust", "list"]);
    expect(stderr).toContain(
      `${hash("sha256", der, "hex").slice(0, 16)} cannot be read and vouches for nobody (`,
    );
    const [record] = await office.records(["trust", "list"]);
    expect(record).toMatchObject({ subject: "", problem: expect.stringContaining("tbsCertificate") });
  });

  it("is empty with exit 0", async () => {
    await office.store(async () => {});
    expect(await office.run(["trust", "list"])).toEqual({
      code: 0,
      stdout: "",
      stderr:
        "no CA is trusted yet; keybot trust add FILE --domain NAME adds one, keybot trust update the public ones\n",
    });
  });
});

describe("keybot trust list with public CAs", () => {
  it("tells them from own ones, and which count, since when and until when", async () => {
    await office.output(["trust", "add", file, "--domain", "partner.example"]);
    const [second, third] = ["Second Root", "Third Root"].map((name) => office.authority(name).identity);
    if (second === undefined || third === undefined) throw new Error("two CAs were made");
    const limited = { der: third.der, distrust: "220831000000Z" };
    office.file("certdata.txt", certdata({ der: second.der }, limited));
    await office.output(["trust", "update", "certdata.txt", "--yes"]);
    await office.output(["trust", "disable", second.sha256]);
    const ran = await office.run(["trust", "list"], { isTTY: true });
    expect(masked(ran.stdout, { root, second, third })).toBe(`\
KIND    DOMAINS       VALID UNTIL  TRUSTED        FINGERPRINT       SUBJECT
anchor  partner.exa…  2036-05-29   yes            {root}  CN=Partner …
public  any           2036-05-29   no             {second}  CN=Second R…
public  any           2036-05-29   to 2022-08-31  {third}  CN=Third Ro…
`);
    expect(ran.stderr).toMatch(
      /^public CAs: certdata.txt \(SHA-256 [0-9a-f]{16}\) loaded on 2026-06-01 by erika\n/,
    );
    const rows = (await office.output(["trust", "list"])).trimEnd().split("\n");
    expect(rows.map((row) => row.split("\t").slice(5))).toEqual([
      ["own", "enabled", ""],
      ["public", "disabled", ""],
      ["public", "enabled", "2022-08-31T00:00:00Z"],
    ]);
  });
});

describe("keybot trust disable and enable", () => {
  it("switch one CA off and on, and say when it stood so already", async () => {
    await office.output(["trust", "add", file, "--any-domain"]);
    const prefix = root.sha256.slice(0, 8);
    const off = ["trust", "disable", prefix, "--reason", "compromised"];
    expect(await transcript(off)).toEqual({
      code: 0,
      stdout: `${NAME} is disabled\n`,
      stderr: "what was accepted under it stays active; keybot list --issuer finds it\n",
    });
    expect(await transcript(off)).toEqual({ code: 0, stdout: `${NAME} is disabled already\n`, stderr: "" });
    expect((await transcript(["trust", "add", file, "--any-domain"])).stdout).toBe(
      `${NAME} is anchor for every domain now, was anchor for every domain, switched off\n`,
    );
    await office.output(off);
    expect(await office.records(["trust", "enable", prefix])).toEqual([
      {
        action: "enabled",
        sha256: root.sha256,
        subject: "CN=Partner Root CA,O=keybot lab,C=DE",
        enabled: true,
      },
    ]);
    expect(await office.records(["trust", "enable", prefix])).toMatchObject([{ action: "unchanged" }]);
    await office.store(async (store) => {
      const history = await store.history(root.sha256);
      expect(history.map(({ action, actor, reason }) => `${action} ${actor} ${reason ?? "-"}`)).toEqual([
        "trust.added erika -",
        "trust.disabled erika compromised",
        "trust.added erika -",
        "trust.disabled erika compromised",
        "trust.enabled erika -",
      ]);
    });
  });

  it.each(["disable", "enable"])("%s finds nothing with exit 3", async (verb) => {
    await office.store(async () => {});
    expect(await office.run(["trust", verb, "00000000"])).toMatchObject({ code: 3, stdout: "" });
  });
});

describe("keybot trust remove", () => {
  it("says of a public CA that the next update brings it back", async () => {
    office.file("certdata.txt", certdata({ der: root.der }));
    await office.output(["trust", "update", "certdata.txt", "--yes"]);
    const ran = await transcript(["trust", "remove", root.sha256, "--yes"]);
    expect(ran.stdout).toBe(`removed ${NAME}, public anchor for every domain before\n`);
    expect(ran.stderr).toContain(
      "the next keybot trust update brings it back; keybot trust disable keeps it off\n",
    );
  });

  it("asks, says what it removed, and leaves what was accepted", async () => {
    await office.output(["trust", "add", file, "--any-domain"]);
    await office.harvest("alice@partner.example", office.certificate("alice@partner.example"));
    expect(await transcript(["trust", "remove", root.sha256.slice(0, 8)], { answers: ["n"] })).toMatchObject({
      code: 2,
      stdout: "",
    });
    expect(await transcript(["trust", "remove", root.sha256.slice(0, 8)], { answers: ["yes"] })).toEqual({
      code: 0,
      stdout: `removed ${NAME}, anchor for every domain before\n`,
      stderr: `trust ${NAME} no longer? [y/N] yes\nwhat was accepted under it stays active; keybot list --issuer finds it\n`,
    });
    expect(await office.records(["trust", "list"])).toEqual([]);
    expect(await office.records(["list"])).toMatchObject([{ status: "active" }]);
  });

  it("finds nothing with exit 3", async () => {
    await office.store(async () => {});
    expect(await office.run(["trust", "remove", "00000000", "--yes"])).toEqual({
      code: 3,
      stdout: "",
      stderr: "keybot: no CA 00000000 is in the trust store\n  keybot trust list names all\n",
    });
  });
});
