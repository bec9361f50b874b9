import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../src/log.ts";
import { DEFAULT_POLICY } from "../../src/policy.ts";
import { type Judge, type JudgeLimits, startJudge } from "../../src/robot/judge.ts";
import { TRUST_NOTHING } from "./trust-nothing.ts";

/** The child is a process of its own and runs what was built. */
const ENTRY = fileURLToPath(new URL("../../dist/robot/judge-process.js", import.meta.url));
const NOW = new Date("2026-11-23T12:00:00Z");
const MEGABYTE = 1024 * 1024;

let judge: Judge | null = null;
afterEach(() => judge?.close());

function started(limits: Partial<JudgeLimits> = {}): Judge {
  judge = startJudge({ seconds: 20, memory: 512 * MEGABYTE, ...limits }, silentLog, ENTRY);
  judge.bench({ ...DEFAULT_POLICY, domains: ["company.example"] }, TRUST_NOTHING);
  return judge;
}

const ask = (judge: Judge, raw: Buffer) => judge.judge(raw, NOW, null);
const mail = (body: Buffer | string) =>
  Buffer.concat([Buffer.from("From: a@partner.example\r\nTo: x@company.example\r\n"), Buffer.from(body)]);

/** The judge process, but the first ones die as soon as they live. */
function mortal(deaths: number): { readonly entry: string; started(): number } {
  const folder = mkdtempSync(join(tmpdir(), "keybot-judge-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const tally = join(folder, "tally");
  const entry = join(folder, "entry.mjs");
  writeFileSync(tally, "");
  writeFileSync(
    entry,
    `import { appendFileSync, statSync } from "node:fs";
     appendFileSync(${JSON.stringify(tally)}, "x");
     if (statSync(${JSON.stringify(tally)}).size <= ${deaths}) process.kill(process.pid, "SIGKILL");
     await import(${JSON.stringify(pathToFileURL(ENTRY).href)});`,
  );
  return { entry, started: () => readFileSync(tally).length };
}

describe("the judge process", () => {
  it("gives back what was gathered, with its bytes and dates as they were", async () => {
    const judgement = await ask(started(), mail("Date: Mon, 23 Nov 2026 11:00:00 +0000\r\n\r\nhello\r\n"));
    if (judgement.kind !== "gathered") throw new Error(judgement.kind);
    const { evidence, key } = judgement.gathered;
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(evidence.facts?.date).toEqual(new Date("2026-11-23T11:00:00Z"));
    expect(evidence.facts?.from).toEqual({ kind: "one", address: "a@partner.example" });
  });

  it("is ended over a message that takes too long, and the next message is judged", async () => {
    // Starting a process takes longer than 20 ms, so the first message never makes it.
    const impatient = started({ seconds: 0.02 });
    const slow = await ask(impatient, mail(Buffer.alloc(20 * MEGABYTE, "a\r\n")));
    expect(slow).toEqual({ kind: "ended", problem: "judge.time-limit" });
    impatient.close();
    expect((await ask(started(), mail("\r\nhello"))).kind).toBe("gathered");
  });

  it("is ended over a message that takes too much memory, and the next message is judged", async () => {
    const small = started({ memory: 96 * MEGABYTE });
    const large = await ask(
      small,
      mail(Buffer.concat([Buffer.from("\r\n"), Buffer.alloc(200 * MEGABYTE, "a\r\n")])),
    );
    expect(large).toEqual({ kind: "ended", problem: "judge.memory-limit" });
    expect((await ask(small, mail("\r\nhello"))).kind).toBe("gathered");
  });

  it("is not blamed for what the messages before have left in its memory", async () => {
    const small = started({ memory: 220 * MEGABYTE });
    const large = mail(Buffer.concat([Buffer.from("\r\n"), Buffer.alloc(50 * MEGABYTE, "a\r\n")]));
    for (let times = 0; times < 4; times++) expect((await ask(small, large)).kind).toBe("gathered");
  }, 60_000);

  it.each([
    { name: "twice", deaths: 2, expected: { kind: "gathered" }, processes: 3 },
    { name: "three times", deaths: 3, expected: { kind: "ended", problem: "judge.died" }, processes: 3 },
  ])("that dies $name without cause: $expected.kind", async ({ deaths, expected, processes }) => {
    const { entry, started: count } = mortal(deaths);
    judge = startJudge({ seconds: 20, memory: 512 * MEGABYTE }, silentLog, entry);
    judge.bench({ ...DEFAULT_POLICY, domains: ["company.example"] }, TRUST_NOTHING);
    expect(await ask(judge, mail("\r\nhello"))).toMatchObject(expected);
    expect(count()).toBe(processes);
  });

  it("judges many messages at once, each answer to its own question", async () => {
    const busy = started();
    const subjects = Array.from({ length: 60 }, (_, index) => `number ${index}`);
    const judgements = await Promise.all(
      subjects.map((subject) => ask(busy, mail(`Subject: ${subject}\r\n\r\n`))),
    );
    const read = judgements.map((judgement) =>
      judgement.kind === "gathered" ? judgement.gathered.evidence.facts?.subject : judgement.kind,
    );
    expect(read).toEqual(subjects);
  });

  it("judges what CAs have answered, rubbish too, and sends each CRL once", async () => {
    const judge = started();
    const rubbish = Buffer.from("<html>");
    const paths = [{ certificate: "0".repeat(64), path: [rubbish] }];
    const ocsp = [{ certificate: "0".repeat(64), der: rubbish, nonce: null }];
    const answers = { ocsp, crls: [rubbish], unanswered: [] };
    for (let times = 0; times < 3; times++) {
      expect(await judge.judgeAnswers(paths, answers, [rubbish], NOW)).toEqual({
        kind: "judged",
        judgements: [{ certificate: "0".repeat(64), findings: [], doubtful: [], answer: null, silent: [] }],
      });
    }
  });

  it("answers what is still waiting when it is closed", async () => {
    const closing = started();
    const waiting = Array.from({ length: 10 }, () => ask(closing, mail("\r\nhello")));
    closing.close();
    for (const judgement of await Promise.all(waiting)) {
      expect(judgement).toEqual({ kind: "given-up" });
    }
    expect(await ask(closing, mail("\r\nhello"))).toEqual({ kind: "given-up" });
  });
});
