import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOON, Office } from "./office.ts";

let office: Office;
const ALICE = "alice@partner.example";

beforeAll(async () => {
  office = new Office();
  await office.output(["trust", "add", office.root.identity.certFile, "--any-domain"]);
  const { sha256 } = office.root.identity;
  await office.store(async (store) => {
    for (let count = 0; count < 60; count += 1) {
      const message = { messageId: `<${count}@x>`, from: ALICE, addressed: [] };
      await store.noteWaiting({ key: `key ${count}`, message, kind: "submission", at: NOON });
      await store.switchTrust(sha256, count % 2 === 1, { actor: "erika", at: NOON });
    }
  });
});
afterAll(() => office.close());

const lines = (text: string) => text.split("\n").filter((line) => line !== "").length;

// 60 messages, and 61 changes: the CA was added before.
describe.each([
  { command: ["log"], narrow: ["--from", ALICE], all: 60, narrowed: 60 },
  { command: ["log"], narrow: ["--since", "2026-06-01"], all: 60, narrowed: 60 },
  { command: ["log"], narrow: ["--outcome", "waiting"], all: 60, narrowed: 60 },
  { command: ["audit", "list"], narrow: ["--since", "2026-06-01"], all: 61, narrowed: 61 },
  { command: ["audit", "list"], narrow: ["--action", "trust.disabled"], all: 61, narrowed: 30 },
])("keybot $command.0 $narrow", ({ command, narrow, all, narrowed }) => {
  it.each([[[]], [["--json"]]])("prints all that fits, %j", async (json) => {
    const { stdout, stderr } = await office.run([...command, ...narrow, ...json]);
    expect([lines(stdout), stderr]).toEqual([narrowed, ""]);
  });

  it.each([[[]], [["--json"]]])("says what it leaves out when nothing narrows it, %j", async (json) => {
    const { stdout, stderr } = await office.run([...command, ...json]);
    expect([lines(stdout), stderr]).toEqual([50, `${all - 50} older ones are not shown: --limit\n`]);
  });

  it("leaves out what it was told to, without a word", async () => {
    const { stdout, stderr } = await office.run([...command, ...narrow, "--limit", "7"]);
    expect([lines(stdout), stderr]).toEqual([7, ""]);
  });
});
