import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Office } from "./office.ts";

let office: Office;

beforeAll(async () => {
  office = new Office();
  await office.output(["trust", "add", office.root.identity.certFile, "--domain", "partner.example"]);
  const minute = (minutes: number) => ({ at: new Date(Date.UTC(2026, 5, 1, 8, minutes)) });
  const other = office.authority("Other CA");
  await office.harvest("alice@partner.example", office.certificate("alice@partner.example"), minute(1));
  await office.harvest(
    "bob@partner.example",
    office.certificate("bob@partner.example", { by: other }),
    minute(2),
  );
  await office.harvest("alice@partner.example", office.certificate("bob@partner.example"), minute(3));
});
afterAll(() => office.close());

describe("keybot log", () => {
  it("is a table on a terminal, the newest last", async () => {
    const { stdout } = await office.run(["log"], { isTTY: true });
    expect(stdout).toBe(`\
SEEN              OUTCOME   KIND        FROM                 REASONS
2026-06-01 08:01  stored    submission  alice@partner.exam…  submission.accepted
2026-06-01 08:02  pending   submission  bob@partner.example  submission.pending…
2026-06-01 08:03  rejected  submission  alice@partner.exam…  submission.rejecte…
`);
  });

  it("gives full values, separated by tabs, in a pipe", async () => {
    const { stdout } = await office.run(["log", "--from", "bob@partner.example"]);
    expect(stdout.replace(/[0-9a-f]{64}/, "{key}")).toBe(
      "2026-06-01T08:02:00Z\tpending\tsubmission\tbob@partner.example\tsubmission.pending (path.issuer-missing)\t" +
        "Pending\tpending\t<2@mail.partner.example>\t{key}\n",
    );
  });

  it("prints with --json exactly the fields of CONTRACT.md §3", async () => {
    const [record] = await office.records(["log", "--outcome", "pending"]);
    expect(Object.keys(record ?? {})).toEqual([
      ...["key", "messageId", "from", "seenAt", "kind", "outcome", "folder", "reasons", "replies"],
      "mailboxes",
    ]);
    expect(record).toEqual({
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      messageId: "<2@mail.partner.example>",
      from: "bob@partner.example",
      seenAt: "2026-06-01T08:02:00Z",
      kind: "submission",
      outcome: "pending",
      folder: "Pending",
      reasons: [
        {
          code: "submission.pending",
          rule: "PRODUCT §3: a person must decide",
          detail: "path.issuer-missing",
        },
      ],
      replies: [
        {
          template: "pending",
          to: "bob@partner.example",
          state: "waiting",
          error: null,
          messageId: expect.stringMatching(/^<keybot\.[0-9a-f]{40}@company\.example>$/),
        },
      ],
      mailboxes: [{ address: expect.stringContaining("@"), source: expect.any(String) }],
    });
  });

  it.each<readonly [string, readonly string[], readonly number[]]>([
    ["everything", [], [1, 2, 3]],
    ["the newest two, the newest last", ["--limit", "2"], [2, 3]],
    ["one sender", ["--from", "Alice@Partner.example"], [1, 3]],
    ["since a time", ["--since", "2026-06-01T10:02:00+02:00"], [2, 3]],
    ["since a day", ["--since", "2026-06-02"], []],
    ["one outcome", ["--outcome", "stored"], [1]],
  ])("narrows to %s", async (_name, args, expected) => {
    const found = (await office.records(["log", ...args])).map(({ messageId }) => messageId);
    expect(found).toEqual(expected.map((number) => `<${number}@mail.partner.example>`));
  });

  it("is empty with exit 0, and says so on standard error", async () => {
    expect(await office.run(["log", "--since", "2026-06-02"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "no message fits\n",
    });
    const fresh = new Office();
    await fresh.store(async () => {});
    expect(await fresh.run(["log"])).toEqual({ code: 0, stdout: "", stderr: "no messages yet\n" });
    fresh.close();
  });

  it.each([
    [["log", "--since", "yesterday"], /must be a date or a time/],
    [["log", "--since", "2026-13-40"], /must be a date or a time/],
    [["log", "--outcome", "lost"], /argument 'lost' is invalid/],
    [["log", "--from", "alice"], /"alice" is not a mail address/],
    [["log", "--limit", "100001"], /--limit is at most 100000/],
  ])("refuses %j with exit 2", async (args, message) => {
    expect(await office.run(args)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(message),
    });
  });

  it("escapes what a stranger wrote", async () => {
    const messageId = "<a\u001b[2J\u202e@evil.example>";
    await office.store((store) =>
      store.noteWaiting({
        key: "f".repeat(64),
        message: { messageId, from: "eve\u0007@evil.example", addressed: [] },
        kind: "other",
        at: new Date("2026-06-01T09:00:00Z"),
      }),
    );
    for (const options of [{ isTTY: true }, {}]) {
      const { stdout } = await office.run(["log", "--outcome", "waiting"], options);
      expect(stdout).toContain("eve\\u0007@evil.example");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
    }
    const [record] = await office.records(["log", "--outcome", "waiting"]);
    expect(record).toMatchObject({ messageId, folder: null, reasons: [], replies: [] });
  });
});
