import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./command.ts";
import type { LabFolder } from "./folder.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "bin", "keybot");

/** How keybot is run. */
export interface KeybotOptions {
  readonly input?: Buffer | string;
  /** The exit code that is right; "any" takes every one. Default 0. */
  readonly expectExit?: number | "any";
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds, default 60,000. */
  readonly timeout?: number;
}

/** What a run of keybot printed. */
export interface KeybotRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
  /** Standard output as JSON Lines. */
  records(): unknown[];
}

/** A keybot that goes on running. */
export interface KeybotDaemon {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** The exit code, -1 after a signal, undefined while it runs. */
  exit(): number | undefined;
  /** Waits until this text stands in its output, or throws with what it has said. */
  says(text: string, milliseconds?: number): Promise<void>;
  /** Sends a signal (default SIGTERM) and waits for its end; returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number>;
}

/** Runs the real program with this configuration, in a process of its own. */
export async function runKeybot(
  configFile: string,
  args: readonly string[],
  options: KeybotOptions = {},
): Promise<KeybotRun> {
  const ran = await run(process.execPath, [PROGRAM, "--config", configFile, ...args], {
    input: options.input ?? "",
    env: { NO_COLOR: "1", ...options.env },
    timeout: options.timeout ?? 60_000,
    check: false,
  });
  const stdout = ran.stdout.toString("utf8");
  const expected = options.expectExit ?? 0;
  if (expected !== "any" && ran.code !== expected) {
    const said = `${ran.stderr}${stdout}`.trim();
    throw new Error(`keybot ${args.join(" ")} ended with ${ran.code}, not ${expected}:\n${said}`);
  }
  return {
    exit: ran.code,
    stdout,
    stderr: ran.stderr,
    bytes: ran.stdout,
    records: () =>
      stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line): unknown => JSON.parse(line)),
  };
}

/** Starts the real program and leaves it running; it ends with the folder's guard at the latest. */
export function startKeybot(configFile: string, args: readonly string[], folder: LabFolder): KeybotDaemon {
  const child = spawn(process.execPath, [PROGRAM, "--config", configFile, ...args], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${process.execPath} could not be started`);
  const pidFile = join(folder.path, `keybot-${pid}.pid`);
  writeFileSync(pidFile, `${pid}\n`);
  folder.guard(pidFile);
  let stdout = "";
  let stderr = "";
  let exit: number | undefined;
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString("utf8");
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString("utf8");
  });
  const ended = new Promise<number>((resolve) => {
    child.once("close", (code) => {
      exit = code ?? -1;
      resolve(exit);
    });
  });
  return {
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    exit: () => exit,
    says: async (text, milliseconds = 10_000) => {
      const until = Date.now() + milliseconds;
      while (!stdout.includes(text) && !stderr.includes(text)) {
        if (exit !== undefined || Date.now() > until)
          throw new Error(`keybot never said "${text}":\n${stderr}${stdout}`);
        await sleep(10);
      }
    },
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      return await ended;
    },
  };
}
