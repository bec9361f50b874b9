import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { labEnvironment } from "./command.ts";
import { acceptAll } from "./port.ts";

/** A server program that runs in the foreground as our child, the leader of a process group of its own. */
export interface Server {
  /** Its pid, undefined once it has ended. */
  pid(): number | undefined;
  /** Ends it, and every process that it started; what has not ended after `grace` milliseconds is killed. */
  stop(grace?: number): Promise<void>;
}

/** How to tell that a server is ready. */
export interface Readiness {
  readonly ports: readonly number[];
  /** Dovecot writes it last, after it listens; a signal before that is lost on it. */
  readonly pidFile: string;
  readonly logFile: string;
}

/**
 * Starts a server and waits until it is ready; throws, with what it said, when it ends before that. In the foreground,
 * so that it is reaped and its end is noticed at once; in a process group of its own, so that a Ctrl-C at the terminal
 * reaches us alone and we stop it in good order.
 */
export async function startServer(
  program: string,
  args: readonly string[],
  readiness: Readiness,
): Promise<Server> {
  rmSync(readiness.pidFile, { force: true }); // a killed predecessor left it
  const child = spawn(program, args, {
    env: labEnvironment(),
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let said = "";
  let ended = false;
  child.stderr.on("data", (bytes: Buffer) => {
    said += bytes.toString("utf8");
  });
  const end = new Promise<void>((resolve) => {
    const over = (): void => {
      ended = true;
      resolve();
    };
    child.once("exit", over);
    child.once("error", (error) => {
      said += error.message;
      over();
    });
  });
  const server: Server = {
    pid: () => (ended ? undefined : child.pid),
    stop: async (grace = 1500) => {
      if (child.pid === undefined) return;
      if (!ended) child.kill("SIGTERM");
      await Promise.race([end, sleep(grace, undefined, { ref: false })]);
      killGroup(child.pid);
      await end;
    },
  };
  try {
    await ready(readiness, () => (ended ? `${program} did not start: ${said}` : undefined));
  } catch (cause) {
    await server.stop();
    throw new Error(`${program} is not ready:\n${logEnd(readiness.logFile)}`, { cause });
  }
  return server;
}

async function ready({ ports, pidFile }: Readiness, problem: () => string | undefined): Promise<void> {
  const until = Date.now() + 15_000;
  while (!existsSync(pidFile) || !(await acceptAll(ports))) {
    const said = problem();
    if (said !== undefined) throw new Error(said);
    if (Date.now() > until) throw new Error("it does not listen after 15 seconds");
    await sleep(20);
  }
}

/** The last lines of a server's log, for the message of an error. */
export function logEnd(logFile: string): string {
  return existsSync(logFile) ? readFileSync(logFile, "utf8").slice(-3000) : "";
}

// The group too: a server's own children may outlive it for a while.
function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody is left in the group: the ordinary case.
  }
}
