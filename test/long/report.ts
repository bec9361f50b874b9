import { readdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { relative } from "node:path";
import { format } from "node:util";
import type { Reporter, TestModule, Vitest } from "vitest/node";
import type { FaultCount } from "../reliability/stage.ts";

declare module "vitest" {
  interface TaskMeta {
    /** What a long test counted, by name, for the report. */
    counts?: Readonly<Record<string, number | string>>;
    /** What was done to a robot, and what it made of it; for `docs/reliability.md`. */
    faults?: FaultCount;
  }
}

type Test = ReturnType<TestModule["children"]["allTests"]> extends Iterable<infer T> ? T : never;

/** What one document says of a run. */
interface Account {
  readonly tests: readonly Test[];
  readonly started: Date;
  readonly ended: Date;
}

/** A document that a long run writes, and which test files it is about. */
export interface LongDocument {
  readonly file: string;
  /** @param file path below the root of the project */
  readonly covers: (file: string) => boolean;
  readonly write: (account: Account) => string;
}

/**
 * Writes what a long run did as Markdown, whether it passed or not. Each document only when all of the files that it is
 * about were run; where files or tests were picked or skipped, the report of the last whole run stays.
 */
export class LongRunReport implements Reporter {
  readonly #documents: readonly LongDocument[];
  #started = new Date();
  #root = ".";
  #picked = false;

  constructor(...documents: LongDocument[]) {
    this.#documents = documents;
  }

  onInit({ config }: Vitest): void {
    this.#root = config.root;
    this.#picked = config.testNamePattern !== undefined;
  }

  onTestRunStart(): void {
    this.#started = new Date();
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const known = readdirSync(`${this.#root}/test`, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".long.test.ts"))
      .map((file) => `test/${file}`);
    for (const { file, covers, write } of this.#documents) {
      const ours = modules.filter(({ moduleId }) => covers(relative(this.#root, moduleId)));
      const tests = ours.flatMap((module) => [...module.children.allTests()]);
      const isWhole =
        !this.#picked &&
        ours.length === known.filter((path) => covers(path)).length &&
        tests.every((test) => test.result().state !== "skipped");
      if (isWhole)
        writeFileSync(`${this.#root}/${file}`, write({ tests, started: this.#started, ended: new Date() }));
      else process.stderr.write(`${file} is left as it was: this was not a whole run of its tests\n`);
    }
  }
}

const isDifferential = (file: string) => file.startsWith("test/differential/");
const isReliability = (file: string) => file.startsWith("test/reliability/") || file.includes("/soak.");

/** What runs for minutes, file by file. */
export const LONG_RUN: LongDocument = {
  file: "docs/long-run.md",
  covers: (file) => !isReliability(file) && !isDifferential(file),
  write: ({ tests, started, ended }) => `# The long run

*Written by \`npm run test:long\`; do not edit.*

${dated(started, ended)}

${tests.map((test) => section(test, test.name)).join("\n")}`,
};

/** What other judges say of generated mails. */
export const DIFFERENTIAL: LongDocument = {
  file: "docs/differential.md",
  covers: isDifferential,
  write: ({ tests, started, ended }) => `# Generated mails before other judges

*Written by \`npm run test:long\`; do not edit.*

${dated(started, ended)}

Mails and graphs of CAs from a seed (\`test/generator/\`), each with a few fields bent, judged by keybot, OpenSSL, NSS and
Bouncy Castle. What keybot accepts and another refuses must be one of the classes that
[conformance.md](conformance.md#generated-mails-laxer-than-another-judge) argues, or a finding that is open; anything else
fails the run and prints the smallest such mail. What it refuses and another accepts is counted by its findings: a mail counts
once for each of them. The same mails again: \`KEYBOT_SEED=…\` with the seed of the heading and as many \`KEYBOT_MAILS\` as it names.

${tests.map((test) => section(test, test.name)).join("\n")}`,
};

/** What was done to the robot and its servers, and that nothing came of it. */
export const RELIABILITY: LongDocument = {
  file: "docs/reliability.md",
  covers: isReliability,
  write: ({
    tests,
    started,
    ended,
  }) => `# Reliability: what was done to the robot, and what became of the mails

*Written by \`npm run test:long\`; do not edit.*

${dated(started, ended)}

The real robot against a real Dovecot and a real Postfix, both behind a proxy that sees every command (\`test/servers/fault-proxy.ts\`).
After the faults the robot is left to finish, and everything is counted: each mail in its one folder, each certificate
stored once, each reply once in the partner's mailbox, the ledger complete, the database and the audit trail whole.
The one exception is that of [PRODUCT.md](PRODUCT.md#2-the-life-of-a-message): the server has taken a reply, and the robot never learnt it. Such a reply comes
once more with the same Message-ID. The proxy sees every 250, so the copies are compared one by one with the 250s that
the robot could not note; a copy more or less counts as doubled or lost.

Each run has its own company, mails and random places (its number is the seed); one of them again: \`-t "run 3:"\`. What servers
refuse, restarts, a mailbox that is renumbered, restored or full, a clock that jumps, two robots on one database:
\`npx vitest run test/reliability/faults.test.ts\`, a part of \`npm test\` as a short round of kills and cuts is.

| what | runs | faults | messages | replies | lost | doubled | copies by the exception | command |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${[...grouped(tests, ({ module }) => module.relativeModuleId)].map(([file, runs]) => totals(file, runs)).join("")}
${tests
  .map((test) =>
    section(test, test.parent.type === "suite" ? `${test.parent.name}, ${test.name}` : test.name),
  )
  .join("\n")}`,
};

/** Settings that make a run smaller than the whole one. */
const SIZES = ["KEYBOT_RUNS", "KEYBOT_SOAK_MAILS"];

function totals(file: string, tests: readonly Test[]): string {
  const sum = (name: keyof FaultCount) =>
    counted(tests.reduce((all, test) => all + (test.meta().faults?.[name] ?? 0), 0));
  const passed = tests.filter((test) => test.result().state === "passed").length;
  const suite = tests[0]?.parent;
  const figures = (["faults", "messages", "replies", "lost", "doubled", "excepted"] as const).map(sum);
  const runs = passed === tests.length ? `${passed}` : `${tests.length}, **${tests.length - passed} failed**`;
  const set = SIZES.flatMap((name) =>
    process.env[name] === undefined ? [] : [`${name}=${process.env[name]} `],
  );
  const command = `\`${set.join("")}npx vitest run --config vitest.long.config.ts ${file}\``;
  return `| ${suite?.type === "suite" ? suite.name : file} | ${runs} | ${figures.join(" | ")} | ${command} |\n`;
}

const FAULT_NAMES: Readonly<Record<keyof FaultCount, string>> = {
  faults: "faults",
  messages: "messages",
  replies: "replies",
  lost: "lost",
  doubled: "doubled",
  excepted: "replies sent twice (the server's 250 never reached the robot's books)",
};

function section(test: Test, title: string): string {
  const duration = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1);
  const { faults, counts = {} } = test.meta();
  const counted = Object.entries(FAULT_NAMES).flatMap(([name, words]) =>
    faults === undefined ? [] : [[words, faults[name as keyof FaultCount]] as const],
  );
  const rows = [...counted, ...Object.entries(counts)].map(row);
  const table = rows.length === 0 ? "" : `\n| counted | |\n| --- | --- |\n${rows.join("")}`;
  const passed = test.result().state === "passed" ? "Passed" : "**Failed**";
  return `## ${title}\n\n${passed} in ${duration} seconds.\n${table}`;
}

function row([name, value]: readonly [string, number | string]): string {
  return `| ${name} | ${typeof value === "number" ? counted(value) : value} |\n`;
}

function grouped(tests: readonly Test[], key: (test: Test) => string): Map<string, Test[]> {
  const groups = new Map<string, Test[]>();
  for (const test of tests) groups.set(key(test), [...(groups.get(key(test)) ?? []), test]);
  return groups;
}

function dated(started: Date, ended: Date): string {
  const minutes = ((ended.getTime() - started.getTime()) / 60_000).toFixed(1);
  return `${started.toISOString().slice(0, 10)}, the whole run ${minutes} minutes, on ${machine()}.`;
}

/** The class of the machine, not its name. */
function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model ?? "CPU";
  return format(
    "%s, %d × %s, %d GB, Node %s",
    process.platform,
    cpus().length,
    model,
    memory,
    process.versions.node,
  );
}

function counted(value: number): string {
  return value.toLocaleString("en");
}
