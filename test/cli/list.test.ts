import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Identity } from "../lab/authority.ts";
import { masked, Office, validity } from "./office.ts";

const DAY = 86_400_000;
let office: Office;
let names: Readonly<Record<string, Identity>>;
let serials: readonly unknown[];

// alice: active; bob: pending (unknown CA); carla: active, lapses in 20 days.
beforeAll(async () => {
  office = new Office();
  await office.output(["trust", "add", office.root.identity.certFile, "--domain", "partner.example"]);
  const other = office.authority("Other CA");
  const alice = office.certificate("alice@partner.example");
  const bob = office.certificate("bob@elsewhere.example", { by: other });
  const carla = office.certificate("carla@partner.example", {
    ...validity(-30 * DAY, 20 * DAY),
    key: "rsa:2048",
  });
  names = { alice, bob, carla };
  await office.harvest("carla@partner.example", carla);
  await office.harvest("alice@partner.example", alice);
  await office.harvest("bob@elsewhere.example", bob);
  serials = (await office.records(["list"])).map(({ serial }) => serial);
});
afterAll(() => office.close());

const transcript = async (...args: Parameters<Office["run"]>) => {
  const { code, stdout, stderr } = await office.run(...args);
  return { code, stdout: masked(stdout, names), stderr: masked(stderr, names) };
};

