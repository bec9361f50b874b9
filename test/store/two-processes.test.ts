import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/index.ts";
import { at, decision, folder, freshStore, input, report, storing } from "./kit.ts";

const ALICE = "alice@partner.example";

/** Commits the messages `m0` … and prints how many were new to it. */
const SCRIPT = `
import { openStore } from "../../src/store/index.ts";
const [stateDir, count] = process.argv.slice(1);
const store = await openStore({ stateDir });
let fresh = 0;
for (let i = 0; i < Number(count); i += 1) {
  const result = await store.commitMessage({
    key: "m" + i,
    query: { from: "a@partner.example", mailboxes: [], spkis: [], certificates: [], references: [], returned: [], buckets: [], authenticated: false, pendingOf: null },
    message: { messageId: null, from: "a@partner.example", addressed: [] },
    certificates: [],
    at: new Date(0),
  }, () => ({
    plan: { kind: "other", actions: [], reasons: [], judged: [], buckets: [] },
    outcome: "answered",
    folder: "Processed",
    news: [],
    replies: [{ messageId: "<m" + i + ".by" + process.pid + "@company.example>", to: "a@partner.example",
      template: "certificate", bytes: new Uint8Array(10), sendAfter: null }],
  }));
  if (!result.known) fresh += 1;
}
await store.close();
console.log(fresh);
`;

describe("two handles at once", () => {
  it("deal with a message once, whoever is faster", async () => {
    const one = await freshStore();
    const two = await freshStore({ stateDir: one.dir });
    const alice = report("alice");
    const decide = () => decision([storing(alice, ALICE)]);
    const results = await Promise.all(
      [one, two, one, two].map((store) => store.commitMessage(input("k", ALICE, [alice]), decide)),
    );
    expect(results.filter(({ known }) => !known)).toHaveLength(1);
    expect(await two.auditEntries()).toHaveLength(1);
  });
});

describe("two processes at once", () => {
  function run(stateDir: string, count: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const args = ["--import", "tsx", "--input-type=module", "-e", SCRIPT, "--", stateDir, String(count)];
      const child = spawn(process.execPath, args, { cwd: import.meta.dirname });
      let output = "";
      let errors = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
      });
      child.stderr.on("data", (chunk) => {
        errors += chunk;
      });
      child.on("exit", (code) => (code === 0 ? resolve(Number(output)) : reject(new Error(errors))));
    });
  }

  it("make the database together and never answer a message twice", async () => {
    const dir = join(folder(), "state");
    const fresh = await Promise.all([run(dir, 200), run(dir, 200), run(dir, 200)]);
    expect(fresh.reduce((sum, count) => sum + count, 0)).toBe(200);
    const store = await openStore({ stateDir: dir });
    expect(await store.ledgerEntries()).toHaveLength(200);
    expect(await store.dueMails(at(), 1_000)).toHaveLength(200);
    await store.close();
  }, 60_000);
});
