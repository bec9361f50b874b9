import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../src/cli/commands/index.ts";
import { contextOf } from "../src/cli/context.ts";
import { REASONS } from "../src/decide/reason.ts";
import { FINDINGS } from "../src/inspect/index.ts";
import { READ_PROBLEMS } from "../src/read/index.ts";
import { FakeTerminal } from "./cli/fake-terminal.ts";

/**
 * The documents against the code: what they link to, which commands, functions and codes they name. Where a document is
 * wrong the failure names file and line.
 */
const root = resolve(import.meta.dirname, "..");
const PRODUCT = "docs/PRODUCT.md";

interface Line {
  /** `docs/PRODUCT.md:12`. */
  readonly at: string;
  readonly text: string;
  /** The language of the fenced block that it stands in ("" for none), or null outside of one. */
  readonly fence: string | null;
}

/** The language of console transcripts and shell lines. */
const SHELL = new Set(["console", "sh"]);
const LATER = /not yet|\blater\b/i;

const DOCUMENTS = [
  ...readdirSync(root),
  ...["data", "docs", "src", "test"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
  ),
].filter((file) => file.endsWith(".md") && !file.includes("node_modules"));
const LINES = new Map(DOCUMENTS.map((file) => [file, linesOf(file)]));
const SOURCES = new Map(
  readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => [file, read(join("src", file))]),
);

describe("a link", () => {
  const links = [...LINES].flatMap(([file, lines]) => lines.flatMap((line) => linksOf(file, line)));

  it("leads to a file that is there", () => {
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter(({ target }) => !existsSync(target)).map(shown)).toEqual([]);
  });

  it("to a heading leads to one that is there", () => {
    const wrong = links.filter(
      ({ fragment, target }) =>
        fragment !== "" && target.endsWith(".md") && !headingsOf(target).has(fragment),
    );
    expect(wrong.map(shown)).toEqual([]);
  });
});

describe("a command", () => {
  const program = new Command("keybot");
  const outside = { terminal: new FakeTerminal(), env: {}, cwd: root, now: () => new Date(0) };
  const noOptions = () => ({ config: null, json: false, quiet: false, verbose: false, color: false });
  for (const define of COMMANDS) {
    define(
      program,
      contextOf(outside, noOptions, () => {}),
    );
  }

  it("that README or docs/ name exists, unless its line says that it is not there yet", () => {
    const named = [...LINES]
      .filter(([file]) => file === "README.md" || file.startsWith("docs/"))
      .flatMap(([, lines]) => lines.flatMap((line) => commandsOf(line).map((words) => ({ ...line, words }))));
    expect(named.length).toBeGreaterThan(50);
    const wrong = named.filter(({ text, words }) => !LATER.test(text) && !exists(program, words));
    expect(wrong.map(({ at, words }) => `${at}: keybot ${words.join(" ")}`)).toEqual([]);
  });

  it("is known to the product's rules, each one", () => {
    const text = read(PRODUCT);
    const names = program.commands.map((command) => command.name()).filter((name) => name !== "help");
    expect(names.filter((name) => !text.includes(`\`keybot ${name}`))).toEqual([]);
  });
});

