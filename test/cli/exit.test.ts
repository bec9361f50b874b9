import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";

import { failureOf, notConfirmed } from "../../src/cli/exit.ts";
import { main } from "../../src/cli/main.ts";
import { type ErrorKind, KeybotError } from "../../src/errors.ts";
import { FakeTerminal, outside } from "./fake-terminal.ts";

describe("the exit code of an error", () => {
  const KINDS: readonly (readonly [ErrorKind, number])[] = [
    ["temporary", 1],
    ["permanent", 1],
    ["config", 2],
    ["usage", 2],
    ["not-found", 3],
    ["fault", 1],
  ];

  it.each(KINDS)("%s is %i", (kind, code) => {
    expect(failureOf(new KeybotError(kind, "x.y", "it broke", { hint: "mend it" }))).toEqual({
      code,
      message: "it broke",
      hint: "mend it",
    });
  });

  it("a refused confirmation is 2", () => {
    expect(failureOf(notConfirmed())).toEqual({
      code: 2,
      message: "not confirmed; nothing was changed",
      hint: null,
    });
  });

  it("what the operating system refuses is 1, in its words", () => {
    const error = Object.assign(new Error("ENOSPC: no space left on device, write"), { syscall: "write" });
    expect(failureOf(error)).toEqual({ code: 1, message: error.message, hint: null });
  });

  it("anything else is a bug of ours", () => {
    expect(failureOf(new TypeError("x is undefined"))).toEqual({
      code: 1,
      message: "this is a bug in keybot: x is undefined",
      hint: "please report it, with what the same command prints with --verbose",
    });
  });

  it("never lets a stranger's text through to the terminal", () => {
    const evil = "\u001b]0;owned\u0007\nkeybot: all is well\u202e";
    expect(failureOf(new KeybotError("usage", "x.y", evil))?.message).toBe(
      "\\u001b]0;owned\\u0007\\u000akeybot: all is well\\u202e",
    );
  });
});

/** What is typed, and all that comes back. */
const TYPED: readonly (readonly [args: string, code: number, stdout: string, stderr: string])[] = [
  [
    "help exit-codes",
    0,
    `Exit codes:
  0  done
  1  failed: a server, a file, the database
  2  wrong usage, wrong configuration, or a confirmation that was refused or could not be asked
  3  nothing found for what was asked
  4  doctor or audit verify found a fault
  130  ended by Ctrl-C, at a question before anything was changed
`,
    "",
  ],
  ["innit", 2, "", "keybot: unknown command 'innit'\n  did you mean init?\n"],
  [
    "init --nonsense",
    2,
    "",
    "keybot: unknown option '--nonsense'\n  keybot help lists the commands, keybot help COMMAND explains one\n",
  ],
  [
    "--config",
    2,
    "",
    "keybot: option '--config <file>' argument missing\n  keybot help lists the commands, keybot help COMMAND explains one\n",
  ],
  ["help nonsense", 2, "", 'keybot: there is no command "nonsense"\n  keybot help lists the commands\n'],
];

async function type(args: string): Promise<readonly [number, string, string]> {
  const terminal = new FakeTerminal();
  const code = await main(args === "" ? [] : args.split(" "), outside(terminal, tmpdir()));
  return [code, terminal.stdout, terminal.stderr];
}

describe("keybot", () => {
  it.each(TYPED)("%s", async (args, code, stdout, stderr) => {
    expect(await type(args)).toEqual([code, stdout, stderr]);
  });

  it("alone prints its commands to standard error and is wrong usage", async () => {
    const [code, stdout, stderr] = await type("");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Commands:");
    expect(stderr).toMatch(/\nkeybot: which command\?\n$/);
  });

  it.each(["--help", "help"])("%s prints its commands to standard output", async (args) => {
    const [code, stdout, stderr] = await type(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Topics: keybot help exit-codes");
  });

  it("init --help and help init are the same, with examples", async () => {
    expect(await type("help init")).toEqual(await type("init --help"));
    expect((await type("help init"))[1]).toContain("\nExamples:\n  $ keybot init ");
  });

  it("--version prints the version", async () => {
    const [code, stdout] = await type("--version");
    expect([code, /^[0-9]+\.[0-9]+\.[0-9]+\n$/.test(stdout)]).toEqual([0, true]);
  });

  it("--verbose says where an error comes from", async () => {
    const [code, , stderr] = await type("--verbose help nonsense");
    expect(code).toBe(2);
    expect(stderr).toContain("cli.no-topic");
  });
});
