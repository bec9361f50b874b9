import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/store/driver.ts";
import { databaseFile } from "../../src/store/index.ts";
import type { Identity } from "../lab/authority.ts";
import { masked, NOON, Office } from "./office.ts";

const ALICE = "alice@partner.example";
const BOB = "bob@partner.example";
const minute = (minutes: number) => new Date(Date.UTC(2026, 5, 1, 8, minutes));

/** Trust, Alice's and Bob's certificates, Bob's approved, Alice's key barred: entries 1 to 6. */
async function busyOffice(): Promise<{ office: Office; alice: Identity; bob: Identity }> {
  const office = new Office();
  const root = office.root.identity.certFile;
  await office.output(["trust", "add", root, "--domain", "partner.example"], { now: minute(0) });
  const [alice, bob] = [
    office.certificate(ALICE),
    office.certificate(BOB, { by: office.authority("Other CA") }),
  ];
  await office.harvest(ALICE, alice, { at: minute(1) });
  await office.harvest(BOB, bob, { at: minute(2) });
  const because = (text: string) => ["--reason", text, "--silent"];
  await office.output(["approve", bob.sha256, ...because("compared by phone")], { now: minute(3) });
  await office.output(["revoke", alice.sha256, "--reason", "lost", "--yes"], { now: minute(4) });
  return { office, alice, bob };
}

/** Somebody with the database file in hand. */
function tamper(office: Office, sql: string): void {
  const db = openDatabase(databaseFile(join(office.folder, "state")));
  db.exec("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;");
  db.exec(sql);
  db.close();
}

