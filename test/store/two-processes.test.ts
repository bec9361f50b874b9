import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../src/store/index.ts";
import { at, decision, folder, freshStore, input, report, storing } from "./kit.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ALICE = "alice@partner.example";

/** Commits the messages `m0` … through the built store and prints how many were new to it. */
const SCRIPT = `
import { openStore } from "./dist/store/index.js";
const [stateDir, count] = process.argv.slice(2);
const store = await openStore({ stateDir });
let fresh = 0;
for (let i = 0; i < Number(count); i += 1) {
  const result = await store.commitMessage({
    key: "m" + i,
    query: { from: "a@partner.example", mailboxes: [], spkis: [], references: [], returned: [], buckets: [] },
    message: { messageId: null, from: "a@partner.example", addressed: [] },
    certificates: [],
    at: new Date(0),
  }, () => ({
    plan: { kind: "other", actions: [], reasons: [], judged: [], buckets: [] },
    outcome: "answered",
    folder: "Processed",
    news: [],
    replies: [{ messageId: "<m" + i + ".by" + process.pid + "@company.example>", to: "a@partner.example",
      envelopeFrom: "", template: "certificate", bytes: new Uint8Array(10), sendAfter: null }],
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

describe("two processes at once, running the built program", () => {
  let built = "";

  // Laid out as a built package is, so that this also shows that dist/store finds the migrations.
  beforeAll(() => {
    built = mkdtempSync(join(tmpdir(), "keybot-built-"));
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const outDir = join(built, "dist");
    spawnSync(process.execPath, [tsc, "-p", join(ROOT, "tsconfig.build.json"), "--outDir", outDir], {
      cwd: ROOT,
    });
    for (const name of ["data", "package.json", "node_modules"])
      symlinkSync(join(ROOT, name), join(built, name));
    writeFileSync(join(built, "commit.mjs"), SCRIPT);
    return () => rmSync(built, { recursive: true, force: true });
  }, 60_000);

  function run(stateDir: string, count: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(built, "commit.mjs"), stateDir, String(count)]);
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
