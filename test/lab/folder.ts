import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder of the lab. Servers whose pid files are told to `guard` end with it, whatever happens to us. */
export interface LabFolder {
  readonly path: string;
  /** Has the server that writes its pid into this file ended when this process dies without `remove`. */
  guard(pidFile: string): void;
  /** Deletes the folder. Stop the servers first. May be called twice. */
  remove(): void;
}

/**
 * Makes an empty temporary folder, mode 0755 (Postfix's own user must pass through it), with a guard process beside it
 * (guard.sh) that clears up when this process ends without having done so: on Ctrl-C, a failed assertion, or kill -9.
 */
export function openFolder(): LabFolder {
  // A UNIX socket path has at most 107 bytes (sun_path in unix(7)); some systems' temporary folders are longer already.
  const parent = tmpdir().length <= 40 ? tmpdir() : "/tmp";
  const path = mkdtempSync(join(parent, "keybot-lab-"));
  chmodSync(path, 0o755);
  const guard = spawn("/bin/sh", [join(import.meta.dirname, "guard.sh"), path], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true, // a Ctrl-C at the terminal must not reach it
    cwd: "/",
  });
  guard.unref();
  guard.stdin.on("error", () => {}); // gone already: then there is nothing left to tell it
  // A pipe that Node opened keeps the process alive unless told otherwise; the type of the stream does not say so.
  if ("unref" in guard.stdin && typeof guard.stdin.unref === "function") guard.stdin.unref();
  let removed = false;
  return {
    path,
    guard: (pidFile) => {
      guard.stdin.write(`pid ${pidFile}\n`);
    },
    remove: () => {
      if (removed) return;
      removed = true;
      rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      guard.stdin.end("done\n");
    },
  };
}

/** The pid in a server's pid file, or undefined when there is none. */
export function readPid(pidFile: string): number | undefined {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number.parseInt(readFileSync(pidFile, "utf8"), 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

/** Whether a process with this pid runs; one that has ended and was not yet reaped (a zombie) does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // proc(5): the state follows the command name, which is in brackets and may hold anything.
    return !/\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