describe("keybot audit list", () => {
  let office: Office;
  let names: Record<string, Identity>;
  beforeAll(async () => {
    const busy = await busyOffice();
    office = busy.office;
    names = { alice: busy.alice, bob: busy.bob, root: office.root.identity };
  });
  afterAll(() => office.close());

  it("is a table on a terminal, the newest first", async () => {
    const { stdout } = await office.run(["audit", "list"], { isTTY: true });
    expect(masked(stdout, names)).toMatchInlineSnapshot(`
      "TIME              ACTION               BY     ADDRESS   FINGERPRINT       REASON
      2026-06-01 08:04  certificate.revoked  erika  alice@p…  {alice}  lost
      2026-06-01 08:04  key.barred           erika  -         -                 lost
      2026-06-01 08:03  certificate.active   erika  bob@par…  {bob}  compare…
      2026-06-01 08:02  certificate.pending  robot  bob@par…  {bob}  path.is…
      2026-06-01 08:01  certificate.active   robot  alice@p…  {alice}  -
      2026-06-01 08:00  trust.added          erika  -         {root}  -
      "
    `);
  });

  it("gives full values, separated by tabs, in a pipe", async () => {
    const stdout = await office.output(["audit", "list", "--address", BOB, "--limit", "1"]);
    expect(masked(stdout, names).replace(/[0-9a-f]{64}/, "{hash}")).toBe(
      `2026-06-01T08:03:00Z\tcertificate.active\terika\t${BOB}\t{BOB}\tcompared by phone\t` +
        `{"from":"pending","approved":true}\t4\t{hash}\n`,
    );
  });

  it("prints with --json one record a change, with all that is known of it", async () => {
    const [record] = await office.records(["audit", "list", "--action", "certificate.pending"]);
    expect(record).toEqual({
      id: 3,
      at: "2026-06-01T08:02:00Z",
      action: "certificate.pending",
      actor: "robot",
      address: BOB,
      certificate: names.bob?.sha256,
      messageKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      reason: expect.stringMatching(/^path\.issuer-missing: /),
      detail: {},
      blanked: false,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it.each<readonly [string, readonly string[], readonly number[]]>([
    ["everything", [], [6, 5, 4, 3, 2, 1]],
    ["a page", ["--limit", "2", "--offset", "1"], [5, 4]],
    ["one address, whatever its case", ["--address", "Alice@Partner.example"], [6, 2]],
    ["one kind", ["--action", "key.barred"], [5]],
    ["since a time", ["--since", "2026-06-01T10:03:00+02:00"], [6, 5, 4]],
    ["since a day", ["--since", "2026-06-02"], []],
  ])("narrows to %s", async (_name, args, expected) => {
    const found = await office.records(["audit", "list", ...args]);
    expect(found.map(({ id }) => id)).toEqual(expected);
  });

  it("narrows to a certificate by the beginning of its fingerprint", async () => {
    const found = await office.records([
      "audit",
      "list",
      "--certificate",
      names.bob?.sha256.slice(0, 8) ?? "",
    ]);
    expect(found.map(({ id }) => id)).toEqual([4, 3]);
  });

  it("is empty with exit 0, and says so on standard error", async () => {
    expect(await office.run(["audit", "list", "--since", "2026-06-02"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "no change fits\n",
    });
    const fresh = new Office();
    await fresh.store(async () => {});
    expect(await fresh.run(["audit", "list"])).toEqual({ code: 0, stdout: "", stderr: "no changes yet\n" });
    fresh.close();
  });

  it.each([
    [["audit", "list", "--since", "yesterday"], /must be a date or a time/],
    [["audit", "list", "--action", "lost"], /argument 'lost' is invalid/],
    [["audit", "list", "--address", "alice"], /"alice" is not a mail address/],
    [["audit", "list", "--certificate", "abc"], /at least 8 digits/],
    [["audit", "list", "--limit", "100001"], /--limit is at most 100000/],
    [["audit", "verify", "--head", "abcdef0123"], /is not a head of the audit trail\n {2}all 64 hex digits/],
    [["audit"], /which command\?/],
  ])("refuses %j with exit 2", async (args, message) => {
    expect(await office.run(args)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(message),
    });
  });

  it("escapes what somebody wrote", async () => {
    const own = new Office();
    const reason = "gone\u001b[2J\u202e\tfor good";
    await own.store((store) =>
      store.barKey({ spkiSha256: "a".repeat(64), actor: "eve\u0007", reason, at: NOON }),
    );
    for (const options of [{ isTTY: true }, {}]) {
      const { stdout } = await own.run(["audit", "list"], options);
      expect(stdout).toContain("eve\\u0007");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
    }
    expect(await own.records(["audit", "list"])).toMatchObject([{ reason, actor: "eve\u0007" }]);
    own.close();
  });

  it("shows of a forgotten partner that something was, and when", async () => {
    const { office: own, alice } = await busyOffice();
    await own.store((store) => store.forgetPartner(ALICE, { actor: "erika", reason: "asked", at: NOON }));
    const { stdout } = await own.run(["audit", "list"], { isTTY: true });
    expect(stdout).toContain("2026-06-01 08:01  certificate.active");
    expect(stdout.match(/\(forgot/g)).toHaveLength(3);
    for (const trace of [ALICE, alice.sha256.slice(0, 16), "lost"]) expect(stdout).not.toContain(trace);
    expect(await own.records(["audit", "list", "--address", ALICE])).toEqual([]);
    const [blank] = await own.records(["audit", "list", "--offset", "5"]);
    expect(blank).toMatchObject({
      id: 2,
      action: "certificate.active",
      blanked: true,
      actor: null,
      detail: {},
    });
    const { stdout: checked, code } = await own.run(["audit", "verify"]);
    expect([code, checked.split("\n")[0]]).toEqual([
      0,
      "entries  7, 3 of them blanked with a forgotten partner",
    ]);
    own.close();
  });
});

describe("keybot audit verify", () => {
  const hashes = (text: string) => text.replace(/[0-9a-f]{64}/g, "{hash}");

  it("prints how many entries there are, the head, and OK", async () => {
    const { office } = await busyOffice();
    const { code, stdout, stderr } = await office.run(["audit", "verify"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(hashes(stdout)).toBe(`\
entries  6
head     {hash}
OK       every entry is as it was written, and none is missing between them
`);
    const [newest] = await office.records(["audit", "list", "--limit", "1"]);
    expect(await office.records(["audit", "verify"])).toEqual([
      { ok: true, entries: 6, blanked: 0, head: newest?.hash, noted: null, fault: null },
    ]);
    office.close();
  });

  it("is content with a trail that has no entry yet", async () => {
    const office = new Office();
    await office.store(async () => {});
    expect(await office.records(["audit", "verify"])).toMatchObject([{ ok: true, entries: 0 }]);
    office.close();
  });

  it("proves that a head noted earlier is in the chain still", async () => {
    const { office, bob } = await busyOffice();
    const [{ head = "" } = {}] = (await office.records(["audit", "verify"])) as { head: string }[];
    await office.output(["revoke", bob.sha256, "--yes"]);
    const { code, stdout } = await office.run(["audit", "verify", "--head", head.toUpperCase()]);
    expect([code, hashes(stdout)]).toEqual([
      0,
      `\
entries  8
head     {hash}
noted    the hash of entry 6
OK       every entry is as it was written, and none is missing between them
`,
    ]);

    tamper(office, "DELETE FROM audit WHERE id >= 6");
    expect(await office.run(["audit", "verify"])).toMatchObject({ code: 0 });
    const cut = await office.run(["audit", "verify", "--head", head]);
    expect([cut.code, hashes(cut.stdout)]).toEqual([
      4,
      `\
entries  5
head     {hash}
FAIL     the noted head {hash} is not in the trail
         its end was cut off, all of it was written anew, or an older backup was restored
`,
    ]);
    const json = await office.run(["audit", "verify", "--head", head, "--json"]);
    expect([json.code, JSON.parse(json.stdout)]).toMatchObject([
      4,
      { ok: false, fault: null, noted: { head, entry: null } },
    ]);
    office.close();
  });

  it("ends with 4 at the first entry that does not fit, and says what that means", async () => {
    const { office } = await busyOffice();
    tamper(office, "UPDATE audit SET reason = 'all well' WHERE id = 4");
    const { code, stdout } = await office.run(["audit", "verify"]);
    expect([code, hashes(stdout)]).toEqual([
      4,
      `\
entries  3 before the fault
head     {hash}
FAIL     entry 4: the text of this row was changed after it was written
         somebody had the database file in hand; keep it, and compare with the last backup that holds
`,
    ]);
    const json = await office.run(["audit", "verify", "--json"]);
    expect([json.code, JSON.parse(json.stdout)]).toMatchObject([
      4,
      { ok: false, entries: 3, fault: { entry: 4, says: expect.stringContaining("changed") } },
    ]);
    office.close();
  });
});