describe("keybot list", () => {
  it("is a table on a terminal, by address", async () => {
    expect(await transcript(["list"], { isTTY: true })).toEqual({
      code: 0,
      stderr: "pending*: the sender of its mail was not authenticated\n",
      stdout: `\
ADDRESS        STATUS    ALGORITHM  VALID UNTIL  FINGERPRINT       ISSUER
alice@partne…  active    P-256      2027-06-01   {alice}  CN=Partner R…
bob@elsewher…  pending*  P-256      2027-06-01   {bob}  CN=Other CA,…
carla@partne…  active    RSA-2048   2026-06-21   {carla}  CN=Partner R…
`,
    });
  });

  it("gives full values, separated by tabs, in a pipe", async () => {
    expect((await transcript(["list", "--address", "carla*"])).stdout).toBe(
      "carla@partner.example\tactive\tRSA-2048\t2026-06-21T12:00:00Z\t{CARLA}\tCN=Partner Root CA,O=keybot lab,C=DE\n",
    );
  });

  it("prints with --json exactly the fields of CONTRACT.md §3", async () => {
    const [record] = await office.records(["list", "--status", "pending"]);
    expect(Object.keys(record ?? {})).toEqual([
      ...[
        "sha256",
        "spkiSha256",
        "addresses",
        "status",
        "subject",
        "issuer",
        "serial",
        "notBefore",
        "notAfter",
      ],
      ...["keyAlgorithm", "usage", "firstSeen", "lastSeen", "source", "reason", "unauthenticated"],
    ]);
    expect(record).toEqual({
      sha256: names.bob?.sha256,
      spkiSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      addresses: ["bob@elsewhere.example"],
      status: "pending",
      subject: "CN=bob@elsewhere.example,O=keybot lab,C=DE",
      issuer: "CN=Other CA,O=keybot lab,C=DE",
      serial: serials[1],
      notBefore: "2026-05-02T02:00:00Z",
      notAfter: "2027-06-01T12:00:00Z",
      keyAlgorithm: "P-256",
      usage: { sign: true, encrypt: true },
      firstSeen: "2026-06-01T12:00:00Z",
      lastSeen: "2026-06-01T12:00:00Z",
      source: "<3@mail.partner.example>",
      reason: expect.stringMatching(/^path\.issuer-missing: /),
      unauthenticated: ["bob@elsewhere.example"],
    });
  });

  it.each<readonly [string, readonly string[], readonly string[]]>([
    ["everything, by address", [], ["alice", "bob", "carla"]],
    ["a status", ["--status", "active"], ["alice", "carla"]],
    ["a status that nothing has", ["--status", "revoked"], []],
    ["a domain", ["--address", "*@PARTNER.example"], ["alice", "carla"]],
    ["a text in the issuer", ["--issuer", "other"], ["bob"]],
    ["what lapses within 30 days", ["--expiring", "30"], ["carla"]],
    ["what lapses first, first", ["--sort", "expiry"], ["carla", "alice", "bob"]],
    ["two conditions at once", ["--status", "active", "--address", "bob@*"], []],
    ["a page", ["--limit", "1", "--offset", "1"], ["bob"]],
    ["the latest first", ["--sort", "seen", "--limit", "1"], ["bob"]],
    ["nothing at all", ["--limit", "0"], []],
  ])("narrows to %s", async (_name, args, expected) => {
    const found = (await office.records(["list", ...args])).map(({ sha256 }) => sha256);
    expect(found).toEqual(expected.map((name) => names[name]?.sha256));
  });

  it("calls a lapsed certificate expired", async () => {
    const now = new Date("2026-06-22T12:00:00Z");
    const records = await office.records(["list", "--status", "expired"], { now });
    expect(records).toMatchObject([{ sha256: names.carla?.sha256, status: "expired" }]);
  });

  it("is empty with exit 0, and says so on standard error", async () => {
    expect(await office.run(["list", "--status", "revoked"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "no certificate fits\n",
    });
    expect(await office.run(["--quiet", "list", "--status", "revoked"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    const fresh = new Office();
    await fresh.store(async () => {});
    expect(await fresh.run(["list"])).toEqual({ code: 0, stdout: "", stderr: "no certificates yet\n" });
    expect(await fresh.run(["list", "--json"])).toMatchObject({ code: 0, stdout: "" });
    fresh.close();
  });

  it.each([
    [["list", "--status", "good"], /argument 'good' is invalid/],
    [["list", "--sort", "name"], /argument 'name' is invalid/],
    [["list", "--expiring", "soon"], /must be a whole number/],
    [["list", "--limit", "-1"], /must be a whole number/],
    [["list", "alice"], /too many arguments/],
  ])("refuses %j with exit 2", async (args, message) => {
    expect(await office.run(args)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(message),
    });
  });
});

describe("keybot show", () => {
  it("tells all of a partner", async () => {
    expect(await transcript(["show", "ALICE@Partner.example"])).toEqual({
      code: 0,
      stderr: "",
      stdout: `\
ALICE@partner.example: 1 known, 1 used

{ALICE}
  used          yes
  status        active, by robot on 2026-06-01 12:00
  stored under  alice@partner.example
  subject       CN=alice@partner.example,O=keybot lab,C=DE
  issued by     CN=Partner Root CA,O=keybot lab,C=DE
  serial        ${serials[0]}
  valid         2026-05-02 to 2027-06-01
  key           P-256, signs and encrypts, SHA-256 ${(await office.records(["list"]))[0]?.spkiSha256}
  source        <2@mail.partner.example>
  came with     mail of alice@partner.example, seen 2026-06-01 12:00, filed in Processed
  seen          first 2026-06-01 12:00, last 2026-06-01 12:00
  info          revocation.unnamed: the certificate names neither CRL nor OCSP (RFC 5280 §4.2.1.13)
  history       2026-06-01 12:00 robot certificate.active alice@partner.example
`,
    });
  });

  it("tells why a certificate is not used", async () => {
    const { stdout } = await transcript(["show", names.bob?.sha256.slice(0, 8) ?? ""]);
    expect(stdout).toMatch(
      /^\{BOB\}\n {2}used {10}no, pending: a person must decide \(path\.issuer-missing: /,
    );
    expect(stdout).toMatch(/\n {2}warning {7}path\.issuer-missing: .*\(RFC 5280 §6\.1\)\n/);
  });

  it("prints with --json the record and what is beyond it", async () => {
    const records = await office.records(["show", "alice@partner.example"]);
    expect(records).toEqual([
      {
        ...(await office.records(["list", "--address", "alice*"]))[0],
        used: true,
        place: 1,
        why: null,
        approved: false,
        decidedBy: "robot",
        decidedAt: "2026-06-01T12:00:00Z",
        findings: [expect.objectContaining({ code: "revocation.unnamed", severity: "info" })],
        barred: null,
        noPath: null,
        revokedByCa: null,
        revocation: { answer: null, unanswered: null },
        message: {
          key: expect.stringMatching(/^[0-9a-f]{64}$/),
          messageId: "<2@mail.partner.example>",
          from: "alice@partner.example",
          seenAt: "2026-06-01T12:00:00Z",
          folder: "Processed",
        },
        history: [
          {
            at: "2026-06-01T12:00:00Z",
            actor: "robot",
            action: "certificate.active",
            address: "alice@partner.example",
            reason: null,
          },
        ],
      },
    ]);
  });

  it.each([
    [["show", "nobody@partner.example"], 3, "keybot: no certificate of nobody@partner.example is known\n"],
    [["show", "00000000"], 3, "keybot: no certificate 00000000 is stored\n"],
    [["show", "1234567"], 2, "keybot: 1234567 is too short: at least 8 digits of a SHA-256 are needed\n"],
    [
      ["show", "alice@"],
      2,
      'keybot: "alice@" is not a mail address\n  write the address alone, such as name@partner.example\n',
    ],
    [["show"], 2, /missing required argument/],
  ])("answers %j with exit %i", async (args, code, stderr) => {
    const ran = await office.run(args);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toMatch(stderr);
  });
});

describe("keybot lookup", () => {
  it("prints every certificate to encrypt to as PEM, as OpenSSL writes it", async () => {
    const { code, stdout, stderr } = await office.run(["lookup", "Alice@partner.EXAMPLE"]);
    expect([code, stdout, stderr]).toEqual([0, names.alice?.pem, ""]);
  });

  it("prints the best one as DER", async () => {
    const { stdout } = await office.run(["lookup", "--der", "alice@partner.example"]);
    expect(Buffer.from(stdout, "latin1").equals(names.alice?.der ?? Buffer.alloc(0))).toBe(true);
  });

  it("prints the records with --json", async () => {
    expect(await office.records(["lookup", "alice@partner.example"])).toEqual(
      await office.records(["list", "--address", "alice*"]),
    );
  });

  it.each([
    [
      "nothing is known",
      "nobody@partner.example",
      {},
      "keybot: no certificate of nobody@partner.example is known\n",
    ],
    [
      "one is pending",
      "bob@elsewhere.example",
      {},
      /^keybot: no certificate of bob@elsewhere\.example can be used: \{bob\} pending: a person must decide \(path\.issuer-missing: .*\n {2}keybot show bob@elsewhere\.example tells/,
    ],
    [
      "all are expired",
      "carla@partner.example",
      { now: new Date("2026-06-22T12:00:00Z") },
      /^keybot: no certificate of carla@partner\.example can be used: \{carla\} expired on 2026-06-21\n/,
    ],
  ])("says why there is none with exit 3 when %s", async (_name, address, options, stderr) => {
    const ran = await transcript(["lookup", address], options);
    expect(ran).toMatchObject({ code: 3, stdout: "" });
    expect(ran.stderr).toMatch(stderr);
  });

  it("has all of several, the newest first", async () => {
    const [a, b] = [validity(-9 * DAY, 300 * DAY), validity(-8 * DAY, 300 * DAY)].map((span) =>
      office.certificate("dora@partner.example", span),
    );
    for (const one of [b, a]) if (one !== undefined) await office.harvest("dora@partner.example", one);
    expect((await office.run(["lookup", "dora@partner.example"])).stdout).toBe(`${b?.pem}${a?.pem}`);
    const shown = await office.records(["show", "dora@partner.example"]);
    expect(shown.map(({ sha256, place }) => [sha256, place])).toEqual([
      [b?.sha256, 1],
      [a?.sha256, 2],
    ]);
  });

  it("tells the local part's case apart when the policy is exact", async () => {
    const exact = office.file("exact.toml", `${office.configuration}\n[trust]\nexact_local_part = true\n`);
    const args = ["--config", exact, "lookup"];
    expect(await office.run([...args, "Alice@partner.example"])).toMatchObject({ code: 3 });
    expect(await office.run([...args, "alice@partner.example"])).toMatchObject({ code: 0 });
  });

  it("takes --der or --json, not both", async () => {
    expect(await office.run(["lookup", "--der", "--json", "alice@partner.example"])).toMatchObject({
      code: 2,
    });
  });
});

describe("an address that can be taken for another one", () => {
  let shop: Office;
  const CYRILLIC = "\u0430lice@partner.example";
  const WIDE = "alice.partner.example\u2800active@evil.example";

  beforeAll(async () => {
    shop = new Office();
    for (const address of [CYRILLIC, WIDE]) {
      const by = shop.authority(`CA of ${address.length}`);
      // One that names somebody else would not be kept.
      const one = shop.certificate("Somebody", { addresses: [], by });
      await shop.harvest(address, one);
    }
  });
  afterAll(() => shop.close());

  it.each([["list"], ["log"]])("is written out and marked by %s", async (command) => {
    const { stdout, stderr } = await shop.run([command], { isTTY: true });
    expect(stdout).toContain("(!) \\u0430l");
    for (const letter of "\u0430\u2800") expect(stdout).not.toContain(letter);
    expect(stderr).toContain("(!) has letters that can be taken for others\n");
  });

  it("keeps a column from being forged in a pipe", async () => {
    const { stdout } = await shop.run(["list", "--address", "*@evil.example"]);
    expect(stdout).toContain("\\u2800active@evil.example\t");
  });

  it("stands beside what it really is in show", async () => {
    const { stdout } = await shop.run(["show", CYRILLIC]);
    expect(stdout).toContain(`stored under  ${CYRILLIC} [not ASCII: \\u0430lice@partner.example]`);
    expect(stdout).toContain(`mail of ${CYRILLIC} [not ASCII: `);
  });

  it("is not said of an ASCII address", async () => {
    const { stdout, stderr } = await office.run(["list"], { isTTY: true });
    expect(stdout + stderr).not.toContain("(!)");
  });
});
