import { spawn, spawnSync } from "node:child_process";

/** What a command did: exit code, standard output as bytes, standard error as text. */
export interface Ran {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Options of `run` and `runSync`. Without `check: false`, an exit code other than 0 throws. */
export interface RunOptions {
  readonly input?: Buffer | string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly check?: boolean;
  /** Milliseconds after which the command is killed (default 30,000). */
  readonly timeout?: number;
}

// Debian keeps the servers in sbin, which is not on the PATH of an ordinary user.
const PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** The environment in which every command of the lab runs; messages in English, whatever the machine speaks. */
export function labEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, PATH, LC_ALL: "C", ...extra };
}

/** Runs a program to its end and returns what it printed. Throws, naming the command, on a failure. */
export function runSync(program: string, args: readonly string[], options: RunOptions = {}): Ran {
  const done = spawnSync(program, args, {
    input: options.input ?? "",
    cwd: options.cwd,
    env: labEnvironment(options.env),
    timeout: options.timeout ?? 30_000,
    maxBuffer: 512 << 20,
  });
  if (done.error !== undefined) throw new Error(`${program} could not be run`, { cause: done.error });
  return judged(program, args, options, {
    code: done.status ?? -1,
    stdout: done.stdout,
    stderr: done.stderr.toString("utf8"),
  });
}

/** As `runSync`, without blocking: for commands that talk to a server which this same process may feed. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(program, args, { cwd: options.cwd, env: labEnvironment(options.env), stdio: "pipe" });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
  child.stdin.on("error", () => {}); // the program may end without reading its input; its exit code says why
  child.stdin.end(options.input ?? "");
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeout ?? 30_000);
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", (cause) => reject(new Error(`${program} could not be run`, { cause })));
    child.once("close", (status) => resolve(status ?? -1));
  }).finally(() => clearTimeout(timer));
  return judged(program, args, options, {
    code,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString("utf8"),
  });
}

function judged(program: string, args: readonly string[], options: RunOptions, ran: Ran): Ran {
  if (ran.code === 0 || options.check === false) return ran;
  throw new Error(`${program} ${args.join(" ")} ended with ${ran.code}: ${ran.stderr.trim()}`);
}