describe("docs/PRODUCT.md", () => {
  const lines = LINES.get(PRODUCT) ?? [];

  it("has every section that the code cites", () => {
    const headings = new Set(lines.flatMap(({ text }) => /^## (\d+)\. /.exec(text)?.[1] ?? []));
    const cited = [...SOURCES].flatMap(([file, text]) =>
      sectionsIn(text).map((section) => ({ file, section })),
    );
    expect(cited.length).toBeGreaterThan(50);
    expect(cited.filter(({ section }) => !headings.has(section))).toEqual([]);
  });

  it("has the rules of §3 by the numbers that the code cites", () => {
    const rules = lines.flatMap(({ text }) => /^(\d)\. \*\*/.exec(text)?.[1] ?? []);
    expect(rules).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
  });

  it("names each finding, reason and problem, and none that is no more", () => {
    const known = [...Object.keys(FINDINGS), ...Object.keys(REASONS), ...Object.keys(READ_PROBLEMS)];
    const families = new Set(known.map((code) => code.split(".")[0] ?? ""));
    const isCode = (text: string) =>
      known.includes(text) || (/^[a-z-]+\.[a-z-]+$/.test(text) && families.has(text.split(".")[0] ?? ""));
    const named = new Set(lines.flatMap(({ text }) => codeSpans(text)).filter(isCode));
    expect([...named].sort()).toEqual([...new Set(known)].sort());
  });

  it("names no code that no line gives", () => {
    const given = [...SOURCES]
      .filter(([file]) => !/(finding|reason)\.ts$/.test(file))
      .map(([, text]) => text);
    const dead = [...Object.keys(FINDINGS), ...Object.keys(REASONS)].filter(
      (code) =>
        // `submission.${verdict}` is the one code that is put together.
        !/^submission\.(pending|rejected)$/.test(code) && !given.some((text) => text.includes(`"${code}"`)),
    );
    expect(dead).toEqual([]);
  });

  it("names functions that stand in the file that it names", () => {
    const named = lines.flatMap(({ at, text }) =>
      [...text.matchAll(/\[`([^`]+\.ts)`\]\(\.\.\/src\/([^)]+)\) `([A-Za-z_]+)`/g)].map(
        ([, shownFile = "", file = "", name = ""]) => ({ at, shownFile, file, name }),
      ),
    );
    expect(named.length).toBeGreaterThan(100);
    const wrong = named.filter(
      ({ shownFile, file, name }) => shownFile !== file || !declares(SOURCES.get(file) ?? "", name),
    );
    expect(wrong).toEqual([]);
  });
});

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

function linesOf(file: string): Line[] {
  let fence: string | null = null;
  return read(file)
    .split("\n")
    .map((text, index) => {
      const edge = /^\s*```(\w*)/.exec(text);
      if (edge !== null) fence = fence === null ? (edge[1] ?? "") : null;
      return { at: `${file}:${index + 1}`, text, fence };
    });
}

interface Link {
  readonly at: string;
  readonly written: string;
  readonly target: string;
  readonly fragment: string;
}

/** The relative links of a line; what stands in code is none. */
function linksOf(file: string, { at, text, fence }: Line): Link[] {
  if (fence !== null) return [];
  const prose = text.replace(/\[`[^`]*`\]/g, "[]").replace(/`[^`]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, written = ""]) => written)
    .filter((written) => !/^[a-z]+:/.test(written))
    .map((written) => {
      const [path = "", fragment = ""] = written.split("#");
      return {
        at,
        written,
        target: path === "" ? join(root, file) : join(root, dirname(file), path),
        fragment,
      };
    });
}

function shown({ at, written }: Link): string {
  return `${at}: ${written}`;
}

/** Headings as they are linked to: small letters, blanks as hyphens, no other punctuation. */
function headingsOf(file: string): Set<string> {
  const headings = readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code ?? []);
}

/** The words behind each `keybot` that is a command line: in a code span, or at the start of a shell line. */
function commandsOf({ text, fence }: Line): string[][] {
  const written = fence === null ? codeSpans(text) : SHELL.has(fence) ? [text] : [];
  return written.flatMap((code) => {
    const words = /^\s*\$?\s*(?:\S*bin\/)?keybot((?: --config \S+| --json)*)((?: [a-z][a-z-]*)+)/.exec(
      code,
    )?.[2];
    return words === undefined ? [] : [words.trim().split(" ")];
  });
}

/** Whether the words begin with a command of the table, and with one of its own commands where it has some. */
function exists(program: Command, [first = "", second]: readonly string[]): boolean {
  const command = program.commands.find((one) => one.name() === first);
  if (command === undefined) return false;
  const inner = command.commands.map((one) => one.name());
  return inner.length === 0 || second === undefined || inner.includes(second);
}

/** The numbers in `PRODUCT §3`, `PRODUCT §3-5`, `PRODUCT §3, §4`. */
function sectionsIn(text: string): string[] {
  return [...text.matchAll(/PRODUCT(?:\.md)? ((?:§\d+(?:-\d+)?(?:, )?)+)/g)].flatMap(([, list = ""]) =>
    [...list.matchAll(/\d+/g)].map(([number]) => number),
  );
}

function declares(source: string, name: string): boolean {
  return new RegExp(
    `^(?:export )?(?:async )?(?:function\\*?|const|interface|class|type) ${name}\\b`,
    "m",
  ).test(source);
}
