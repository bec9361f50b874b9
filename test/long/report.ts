import { readdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { format } from "node:util";
import type { Reporter, TestModule, Vitest } from "vitest/node";

declare module "vitest" {
  interface TaskMeta {
    /** What a long test counted, by name, for `docs/long-run.md`. */
    counts?: Readonly<Record<string, number | string>>;
  }
}

/**
 * Writes what a long run did as a Markdown file, whether it passed or not. Only a whole run: where files or tests were
 * picked or skipped, the report of the last whole one stays.
 */
export class LongRunReport implements Reporter {
  readonly #file: string;
  #started = new Date();
  #root = ".";
  #picked = false;

  constructor(file: string) {
    this.#file = file;
  }

  onInit({ config }: Vitest): void {
    this.#root = config.root;
    this.#picked = config.testNamePattern !== undefined;
  }

  onTestRunStart(): void {
    this.#started = new Date();
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === "skipped");
    const files = readdirSync(`${this.#root}/test`, { recursive: true, encoding: "utf8" });
    const known = files.filter((file) => file.endsWith(".long.test.ts")).length;
    if (this.#picked || skipped.length > 0 || modules.length < known) {
      process.stderr.write(`${this.#file} is left as it was: this was not a whole run\n`);
      return;
    }
    writeFileSync(`${this.#root}/${this.#file}`, report(tests, this.#started, new Date()));
  }
}

type Test = ReturnType<TestModule["children"]["allTests"]> extends Iterable<infer T> ? T : never;

function report(tests: readonly Test[], started: Date, ended: Date): string {
  const sections = tests.map((test) => {
    const duration = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1);
    const state = test.result().state;
    const counts = Object.entries(test.meta().counts ?? {});
    const rows = counts.map(
      ([name, value]) => `| ${name} | ${typeof value === "number" ? grouped(value) : value} |\n`,
    );
    const table = rows.length === 0 ? "" : `\n| counted | |\n| --- | --- |\n${rows.join("")}`;
    return `## ${test.name}\n\n${state === "passed" ? "Passed" : "**Failed**"} in ${duration} seconds.\n${table}`;
  });
  return `# The long run

*Written by \`npm run test:long\`; do not edit.*

${started.toISOString().slice(0, 10)}, ${((ended.getTime() - started.getTime()) / 60_000).toFixed(1)} minutes in all, on ${machine()}.

${sections.join("\n")}`;
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

function grouped(value: number): string {
  return value.toLocaleString("en");
}
