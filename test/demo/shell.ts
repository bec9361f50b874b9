import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Checks } from "./checks.ts";
import { COLUMNS, type Show } from "./show.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const SCRIPT = "/usr/bin/script";

/** A shell in which `keybot` is this checkout's, for commands that are shown with what they print. */
export class Shell {
  /** Where the commands run and their files lie. */
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #show: Show;
  readonly #checks: Checks;

  constructor(folder: string, configFile: string, show: Show, checks: Checks) {
    this.folder = folder;
    this.#show = show;
    this.#checks = checks;
    this.#env = {
      ...process.env,
      PATH: [join(ROOT, "bin"), dirname(process.execPath), process.env.PATH].join(delimiter),
      KEYBOT_CONFIG: configFile,
      LC_ALL: "C.UTF-8",
      SHELL: "/bin/sh",
      ...(show.coloured ? {} : { NO_COLOR: "1" }),
    };
  }

  /** Runs a line as a person at a terminal would, shows it with its output, and checks the exit code. */
  async run(line: string, { exit = 0 }: { readonly exit?: number } = {}): Promise<string> {
    this.#show.command(line);
    const ran = await this.#spawn(...onTerminal(line));
    this.#show.output(ran.text);
    if (exit !== 0 || ran.exit !== 0) {
      this.#checks.check(`it ends with exit code ${exit}`, ran.exit, exit);
    }
    return ran.text;
  }

  /** Runs `keybot … --json` without showing it; returns its records, none when there was nothing to find (exit 3). */
  async records(args: string): Promise<readonly unknown[]> {
    const ran = await this.#spawn("/bin/sh", ["-c", `keybot ${args} --json 2>error`]);
    if (ran.exit !== 0 && ran.exit !== 3) {
      throw new Error(`keybot ${args} --json ended with ${ran.exit}: ${this.file("error")}`);
    }
    const lines = ran.text.split("\n").filter((line) => line !== "");
    return lines.map((line): unknown => JSON.parse(line));
  }

  /** The bytes of a file in the folder. */
  file(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }

  #spawn(
    program: string,
    args: readonly string[],
  ): Promise<{ readonly exit: number; readonly text: string }> {
    // Standard input stays open: script(1) would pass its end on as a ^D, and the terminal would print that.
    const child = spawn(program, args, {
      cwd: this.folder,
      env: this.#env,
      stdio: ["pipe", "pipe", "inherit"],
      timeout: 30_000,
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => chunks.push(bytes));
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        const text = Buffer.concat(chunks).toString("utf8").replaceAll("\r\n", "\n");
        resolve({ exit: code ?? -1, text });
      });
    });
  }
}

// keybot draws its tables for a terminal only, so it gets one; where script(1) is missing, it writes for a pipe.
function onTerminal(line: string): [string, string[]] {
  if (!existsSync(SCRIPT)) return ["/bin/sh", ["-c", `${line} 2>&1`]];
  return [SCRIPT, ["-qec", `stty cols ${COLUMNS - 2} rows 50; ${line}`, "/dev/null"]];
}
